"""Fill the history of the demo's entities: states with their own times, and hourly statistics."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import batched
from statistics import fmean
from typing import Any, Final

from .client import HomeAssistant
from .plugin import Entities, Series

_AT_ONCE: Final = 16
"""Series in a message; a message may have a few megabytes."""
_HOUR_S: Final = 3600


async def fill(ha: HomeAssistant, series: Sequence[Series], entities: Entities) -> int:
    """Write all series; return the number of states."""
    written = 0
    for batch in batched(series, _AT_ONCE, strict=False):
        rows = [_series(item, item.entity_id or entities[item.device][item.key]) for item in batch]
        written += (await ha.call("suite_demo/write_history", series=rows))["written"]
    return written


def _series(series: Series, entity_id: str) -> dict[str, Any]:
    return {
        "entity_id": entity_id,
        "points": [[when.timestamp(), state] for when, state in series.points],
        "statistics": None if series.unit is None else statistics_of(entity_id, series),
    }


def statistics_of(entity_id: str, series: Series) -> dict[str, Any]:
    """Return the hourly statistics of a series, without those of the current hour."""
    hours: defaultdict[int, list[float]] = defaultdict(list)
    for when, state in series.points:
        hours[int(when.timestamp()) // _HOUR_S * _HOUR_S].append(float(state))
    # Home Assistant itself compiles the statistics of the current hour.
    last = max(hours)
    first = float(series.points[0][1])
    return {
        "metadata": {
            "mean_type": 1 if series.mean else 0,
            "has_sum": not series.mean,
            "name": None,
            "source": "recorder",
            "statistic_id": entity_id,
            "unit_class": series.unit_class,
            "unit_of_measurement": series.unit,
        },
        "rows": [
            {"start_ts": hour, **_row(values, mean=series.mean, first=first)}
            for hour, values in sorted(hours.items())
            if hour != last
        ],
    }


def _row(values: Sequence[float], *, mean: bool, first: float) -> dict[str, float]:
    """Return the statistics of an hour; ``first``: where a counter begins, so that its sum begins at 0."""
    if mean:
        return {"mean": fmean(values), "min": min(values), "max": max(values)}
    return {"state": values[-1], "sum": values[-1] - first}
