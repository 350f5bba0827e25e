"""Three days on the test clock with twenty outages; the cloud runs in its own process in real time."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
import gc
import json
import logging
import os
from pathlib import Path
import random
import subprocess
import sys
import time
from typing import Any
import urllib.request

import freezegun
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
import psutil
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ecoflow.api.client import EcoflowClient
from custom_components.ecoflow.api.mqtt import ConnectionState
from custom_components.ecoflow.const import DOMAIN
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY

from .conftest import DELTA_PRO, entity_of

HOURS = 72
STEP_S = 61
STEPS = HOURS * 3600 // STEP_S
OUTAGES = 20
MAX_AGE_S = 300


class CloudProcess:
    """The simulated cloud as a child process, controlled through its control port."""

    def __init__(self, folder: Path) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "simulators.ecoflow_cloud", "--folder", str(folder), "--period", "3600"]
        # Three days pass in minutes here: values must move within the fifteen minutes that they may stand still.
        command += ["--tick", "0.02"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        assert self._process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self._process.stdout.readline())
        self._control = f"http://127.0.0.1:{self.ready['control']['port']}"

    def ask(self, method: str, path: str) -> Any:
        """Ask the control port."""
        request = urllib.request.Request(f"{self._control}{path}", b"{}", method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
            return json.loads(reply.read())

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(60)


@pytest.fixture
def cloud_process(tmp_path: Path) -> Iterator[CloudProcess]:
    process = CloudProcess(tmp_path)
    yield process
    process.stop()


@pytest.fixture
def wire_time() -> None:
    """The broker connection uses real time; only Home Assistant uses the test clock."""
    freezegun.configure(extend_ignore_list=["paho"])


def machine_s() -> float:
    """Return the real monotonic time, not that of the test clock."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def memory_mb() -> float:
    gc.collect()
    return float(psutil.Process(os.getpid()).memory_info().rss / 2**20)


@dataclass
class Run:
    """The state of the three days."""

    hass: HomeAssistant
    cloud: CloudProcess
    clock: FrozenDateTimeFactory
    client: EcoflowClient
    shown: Callable[[], bool]
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    done: int = 0
    wrong: list[str] = field(default_factory=list)
    reconnects: list[float] = field(default_factory=list)
    settled_mb: float = 0.0

    async def control(self, method: str, path: str) -> None:
        await self.hass.async_add_executor_job(self.cloud.ask, method, path)

    async def wait(self, seconds: float) -> None:
        await self.hass.async_add_executor_job(time.sleep, seconds)

    async def connected(self, limit_s: float) -> float:
        """Wait for the broker connection and return the time it took."""
        begin = machine_s()
        while self.client.mqtt is None or self.client.mqtt.state is not ConnectionState.CONNECTED:
            assert machine_s() - begin < limit_s
            await self.wait(0.05)
        return machine_s() - begin

    async def step(self) -> None:
        self.clock.tick(timedelta(seconds=STEP_S))
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        for _ in range(3):  # states are written with call_soon
            await asyncio.sleep(0)
        self.done += 1
        if not self.settled_mb and self.done > STEPS // 6:
            self.settled_mb = memory_mb()

    def expect(self, shown: bool, why: str) -> None:
        if self.shown() is not shown:
            age = self.client.states[DELTA_PRO].age(time.monotonic())
            self.wrong.append(f"step {self.done}: {why}; the last sign of life is {age} s old")

    async def normal_operation(self) -> None:
        if self.done % 5 == 0:
            await self.control("POST", "/do/report")
        await self.step()
        self.expect(True, "unavailable in normal operation")

    async def outage(self, everything: bool) -> None:
        """Stop the broker, alone or with the API, then restore everything."""
        await self.control("PUT", "/faults/broker_down")
        if everything:
            await self.control("PUT", "/faults/server_error")
        await self.wait(1.2)
        for minute in range(1, self.rng.randint(8, 20)):
            await self.step()
            if not everything:
                self.expect(True, "unavailable although polling works")
            elif minute * STEP_S > MAX_AGE_S + STEP_S:
                self.expect(False, f"available {minute * STEP_S} s after the outage began")
        for fault in ("broker_down", "server_error"):
            await self.control("DELETE", f"/faults/{fault}")
        self.reconnects.append(await self.connected(30))
        await self.step()
        await self.step()
        self.expect(True, "unavailable after the outage")


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_three_days_with_twenty_outages(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud_process: CloudProcess,
    wire_time: None,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The test clock runs ahead of the cloud's, so the time of the signature is corrected throughout."""
    # The test's own memory: pytest keeps log records, and the mock of the store all that was ever written.
    # A step of the test clock looks to asyncio like a callback of 61 s.
    caplog.set_level(logging.ERROR)
    written: Any = Store._async_write_data
    hass.loop.slow_callback_duration = 1e9
    hass.loop.set_debug(False)  # half of the time went into tracebacks of every callback
    ready = cloud_process.ready
    endpoint = {"url": f"https://127.0.0.1:{ready['port']}", "ca_file": ready["ca_file"]}
    data = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "region": "eu", "custom_endpoint": endpoint}
    entry = MockConfigEntry(domain=DOMAIN, title="three days", data=data, unique_id="open-sim0123456789")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    level = entity_of(hass, entry, DELTA_PRO, "battery_level", Platform.SENSOR)

    def shown() -> bool:
        state = hass.states.get(level)
        assert state is not None
        return state.state != STATE_UNAVAILABLE

    run = Run(hass, cloud_process, freezer, entry.runtime_data.client, shown)
    await run.connected(20)
    outages = sorted(run.rng.sample(range(60, STEPS - 60, 40), OUTAGES))
    while run.done < STEPS:
        if outages and run.done >= outages[0]:
            outages.pop(0)
            # Every second outage affects the whole cloud, the others only the broker, so that polling continues.
            await run.outage(everything=len(outages) % 2 == 0)
        else:
            await run.normal_operation()
        caplog.clear()
        written.reset_mock()
    assert run.wrong == []
    assert len(run.reconnects) == OUTAGES
    assert max(run.reconnects) < 30
    grown_mb = memory_mb() - run.settled_mb
    slowest, median = max(run.reconnects), sorted(run.reconnects)[OUTAGES // 2]
    print(
        f"reconnects: median {median:.1f} s, slowest {slowest:.1f} s; memory {grown_mb:+.1f} MB in {HOURS * 5 // 6} h"
    )
    assert grown_mb < 10
    assert await hass.config_entries.async_unload(entry.entry_id)
