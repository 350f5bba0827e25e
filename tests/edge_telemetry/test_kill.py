"""kill -9 of a real Home Assistant while messages come in."""

import asyncio
import itertools
from pathlib import Path
import sqlite3
import time

import pytest

from benchmarks.telemetry.cells import SQLITE, edge_entry, mqtt_entry
from benchmarks.telemetry.instance import Instance
from benchmarks.telemetry.load import connect, packet, string
from scripts.tooling.ports import free_port
from tests.mosquitto import Mosquitto, program

TOPIC = string(b"van/load/one/data")


def message(number: int) -> bytes:
    """A message with its number."""
    text = f'{{"metrics": {{"temperature_c": {number % 400 / 10}}}, "seq": {number}}}'
    return packet(0x30, TOPIC + text.encode())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(program() is None, reason="mosquitto is not installed")
async def test_a_killed_home_assistant_loses_at_most_the_last_second(socket_enabled: None, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    await broker.start()
    entries = [mqtt_entry(broker.port, discovery=False), edge_entry(SQLITE, "van")]
    async with Instance(tmp_path / "config", free_port(), entries, recorder=False) as ha:
        link = await asyncio.to_thread(connect, broker.port)
        while not (await ha.result())["edge_telemetry"].get("accepted"):  # not set up or not subscribed yet
            link.sendall(message(1_000_000))
            await asyncio.sleep(0.2)
        numbers = itertools.count()
        for number in itertools.islice(numbers, 250):
            link.sendall(message(number))
            await asyncio.sleep(0.01)
        # What had come in a second before the end: how far behind a busy machine's broker is does not count.
        accepted, noted = (await ha.result())["edge_telemetry"]["accepted"], time.monotonic()
        while time.monotonic() < noted + 1.0:
            link.sendall(message(next(numbers)))
            await asyncio.sleep(0.01)
        link.close()
        ha.kill()
    await broker.stop()
    connection = sqlite3.connect(tmp_path / "config" / "edge.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept = [number for (number,) in connection.execute("SELECT json_extract(payload, '$.seq') FROM measurements")]
    connection.close()
    # half a second until rows are written, and what this machine needs to do it
    assert len(kept) >= accepted > 100
    ours = sorted(number for number in kept if number < 1_000_000)
    assert ours == list(range(len(ours))), "none of those before the last is missing"
