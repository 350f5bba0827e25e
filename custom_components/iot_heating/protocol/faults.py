"""Fault categories of the error messages that controllers report."""

from enum import StrEnum
from typing import Any, Final


class Fault(StrEnum):
    """Category of an error, most urgent first."""

    OVERHEAT = "overheat"
    BURNER = "burner"
    WATER = "water"
    PUMP = "pump"
    SENSOR = "sensor"
    POWER = "power"
    COMMUNICATION = "communication"
    OTHER = "other"


NO_FAULT: Final = "none"
_KEYWORDS: Final[tuple[tuple[Fault, tuple[str, ...]], ...]] = (
    (Fault.OVERHEAT, ("overheat", "over_temp", "overtemp", "stb", "limit", "too hot")),
    (Fault.BURNER, ("burner", "flame", "ignition", "igniter", "boiler")),
    (Fault.WATER, ("water", "pressure", "leak", "flow_fault", "dry")),
    (Fault.PUMP, ("pump", "valve", "mixer")),
    (Fault.SENSOR, ("sensor", "probe", "ds18", "ntc", "temp")),
    (Fault.POWER, ("volt", "brown", "power", "supply")),
    (Fault.COMMUNICATION, ("wifi", "network", "comm", "timeout", "http", "sync", "mqtt")),
)


def error_text(error: str | dict[str, Any]) -> str:
    """Return an error as one line of text."""
    if isinstance(error, str):
        return error
    parts = [str(error[name]) for name in ("code", "error", "type", "message") if error.get(name) is not None]
    return ": ".join(parts) if parts else "error"


def classify_error(error: str | dict[str, Any]) -> Fault:
    """Return the category of an error by the keywords in its text."""
    text = error_text(error).lower()
    for fault, keywords in _KEYWORDS:
        if any(keyword in text for keyword in keywords):
            return fault
    return Fault.OTHER


def most_urgent_fault(errors: tuple[str | dict[str, Any], ...]) -> Fault | None:
    """Return the most urgent category among errors."""
    categories = {classify_error(error) for error in errors}
    return next((fault for fault in Fault if fault in categories), None)
