"""Placeholders of Modbus data types, and the ranges of quantities.

Devices report a missing sensor as the extreme value of the data type, an unused selection as -1, an open sensor as a
temperature above the boiling point. A template narrows or widens this with `invalid`, `min` and `max`.
"""

from collections.abc import Sequence
from typing import Final

from ..value_ranges import RANGE_OF_KEY, RANGE_OF_UNIT

_EXTREMES: Final[dict[str, tuple[float, ...]]] = {
    "int8": (-0x80,),
    "int16": (-0x8000, 0x7FFF),
    "uint16": (0xFFFF,),
    "int32": (-0x80000000, 0x7FFFFFFF),
    "uint32": (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF),
}
_MEASURED_UNSIGNED: Final = (0x7FFF, 0x8000)
"""Of a signed quantity that a template reads as unsigned."""
_MINUS_ONE: Final = {"int16": -1.0, "uint16": 65535.0, "int32": -1.0, "uint32": 4294967295.0}
_COUNTED: Final = ("h", "kWh", None)


def placeholders(data_type: str, unit: str | None, scale: float, on_values: Sequence[int]) -> tuple[float, ...]:
    """Return the raw values of a register that mean that there is no value."""
    found = set(_EXTREMES.get(data_type, ()))
    if data_type == "uint16" and unit not in _COUNTED:
        found |= set(_MEASURED_UNSIGNED)
    if unit is None and scale == 1 and data_type in _MINUS_ONE:
        found.add(_MINUS_ONE[data_type])  # a selection or a state
    return tuple(sorted(found - set(on_values)))


def value_range(key: str, unit: str | None) -> tuple[float | None, float | None]:
    """Return the range of a quantity by the key and unit of its register."""
    return RANGE_OF_KEY.get(key) or RANGE_OF_UNIT.get(unit) or (None, None)
