"""Values that no device measures: placeholders of data types, and ranges of quantities.

Devices report a missing sensor as the extreme value of the data type, an unused selection as -1, an open sensor as a
temperature above the boiling point. A template narrows or widens this with `invalid`, `min` and `max`.
"""

from collections.abc import Sequence
from typing import Final

_EXTREMES: Final[dict[str, tuple[float, ...]]] = {
    "int8": (-0x80,),
    "int16": (-0x8000, 0x7FFF),
    "uint16": (0xFFFF,),
    "int32": (-0x80000000, 0x7FFFFFFF),
    "uint32": (0x80000000, 0xFFFFFFFF),
}
_MEASURED_UNSIGNED: Final = (0x7FFF, 0x8000)
"""Of a signed quantity that a template reads as unsigned."""
_MINUS_ONE: Final = {"int16": -1.0, "uint16": 65535.0, "int32": -1.0, "uint32": 4294967295.0}
_COUNTED: Final = ("h", "kWh", None)
_WATER_C: Final = (-30.0, 125.0)
_RANGE_OF: Final[dict[str, tuple[float, float]]] = {
    **dict.fromkeys(("flow_temperature", "flow_setpoint", "return_temperature"), _WATER_C),
    **dict.fromkeys(("circuit_supply_temperature", "circuit_return_temperature"), _WATER_C),
    **dict.fromkeys(("boiler_temperature", "buffer_temperature", "dhw_temperature", "dhw_setpoint"), _WATER_C),
    **dict.fromkeys(("room_temperature", "room_setpoint"), (-30.0, 60.0)),
    **dict.fromkeys(("outdoor_temperature", "source_in_temperature", "source_out_temperature"), (-60.0, 60.0)),
}
_RANGE_OF_UNIT: Final[dict[str | None, tuple[float, float]]] = {
    "°C": (-80.0, 650.0),
    "K": (-100.0, 100.0),
    "W": (-200_000.0, 200_000.0),
    "kWh": (0.0, 10_000_000.0),
    "bar": (-1.0, 60.0),
    "%": (-100.0, 1000.0),
    "h": (0.0, 1_000_000.0),
    "l/h": (-100_000.0, 100_000.0),
}


def placeholders(data_type: str, unit: str | None, scale: float, on_values: Sequence[int]) -> tuple[float, ...]:
    """Return the raw values of a register that mean that there is no value."""
    found = set(_EXTREMES.get(data_type, ()))
    if data_type == "uint16" and unit not in _COUNTED:
        found |= set(_MEASURED_UNSIGNED)
    if unit is None and scale == 1 and data_type in _MINUS_ONE:
        found.add(_MINUS_ONE[data_type])  # a selection or a state
    return tuple(sorted(found - set(on_values)))


def plausible_range(key: str, unit: str | None) -> tuple[float | None, float | None]:
    """Return the range of a quantity by the key and unit of its register."""
    return _RANGE_OF.get(key) or _RANGE_OF_UNIT.get(unit) or (None, None)
