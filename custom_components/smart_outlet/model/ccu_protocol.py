"""JSON reports and acknowledgements of a Central Control Unit (docs/ccu-http.md).

Each field is read on its own: one that cannot be read is named, and the others are used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._lib.fleet import CHIPS
from .errors import FieldError, MissingFieldError
from .wire_values import read_flag, read_integer, read_text_id, read_tristate

CURRENT_MAX_MA = 65535
OVERLOAD_MA = 65535
"""Reported instead of a socket's current after an overload trip."""
THRESHOLD_MAX_MA = 65534
MAIN_CURRENT_MAX_MA = 1_000_000
"""1,000 A, above any main breaker that a CCU measures."""
_MAX_ACKS = 32
_REPORTED_VALUES = 5
"""Values of an outlet's report without its ID."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report of an outlet.

    Attributes:
        device_id: Two upper-case hex digits.
        current_a: Current of socket A in mA, 65535 after an overload trip; None if it could not be read.
        current_b: Current of socket B in mA, 65535 after an overload trip; None if it could not be read.
        relay_a: State of socket A, None if the sender does not know it or it could not be read.
        relay_b: State of socket B, None if the sender does not know it or it could not be read.
        is_overload: The outlet reports an overload trip; None if it could not be read.
        threshold: Trip threshold of the outlet in mA, if the sender reports it (version 2, radio).
    """

    device_id: str
    current_a: int | None
    current_b: int | None
    relay_a: bool | None
    relay_b: bool | None
    is_overload: bool | None
    threshold: int | None = None

    def current(self, socket: str) -> int | None:
        """Return the current of socket "a" or "b"."""
        return self.current_a if socket == "a" else self.current_b

    def relay(self, socket: str) -> bool | None:
        """Return the relay state of socket "a" or "b"."""
        return self.relay_a if socket == "a" else self.relay_b


@dataclass(frozen=True, slots=True)
class BreakerReport:
    """Current of the main breaker, and what the CCU reports of itself (version 2).

    Attributes:
        ccu_id: ID of the CCU.
        current_ma: Current in mA; None if it could not be read, or if the CCU does not know it (version 2).
        firmware: Firmware version, if reported.
        chip: Chip that its firmware is built for, if reported.
    """

    ccu_id: str
    current_ma: int | None
    firmware: str | None = None
    chip: str | None = None


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
    return read_text_id(value, field)


class _Fields:
    """The fields of a body, with the errors of those that could not be read."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.errors: list[FieldError] = []
        self._body = body

    def read[T](self, name: str, parse: Callable[[object, str], T]) -> T | None:
        """Return a field; None with an error if it is absent or cannot be read."""
        try:
            return self.require(name, parse)
        except FieldError as err:
            self.errors.append(err)
            return None

    def read_optional[T](self, name: str, parse: Callable[[object, str], T]) -> T | None:
        """Return a field; None if it is absent or null, or with an error if it cannot be read."""
        return None if self._body.get(name) is None else self.read(name, parse)

    def require[T](self, name: str, parse: Callable[[object, str], T]) -> T:
        """Return a field.

        Raises:
            MissingFieldError: It is absent.
            FieldError: It cannot be read.
        """
        body = self._body
        if name in body:
            return parse(body[name], name)
        spellings = [each for each in body if each.lower() == name]
        if len(spellings) != 1:
            raise MissingFieldError(name)
        return parse(body[spellings[0]], name)


def read_report(body: dict[str, Any]) -> tuple[Report, list[FieldError]]:
    """Read the body of ``POST /api/data/``, and the errors of fields that could not be read.

    Unknown fields are ignored.

    Raises:
        MissingFieldError: ``device_id`` or every value is absent.
        FieldError: ``device_id`` is invalid.
    """
    fields = _Fields(body)
    report = Report(
        device_id=fields.require("device_id", parse_device_id),
        current_a=fields.read("current_a", _current),
        current_b=fields.read("current_b", _current),
        relay_a=fields.read("relay_a", read_tristate),
        relay_b=fields.read("relay_b", read_tristate),
        is_overload=fields.read("is_overload", read_flag),
        threshold=fields.read_optional("threshold", _threshold),
    )
    if len(fields.errors) >= _REPORTED_VALUES and all(isinstance(err, MissingFieldError) for err in fields.errors):
        raise fields.errors[0]
    return report, fields.errors


def decode_report(body: dict[str, Any]) -> Report:
    """Decode the body of ``POST /api/data/`` as a whole.

    Raises:
        MissingFieldError: A field of protocol 1 is absent.
        FieldError: A value has the wrong type or is out of range.
    """
    return _whole(read_report(body))


def read_breaker(body: dict[str, Any], *, version_2: bool = False) -> tuple[BreakerReport, list[FieldError]]:
    """Read the body of ``POST /api/breaker-data/``, and the errors of fields that could not be read.

    In version 2 the current is absent or null while the CCU does not know it.

    Raises:
        FieldError: ``ccu_id`` is absent or invalid.
    """
    fields = _Fields(body)
    read_current = fields.read_optional if version_2 else fields.read
    report = BreakerReport(
        ccu_id=fields.require("ccu_id", parse_device_id),
        current_ma=read_current("current_ma", _main_current),
        firmware=fields.read_optional("firmware", _firmware),
        chip=fields.read_optional("chip", _chip),
    )
    return report, fields.errors


def decode_breaker(body: dict[str, Any]) -> BreakerReport:
    """Decode the body of ``POST /api/breaker-data/`` as a whole; raises the errors of ``decode_report``."""
    return _whole(read_breaker(body))


def _whole[T](read: tuple[T, list[FieldError]]) -> T:
    value, errors = read
    if errors:
        raise errors[0]
    return value


def read_acks(body: dict[str, Any]) -> tuple[list[Ack], list[FieldError]]:
    """Read the body of ``POST /api/commands/<device_id>/ack/``, and the errors of those that could not be read.

    The body is one ``{id, ok, error}`` or a list under ``acks``; an empty list or null acknowledges nothing.

    Raises:
        FieldError: ``acks`` is not a list, or the only acknowledgement is invalid.
    """
    if "acks" not in body:
        return [_ack(body, "")], []
    acks = [] if body["acks"] is None else body["acks"]
    too_many = FieldError("acks", f"must be a list of at most {_MAX_ACKS} objects")
    if not isinstance(acks, list):
        raise too_many
    errors: list[FieldError] = [too_many] if len(acks) > _MAX_ACKS else []
    found: list[Ack] = []
    for index, value in enumerate(acks[:_MAX_ACKS]):
        try:
            found.append(_ack(value, f"acks[{index}]."))
        except FieldError as err:
            errors.append(err)
    return found, errors


def decode_acks(body: dict[str, Any]) -> list[Ack]:
    """Decode the body of ``POST /api/commands/<device_id>/ack/`` as a whole.

    Raises:
        MissingFieldError: ``id`` or ``ok`` is absent.
        FieldError: A value has the wrong type, or the list has more than 32 entries.
    """
    return _whole(read_acks(body))


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
    return Ack(command_id, read_flag(value["ok"], f"{prefix}ok"), error)


def parse_threshold(value: object, field: str = "value") -> int:
    """Return a trip threshold of a user in mA, 0 to 65534; 0 means none.

    Raises:
        FieldError: The value has another type or is out of range.
    """
    return read_integer(value, field, THRESHOLD_MAX_MA, as_text=False)


def _threshold(value: object, field: str) -> int:
    return read_integer(value, field, THRESHOLD_MAX_MA)


def _firmware(value: object, field: str) -> str:
    if isinstance(value, str) and len(value) <= 32 and value.isprintable():
        return value
    raise FieldError(field, "must be printable text of at most 32 characters")


def _chip(value: object, field: str) -> str:
    # Also as the makers of the chips write it: ESP32-S3.
    if isinstance(value, str) and (chip := value.strip().lower().replace("-", "")) in CHIPS:
        return chip
    raise FieldError(field, "must be a known chip")


def _current(value: object, field: str) -> int:
    return read_integer(value, field, CURRENT_MAX_MA)


def _main_current(value: object, field: str) -> int:
    return read_integer(value, field, MAIN_CURRENT_MAX_MA)
