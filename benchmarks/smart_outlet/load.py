"""Devices that call at their real pace, with a new connection per request (a simple ESP32) or a persistent one."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
import json
import random
import time

_TIMEOUT_S = 5.0


@dataclass(slots=True)
class Tally:
    """Responses that the devices received."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def percentile_ms(self, share: float) -> float:
        """Return a percentile of the response times."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass(slots=True)
class Socket:
    """The current of an appliance: noise of the converter, switched from time to time."""

    rng: random.Random
    wild: bool
    base_ma: float = -1.0

    def current_ma(self, seconds: float) -> int:
        """Return the current `seconds` after the last reading. Wild: every reading differs significantly."""
        rng = self.rng
        if self.wild:
            return rng.randrange(0, 1600)
        if self.base_ma < 0 or rng.random() < seconds / _SWITCHED_EVERY_S:
            self.base_ma = rng.choice((0.0, 15.0, 90.0, 350.0, 900.0, 1500.0))
        return max(0, round(rng.gauss(self.base_ma, 4.0)))


@dataclass(slots=True)
class Heating:
    """The heating of a house: switched a few times an hour, with slowly changing temperatures."""

    rng: random.Random
    wild: bool
    on: bool = False
    supply_c: float = 35.0
    outdoor_c: float = 4.0

    def report(self, seconds: float) -> dict[str, object]:
        """Return telemetry `seconds` after the last. Wild: every value differs every time, one session a minute."""
        rng = self.rng
        if self.wild:
            self.on, self.outdoor_c, self.supply_c = rng.random() < 0.5, rng.uniform(-5, 15), rng.uniform(25, 60)
        else:
            self.on ^= rng.random() < seconds / _SWITCHED_EVERY_S
            self.supply_c += ((50.0 if self.on else 28.0) - self.supply_c) * min(1.0, seconds / 900)
            self.outdoor_c += rng.gauss(0.0, 0.03)
        return {
            "state": "on" if self.on else "off",
            "temp_out": round(self.outdoor_c, 1),
            "supply_temp": round(self.supply_c + rng.gauss(0.0, 0.05), 1),
            "voltage": round(rng.uniform(3.28, 3.32), 2),
            "errors": [],
        }


_SWITCHED_EVERY_S = 600.0


class Connection:
    """A device's connection to Home Assistant: a new one for each request, or a persistent one."""

    def __init__(self, port: int, *, kept: bool) -> None:
        self._port = port
        self._kept = kept
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(self, head: str, data: bytes) -> int:
        """Send a request (`head` without its last lines), read the complete response and return its status.

        Raises:
            OSError: The connection failed.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        if not self._kept:
            self._streams = None
            writer.write(f"{head}Connection: close\r\n\r\n".encode() + data)
            answer = await reader.read()
            writer.close()
            return int(answer[9:12])
        writer.write(f"{head}\r\n".encode() + data)
        answer = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]))
        return int(answer[9:12])

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Devices:
    """All devices of a run. `wild`: every value of every report is significant; `kept`: connections are persistent.

    Attributes:
        tally: Responses that the devices received.
        path: Path that replaces all others, if not None.
    """

    def __init__(self, port: int, rng: random.Random, *, wild: bool = False, kept: bool = False) -> None:
        self.tally = Tally()
        self.path: str | None = None
        self._port = port
        self._rng = rng
        self._wild = wild
        self._kept = kept

    async def _call(self, connection: Connection, key: str, path: str, body: dict[str, object] | None = None) -> None:
        data = json.dumps(body).encode() if body is not None else b""
        method = "GET" if body is None else "POST"
        head = f"{method} {self.path or path} HTTP/1.1\r\nHost: ha\r\nX-Device-Key: {key}\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                status = await connection.request(head, data)
        except OSError, TimeoutError, asyncio.IncompleteReadError:
            connection.close()
            self.tally.failed += 1
            return
        self.tally.seconds.append(time.perf_counter() - started)
        self.tally.statuses[status] += 1

    async def ccu(self, key: str, ccu_id: str, outlets: list[str], period_s: float) -> None:
        """Run a Central Control Unit: six requests per period with two outlets."""
        rng = self._rng
        connection = Connection(self._port, kept=self._kept)
        sockets = {device_id: (Socket(rng, self._wild), Socket(rng, self._wild)) for device_id in outlets}
        await asyncio.sleep(rng.random() * period_s)
        due = time.monotonic()
        while True:
            await self._call(connection, key, "/api/devices/")
            total_ma = 0
            for device_id in outlets:
                await self._call(connection, key, f"/api/commands/{device_id}/")
                current_a, current_b = (socket.current_ma(period_s) for socket in sockets[device_id])
                total_ma += current_a + current_b
                report: dict[str, object] = {
                    "device_id": device_id,
                    "current_a": current_a,
                    "current_b": current_b,
                    "relay_a": True,
                    "relay_b": True,
                    "is_overload": False,
                }
                await self._call(connection, key, "/api/data/", report)
            await self._call(connection, key, "/api/breaker-data/", {"ccu_id": ccu_id, "current_ma": total_ma + 2000})
            due += period_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def controller(self, key: str, device_id: str, period_s: float) -> None:
        """Run a heating controller on the device-sync API."""
        rng = self._rng
        connection = Connection(self._port, kept=self._kept)
        heating = Heating(rng, self._wild, outdoor_c=rng.uniform(-5, 10))
        await asyncio.sleep(rng.random() * period_s)
        due = time.monotonic()
        while True:
            await self._call(connection, key, f"/api/iot/device/{device_id}/sync/", heating.report(period_s))
            due += period_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
