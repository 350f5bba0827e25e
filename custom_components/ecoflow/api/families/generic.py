"""Devices of a model that no family describes: their plain values, with readable names and without controls.

A value has a unit where its wire name carries one (`outputWatts`, `cmsBattSoc`) or the other values of the device prove
one (`generic_units`), otherwise none. A remaining time is shown only in the direction of the battery's power.
"""

from collections.abc import Iterable
from dataclasses import replace
import re
from typing import Any

from ..privacy import is_private, is_serial_number, mask, serial_numbers
from ..units import Quantity
from ..wire_values import Values
from .generic_units import DIRECTION_SOURCES, context_units, direction_of
from .options import NO_REMAINING_TIME
from .specs import CommandFormat, Family, SensorSpec
from .wire_names import WireUnit, is_health, is_remaining_time, is_temperature, readable_name, serials_in, unit_of

GENERIC_FAMILY = "generic"
# More would be too long to read on a device page; the diagnostics hold all values.
MAX_SENSORS = 72
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Values that users are most likely to need: these come first and are enabled.
_USEFUL = re.compile(r"soc|watt|pow|power|pwr|temp|vol|amp|cur|remain|freq|state|err", re.IGNORECASE)
_PLAIN = WireUnit(Quantity.RAW)


def generic_key(wire_name: str) -> str:
    """Return the entity key for a wire name: `pd.wattsInSum` -> `raw_pd_watts_in_sum`; serial numbers are masked."""
    return _key(mask(wire_name))


def _key(name: str) -> str:
    return "raw_" + _NOT_IN_SLUG.sub("_", _CAMEL_CASE.sub("_", name).lower()).strip("_")


def generic_family(product: str, values: Values) -> Family:
    """Return a family with a sensor for each plain value that the device reports, useful ones first."""
    names = sorted((name for name, value in values.items() if _is_shown(name, value)), key=_rank)
    if any(is_temperature(name) and _is_number(values[name]) and values[name] for name in names):
        # A temperature of 0 among others is that of a sensor that the model does not have.
        names = [name for name in names if values[name] != 0 or not is_temperature(name)]
    return Family(
        name=GENERIC_FAMILY,
        model=product,
        command_format=CommandFormat.MODULE,
        product_names=(),
        serial_prefixes=(),
        sensors=tuple(_sensors(names, values)),
    )


def with_other_values(family: Family, values: Values) -> Family:
    """Return a family with sensors of the values that it does not describe, if it shows them."""
    if not family.shows_other_values:
        return family
    described = {name for spec in family.entities() for name in spec.value_names}
    others = generic_family("", {name: value for name, value in values.items() if name not in described})
    return replace(family, sensors=(*family.sensors, *(replace(spec, enabled=False) for spec in others.sensors)))


def _sensors(wire_names: list[str], values: Values) -> Iterable[SensorSpec]:
    keys: set[str] = set()
    titles: set[str] = set()
    numbers = serials_in(wire_names)
    proved = context_units(values)
    for wire_name in wire_names:
        key = generic_key(wire_name)
        if key in keys:
            continue
        keys.add(key)
        if len(keys) > MAX_SENSORS:
            return
        title = readable_name(wire_name, numbers)
        if title in titles:
            title = f"{title} ({mask(wire_name, numbers)})"
        titles.add(title)
        unit = unit_of(wire_name) or proved.get(wire_name) if _is_number(values[wire_name]) else None
        applies = direction_of(wire_name) if is_remaining_time(wire_name) else None
        yield SensorSpec(
            key=key,
            name=title,
            former_key=_key(wire_name) if serial_numbers(wire_name) else "",
            source=wire_name,
            quantity=(unit or _PLAIN).quantity,
            scale=(unit or _PLAIN).scale,
            unknown_values=NO_REMAINING_TIME if is_remaining_time(wire_name) else (0,) if is_health(wire_name) else (),
            # One without a direction in its name is negative while discharging.
            magnitude=is_remaining_time(wire_name),
            applies=applies,
            depends_on=() if applies is None else DIRECTION_SOURCES,
            diagnostic=True,
            enabled=_USEFUL.search(wire_name) is not None,
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_shown(wire_name: str, value: Any) -> bool:
    if is_private(wire_name):
        return False
    if isinstance(value, str):
        return len(value) <= 64 and not is_serial_number(value)
    return isinstance(value, (int, float, bool))


def _rank(wire_name: str) -> tuple[int, str]:
    """Return the order of a value: those with a unit first, then other useful ones."""
    has_unit = unit_of(wire_name) is not None or is_remaining_time(wire_name)
    return (0 if has_unit else 1 if _USEFUL.search(wire_name) else 2, wire_name)
