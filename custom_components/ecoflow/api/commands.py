"""How a command is addressed on each of the two ways."""

from collections.abc import Mapping
import itertools
import time
from typing import Any

from .families import Style


class MessageIds:
    """Ids of our commands: rising, unlike those of another run, within 31 bits."""

    def __init__(self, start: int | None = None) -> None:
        """Begin at `start`, or at a number drawn from the time."""
        self._next = itertools.count(int(time.time() * 10) % 1_000_000_000 if start is None else start)

    def take(self) -> int:
        """Return the next id."""
        return next(self._next) % 2_147_483_646 + 1


def mqtt_payload(style: Style, body: Mapping[str, Any], sn: str, message_id: int) -> dict[str, Any]:
    """Return the message for the `set` topic."""
    payload = {"id": message_id, "version": "1.0", "sn": sn, **body}
    if style is Style.TCP:
        payload = {"moduleType": 0, "operateType": "TCP", **payload}
    return payload


def http_payload(style: Style, body: Mapping[str, Any], sn: str, message_id: int) -> dict[str, Any]:
    """Return the body of the PUT request."""
    if style is Style.MODULE:
        return {"id": message_id, "version": "1.0", "sn": sn, **body}
    return {"sn": sn, **body}
