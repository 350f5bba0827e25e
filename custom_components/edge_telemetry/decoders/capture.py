"""Recorded messages, whatever tool recorded them: for bug reports and tests."""

from collections.abc import Iterator, Mapping
import re
from typing import Any, Final

import orjson

from .derived import derive
from .errors import DecodeError, Reason
from .message import Message, Value
from .metrics import describe
from .payload import decode_object
from .ruuvi import decode_advertisement, is_gateway, manufacturer_payload, parse_rawv2

_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def decode_capture(captured: Any) -> Iterator[tuple[str, Value, str | None]]:
    """Read a recorded message and yield entity key, value and unit of each reading.

    Understood are: a telemetry message (object or JSON text), a message of a Ruuvi Gateway, the gateway's HTTP
    history, a RAWv2 payload or a whole advertisement in hexadecimal, an object that wraps one of these as `message`,
    `payload` or `payload_hex`, and a list of all that. Keys of several devices or messages begin with which one.

    Raises:
        DecodeError: It is none of these.
    """
    several = list(_messages(captured, ""))
    if not several:
        raise DecodeError(Reason.NO_METRICS)
    for prefix, message in several:
        readings = message.metrics | (derive(message.metrics) if message.ruuvi else {})
        for key, value in readings.items():
            yield f"{prefix}{key}", value, describe(key).unit


def _messages(captured: Any, prefix: str) -> Iterator[tuple[str, Message]]:
    match captured:
        case bytes() | str():
            yield prefix, _from_text(captured)
        case list():
            for index, item in enumerate(captured):
                yield from _messages(item, f"{prefix}{_label(item, index)}.")
        case {"data": {"tags": dict() as tags} as data}:
            for mac, tag in tags.items():
                yield (
                    f"{prefix}{mac}.",
                    decode_advertisement(
                        tag.get("data"),
                        rssi=tag.get("rssi"),
                        ts=tag.get("timestamp"),
                        gateway=data.get("gw_mac"),
                        original=tag,
                    ),
                )
        case {"payload_hex": str() as payload}:
            yield prefix, _from_text(payload)
        case {"message": dict() as inner} | {"payload": dict() | str() as inner}:
            yield from _messages(inner, prefix)
        case dict():
            yield prefix, decode_object(captured)
        case _:
            raise DecodeError(Reason.NOT_AN_OBJECT, type(captured).__name__)


def _label(item: Any, index: int) -> str:
    return str(item.get("case", index)) if isinstance(item, Mapping) and not is_gateway(item) else str(index)


def _from_text(text: bytes | str) -> Message:
    word = text.decode("utf-8", "replace").strip() if isinstance(text, bytes) else text.strip()
    if _HEX.fullmatch(word):
        data = bytes.fromhex(word)
        metrics, sequence, _mac = parse_rawv2(data if data[0] == 5 else manufacturer_payload(data))
        return Message(metrics, seq=sequence, ruuvi=True)
    try:
        found = orjson.loads(word)
    except ValueError, RecursionError:
        raise DecodeError(Reason.NOT_JSON) from None
    if not isinstance(found, dict):
        raise DecodeError(Reason.NOT_AN_OBJECT, type(found).__name__)
    return decode_object(found)
