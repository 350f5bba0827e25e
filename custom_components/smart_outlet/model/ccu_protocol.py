"""JSON reports and acknowledgements of a Central Control Unit (docs/ccu-http.md)."""

from collections.abc import Callable
from dataclasses import dataclass
import re
from typing import Any

from .errors import FieldError, MissingFieldError

CURRENT_MAX_MA = 65535
OVERLOAD_MA = 65535
"""Reported instead of a socket's current after an overload trip."""
THRESHOLD_MAX_MA = 65534
MAIN_CURRENT_MAX_MA = 1_000_000
"""1,000 A, above any main breaker that a CCU measures."""

_HEX_BYTE = re.compile(r"[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class Report:
    """A report of an outlet.

    Attributes:
        device_id: Two upper-case hex digits.
        current_a: Current of socket A in mA, 65535 after an overload trip.
        current_b: Current of socket B in mA, 65535 after an overload trip.
        relay_a: State of socket A, None if the sender does not know it.
        relay_b: State of socket B, None if the sender does not know it.
        is_overload: The outlet reports an overload trip.
        threshold: Trip threshold of the outlet in mA, if the sender reports it (version 2, radio).
    """

    device_id: str
    current_a: int
    current_b: int
    relay_a: bool | None
    relay_b: bool | None
    is_overload: bool
    threshold: int | None = None

    def current(self, socket: str) -> int:
        """Return the current of socket "a" or "b"."""
        return self.current_a if socket == "a" else self.current_b

    def relay(self, socket: str) -> bool | None:
        """Return the relay state of socket "a" or "b"."""
        return self.relay_a if socket == "a" else self.relay_b


@dataclass(frozen=True, slots=True)
class BreakerReport:
    """Current of the main breaker in mA, and the firmware version of the CCU if reported (version 2)."""

    ccu_id: str
    current_ma: int
    firmware: str | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """Acknowledgement of a command by a version 2 CCU or the radio.

    Attributes:
        id: ID of the command.
        ok: Whether the outlet executed it.
        error: Reason if it did not.
    """

    id: str
    ok: bool
    error: str | None = None


def parse_device_id(value: object, field: str = "device_id") -> str:
    """Return a device ID as two upper-case hex digits.

    Raises:
        FieldError: The value is not a string of two hex digits.
    """
    if not isinstance(value, str) or not _HEX_BYTE.fullmatch(value):
        raise FieldError(field, "must be two hex digits, 00 to FF")
    return value.upper()


def decode_report(body: dict[str, Any]) -> Report:
    """Decode the body of ``POST /api/data/``; unknown fields are ignored.

    Raises:
        MissingFieldError: A field of protocol 1 is absent.
        FieldError: A value has the wrong type or is out of range.
    """
    threshold = body.get("threshold")
    return Report(
        device_id=_field(body, "device_id", parse_device_id),
        current_a=_field(body, "current_a", _current),
        current_b=_field(body, "current_b", _current),
        relay_a=_field(body, "relay_a", _relay),
        relay_b=_field(body, "relay_b", _relay),
        is_overload=_field(body, "is_overload", _flag),
        threshold=None if threshold is None else parse_threshold(threshold, "threshold"),
    )


def decode_breaker(body: dict[str, Any]) -> BreakerReport:
    """Decode the body of ``POST /api/breaker-data/``; raises the errors of ``decode_report``."""
    return BreakerReport(
        ccu_id=_field(body, "ccu_id", parse_device_id),
        current_ma=_field(body, "current_ma", _main_current),
        firmware=_firmware(body.get("firmware")),
    )


def decode_acks(body: dict[str, Any]) -> list[Ack]:
    """Decode the body of ``POST /api/commands/<device_id>/ack/``: one ``{id, ok, error}`` or a list under ``acks``.

    Raises:
        MissingFieldError: ``id`` or ``ok`` is absent.
        FieldError: A value has the wrong type, or the list has more than 32 entries.
    """
    if "acks" not in body:
        return [_ack(body, "")]
    acks = body["acks"]
    if not isinstance(acks, list) or not 1 <= len(acks) <= 32:
        raise FieldError("acks", "must be a list of 1 to 32 objects")
    return [_ack(ack, f"acks[{index}].") for index, ack in enumerate(acks)]


def _ack(value: object, prefix: str) -> Ack:
    if not isinstance(value, dict):
        raise FieldError(prefix.rstrip("."), "must be an object")
    for name in ("id", "ok"):
        if name not in value:
            raise MissingFieldError(prefix + name)
    command_id, error = value["id"], value.get("error")
    if not isinstance(command_id, str) or len(command_id) > 64:
        raise FieldError(f"{prefix}id", "must be text of at most 64 characters")
    if error is not None and (not isinstance(error, str) or len(error) > 200):
        raise FieldError(f"{prefix}error", "must be text of at most 200 characters")
    return Ack(command_id, _flag(value["ok"], f"{prefix}ok"), error)


def parse_threshold(value: object, field: str = "value") -> int:
    """Return a trip threshold in mA, 0 to 65534; 0 means none.

    Raises:
        FieldError: The value has another type or is out of range.
    """
    return _integer(value, field, THRESHOLD_MAX_MA)


def _field[T](body: dict[str, Any], name: str, parse: Callable[[object, str], T]) -> T:
    try:
        value = body[name]
    except KeyError:
        raise MissingFieldError(name) from None
    return parse(value, name)


def _firmware(value: object) -> str | None:
    if value is None or (isinstance(value, str) and len(value) <= 32):
        return value
    raise FieldError("firmware", "must be text of at most 32 characters")


def _integer(value: object, field: str, maximum: int) -> int:
    # bool is a subclass of int, but not a number on the wire.
    if type(value) is not int or not 0 <= value <= maximum:
        raise FieldError(field, f"must be an integer from 0 to {maximum}")
    return value


def _current(value: object, field: str) -> int:
    return _integer(value, field, CURRENT_MAX_MA)


def _main_current(value: object, field: str) -> int:
    return _integer(value, field, MAIN_CURRENT_MAX_MA)


def _relay(value: object, field: str) -> bool | None:
    if value is None or (type(value) is int and value == -1):
        return None
    try:
        return _flag(value, field)
    except FieldError:
        raise FieldError(field, "must be true, false, 1, 0, -1 or null") from None


def _flag(value: object, field: str) -> bool:
    if isinstance(value, bool) or (type(value) is int and value in (0, 1)):
        return bool(value)
    raise FieldError(field, "must be true, false, 1 or 0")
