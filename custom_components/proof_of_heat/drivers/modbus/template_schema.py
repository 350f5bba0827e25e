"""Schema of device templates: keys, types, ranges and defaults. template.py checks what involves several fields."""

from collections.abc import Callable, Collection
import math
from typing import Any, Final

import probatio as vol

from ..._lib.heat_source import SourceKind
from ..supported import Evidence

FORMAT_VERSION: Final = 1
POLL_S: Final = 20.0
"""How often a device is read, unless its template asks for less."""
MAX_REGISTERS: Final = 60
"""How many registers are read in one request, unless a device answers fewer only."""
_LIMIT: Final = 1e9
MIN_EXPIRY_S: Final = 90
"""Writes are repeated when the device is read: one that expires sooner cannot be kept alive."""


class TemplateError(ValueError):
    """An invalid template; the text names the field and the reason."""


def validate(data: object) -> dict[str, Any]:
    """Return the template's data with defaults.

    Raises:
        TemplateError: it does not match the schema; the text names every invalid field.
    """
    try:
        result: dict[str, Any] = _TEMPLATE(data)
    except vol.MultipleInvalid as err:
        raise TemplateError("; ".join(_describe(error) for error in err.errors)) from err
    return result


def _describe(error: vol.Invalid) -> str:
    path, text = ".".join(map(str, error.path)), error.msg
    if isinstance(error, vol.RequiredFieldInvalid):
        text = "is required"
    elif isinstance(error, vol.ExtraKeysInvalid):
        text = "unknown key"
    return f"{path}: {text}" if path else text


def _version(value: object) -> int:
    if value != FORMAT_VERSION:
        raise vol.Invalid(f"must be {FORMAT_VERSION}")
    return FORMAT_VERSION


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise vol.Invalid("must be a non-empty text")
    return value.strip()


def _one_of(options: Collection[str]) -> Callable[[object], str]:
    def check(value: object) -> str:
        if str(value) not in options:
            raise vol.Invalid(f"{value} is not one of {', '.join(options)}")
        return str(value)

    return check


def _number(minimum: float = -_LIMIT, maximum: float = _LIMIT) -> Callable[[object], float]:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not minimum <= value <= maximum:
            raise vol.Invalid(f"{value} is not a number from {minimum:g} to {maximum:g}")
        return float(value)

    return check


def _integer(minimum: int, maximum: int) -> Callable[[object], int]:
    number = _number(minimum, maximum)

    def check(value: object) -> int:
        result = number(value)
        if not result.is_integer():
            raise vol.Invalid(f"{value} is not a whole number")
        return int(result)

    return check


def _numbers(value: object) -> tuple[float, ...]:
    values: list[object] = value if isinstance(value, list) else [value]
    found = []
    for item in values:
        if isinstance(item, bool) or not isinstance(item, (int, float)):
            raise vol.Invalid("must be a list of numbers")
        try:
            found.append(float(item))
        except OverflowError as err:
            raise vol.Invalid("must be a list of numbers") from err
    return tuple(found)


def _integers(value: object) -> tuple[int, ...]:
    numbers = _numbers(value)
    if not all(map(math.isfinite, numbers)):
        raise vol.Invalid("must be a list of whole numbers")
    return tuple(int(number) for number in numbers)


def _texts(value: object) -> tuple[str, ...]:
    values: list[object] = value if isinstance(value, list) else [value]
    return tuple(_text(item) for item in values)


def _or_empty(value: object) -> object:
    """A section that is present but empty counts as an empty mapping."""
    return value or {}


_OPTIONAL_NUMBER: Final = vol.Maybe(_number())
_REGISTER: Final = vol.Schema(
    {
        vol.Required("at"): _integer(0, 65535),
        vol.Optional("in", default="holding"): _one_of(("holding", "input")),
        vol.Optional("type", default="int16"): _one_of(("int8", "int16", "uint16", "int32", "uint32", "float32")),
        vol.Optional("scale", default=1.0): _number(-1e6, 1e6),
        vol.Optional("offset", default=0.0): _number(-1e6, 1e6),
        vol.Optional("unit", default=None): vol.Maybe(vol.Coerce(str)),
        vol.Optional("invalid", default=list): _numbers,
        vol.Optional("zero", default=list): _numbers,
        vol.Optional("min", default=None): _OPTIONAL_NUMBER,
        vol.Optional("max", default=None): _OPTIONAL_NUMBER,
        vol.Optional("on_values", default=list): _integers,
    }
)
_CONTROL: Final = vol.Schema(
    {
        vol.Optional("register", default=None): vol.Coerce(str),
        vol.Optional("min", default=None): _OPTIONAL_NUMBER,
        vol.Optional("max", default=None): _OPTIONAL_NUMBER,
        vol.Optional("step", default=0.0): _number(0, 1e6),
        vol.Optional("value_on", default=None): _OPTIONAL_NUMBER,
        vol.Optional("value_off", default=None): _OPTIONAL_NUMBER,
        vol.Optional("repeat_s", default=0.0): _number(0, 86400),
        vol.Optional("requires", default=dict): vol.All(_or_empty, {vol.Coerce(str): _numbers}),
    }
)
_WATCHDOG: Final = vol.Schema(
    {
        vol.Required("register"): _text,
        vol.Required("values"): _numbers,
        vol.Required("every_s"): _number(1, 3600),
        vol.Required("expires_s"): _number(MIN_EXPIRY_S, 86400),
    }
)
_WRITE: Final = vol.Schema(
    {
        vol.Optional("min_interval_s", default=60.0): _number(0, 86400),
        vol.Optional("max_per_day", default=100): _integer(1, 100_000),
    }
)
_TEMPLATE: Final = vol.Schema(
    {
        vol.Required("format"): _version,
        vol.Required("id"): _text,
        vol.Required("name"): _text,
        vol.Required("manufacturer"): _text,
        vol.Optional("models", default=list): _texts,
        vol.Optional("evidence", default=Evidence.EXPERIMENTAL): _one_of(tuple(Evidence)),
        vol.Optional("sources", default=list): _texts,
        vol.Optional("kind", default="boiler"): _one_of(tuple(SourceKind)),
        vol.Optional("port", default=502): _integer(1, 65535),
        vol.Optional("unit_id", default=1): _integer(0, 255),
        vol.Optional("serial", default="9600 8N1"): vol.Coerce(str),
        vol.Optional("word_order", default="big"): _one_of(("big", "little", "auto")),
        vol.Optional("timeout_s", default=5.0): _number(0.1, 60),
        vol.Optional("spacing_s", default=0.0): _number(0, 10),
        vol.Optional("max_registers", default=MAX_REGISTERS): _integer(2, MAX_REGISTERS),
        vol.Optional("poll_s", default=POLL_S): _number(POLL_S, 600),
        vol.Optional("fuel", default="electricity"): vol.Coerce(str),
        vol.Optional("note", default=""): vol.Coerce(str),
        vol.Required("registers"): vol.All({vol.Coerce(str): _REGISTER}, vol.Length(min=1)),
        vol.Optional("controls", default=dict): vol.All(_or_empty, {vol.Coerce(str): _CONTROL}),
        vol.Optional("fallback", default=dict): vol.All(_or_empty, {vol.Coerce(str): _number()}),
        vol.Optional("watchdog", default=None): vol.Maybe(_WATCHDOG),
        vol.Optional("write", default=dict): vol.All(_or_empty, _WRITE),
    }
)
