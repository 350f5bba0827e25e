"""Decoders of field values. Each returns None for JSON null ("no reading") and raises ProtocolError otherwise."""

from collections.abc import Callable
import math
import re
from typing import Any, Final

from .errors import ProtocolError

MAX_ERRORS: Final = 100
MAX_SLOTS: Final = 4
MAX_TEXT_LENGTH: Final = 64
_NUMBER: Final = frozenset({int, float})
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")

type Decoder = Callable[[Any, str], Any]


def on_off(value: Any, field: str) -> bool | None:
    """Decode ``"on"``, ``"off"``, true or false."""
    if value is None or value is True or value is False:
        return value
    if value == "on":
        return True
    if value == "off":
        return False
    raise ProtocolError(field, 'must be "on" or "off"')


def number(low: float, high: float) -> Decoder:
    """Return the decoder of a number in a range."""

    def decode(value: Any, field: str) -> float | None:
        if value is None:
            return None
        # bool is an int to isinstance; the types of JSON are exact.
        if type(value) not in _NUMBER:
            raise ProtocolError(field, "must be a number")
        if low <= value <= high:
            return float(value) + 0.0  # 0.0 for -0.0
        if not math.isfinite(value):
            raise ProtocolError(field, "must be a number")
        raise ProtocolError(field, f"must be between {low} and {high}")

    return decode


def whole_number(low: float, high: float) -> Decoder:
    """Return the decoder of a whole number in a range; 2.0 is a whole number in JSON."""
    decode_number = number(low, high)

    def decode(value: Any, field: str) -> int | None:
        if type(value) is float and math.isfinite(value) and value != int(value):
            raise ProtocolError(field, "must be a whole number")
        decoded = decode_number(value, field)
        return None if decoded is None else int(value)

    return decode


def text(value: Any, field: str) -> str | None:
    """Decode a printable text of 1 to 64 characters."""
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_LENGTH or not value.isprintable():
        raise ProtocolError(field, f"must be a text of 1 to {MAX_TEXT_LENGTH} characters")
    return value


def image_hashes(value: Any, field: str) -> tuple[str | None, ...] | None:
    """Decode the SHA-256 of the image in each firmware slot; null: no valid image."""
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MAX_SLOTS:
        raise ProtocolError(field, f"must be a list of at most {MAX_SLOTS} hashes")
    for i, item in enumerate(value):
        if item is not None and not (isinstance(item, str) and _SHA256.fullmatch(item)):
            raise ProtocolError(f"{field}[{i}]", "must be a SHA-256 in hexadecimal digits")
    return tuple(value)


def error_list(value: Any, field: str) -> tuple[str | dict[str, Any], ...]:
    """Decode a list of texts or objects; null is an empty list."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ProtocolError(field, "must be a list")
    if len(value) > MAX_ERRORS:
        raise ProtocolError(field, f"must have at most {MAX_ERRORS} items")
    for i, item in enumerate(value):
        if not isinstance(item, str | dict):
            raise ProtocolError(f"{field}[{i}]", "must be a text or an object")
    return tuple(value)
