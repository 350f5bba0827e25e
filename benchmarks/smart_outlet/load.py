"""Devices that call at their own pace, each request over a connection of its own, as an ESP32 does."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
import json
import random
import time

_TIMEOUT_S = 5.0


@dataclass(slots=True)
class Tally:
    """What the devices saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def percentile_ms(self, share: float) -> float:
        """Of the answer times."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Devices:
    """All devices of a run."""

    def __init__(self, port: int, rng: random.Random) -> None:
        self.tally = Tally()
        self._port = port
        self._rng = rng

    async def _call(self, key: str, path: str, body: dict[str, object] | None = None) -> None:
        data = json.dumps(body).encode() if body is not None else b""
        head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: ha\r\nX-Device-Key: {key}\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.write(f"{head}Connection: close\r\n\r\n".encode() + data)
                answer = await reader.read()
                writer.close()
        except OSError, TimeoutError:
            self.tally.failed += 1
            return
        self.tally.seconds.append(time.perf_counter() - started)
        self.tally.statuses[int(answer[9:12])] += 1

    async def unit(self, key: str, ccu_id: str, outlets: list[str], period_s: float) -> None:
        """A Central Control Unit: six requests a period with two outlets; every value changes every time."""
        rng = self._rng
        await asyncio.sleep(rng.random() * period_s)
        due = time.monotonic()
        while True:
            await self._call(key, "/api/devices/")
            for device_id in outlets:
                await self._call(key, f"/api/commands/{device_id}/")
                report: dict[str, object] = {
                    "device_id": device_id,
                    "current_a": rng.randrange(800, 1600),
                    "current_b": rng.randrange(0, 400),
                    "relay_a": True,
                    "relay_b": True,
                    "is_overload": False,
                }
                await self._call(key, "/api/data/", report)
            await self._call(key, "/api/breaker-data/", {"ccu_id": ccu_id, "current_ma": rng.randrange(4000, 9000)})
            due += period_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def controller(self, key: str, device_id: str, period_s: float) -> None:
        """A heating controller on the device-sync API."""
        rng = self._rng
        await asyncio.sleep(rng.random() * period_s)
        due = time.monotonic()
        while True:
            body: dict[str, object] = {
                "state": rng.choice(("on", "off")),
                "temp_out": round(rng.uniform(-5, 15), 1),
                "supply_temp": round(rng.uniform(25, 60), 1),
                "voltage": round(rng.uniform(3.2, 3.4), 2),
                "errors": [],
            }
            await self._call(key, f"/api/iot/device/{device_id}/sync/", body)
            due += period_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
