"""Telemetry of a heating controller: decoded and checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import math
from typing import Any, Final

from .errors import ProtocolError

TEMPERATURE_RANGE_C: Final = (-60.0, 120.0)
VOLTAGE_RANGE_V: Final = (0.0, 60.0)
MAX_ERRORS: Final = 100
_MAX_VERSION: Final = 2**31


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a controller reported.

    Attributes:
        values: Of the known fields that were in the report, by the names below; None: reported as no reading.
        protocol_version: The newest that the controller speaks.
    """

    values: Mapping[str, Any]
    protocol_version: int = 1

    @property
    def heating(self) -> bool | None:
        """Whether the heat source runs; None: not in the report, or no reading."""
        return self.values.get("heating")


def decode_telemetry(data: dict[str, Any]) -> Telemetry:
    """Read a report; fields that are not known are no error.

    Raises:
        ProtocolError: A known field has a wrong type or is out of range.
    """
    values = {attribute: decode(data[name]) for name, attribute, decode in _FIELDS if name in data}
    return Telemetry(values, _version(data["protocol_version"]) if "protocol_version" in data else 1)


_NUMBER: Final = frozenset({int, float})


def _state(value: Any) -> bool | None:
    if value is None or value is True or value is False:
        return value
    if value == "on":
        return True
    if value == "off":
        return False
    raise ProtocolError("state", 'has to be "on" or "off"')


def _number(field: str, limits: tuple[float, float]) -> Callable[[Any], float | None]:
    low, high = limits

    def decode(value: Any) -> float | None:
        if value is None:
            return None
        # bool is an int to isinstance; the types of JSON are exact. No number of JSON is NaN or infinite.
        if type(value) not in _NUMBER:
            raise ProtocolError(field, "has to be a number")
        if low <= value <= high:
            return float(value)
        if not math.isfinite(value):
            raise ProtocolError(field, "has to be a number")
        raise ProtocolError(field, f"{value:g} is not in {low:g}..{high:g}")

    return decode


def _errors(value: Any) -> tuple[str | dict[str, Any], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ProtocolError("errors", "has to be a list")
    if len(value) > MAX_ERRORS:
        raise ProtocolError("errors", f"has more than {MAX_ERRORS} items")
    for i, item in enumerate(value):
        if not isinstance(item, str | dict):
            raise ProtocolError(f"errors[{i}]", "has to be a text or an object")
    return tuple(value)


def _version(value: Any) -> int:
    # 2.0 is a whole number to JSON.
    if type(value) not in _NUMBER or not 1 <= value <= _MAX_VERSION or value != int(value):
        raise ProtocolError("protocol_version", "has to be a whole number from 1 on")
    return int(value)


# Name in the report, name in Telemetry.values, how it is read.
_FIELDS: Final[tuple[tuple[str, str, Callable[[Any], Any]], ...]] = (
    ("state", "heating", _state),
    ("temp_out", "outdoor_c", _number("temp_out", TEMPERATURE_RANGE_C)),
    ("supply_temp", "supply_c", _number("supply_temp", TEMPERATURE_RANGE_C)),
    ("voltage", "voltage_v", _number("voltage", VOLTAGE_RANGE_V)),
    ("errors", "errors", _errors),
)
