"""Recorded messages from any recording tool: for bug reports and tests."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from .device_types import DEVICE_TYPES, type_of_message
from .errors import DecodeError, Reason
from .json_telemetry import decode_object
from .message import Message, Value
from .metrics import describe


def decode_capture(captured: Any) -> Iterator[tuple[str, Value, str | None]]:
    """Decode a recorded message and yield the entity key, value and unit of each reading.

    Accepted are: a telemetry message (object or JSON text), a message of a Ruuvi Gateway, the gateway's HTTP history, a
    Ruuvi payload or a whole advertisement in hexadecimal, an object that wraps one of these as `message`, `payload` or
    `payload_hex`, and a list of these. With several devices or messages, a key begins with which one.

    Raises:
        DecodeError: It is none of these.
    """
    messages = list(_messages(captured, ""))
    if not messages:
        raise DecodeError(Reason.NO_METRICS)
    for prefix, message in messages:
        readings = message.metrics | DEVICE_TYPES[message.device_type].derive(message.metrics)
        for key, value in readings.items():
            yield f"{prefix}{key}", value, describe(key).unit


def _messages(captured: Any, prefix: str) -> Iterator[tuple[str, Message]]:
    if isinstance(captured, bytes | str):
        captured = (captured.decode("utf-8", "replace") if isinstance(captured, bytes) else captured).strip()
    for device_type in DEVICE_TYPES.values():
        if device_type.capture is not None and (found := device_type.capture(captured)) is not None:
            yield from ((f"{prefix}{name}", message) for name, message in found)
            return
    match captured:
        case str():
            yield prefix, _from_json(captured)
        case list():
            for index, item in enumerate(captured):
                yield from _messages(item, f"{prefix}{_label(item, index)}.")
        case {"payload_hex": str() as inner} | {"message": dict() as inner} | {"payload": dict() | str() as inner}:
            yield from _messages(inner, prefix)
        case dict():
            yield prefix, decode_object(captured)
        case _:
            raise DecodeError(Reason.NOT_AN_OBJECT, type(captured).__name__)


def _label(item: Any, index: int) -> str:
    is_wrapper = isinstance(item, Mapping) and type_of_message(item).is_message is None
    return str(item.get("case", index)) if is_wrapper else str(index)


def _from_json(text: str) -> Message:
    try:
        found = orjson.loads(text)
    except ValueError, RecursionError:
        raise DecodeError(Reason.NOT_JSON) from None
    if not isinstance(found, dict):
        raise DecodeError(Reason.NOT_AN_OBJECT, type(found).__name__)
    return decode_object(found)
