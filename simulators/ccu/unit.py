"""The outlets of a field CCU and the relay states that it knows, which are only the acknowledged ones.

Written from docs/ccu-http.md and the description of the field firmware, not from the integration.
"""

from dataclasses import dataclass, field
import random
from typing import Any

TRIPPED = 65535


@dataclass
class Socket:
    """Real state of a socket and its load.

    Attributes:
        load_ma: Current of the appliance while the socket is on.
        on: State of the relay.
        tripped: The outlet switched the socket off because of an overload.
        known: Relay state known to the CCU; -1 until the outlet acknowledged a command.
    """

    load_ma: int
    on: bool = False
    tripped: bool = False
    known: int = -1

    def current_ma(self, rng: random.Random) -> int:
        """Return the reported current."""
        if self.tripped:
            return TRIPPED
        return max(0, round(rng.gauss(self.load_ma, self.load_ma * 0.01))) if self.on else 0


@dataclass
class Outlet:
    """One outlet of the CCU."""

    device_id: str
    sockets: dict[str, Socket]
    threshold: int = 0
    done: list[str] = field(default_factory=list)
    """Executed commands, newest last."""

    def trip_on_overload(self, rng: random.Random) -> None:
        """Switch off the sockets that draw more than the threshold."""
        for socket in self.sockets.values():
            if socket.on and 0 < self.threshold < socket.current_ma(rng):
                socket.on, socket.tripped = False, True

    def execute(self, command: str, socket: str, value: int | None) -> None:
        """Execute a command; the CCU receives an acknowledgement."""
        self.done = [*self.done[-99:], f"{command} {socket}".strip()]
        if command in ("relay_on", "relay_off"):
            target = self.sockets[socket]
            target.on, target.tripped = command == "relay_on", False
            target.known = int(target.on)
        elif command == "set_threshold" and value is not None:
            self.threshold = value

    def reset_known(self) -> None:
        """Forget the relay states after a reboot of the CCU."""
        for socket in self.sockets.values():
            socket.known = -1

    def report(self, rng: random.Random) -> dict[str, Any]:
        """Return the body of ``POST /api/data/``; an unknown relay state is reported as false."""
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
        """Return the real state."""
        a, b = self.sockets["a"], self.sockets["b"]
        return {
            "relay_a": a.on,
            "relay_b": b.on,
            "tripped": a.tripped or b.tripped,
            "threshold": self.threshold,
            "done": self.done,
        }
