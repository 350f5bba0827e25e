"""What devices report about commands and about themselves."""

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

_MAX_MESSAGE: Final = 255
_MAX_COMMANDS: Final = 16
_MAX_COMMAND_NAME: Final = 32


@dataclass(frozen=True, slots=True)
class Ack:
    """A device's answer to a command."""

    id: str
    ok: bool
    message: str | None = None


_GOOD: Final = frozenset({"ok", "done", "confirmed", "success", "accepted", "ack"})
_BAD: Final = frozenset({"error", "failed", "rejected", "unknown", "expired", "nack"})


def parse_ack(found: Any) -> Ack | None:
    """Parse `{"id", "status", "message"}` (or `"ok": true`); None for anything else."""
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
    """Parse the payload of an acknowledgement; None for anything else."""
    try:
        return parse_ack(orjson.loads(payload))
    except ValueError, RecursionError:
        return None


@dataclass(slots=True)
class State:
    """What a device reports about itself on `/state`."""

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
    """Parse a state or availability message: `online`/`offline`, or an object; None for anything else."""
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
        value = found.get(name)
        if isinstance(value, str):  # other texts mean something else: {"online": true, "state": "charging"}
            value = _ONLINE.get(value.strip().casefold())
        if isinstance(value, bool):
            state.online = value
            break
    if isinstance(commands := found.get("commands"), list):
        names = (str(name) for name in commands if isinstance(name, str) and name.isprintable())
        state.commands = tuple(dict.fromkeys(name for name in names if 0 < len(name) <= _MAX_COMMAND_NAME))[
            :_MAX_COMMANDS
        ]
    state.info = {
        meaning: text[:_MAX_MESSAGE] for name, meaning in _INFO.items() if isinstance(text := found.get(name), str)
    }
    return state
