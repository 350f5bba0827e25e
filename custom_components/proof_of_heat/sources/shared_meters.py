"""Power sensors that measure several heat sources together: each source has its share of what they measure."""

from collections import defaultdict
from collections.abc import Mapping

from ..engine.config import SourceConfig
from ..metering.energy import rated_power_w


def meter_shares(meters: Mapping[str, str | None], configs: Mapping[str, SourceConfig]) -> dict[str, float]:
    """Return the share of its meter that belongs to each source: by rated power, or equal parts without.

    Counted for each source, one meter would be counted several times: the power limit and the cost would be wrong.
    """
    together: defaultdict[str, list[str]] = defaultdict(list)
    for key, meter in meters.items():
        if meter is not None:
            together[meter].append(key)
    shares = dict.fromkeys(meters, 1.0)
    for keys in together.values():
        rated = [rated_power_w(configs[key]) for key in keys]
        known = [watts for watts in rated if watts is not None]
        weights = known if len(known) == len(keys) else [1.0] * len(keys)
        shares.update({key: weight / sum(weights) for key, weight in zip(keys, weights, strict=True)})
    return shares
