"""Controllers that call: as fast as they are served (closed loop), or each at its own pace (open loop)."""

import asyncio
from dataclasses import dataclass, field
import itertools
import json
import time

from .house import device_of, key_of

# A hot loop of plain sockets: an HTTP client would cost more than the server that is measured.


@dataclass(slots=True)
class Outcome:
    """What came of a load."""

    seconds: float = 0.0
    errors: int = 0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """How many were answered."""
        return len(self.latencies_s)

    def percentile_ms(self, share: float) -> float:
        """Latency that this share stayed below."""
        ordered = sorted(self.latencies_s) or [0.0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


def request(kind: str, number: int, step: int, *, kept: bool = True) -> bytes:
    """The bytes of a request; ``changing``: five entities have a new value each time, ``toggling``: a session too."""
    if kind in ("bare", "path"):
        path, body = "/api/bench/bare" if kind == "bare" else f"/api/bench/path/{device_of(number)}/sync/", _same()
    else:
        path = f"/api/iot/device/{device_of(number)}/sync/"
        body = _same() if kind == "same" else _changing(step, toggling=kind == "toggling")
    text = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nX-Device-Key: {key_of(number)}\r\n"
        f"{'' if kept else 'Connection: close\r\n'}"
        f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text


def _same() -> dict[str, object]:
    return {"state": "off", "temp_out": 8.7, "supply_temp": 61.5, "voltage": 3.3, "errors": []}


def _changing(step: int, *, toggling: bool) -> dict[str, object]:
    # Outdoor, supply, voltage, error and the count of errors; toggling also begins and ends sessions on disk.
    return {
        "state": "on" if toggling and step % 2 else "off",
        "temp_out": step % 40,
        "supply_temp": 30 + step % 50,
        "voltage": 3 + step % 10,
        "errors": [("sensor", "pump")[step % 2]] * (1 + step % 3),
    }


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bool:
    """Send a request, read its answer; whether it was 200."""
    writer.write(data)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return head.startswith(b"HTTP/1.1 200")


async def closed(port: int, kind: str, clients: int, seconds: float, devices: int, *, kept: bool = True) -> Outcome:
    """``clients`` that call again once they are answered, over one connection each or (not ``kept``) a new one."""
    outcome, step = Outcome(), itertools.count()
    end = time.monotonic() + seconds

    async def client(first: int) -> None:
        streams = await asyncio.open_connection("127.0.0.1", port) if kept else None
        numbers = itertools.cycle(range(first + 1, devices + 1, clients))
        while (start := time.monotonic()) < end:
            reader, writer = streams or await asyncio.open_connection("127.0.0.1", port)
            if await exchange(reader, writer, request(kind, next(numbers), next(step), kept=kept)):
                outcome.latencies_s.append(time.monotonic() - start)
            else:
                outcome.errors += 1
            if not kept:
                writer.close()
        if streams:
            streams[1].close()

    start = time.monotonic()
    await asyncio.gather(*(client(i) for i in range(clients)))
    outcome.seconds = time.monotonic() - start
    return outcome


async def fleet(port: int, devices: int, period_s: float, seconds: float) -> Outcome:
    """Each controller calls once a period, evenly spread, on a new connection each time."""
    outcome = Outcome()
    start = time.monotonic()

    async def call(number: int, step: int, due: float) -> None:
        await asyncio.sleep(due - time.monotonic())
        began = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            fine = await exchange(reader, writer, request("changing", number, step))
            writer.close()
        except OSError, asyncio.IncompleteReadError:
            fine = False
        if fine:
            outcome.latencies_s.append(time.monotonic() - began)
        else:
            outcome.errors += 1

    total = int(devices * seconds / period_s)
    async with asyncio.TaskGroup() as group:
        for i in range(total):
            due = start + i * period_s / devices
            # Tasks are made a second ahead, not all at once.
            await asyncio.sleep(max(0.0, due - time.monotonic() - 1))
            group.create_task(call(i % devices + 1, i // devices + i, due))
    outcome.seconds = time.monotonic() - start
    return outcome
