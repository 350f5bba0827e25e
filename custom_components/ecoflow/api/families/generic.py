"""Devices of an unknown model: plain values as they are reported, without a unit because none is known."""

from collections.abc import Iterable
import re
from typing import Any

from ..units import Quantity
from ..wire_values import Values
from .specs import CommandFormat, Family, SensorSpec

GENERIC_FAMILY = "generic"
# More would be too long to read on a device page; the diagnostics hold all values.
MAX_SENSORS = 60
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Values that users are most likely to need: these come first and are enabled.
_USEFUL = re.compile(r"soc|watt|pow|power|temp|vol|amp|cur|remain|freq|state|err", re.IGNORECASE)


def generic_key(wire_name: str) -> str:
    """Return the entity key for a wire name: `pd.wattsInSum` -> `raw_pd_watts_in_sum`."""
    return "raw_" + _NOT_IN_SLUG.sub("_", _CAMEL_CASE.sub("_", wire_name).lower()).strip("_")


def generic_family(product: str, values: Values) -> Family:
    """Return a family with a sensor for each plain value that the device reports, useful ones first."""
    names = sorted((name for name, value in values.items() if _is_plain(value)), key=_rank)
    return Family(
        name=GENERIC_FAMILY,
        model=product,
        command_format=CommandFormat.MODULE,
        product_names=(),
        serial_prefixes=(),
        sensors=tuple(_sensors(names)),
    )


def _sensors(names: Iterable[str]) -> Iterable[SensorSpec]:
    keys: set[str] = set()
    for name in names:
        key = generic_key(name)
        if key in keys:
            continue
        keys.add(key)
        if len(keys) > MAX_SENSORS:
            return
        is_useful = _USEFUL.search(name) is not None
        yield SensorSpec(key=key, source=name, quantity=Quantity.RAW, diagnostic=True, enabled=is_useful)


def _is_plain(value: Any) -> bool:
    return isinstance(value, (int, float, bool)) or (isinstance(value, str) and len(value) <= 64)


def _rank(name: str) -> tuple[bool, str]:
    return (_USEFUL.search(name) is None, name)
