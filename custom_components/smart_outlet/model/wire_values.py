"""Values as field firmware writes them: numbers and states in several spellings, read where the meaning is clear.

Refused are values that could mean several things: ``2`` for a relay, ``1.5`` mA, ``"1,5"``, ``true`` for a current.
"""

import re

from .errors import FieldError

_HEX_BYTE = re.compile(r"[0-9A-Fa-f]{2}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{0,9})?([eE][+-]?[0-9]{1,2})?")
_STATES = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}
_UNKNOWN = frozenset({"-1", "null", "unknown"})


def read_text_id(value: object, field: str) -> str:
    """Return an ID as two upper-case hex digits.

    Raises:
        FieldError: The value is not text of two hex digits.
    """
    if not isinstance(value, str) or not _HEX_BYTE.fullmatch(value):
        raise FieldError(field, "must be two hex digits, 00 to FF")
    return value.upper()


def read_integer(value: object, field: str, maximum: int, *, as_text: bool = True) -> int:
    """Return a number from 0 to a maximum: ``240``, ``240.0`` or ``2.4e2``, also as text where that is allowed.

    Raises:
        FieldError: The value has another type, is not whole, or is out of range.
    """
    # bool is a subclass of int, but not a number on the wire.
    if type(value) is int and 0 <= value <= maximum:
        return value
    number = _number(value, as_text=as_text)
    if number is None or not 0 <= number <= maximum or number != int(number):
        raise FieldError(field, f"must be an integer from 0 to {maximum}")
    return int(number)


def _number(value: object, *, as_text: bool) -> float | None:
    if isinstance(value, str) and as_text and _NUMBER.fullmatch(text := value.strip()):
        return float(text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None


def read_flag(value: object, field: str) -> bool:
    """Return a boolean: ``true``, ``1``, ``1.0``, ``"on"``, ``"TRUE"``, ``"1"``, and their opposites.

    Raises:
        FieldError: The value means something else.
    """
    if isinstance(value, bool):
        return value
    if (state := _STATES.get(_word(value))) is not None:
        return state
    raise FieldError(field, "must be true, false, 1 or 0")


def read_tristate(value: object, field: str) -> bool | None:
    """Return a state, None for an unknown one: ``null``, ``-1``, ``"unknown"``.

    Raises:
        FieldError: The value means something else.
    """
    if value is None or value is True or value is False:
        return value
    word = _word(value)
    if word in _UNKNOWN:
        return None
    if (state := _STATES.get(word)) is not None:
        return state
    raise FieldError(field, "must be true, false, 1, 0, -1 or null")


def _word(value: object) -> str:
    """Return a value as a word to look up; an empty one for what is neither text nor a whole number."""
    if isinstance(value, str):
        text = value.strip()
        number = _number(text, as_text=True)
        return text.lower() if number is None else _word(number)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1 and value == int(value):
        return str(int(value))
    return ""
