"""What the firmware of a field unit knows: its outlets, and of their relays only what they acknowledged.

Written from docs/ccu-http.md and the origin's description of the field firmware, not from the integration.
"""

from dataclasses import dataclass, field
import random
from typing import Any

TRIPPED = 65535


@dataclass
class Socket:
    """One socket as it really is, and the load behind it.

    Attributes:
        load_ma: What the appliance draws while the socket is on.
        on: The relay.
        tripped: Cut by the outlet itself.
        known: What the unit knows of the relay: -1 until the outlet acknowledged something.
    """

    load_ma: int
    on: bool = False
    tripped: bool = False
    known: int = -1

    def current_ma(self, rng: random.Random) -> int:
        """As the outlet reports it."""
        if self.tripped:
            return TRIPPED
        return max(0, round(rng.gauss(self.load_ma, self.load_ma * 0.01))) if self.on else 0


@dataclass
class Outlet:
    """One outlet behind the unit."""

    device_id: str
    sockets: dict[str, Socket]
    threshold: int = 0
    done: list[str] = field(default_factory=list)
    """Commands that it carried out, newest last."""

    def trip_where_needed(self, rng: random.Random) -> None:
        """Cut the sockets that draw more than the threshold."""
        for socket in self.sockets.values():
            if socket.on and 0 < self.threshold < socket.current_ma(rng):
                socket.on, socket.tripped = False, True

    def carry_out(self, command: str, socket: str, value: int | None) -> None:
        """What the PIC does; the unit gets an acknowledgement."""
        self.done = [*self.done[-99:], f"{command} {socket}".strip()]
        if command in ("relay_on", "relay_off"):
            target = self.sockets[socket]
            target.on, target.tripped = command == "relay_on", False
            target.known = int(target.on)
        elif command == "set_threshold" and value is not None:
            self.threshold = value

    def forget(self) -> None:
        """The unit rebooted: it knows nothing of the relays."""
        for socket in self.sockets.values():
            socket.known = -1

    def report(self, rng: random.Random) -> dict[str, Any]:
        """The body of ``POST /api/data/``; what the unit does not know of a relay it reports as false."""
        a, b = self.sockets["a"], self.sockets["b"]
        return {
            "device_id": self.device_id,
            "current_a": a.current_ma(rng),
            "current_b": b.current_ma(rng),
            "relay_a": a.known == 1,
            "relay_b": b.known == 1,
            "is_overload": a.tripped or b.tripped,
        }

    def truth(self) -> dict[str, Any]:
        """How it really is."""
        a, b = self.sockets["a"], self.sockets["b"]
        return {
            "relay_a": a.on,
            "relay_b": b.on,
            "tripped": a.tripped or b.tripped,
            "threshold": self.threshold,
            "done": self.done,
        }
