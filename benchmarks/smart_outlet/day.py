"""A day of a Central Control Unit, played as fast as Home Assistant responds.

An independent client: every 2 s the CCU reports an outlet (POST /api/data/), fetches its commands
(GET /api/commands/<id>/) and reports the main breaker (POST /api/breaker-data/): 43,200 cycles of three requests. From
time to time it lists its outlets (GET /api/devices/). If a user's token is given, a user switches a socket: the command
must be delivered once, and the state must follow the report.
"""

from collections import Counter
from dataclasses import dataclass, field
import http.client
import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

CYCLES: Final = 43_200
_DEVICES_EVERY: Final = 30
_COMMAND_EVERY: Final = 200
_TIMEOUT_S: Final = 5.0


class WrongAnswerError(Exception):
    """The response violates the protocol."""


@dataclass(slots=True)
class Day:
    """Results of the day."""

    cycles: int = 0
    seconds: float = 0.0
    commands: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return the results as numbers."""
        ordered = sorted(self.latencies_s) or [0.0]
        ranks = {"p50_ms": 0.5, "p99_ms": 0.99, "max_ms": 1.0}
        percentiles = {name: 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * r))] for name, r in ranks.items()}
        requests = len(ordered)
        return {
            "cycles": self.cycles,
            "requests": requests,
            "commands": self.commands,
            "seconds": self.seconds,
            "requests_per_s": requests / max(self.seconds, 1e-9),
            "times_real_time": 2 * self.cycles / max(self.seconds, 1e-9),
        } | percentiles


class CcuClient:
    """A CCU and, with a token, its user. Blocking."""

    def __init__(self, url: str, key: str, *, ccu_id: str = "01", token: str = "") -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_TIMEOUT_S)
        self._ccu_id = ccu_id
        self._key = {"X-Device-Key": key}
        self._user = {"Authorization": f"Bearer {token}"} if token else None
        self._relays: dict[str, dict[str, bool]] = {}
        self.day = Day()

    def run(self, cycles: int = CYCLES) -> Day:
        """Run the cycles.

        Raises:
            WrongAnswerError: A response violates the protocol.
        """
        start = time.perf_counter()
        outlets = self._devices()
        for number in range(cycles):
            if number % _DEVICES_EVERY == _DEVICES_EVERY - 1:
                outlets = self._devices()
            outlet = outlets[number % len(outlets)]
            sent = self._send_command(outlet, number) if self._user and number % _COMMAND_EVERY == 1 else None
            self._cycle(outlet, number)
            if sent is not None:
                self._check(outlet, *sent)
            self.day.cycles += 1
        self.day.seconds = time.perf_counter() - start
        self._connection.close()
        return self.day

    def _cycle(self, outlet: str, number: int) -> None:
        self._execute_commands(outlet)
        relays = self._relays.setdefault(outlet, {"a": False, "b": False})
        self._call(
            "POST",
            "data/",
            {
                "device_id": outlet,
                "current_a": 900 + number % 600 if relays["a"] else 0,
                "current_b": 50 + number % 100 if relays["b"] else 0,
                "relay_a": relays["a"],
                "relay_b": relays["b"],
                "is_overload": False,
            },
        )
        self._call("POST", "breaker-data/", {"ccu_id": self._ccu_id, "current_ma": 4000 + number % 2000})

    def _devices(self) -> list[str]:
        outlets = self._call("GET", "devices/")["devices"]
        if not outlets or not all(isinstance(o, str) and 0 <= int(o, 16) <= 0xFF for o in outlets):
            raise WrongAnswerError(f"devices: {outlets}")
        return list(outlets)

    def _execute_commands(self, outlet: str) -> None:
        for command in self._call("GET", f"commands/{outlet}/")["commands"]:
            if set(command) != {"command", "socket", "value"}:
                raise WrongAnswerError(f"command: {command}")
            name, socket = command["command"], command["socket"]
            if name in ("relay_on", "relay_off"):
                self._relays.setdefault(outlet, {"a": False, "b": False})[socket] = name == "relay_on"
            elif name not in ("set_threshold", "read_sensors", "ping"):
                raise WrongAnswerError(f"unknown command {name}")

    def _send_command(self, outlet: str, number: int) -> tuple[str, bool]:
        """Switch a socket as a user; returns the socket and its new state."""
        on, socket = number // _COMMAND_EVERY % 4 < 2, "ab"[number // _COMMAND_EVERY % 2]
        name = "relay_on" if on else "relay_off"
        self._call("POST", f"commands/{outlet}/{name}/", {"socket": socket}, user=True)
        self.day.commands += 1
        return socket, on

    def _check(self, outlet: str, socket: str, on: bool) -> None:
        """Check that the command was delivered once and that Home Assistant has the reported state."""
        if self._relays[outlet][socket] is not on:
            raise WrongAnswerError(f"the command to {outlet}/{socket} was not delivered")
        status = self._call("GET", f"outlet-status/{outlet}/", user=True)
        if status[f"relay_{socket}"] is not on:
            raise WrongAnswerError(f"{outlet}/{socket} was reported {on}, the status is {status}")
        if self._call("GET", f"commands/{outlet}/")["commands"]:
            raise WrongAnswerError(f"the command to {outlet}/{socket} was delivered twice")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None, *, user: bool = False) -> Any:
        headers = (self._user or {}) if user else self._key
        data = None if body is None else json.dumps(body)
        if data is not None:
            headers = headers | {"Content-Type": "application/json"}
        start = time.perf_counter()
        self._connection.request(method, f"/api/{path}", data, headers)
        reply = self._connection.getresponse()
        answer = json.loads(reply.read())
        self.day.latencies_s.append(time.perf_counter() - start)
        self.day.statuses[f"{path.split('/', maxsplit=1)[0]} {reply.status}"] += 1
        if reply.status != 200 or answer.get("success") is not True:
            raise WrongAnswerError(f"{method} {path}: {reply.status} {answer}")
        return answer
