"""JSON telemetry as it is received: the payload of a message."""

from typing import Final

import orjson

from . import types  # noqa: F401  registers the device types
from .errors import DecodeError, Reason
from .json_object import RESERVED, decode_object
from .message import Message
from .tolerant_json import parse_json

__all__ = ["MAX_BYTES", "RESERVED", "decode", "decode_object"]

MAX_BYTES: Final = 65_536


def decode(payload: bytes | str) -> Message:
    """Decode a message.

    Raises:
        DecodeError: It contains no metrics; see its reason.
    """
    if len(payload) > MAX_BYTES:
        raise DecodeError(Reason.TOO_LARGE, f"{len(payload)} bytes")
    try:
        found, repair = orjson.loads(payload), None
    except ValueError, RecursionError:
        found, repair = parse_json(payload)
    if not isinstance(found, dict):
        reason = Reason.NOT_JSON if repair is Reason.BAD_CHARACTER else Reason.NOT_AN_OBJECT
        raise DecodeError(reason, type(found).__name__)
    message = decode_object(found)
    if repair is not None:
        message.repair = repair
        if message.original is None:
            message.original = found
    return message
