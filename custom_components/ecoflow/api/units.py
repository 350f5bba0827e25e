"""Physical quantities: their units, their valid ranges and the conversion of wire values."""

from enum import StrEnum

from .wire_values import PLACEHOLDERS, WIDE_PLACEHOLDERS, as_number, without_minus_zero


class Quantity(StrEnum):
    """What a value measures. Each quantity has one unit (`UNITS`)."""

    POWER = "power"
    APPARENT_POWER = "apparent_power"
    REACTIVE_POWER = "reactive_power"
    ENERGY = "energy"
    VOLTAGE = "voltage"
    CURRENT = "current"
    CAPACITY = "capacity"
    BATTERY_LEVEL = "battery_level"
    PERCENTAGE = "percentage"
    TEMPERATURE = "temperature"
    DURATION = "duration"
    FREQUENCY = "frequency"
    ROTATION_SPEED = "rotation_speed"
    SIGNAL_STRENGTH = "signal_strength"
    COUNT = "count"
    ERROR_CODE = "error_code"
    STATE = "state"
    RAW = "raw"


UNITS: dict[Quantity, str] = {
    Quantity.POWER: "W",
    Quantity.APPARENT_POWER: "VA",
    Quantity.REACTIVE_POWER: "var",
    Quantity.ENERGY: "kWh",
    Quantity.VOLTAGE: "V",
    Quantity.CURRENT: "A",
    Quantity.CAPACITY: "Ah",
    Quantity.BATTERY_LEVEL: "%",
    Quantity.PERCENTAGE: "%",
    Quantity.TEMPERATURE: "°C",
    Quantity.DURATION: "min",
    Quantity.FREQUENCY: "Hz",
    Quantity.ROTATION_SPEED: "rpm",
    Quantity.SIGNAL_STRENGTH: "dBm",
    Quantity.COUNT: "",
    Quantity.ERROR_CODE: "",
    Quantity.STATE: "",
    Quantity.RAW: "",
}

# A value outside its range is a sensor fault or a placeholder of the firmware, and is decoded as unknown.
VALID_RANGES: dict[Quantity, tuple[float, float]] = {
    Quantity.POWER: (-30_000, 30_000),
    Quantity.APPARENT_POWER: (-30_000, 30_000),
    Quantity.REACTIVE_POWER: (-30_000, 30_000),
    Quantity.ENERGY: (0, 10_000_000),
    Quantity.VOLTAGE: (-5, 1_500),
    Quantity.CURRENT: (-1_000, 1_000),
    Quantity.CAPACITY: (0, 100_000),
    Quantity.BATTERY_LEVEL: (0, 100),
    Quantity.PERCENTAGE: (0, 100),
    Quantity.TEMPERATURE: (-60, 150),
    Quantity.DURATION: (0, 100_000),
    Quantity.FREQUENCY: (0, 500),
    Quantity.ROTATION_SPEED: (0, 100_000),
    Quantity.SIGNAL_STRENGTH: (-150, -1),
    Quantity.COUNT: (0, 1_000_000),
}

# A counter reaches each value of 16 bits once, and an error code has all bits.
_PLACEHOLDERS: dict[Quantity, frozenset[int]] = {
    Quantity.ENERGY: WIDE_PLACEHOLDERS,
    Quantity.ERROR_CODE: frozenset(),
}

_DIGITS: dict[Quantity, int] = {
    Quantity.POWER: 1,
    Quantity.APPARENT_POWER: 1,
    Quantity.REACTIVE_POWER: 1,
    Quantity.ENERGY: 3,
    Quantity.VOLTAGE: 3,
    Quantity.CURRENT: 3,
    Quantity.CAPACITY: 3,
    Quantity.BATTERY_LEVEL: 1,
    Quantity.PERCENTAGE: 1,
    Quantity.TEMPERATURE: 1,
    Quantity.FREQUENCY: 1,
}


def to_unit(wire_value: object, quantity: Quantity, scale: float) -> float | int | None:
    """Return a wire value in the quantity's unit, None for a placeholder, another type or a value out of range."""
    value = as_number(wire_value)
    if value is None or value in _PLACEHOLDERS.get(quantity, PLACEHOLDERS):
        return None
    value = value * scale
    if quantity in VALID_RANGES:
        minimum, maximum = VALID_RANGES[quantity]
        if not minimum <= value <= maximum:
            return None
    digits = _DIGITS.get(quantity)
    if digits is None:
        return int(value) if value == int(value) else round(value, 3)
    return without_minus_zero(round(value, digits))
