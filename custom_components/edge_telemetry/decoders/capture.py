"""Recorded messages from any recording tool: for bug reports and tests."""

from collections.abc import Iterator, Mapping
import re
from typing import Any, Final

import orjson

from .device_types import DEVICE_TYPES, type_of_message
from .dialects import Channel, read_dialect
from .errors import DecodeError, Reason
from .json_telemetry import MAX_BYTES, decode, decode_object
from .message import Message, Value
from .metrics import describe
from .reading import is_placeholder
from .topics import Match, TopicPattern

_PLACEHOLDER: Final = re.compile(r"\{[a-z_]+\}")
# Members of an object around a recorded message.
_WRAPPED: Final[dict[str, tuple[type, ...]]] = {
    "payload_hex": (str,),
    "hex": (str,),
    "message": (dict,),
    "payload": (dict, str),
    "json": (dict,),
    "text": (str,),
}


def decode_capture(captured: Any) -> Iterator[tuple[str, Value, str | None]]:
    """Decode a recorded message and yield the entity key, value and unit of each reading.

    Accepted are: a telemetry message (object or JSON text), a message of a Ruuvi Gateway, the gateway's HTTP history, a
    Ruuvi payload or a whole advertisement in hexadecimal, an object that wraps one of these as `message`, `payload`,
    `payload_hex`, `hex`, `json` or `text` (with `topic`, which selects the dialect), and a list or an object of these.
    With several devices or messages, a key begins with which one; one that cannot be decoded has its reason as `error`.

    Raises:
        DecodeError: None of them can be decoded.
    """
    messages = list(_messages(captured, ""))
    if not messages:
        raise DecodeError(Reason.NO_METRICS)
    if all(isinstance(found, DecodeError) for _, found in messages):
        raise messages[0][1] if isinstance(messages[0][1], DecodeError) else DecodeError(Reason.NO_METRICS)
    for prefix, message in messages:
        if isinstance(message, DecodeError):
            yield f"{prefix}error", str(message), None
            continue
        readings = message.metrics | DEVICE_TYPES[message.device_type].derive(message.metrics)
        readings |= dict.fromkeys(message.rejected)
        for key, value in readings.items():
            shown = None if is_placeholder(value) else value
            yield f"{prefix}{key}", shown, describe(key, message.units.get(key)).unit


type Found = tuple[str, Message | DecodeError]


def _messages(captured: Any, prefix: str, topic: str | None = None) -> Iterator[Found]:
    if isinstance(captured, bytes):
        captured = captured.decode("utf-8", "replace")
    if isinstance(captured, str):
        captured = captured.strip()
    pattern = _pattern(topic)
    of_dialect = pattern is not None and pattern.dialect.read is not None
    for device_type in () if of_dialect else DEVICE_TYPES.values():
        if device_type.capture is not None and (found := device_type.capture(captured)) is not None:
            yield from ((f"{prefix}{name}", message) for name, message in found)
            return
    if (items := _items(captured)) is not None:
        for name, item in items:
            yield from _each(item, f"{prefix}{name}.")
    elif isinstance(captured, dict) and (inner := _wrapped(captured)) is not None:
        of = captured.get("topic")
        yield from _messages(inner, prefix, of if isinstance(of, str) else None)
    elif isinstance(captured, str) or (isinstance(captured, dict) and topic is not None):
        yield from _from_topic(captured, prefix, topic)
    elif isinstance(captured, dict):
        yield prefix, decode_object(captured)
    else:
        raise DecodeError(Reason.NOT_AN_OBJECT, type(captured).__name__)


def _items(captured: Any) -> list[tuple[str, Any]] | None:
    """Return the recorded messages by name; None where there is only one."""
    if isinstance(captured, list):
        return [(_label(item, index), item) for index, item in enumerate(captured)]
    if not isinstance(captured, dict) or not captured or _wrapped(captured) is not None:
        return None
    if all(isinstance(item, dict) and _wrapped(item) is not None for item in captured.values()):
        return list(captured.items())
    return None


def _each(item: Any, prefix: str) -> Iterator[Found]:
    """Yield the messages of one of several items; one that cannot be decoded does not affect the others."""
    if isinstance(item, dict) and _wrapped(item) == "":
        return  # a retained topic was cleared
    try:
        yield from list(_messages(item, prefix))
    except DecodeError as err:
        yield prefix, err


def _wrapped(captured: Mapping[str, Any]) -> Any:
    """Return what an object wraps; None where it is a message itself."""
    for name in _WRAPPED:
        inner = captured.get(name)
        if isinstance(inner, dict if name in {"message", "json"} else str) or (
            name == "payload" and isinstance(inner, dict)
        ):
            return inner
    return None


def _from_topic(captured: Any, prefix: str, topic: str | None) -> Iterator[Found]:
    """Yield the messages in a payload, by the dialect of its topic."""
    payload = captured if isinstance(captured, str) else orjson.dumps(captured)
    pattern = _pattern(topic)
    if pattern is None or pattern.dialect.read is None:
        yield prefix, decode(payload)
        return
    found = pattern.find(_PLACEHOLDER.sub("x", str(topic)), Channel.DATA)
    if pattern.dialect.scalars and (found is None or not found.kind):
        found = _find_device(str(topic), pattern.dialect.key) or found
    for device_id, message in read_dialect(pattern.dialect, "" if found is None else found.kind, payload, MAX_BYTES):
        yield f"{prefix}{device_id}." if device_id else prefix, message


def _find_device(topic: str, dialect: str) -> Match | None:
    """Return the kind of a recorded topic without a placeholder: its device is the first level that can be one."""
    levels = topic.split("/")
    for index in range(1, len(levels) - 1):
        pattern = _pattern("/".join([*levels[:index], "{device_id}", *levels[index + 1 :]]))
        if pattern is not None and pattern.dialect.key == dialect:
            found = pattern.find(topic, Channel.DATA)
            if found is not None and found.kind:
                return found
    return None


def _pattern(topic: str | None) -> TopicPattern | None:
    try:
        return None if topic is None else TopicPattern(topic)
    except ValueError:
        return None


def _label(item: Any, index: int) -> str:
    is_wrapper = isinstance(item, Mapping) and type_of_message(item).is_message is None
    return str(item.get("case", index)) if is_wrapper else str(index)
