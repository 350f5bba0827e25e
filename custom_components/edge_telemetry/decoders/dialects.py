"""Registry of dialects: what a system publishes on which topics, and how its messages are structured.

A dialect is a part of a device type's module in `types/`, registered with `register_dialect`. The pattern of an entry
selects it: by its words, or by the key of the dialect in front (`tasmota: house/{device_id}/SENSOR`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from .errors import DecodeError, Reason
from .message import Message
from .tolerant_json import parse_json


class Channel(StrEnum):
    """What a topic is for; the value is the topic below the base topic of a device that publishes our own JSON."""

    DATA = "data"
    STATE = "state"
    AVAILABILITY = "availability"
    STATUS = "status"
    ACK = "event/ack"
    GATEWAY = "gateway"
    """The availability of the gateway that relays devices; only dialects have it."""


@dataclass(frozen=True, slots=True)
class Form:
    """A topic of a device.

    Attributes:
        levels: Its levels: words, placeholders, `+`; the last one may be `#`.
        channel: What it is for.
        kind: What the dialect calls it; None: the topic below that of the device.
    """

    levels: tuple[str, ...]
    channel: Channel
    kind: str | None = ""


type Levels = tuple[str, ...]
type Found = Iterable[tuple[str | None, Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A dialect.

    Attributes:
        key: Name in front of a pattern.
        recognizes: Whether a pattern with these levels is one of this dialect.
        body: Returns the levels of a pattern that identify the device.
        forms: Returns the topics of a device.
        read: Returns the messages in a parsed object of a kind of topic, each with the ID of its device where that is
            not in the topic.
        words: Fixed levels that name neither a site nor a system.
        system: Name of the system, where no placeholder names it.
        ignores: Whether a topic with these levels is of no device.
        lists: Whether a message may be a list.
        scalars: Whether a message may be a single value or a text.
        is_fixed: Whether a pattern without a placeholder for the device names a gateway whose messages contain it.
        keepalive: Returns the topic of the requests without which a gateway publishes nothing, by its data topic.
        empty_is_offline: Whether an empty message means that a device is offline.
        context: Returns how many of the levels that identify the device precede the kind of a topic.
    """

    key: str
    recognizes: Callable[[Levels], bool]
    body: Callable[[Levels], Levels]
    forms: Callable[[Levels], tuple[Form, ...]]
    read: Callable[[str, Any], Found] | None = None
    words: frozenset[str] = frozenset()
    system: str | None = None
    ignores: Callable[[list[str]], bool] = lambda _levels: False
    lists: bool = False
    scalars: bool = False
    is_fixed: bool = False
    keepalive: Callable[[list[str]], str | None] | None = None
    empty_is_offline: bool = False
    context: Callable[[Levels], int] = lambda _levels: 0


def _json_body(levels: Levels) -> Levels:
    return levels[:-1] if levels[-1] == Channel.DATA and len(levels) > 1 else levels


def _json_forms(levels: Levels) -> tuple[Form, ...]:
    body = _json_body(levels)
    others = (channel for channel in Channel if channel not in {Channel.DATA, Channel.GATEWAY})
    return (
        Form(levels, Channel.DATA),
        *(Form((*body, *channel.split("/")), channel) for channel in others),
    )


JSON: Final = Dialect(key="json", recognizes=lambda _levels: True, body=_json_body, forms=_json_forms)
"""The suite's own JSON, see docs/telemetry.md: the default."""

DIALECTS: Final[dict[str, Dialect]] = {JSON.key: JSON}


def register_dialect(dialect: Dialect) -> Dialect:
    """Add a dialect.

    Raises:
        ValueError: There is another one with this key.
    """
    if dialect.key in DIALECTS:
        raise ValueError(f"dialect {dialect.key} is registered twice")
    DIALECTS[dialect.key] = dialect
    return dialect


def select_dialect(pattern: str) -> tuple[Dialect, str]:
    """Return the dialect of a pattern, and the pattern without its key."""
    key, separator, rest = pattern.partition(":")
    if separator and key in DIALECTS:
        return DIALECTS[key], rest.strip()
    levels = tuple(pattern.strip("/").split("/"))
    others = (dialect for dialect in DIALECTS.values() if dialect is not JSON)
    return next((dialect for dialect in others if dialect.recognizes(levels)), JSON), pattern


def read_dialect(dialect: Dialect, kind: str, payload: bytes | str, max_bytes: int) -> list[tuple[str | None, Message]]:
    """Read a message of a dialect that has a reader of its own.

    Raises:
        DecodeError: It contains nothing that could be read.
    """
    if len(payload) > max_bytes:
        raise DecodeError(Reason.TOO_LARGE, f"{len(payload)} bytes")
    found, repair = _parse_scalar(payload) if dialect.scalars else parse_json(payload)
    if not (isinstance(found, dict) or dialect.scalars or (dialect.lists and isinstance(found, list))):
        raise DecodeError(Reason.NOT_AN_OBJECT, type(found).__name__)
    if dialect.read is None:
        raise TypeError(f"dialect {dialect.key} has no reader")
    messages = list(dialect.read(kind, found))
    if repair is not None and messages:
        messages[0][1].repair = repair
    return messages


def _parse_scalar(payload: bytes | str) -> tuple[Any, Reason | None]:
    """Return an object, a number, a flag or a text; damaged characters of a text are replaced."""
    try:
        return parse_json(payload)
    except DecodeError:
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload
        return text.strip(), None
