"""Telemetry of a heating controller: decoded and checked."""

from dataclasses import dataclass
import math
from typing import Any, Final

from .errors import ProtocolError

TEMPERATURE_RANGE_C: Final = (-60.0, 120.0)
VOLTAGE_RANGE_V: Final = (0.0, 60.0)
MAX_ERRORS: Final = 100


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a controller reported. None: not in the report, or reported as ``null`` (no reading).

    Attributes:
        heating: Whether the heat source runs.
        outdoor_c: Outdoor temperature, -60..120 degC.
        supply_c: Temperature of the supply (flow), -60..120 degC.
        voltage_v: Supply voltage, 0..60 V.
        errors: The controller's errors, texts or objects as they came.
        protocol_version: The newest that the controller speaks.
        reported: Names of the known fields that were in the report, null or not.
    """

    heating: bool | None = None
    outdoor_c: float | None = None
    supply_c: float | None = None
    voltage_v: float | None = None
    errors: tuple[str | dict[str, Any], ...] | None = None
    protocol_version: int = 1
    reported: frozenset[str] = frozenset()


def decode_telemetry(data: dict[str, Any]) -> Telemetry:
    """Read a report; fields that are not known are no error.

    Raises:
        ProtocolError: A known field has a wrong type or is out of range.
    """
    get = data.get
    return Telemetry(
        _state(get("state")),
        _number(get("temp_out"), "temp_out", TEMPERATURE_RANGE_C),
        _number(get("supply_temp"), "supply_temp", TEMPERATURE_RANGE_C),
        _number(get("voltage"), "voltage", VOLTAGE_RANGE_V),
        _errors(get("errors")),
        _version(get("protocol_version", 1)),
        _KNOWN & data.keys(),
    )


_NUMBER: Final = frozenset({int, float})
_KNOWN = frozenset({"state", "temp_out", "supply_temp", "voltage", "errors"})


def _state(value: Any) -> bool | None:
    if value is None or value is True or value is False:
        return value
    if value == "on":
        return True
    if value == "off":
        return False
    raise ProtocolError("state", 'has to be "on" or "off"')


def _number(value: Any, field: str, limits: tuple[float, float]) -> float | None:
    if value is None:
        return None
    # bool is an int to isinstance; the types of JSON are exact.
    if type(value) not in _NUMBER or not math.isfinite(value):
        raise ProtocolError(field, "has to be a number")
    low, high = limits
    if not low <= value <= high:
        raise ProtocolError(field, f"{value:g} is not in {low:g}..{high:g}")
    return float(value)


def _errors(value: Any) -> tuple[str | dict[str, Any], ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ProtocolError("errors", "has to be a list")
    if len(value) > MAX_ERRORS:
        raise ProtocolError("errors", f"has more than {MAX_ERRORS} items")
    for i, item in enumerate(value):
        if not isinstance(item, str | dict):
            raise ProtocolError(f"errors[{i}]", "has to be a text or an object")
    return tuple(value)


def _version(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ProtocolError("protocol_version", "has to be a whole number from 1 on")
    return value
