"""Reading of values as field firmware writes them: in other letter case, or as text, where the meaning is clear."""

import re
from typing import Any, Final

_SWITCH_TEXTS: Final = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,20}(?:[.,][0-9]{0,20})?|[.,][0-9]{1,20})(?:[eE][+-]?[0-9]{1,3})?")


def as_switch(value: Any) -> Any:
    """Return true or false for ``"ON"``, ``"true"``, 1 and the like; anything else unchanged."""
    if isinstance(value, str):
        return _SWITCH_TEXTS.get(value.strip().lower(), value)
    if type(value) in (int, float) and value in (0, 1):
        return value == 1
    return value


def as_number(value: Any) -> Any:
    """Return the number in a text such as ``"21.5"`` or ``"21,5"``; anything else unchanged."""
    if isinstance(value, str) and _NUMBER.fullmatch(text := value.strip()):
        return float(text.replace(",", "."))
    return value


def as_text(value: Any) -> Any:
    """Return a number as text, such as a firmware version 2; anything else unchanged."""
    return str(value) if type(value) in (int, float) else value


def as_is(value: Any) -> Any:
    """Return the value unchanged."""
    return value
