"""JSON of a Central Control Unit: what it says and what it is told (docs/ccu-http.md)."""

from collections.abc import Callable
from dataclasses import dataclass
import re
from typing import Any

from .errors import FieldError, MissingFieldError

CURRENT_MAX_MA = 65535
OVERLOAD_MA = 65535
"""In place of a socket's current: the outlet's overload trip."""
THRESHOLD_MAX_MA = 65534
MAIN_CURRENT_MAX_MA = 1_000_000
"""1,000 A: more than any main breaker that a CCU measures."""

_HEX_BYTE = re.compile(r"[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class Report:
    """What an outlet measures.

    Attributes:
        device_id: Two upper-case hex digits.
        current_a: mA, or 65535 for the overload trip.
        current_b: The same of socket B.
        relay_a: Socket A; None where the sender does not know.
        relay_b: The same of socket B.
        is_overload: The outlet says that it tripped.
        threshold: The outlet's own trip threshold in mA, where the sender tells it (version 2, radio).
    """

    device_id: str
    current_a: int
    current_b: int
    relay_a: bool | None
    relay_b: bool | None
    is_overload: bool
    threshold: int | None = None

    def current(self, socket: str) -> int:
        """Of socket "a" or "b"."""
        return self.current_a if socket == "a" else self.current_b

    def relay(self, socket: str) -> bool | None:
        """Of socket "a" or "b"."""
        return self.relay_a if socket == "a" else self.relay_b


@dataclass(frozen=True, slots=True)
class BreakerReport:
    """The main breaker's current in mA; ``firmware`` is the unit's version, where it tells it (version 2)."""

    ccu_id: str
    current_ma: int
    firmware: str | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """A version 2 CCU says what became of a command.

    Attributes:
        id: Of the command.
        ok: Whether the outlet did it.
        error: Why not.
    """

    id: str
    ok: bool
    error: str | None = None


def parse_device_id(value: object, field: str = "device_id") -> str:
    """A device id in its one spelling, two upper-case hex digits.

    Raises:
        FieldError: it is not text of two hex digits.
    """
    if not isinstance(value, str) or not _HEX_BYTE.fullmatch(value):
        raise FieldError(field, "has to be two hex digits, 00 to FF")
    return value.upper()


def decode_report(body: dict[str, Any]) -> Report:
    """Read ``POST /api/data/``; unknown fields are left alone.

    Raises:
        MissingFieldError: a field of protocol 1 is absent.
        FieldError: a value has the wrong type or is out of range.
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
    """Read ``POST /api/breaker-data/``; raises like decode_report."""
    return BreakerReport(
        ccu_id=_field(body, "ccu_id", parse_device_id),
        current_ma=_field(body, "current_ma", _main_current),
        firmware=_firmware(body.get("firmware")),
    )


def decode_acks(body: dict[str, Any]) -> list[Ack]:
    """Read ``POST /api/commands/<device_id>/ack/``: one ``{id, ok, error}`` or ``{acks: [...]}`` of them.

    Raises:
        MissingFieldError: there is no ``id`` or ``ok``.
        FieldError: a value has the wrong type, or there are more than 32.
    """
    if "acks" not in body:
        return [_ack(body, "")]
    acks = body["acks"]
    if not isinstance(acks, list) or not 1 <= len(acks) <= 32:
        raise FieldError("acks", "has to be a list of 1 to 32")
    return [_ack(ack, f"acks[{index}].") for index, ack in enumerate(acks)]


def _ack(value: object, prefix: str) -> Ack:
    if not isinstance(value, dict):
        raise FieldError(prefix.rstrip("."), "has to be an object")
    for name in ("id", "ok"):
        if name not in value:
            raise MissingFieldError(prefix + name)
    ident, error = value["id"], value.get("error")
    if not isinstance(ident, str) or len(ident) > 64:
        raise FieldError(f"{prefix}id", "has to be text of at most 64 characters")
    if error is not None and (not isinstance(error, str) or len(error) > 200):
        raise FieldError(f"{prefix}error", "has to be text of at most 200 characters")
    return Ack(ident, _flag(value["ok"], f"{prefix}ok"), error)


def parse_threshold(value: object, field: str = "value") -> int:
    """A trip threshold in mA, 0 to 65534; 0 means none.

    Raises:
        FieldError: it is something else.
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
    raise FieldError("firmware", "has to be text of at most 32 characters")


def _integer(value: object, field: str, most: int) -> int:
    # bool is an int to Python, but not to the wire.
    if type(value) is not int or not 0 <= value <= most:
        raise FieldError(field, f"has to be a whole number, 0 to {most}")
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
        raise FieldError(field, "has to be true, false, 1, 0, -1 or null") from None


def _flag(value: object, field: str) -> bool:
    if isinstance(value, bool) or (type(value) is int and value in (0, 1)):
        return bool(value)
    raise FieldError(field, "has to be true, false, 1 or 0")
