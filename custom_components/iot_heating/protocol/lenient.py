"""Reading of values as field firmware writes them: in other letter case, or as text, where the meaning is clear."""

from collections.abc import Callable
import re
from typing import Any, Final

_SWITCH_TEXTS: Final = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
_NUMBER: Final = re.compile(
    r"([+-]?(?:[0-9]{1,20}(?:[.,][0-9]{0,20})?|[.,][0-9]{1,20})(?:[eE][+-]?[0-9]{1,3})?)\s*([^\W\d_]{0,4}|°\s?[CF]?)"
)
_MINUS_SIGNS: Final = str.maketrans("\N{MINUS SIGN}\N{EN DASH}", "--")
_FAHRENHEIT: Final = frozenset({"f", "°f", "degf"})
_FACTORS: Final = {"mv": 0.001}
_UNITS: Final = frozenset({"", "°", "c", "°c", "degc", "v", "dbm", "b", "s"}) | _FAHRENHEIT | _FACTORS.keys()


def as_switch(value: Any) -> Any:
    """Return true or false for ``"ON"``, ``"true"``, 1 and the like; anything else unchanged."""
    if isinstance(value, str):
        return _SWITCH_TEXTS.get(value.strip().lower().removesuffix(".0"), value)
    if type(value) in (int, float) and value in (0, 1):
        return value == 1
    return value


def number_with(*units: str) -> Callable[[Any], Any]:
    """Return a reader of the number in a text such as ``"21.5"``, ``"21,5"`` or, with its unit, ``"21.5 °C"``.

    Fahrenheit and millivolts are converted. Anything else is returned unchanged.
    """
    if unknown := set(units) - _UNITS:
        raise ValueError(f"unknown units: {unknown}")

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = _NUMBER.fullmatch(value.strip().translate(_MINUS_SIGNS))
        unit = match[2].lower().replace(" ", "") if match else ""
        if match is None or (unit and unit not in units):
            return value
        number = float(match[1].replace(",", "."))
        if unit in _FAHRENHEIT:
            return round((number - 32) / 1.8, 2)
        return round(number * _FACTORS[unit], 6) if unit in _FACTORS else number

    return read


as_number: Final = number_with()
as_temperature: Final = number_with("°", "c", "°c", "degc", "f", "°f", "degf")
as_voltage: Final = number_with("v", "mv")
as_signal: Final = number_with("dbm")
as_size: Final = number_with("b")


def as_text(value: Any) -> Any:
    """Return a number as text, such as a firmware version 2; anything else unchanged."""
    return str(value) if type(value) in (int, float) else value


def as_is(value: Any) -> Any:
    """Return the value unchanged."""
    return value
