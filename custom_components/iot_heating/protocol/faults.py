"""Errors that controllers report, sorted into kinds that a user can be told."""

from enum import StrEnum
from typing import Any, Final


class Fault(StrEnum):
    """A kind of error, the most urgent first."""

    OVERHEAT = "overheat"
    BURNER = "burner"
    WATER = "water"
    PUMP = "pump"
    SENSOR = "sensor"
    POWER = "power"
    COMMUNICATION = "communication"
    OTHER = "other"


NO_FAULT: Final = "none"
_WORDS: Final[tuple[tuple[Fault, tuple[str, ...]], ...]] = (
    (Fault.OVERHEAT, ("overheat", "over_temp", "overtemp", "stb", "limit", "too hot")),
    (Fault.BURNER, ("burner", "flame", "ignition", "igniter", "boiler")),
    (Fault.WATER, ("water", "pressure", "leak", "flow_fault", "dry")),
    (Fault.PUMP, ("pump", "valve", "mixer")),
    (Fault.SENSOR, ("sensor", "probe", "ds18", "ntc", "temp")),
    (Fault.POWER, ("volt", "brown", "power", "supply")),
    (Fault.COMMUNICATION, ("wifi", "network", "comm", "timeout", "http", "sync", "mqtt")),
)


def text_of(error: str | dict[str, Any]) -> str:
    """An error as one text: itself, or the telling members of an object."""
    if isinstance(error, str):
        return error
    parts = [str(error[name]) for name in ("code", "error", "type", "message") if error.get(name) is not None]
    return ": ".join(parts) if parts else "error"


def fault_of(error: str | dict[str, Any]) -> Fault:
    """The kind of an error, by the words in it."""
    text = text_of(error).lower()
    for fault, words in _WORDS:
        if any(word in text for word in words):
            return fault
    return Fault.OTHER


def worst(errors: tuple[str | dict[str, Any], ...]) -> Fault | None:
    """The most urgent kind among errors."""
    kinds = {fault_of(error) for error in errors}
    return next((fault for fault in Fault if fault in kinds), None)
