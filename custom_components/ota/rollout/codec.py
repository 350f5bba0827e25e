"""Convert records from JSON. orjson serializes frozen dataclasses itself; this module reads and checks them."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
import types
import typing
from typing import Any


class DecodeError(ValueError):
    """Stored data is damaged."""


class NewerFormatError(DecodeError):
    """A newer version wrote the stored data."""


def decode[T](kind: type[T], data: Any) -> T:
    """Return the record of JSON data.

    Unknown fields are ignored (a newer version wrote them), missing ones get their default.

    Raises:
        DecodeError: A required field is missing or a value has the wrong type.
    """
    result: T = _decode(kind, data, kind.__name__)
    return result


def _decode(kind: Any, data: Any, where: str) -> Any:
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind, data, where)
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _optional(kind, data, where)
    if origin is tuple:
        return _tuple(typing.get_args(kind), data, where)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(typing.get_args(kind), data, where)
    return _scalar(kind, data, where)


def _record(kind: type, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise DecodeError(f"{where}: must be an object")
    hints, required, names = _shape(kind)
    if missing := required - data.keys():
        raise DecodeError(f"{where}: {sorted(missing)} missing")
    try:
        return kind(**{n: _decode(hints[n], data[n], f"{where}.{n}") for n in names if n in data})
    except DecodeError:
        raise
    except Exception as err:
        raise DecodeError(f"{where}: {err}") from err


@cache
def _shape(kind: type) -> tuple[dict[str, Any], frozenset[str], tuple[str, ...]]:
    all_fields = fields(kind)
    required = frozenset(f.name for f in all_fields if f.default is MISSING and f.default_factory is MISSING)
    return typing.get_type_hints(kind), required, tuple(f.name for f in all_fields)


def _optional(kind: Any, data: Any, where: str) -> Any:
    inner = [arg for arg in typing.get_args(kind) if arg is not types.NoneType]
    return None if data is None else _decode(inner[0], data, where)


def _tuple(args: tuple[Any, ...], data: Any, where: str) -> Any:
    if not isinstance(data, (list, tuple)):
        raise DecodeError(f"{where}: must be a list")
    return tuple(_decode(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))


def _mapping(args: tuple[Any, ...], data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise DecodeError(f"{where}: must be an object")
    return {str(key): _decode(args[1], value, f"{where}.{key}") for key, value in data.items()}


def _scalar(kind: Any, data: Any, where: str) -> Any:
    if issubclass(kind, Enum):
        try:
            return kind(data)
        except ValueError as err:
            raise DecodeError(f"{where}: {data!r}") from err
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (kind is not bool and isinstance(data, bool)):
        raise DecodeError(f"{where}: {data!r} must be {kind.__name__}")
    return data
