"""Ranges of values that devices in a home can measure: values outside of them are placeholders, and unknown.

Devices report a missing sensor as the extreme value of a data type in their own scale (327.67, -3276.8, 6553.5), as
-127, as 128 or as 999. The ranges are wide: only what is clearly impossible is refused.
"""

from collections.abc import Mapping
from dataclasses import replace
import math
from typing import Any, Final

from .._lib.heat_source import SourceState

type Range = tuple[float, float]

WATER_C: Final[Range] = (-30.0, 125.0)
ROOM_C: Final[Range] = (-30.0, 60.0)
OUTDOOR_C: Final[Range] = (-60.0, 60.0)
POWER_W: Final[Range] = (-200_000.0, 200_000.0)
ENERGY_KWH: Final[Range] = (0.0, 10_000_000.0)
LOAD_PCT: Final[Range] = (0.0, 150.0)
FACTOR: Final[Range] = (0.0, 20.0)
RANGE_OF_KEY: Final[Mapping[str, Range]] = {
    **dict.fromkeys(("flow_temperature", "flow_setpoint", "return_temperature", "common_supply_temperature"), WATER_C),
    **dict.fromkeys(("circuit_supply_temperature", "circuit_return_temperature"), WATER_C),
    **dict.fromkeys(("secondary_return_temperature",), WATER_C),
    **dict.fromkeys(("boiler_temperature", "buffer_temperature", "dhw_temperature", "dhw_setpoint"), WATER_C),
    **dict.fromkeys(("room_temperature", "room_setpoint"), ROOM_C),
    "system_pressure": (-1.0, 10.0),
    **dict.fromkeys(("compressor_load", "fan_load", "fan_2_load", "boiler_load", "burner_modulation"), LOAD_PCT),
    **dict.fromkeys(("boiler_pump_load", "source_pump_load", "secondary_valve_position", "buffer_charge"), LOAD_PCT),
    **dict.fromkeys(("cop_total", "cop_heating", "cop_dhw", "scop_total", "scop_heating", "scop_dhw"), FACTOR),
    **dict.fromkeys(("spf_total", "spf_heating", "spf_dhw"), FACTOR),
    **dict.fromkeys(("outdoor_temperature", "source_in_temperature", "source_out_temperature"), OUTDOOR_C),
}
"""By the key of a reading."""
RANGE_OF_UNIT: Final[Mapping[str | None, Range]] = {
    "°C": (-80.0, 650.0),
    "K": (-100.0, 100.0),
    "W": POWER_W,
    "kWh": ENERGY_KWH,
    "bar": (-1.0, 60.0),
    "%": (-100.0, 1000.0),
    "h": (0.0, 1_000_000.0),
    "l/h": (-100_000.0, 100_000.0),
    "l/min": (-2000.0, 2000.0),
    "Hz": (0.0, 400.0),
    "rps": (0.0, 400.0),
    "rpm": (0.0, 24_000.0),
    "V": (0.0, 1000.0),
    "A": (-1000.0, 1000.0),
}
_FIELDS: Final[Mapping[str, Range]] = {
    **dict.fromkeys(("flow_c", "flow_setpoint_c", "return_c", "circuit_c"), WATER_C),
    "outdoor_c": OUTDOOR_C,
    "room_setpoint_c": ROOM_C,
    **dict.fromkeys(("power_w", "heat_w", "power_limit_w"), POWER_W),
    **dict.fromkeys(("electricity_kwh", "heat_kwh"), ENERGY_KWH),
}
RAW_PLACEHOLDERS: Final = frozenset(
    {32767.0, -32768.0, 65535.0, 2147483647.0, -2147483648.0, 2147483648.0, 4294967295.0, 2147483.647, 4294967.295}
)
"""Extreme values of data types, as a power that is exactly one of them is a missing one."""


def is_inside(value: float, allowed: Range) -> bool:
    """Return whether a value is finite and within a range."""
    return math.isfinite(value) and allowed[0] <= value <= allowed[1]


def reading_in_range(key: str, value: Any, unit: str | None = None) -> Any:
    """Return a reading, or None where no device measures this; texts and flags are returned as they are."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    allowed = RANGE_OF_KEY.get(key) or RANGE_OF_UNIT.get(unit)
    if allowed is None:
        allowed = RANGE_OF_UNIT["°C"] if key.endswith("_temperature") else (-math.inf, math.inf)
    return value if math.isfinite(value) and allowed[0] <= value <= allowed[1] else None


def state_in_range(state: SourceState) -> SourceState:
    """Return the report of a source without values that no device measures."""
    wrong: dict[str, Any] = {
        name: None
        for name, allowed in _FIELDS.items()
        if (value := getattr(state, name, None)) is not None and not is_inside(value, allowed)
    }
    extra = getattr(state, "extra", {})
    readings = {key: reading_in_range(key, value) for key, value in extra.items()}
    if any(readings[key] is None and extra[key] is not None for key in readings):
        wrong["extra"] = readings
    return replace(state, **wrong) if wrong else state
