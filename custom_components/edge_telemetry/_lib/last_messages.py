# Generated from lib/last_messages.py by scripts/build: edit that file, not this one.
"""What devices sent last, as received: for diagnostics.

    messages = LastMessages()
    messages.note("data/FC", body)                 # cheap: keeps a reference
    with messages.recording():                     # or: code that does not know `messages` calls `record`
        await source.refresh()                     # … record("GET /status", raw)

    shown = await hass.async_add_executor_job(shown_messages, messages.newest(), secrets)

At most one message per channel, `channels` channels and `total_bytes` are kept; the oldest ones are dropped. A message
longer than half of that is kept as its length only: a cut one could not be redacted by its keys.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
import json
import time
from typing import Any, Final, NamedTuple

from .redaction import Redactor


class RawMessage(NamedTuple):
    """One message.

    Attributes:
        channel: Where it came from: a topic, a request, an outlet.
        at: When it was received, as Unix time.
        payload: Its bytes; None if it was too long to be kept.
        length: The number of its bytes.
    """

    channel: str
    at: float
    payload: bytes | None
    length: int


class LastMessages:
    """The last message of each channel. Use it in one thread at a time."""

    def __init__(self, *, channels: int = 32, total_bytes: int = 1_048_576) -> None:
        self._channels = channels
        self._total_bytes = total_bytes
        self._messages: dict[str, RawMessage] = {}
        self._bytes = 0

    def note(self, channel: str, payload: bytes | bytearray) -> None:
        """Keep a message instead of the last one of its channel."""
        length = len(payload)
        kept = bytes(payload) if length <= self._total_bytes // 2 else None
        self._drop(channel)
        self._messages[channel] = RawMessage(channel, time.time(), kept, length)
        self._bytes += 0 if kept is None else length
        while len(self._messages) > self._channels or self._bytes > self._total_bytes:
            self._drop(next(iter(self._messages)))

    def _drop(self, channel: str) -> None:
        last = self._messages.pop(channel, None)
        if last is not None and last.payload is not None:
            self._bytes -= last.length

    def newest(self) -> list[RawMessage]:
        """Return the messages, the newest one first."""
        return list(reversed(self._messages.values()))

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Keep what `record` is called with inside of the block, and in tasks that it creates."""
        token = _RECORDING.set(self)
        try:
            yield
        finally:
            _RECORDING.reset(token)


_RECORDING: Final[ContextVar[LastMessages | None]] = ContextVar("last_messages", default=None)


def record(channel: str, payload: bytes | bytearray) -> None:
    """Keep a message where the caller records; nothing happens elsewhere, for example in a form."""
    if (messages := _RECORDING.get()) is not None:
        messages.note(channel, payload)


def shown_messages(messages: Iterable[RawMessage], secrets: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return messages without what may not leave the home. It may take a second: not in the event loop.

    Args:
        messages: What was received.
        secrets: Secrets that are known exactly.
    """
    redactor = Redactor(secrets, numbered=False)
    return [
        {
            "channel": message.channel,
            "at": datetime.fromtimestamp(message.at, UTC).isoformat(timespec="seconds"),
            "bytes": message.length,
            **_content(message.payload, redactor),
        }
        for message in messages
    ]


def _content(payload: bytes | None, redactor: Redactor) -> dict[str, str]:
    """Return the payload as text, or as hex where it is not text."""
    if payload is None:
        return {}
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return {"hex": payload.hex()}
    if not text.isprintable() and any(char < " " and char not in "\t\r\n\0" for char in text):
        return {"hex": payload.hex()}
    try:
        value = json.loads(text.rstrip("\0"))
    except ValueError, RecursionError:
        return {"text": redactor.text(text)}
    return {"text": json.dumps(redactor.data(value), ensure_ascii=False, separators=(",", ":"))}
