"""Commands to devices, as they go over the wire: no Home Assistant in here.

A command is a JSON object on `<device topic>/cmd`; the device says what became of it on `<device topic>/event/ack`
or as `ack` in `<device topic>/state` (docs/telemetry.md). A device acts on an id once, however often it comes.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self

import orjson

# While a device does not answer, its command goes out again when it is heard of, at most so often.
MAX_ATTEMPTS: Final = 5
REPEAT_AFTER_S: Final = 5.0
_MAX_MESSAGE: Final = 255


class Status(StrEnum):
    """What became of a command."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(slots=True)
class Command:
    """A command and what became of it; times in epoch seconds."""

    id: str
    name: str
    params: dict[str, Any]
    created: float
    expires: float
    attempts: int = 0
    sent: float = 0.0
    status: Status = Status.PENDING
    message: str | None = None

    def encode(self) -> str:
        """What goes to the device."""
        return orjson.dumps(
            {
                "id": self.id,
                "cmd": self.name,
                "params": self.params,
                "issued_at": _iso(self.created),
                "expires_at": _iso(self.expires),
            }
        ).decode()

    def may_repeat(self, now: float) -> bool:
        """Whether it should go out again, the device having shown that it listens."""
        waiting = self.status is Status.PENDING and now < self.expires
        return waiting and self.attempts < MAX_ATTEMPTS and now - self.sent >= REPEAT_AFTER_S

    def settle(self, ack: Ack) -> None:
        """Take the device's word."""
        self.status = Status.CONFIRMED if ack.ok else Status.FAILED
        self.message = ack.message

    def as_dict(self) -> dict[str, Any]:
        """For the store and for answers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Back from the store."""
        return cls(**{**stored, "status": Status(stored["status"])})


@dataclass(frozen=True, slots=True)
class Ack:
    """A device's word on a command."""

    id: str
    ok: bool
    message: str | None = None


_GOOD: Final = frozenset({"ok", "done", "confirmed", "success", "accepted", "ack"})
_BAD: Final = frozenset({"error", "failed", "rejected", "unknown", "expired", "nack"})


def parse_ack(found: Any) -> Ack | None:
    """Read `{"id", "status", "message"}` (or `"ok": true`); None where it is no acknowledgement."""
    if not isinstance(found, dict) or not isinstance(id_ := found.get("id"), str | int) or isinstance(id_, bool):
        return None
    status = found.get("status", found.get("ok", "ok"))
    status = status.strip().casefold() if isinstance(status, str) else status
    message = found.get("message")
    ok = status if isinstance(status, bool) else status in _GOOD if isinstance(status, str) else None
    if ok is None or (isinstance(status, str) and status not in _GOOD | _BAD):
        return None
    return Ack(str(id_), ok, message[:_MAX_MESSAGE] if isinstance(message, str) else None)


def parse_ack_message(payload: bytes | str) -> Ack | None:
    """Read an acknowledgement as it came; None where it is none."""
    try:
        return parse_ack(orjson.loads(payload))
    except ValueError, RecursionError:
        return None


@dataclass(slots=True)
class State:
    """What a device says of itself on `/state`."""

    online: bool | None = None
    commands: tuple[str, ...] | None = None
    info: dict[str, str] = field(default_factory=dict)
    ack: Ack | None = None


_ONLINE: Final = {"online": True, "offline": False, "1": True, "0": False, "true": True, "false": False}
_INFO: Final = {
    "fw": "sw_version",
    "firmware": "sw_version",
    "model": "model",
    "name": "name",
    "hw_version": "hw_version",
}


def parse_state(payload: bytes | str) -> State | None:
    """Read a state or availability message: `online`/`offline`, or an object; None where it says nothing."""
    word = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload
    if (online := _ONLINE.get(word.strip().casefold())) is not None:
        return State(online)
    try:
        found = orjson.loads(payload)
    except ValueError, RecursionError:
        return None
    if not isinstance(found, dict):
        return None
    state = State(ack=parse_ack(found.get("ack")))
    for name in ("online", "state", "availability", "available"):
        said = found.get(name)
        if isinstance(said, str):  # any other word is about something else: {"online": true, "state": "charging"}
            said = _ONLINE.get(said.strip().casefold())
        if isinstance(said, bool):
            state.online = said
            break
    if isinstance(commands := found.get("commands"), list):
        names = (str(name) for name in commands if isinstance(name, str) and name.isprintable())
        state.commands = tuple(dict.fromkeys(name for name in names if 0 < len(name) <= 32))[:16]
    state.info = {
        meaning: said[:_MAX_MESSAGE] for name, meaning in _INFO.items() if isinstance(said := found.get(name), str)
    }
    return state


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
