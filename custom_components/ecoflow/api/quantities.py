"""What a value is: its unit and how a wire value becomes it."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
import math
import re
from typing import Any

type Values = Mapping[str, Any]
type Decoded = float | int | str | bool | None


class Quantity(StrEnum):
    """Physical or logical kind of a value; it fixes the unit."""

    POWER = "power"
    ENERGY = "energy"
    VOLTAGE = "voltage"
    CURRENT = "current"
    CHARGE = "charge"
    LEVEL = "level"
    SHARE = "share"
    TEMPERATURE = "temperature"
    DURATION = "duration"
    FREQUENCY = "frequency"
    SPEED = "speed"
    SIGNAL = "signal"
    COUNT = "count"
    CODE = "code"
    STATE = "state"
    RAW = "raw"


UNITS: dict[Quantity, str] = {
    Quantity.POWER: "W",
    Quantity.ENERGY: "kWh",
    Quantity.VOLTAGE: "V",
    Quantity.CURRENT: "A",
    Quantity.CHARGE: "Ah",
    Quantity.LEVEL: "%",
    Quantity.SHARE: "%",
    Quantity.TEMPERATURE: "°C",
    Quantity.DURATION: "min",
    Quantity.FREQUENCY: "Hz",
    Quantity.SPEED: "rpm",
    Quantity.SIGNAL: "dBm",
    Quantity.COUNT: "",
    Quantity.CODE: "",
    Quantity.STATE: "",
    Quantity.RAW: "",
}

# Outside of these a value is a sensor fault or a sentinel, and is shown as unknown.
PLAUSIBLE: dict[Quantity, tuple[float, float]] = {
    Quantity.POWER: (-30_000, 30_000),
    Quantity.ENERGY: (0, 10_000_000),
    Quantity.VOLTAGE: (-5, 1_500),
    Quantity.CURRENT: (-1_000, 1_000),
    Quantity.CHARGE: (0, 100_000),
    Quantity.LEVEL: (0, 100),
    Quantity.SHARE: (0, 100),
    Quantity.TEMPERATURE: (-60, 150),
    Quantity.DURATION: (0, 100_000),
    Quantity.FREQUENCY: (0, 500),
    Quantity.SPEED: (0, 100_000),
    Quantity.SIGNAL: (-150, -1),
    Quantity.COUNT: (0, 1_000_000),
}

_DIGITS: dict[Quantity, int] = {
    Quantity.POWER: 1,
    Quantity.ENERGY: 3,
    Quantity.VOLTAGE: 3,
    Quantity.CURRENT: 3,
    Quantity.CHARGE: 3,
    Quantity.LEVEL: 1,
    Quantity.SHARE: 1,
    Quantity.TEMPERATURE: 1,
    Quantity.FREQUENCY: 1,
}


def number(value: Any) -> float | None:
    """Return a finite number, None for anything else (true is no number; a number as text is one)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, (int, float)):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # JSON knows integers of any length
        return None


def flag(value: Any) -> bool | None:
    """Return on/off of 1, 0, true, false; None for anything else (255 is "unchanged" on some models)."""
    if value in (1, "1", True):
        return True
    if value in (0, "0", False):
        return False
    return None


def scaled(raw: Any, quantity: Quantity, scale: float) -> float | int | None:
    """Return a wire value in the quantity's unit, None when it is none or implausible."""
    if (value := number(raw)) is None:
        return None
    value = value * scale
    if quantity in PLAUSIBLE:
        low, high = PLAUSIBLE[quantity]
        if not low <= value <= high:
            return None
    digits = _DIGITS.get(quantity)
    if digits is None:
        return int(value) if value == int(value) else value
    return round(value, digits)


@cache
def _steps(path: str) -> tuple[str, tuple[int | str, ...]]:
    head, bracket, rest = path.partition("[")
    found = re.findall(r"\[(\d+)\]|\.([^.\[]+)", bracket + rest)
    return head, tuple(int(index) if index else name for index, name in found)


def head_of(path: str) -> str:
    """Return the name under which a path's value is stored."""
    return _steps(path)[0]


def lookup(values: Values, path: str) -> Any:
    """Return the value at a path such as `heartbeat.energyInfos[0].outputPower`, None where it ends early."""
    head, steps = _steps(path)
    item = values.get(head)
    for step in steps:
        if isinstance(step, int):
            item = item[step] if isinstance(item, list) and step < len(item) else None
        else:
            item = item.get(step) if isinstance(item, Mapping) else None
    return item
