"""Payloads of commands, for MQTT and for HTTP."""

from collections.abc import Mapping
import itertools
import time
from typing import Any

from .families.specs import CommandFormat


class MessageIds:
    """Ids of commands: increasing, within 31 bits, and different from those of an earlier run."""

    def __init__(self, start: int | None = None) -> None:
        """Begin at `start`, or at a number derived from the time."""
        self._next = itertools.count(int(time.time() * 10) % 1_000_000_000 if start is None else start)

    def next_id(self) -> int:
        """Return the next id."""
        return next(self._next) % 2_147_483_646 + 1


def mqtt_payload(command_format: CommandFormat, body: Mapping[str, Any], sn: str, message_id: int) -> dict[str, Any]:
    """Return the message for the `set` topic."""
    payload = {"id": message_id, "version": "1.0", "sn": sn, **body}
    if command_format is CommandFormat.TCP:
        payload = {"moduleType": 0, "operateType": "TCP", **payload}
    return payload


def http_payload(command_format: CommandFormat, body: Mapping[str, Any], sn: str, message_id: int) -> dict[str, Any]:
    """Return the body of the PUT request."""
    if command_format is CommandFormat.MODULE:
        return {"id": message_id, "version": "1.0", "sn": sn, **body}
    return {"sn": sn, **body}
