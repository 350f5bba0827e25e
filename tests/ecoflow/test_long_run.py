"""Three days on Home Assistant's test clock with twenty outages; the cloud is a process of its own, in real time."""

from collections.abc import Iterator
from datetime import timedelta
import gc
import json
import os
from pathlib import Path
import random
import subprocess
import sys
import time
from typing import Any
import urllib.request

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
import psutil
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ecoflow.api.mqtt import LinkState
from custom_components.ecoflow.const import DOMAIN
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY

from .conftest import DELTA_PRO, entity_of

HOURS = 72
STEP_S = 61
OUTAGES = 20
MAX_AGE_S = 300
# The machine's seconds: the test clock stands still between steps.
_perf_counter = time.perf_counter


class CloudProcess:
    """The simulated cloud as a child process, ruled through its control port."""

    def __init__(self, folder: Path) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "simulators.ecoflow_cloud", "--folder", str(folder), "--period", "3600"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        assert self._process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self._process.stdout.readline())
        self._control = f"http://127.0.0.1:{self.ready['control']['port']}"

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """Ask the control port."""
        request = urllib.request.Request(f"{self._control}{path}", json.dumps(body).encode(), method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.loads(reply.read())

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture
def cloud_process(tmp_path: Path) -> Iterator[CloudProcess]:
    process = CloudProcess(tmp_path)
    yield process
    process.stop()


def memory_mb() -> float:
    gc.collect()
    return float(psutil.Process(os.getpid()).memory_info().rss / 2**20)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_three_days_with_twenty_outages(
    hass: HomeAssistant, cloud_process: CloudProcess, freezer: FrozenDateTimeFactory
) -> None:
    cloud, ready = cloud_process, cloud_process.ready
    endpoint = {"url": f"https://127.0.0.1:{ready['port']}", "ca_file": ready["ca_file"]}
    data = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "region": "eu", "custom_endpoint": endpoint}
    entry = MockConfigEntry(domain=DOMAIN, title="three days", data=data, unique_id="open-sim0123456789")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    client = entry.runtime_data.client
    # The test clock runs years ahead of nothing: the cloud's is the machine's. That is a clock that is off, and learned.

    async def control(method: str, path: str, **body: Any) -> None:
        await hass.async_add_executor_job(lambda: cloud.ask(method, path, **body))

    async def real_sleep(seconds: float) -> None:
        await hass.async_add_executor_job(time.sleep, seconds)

    async def connected(limit_s: float) -> float:
        begin = _perf_counter()
        while client.link is None or client.link.state is not LinkState.CONNECTED:
            assert _perf_counter() - begin < limit_s
            await real_sleep(0.05)
            await hass.async_block_till_done()
        return _perf_counter() - begin

    async def step() -> None:
        freezer.tick(timedelta(seconds=STEP_S))
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)

    def shown() -> bool:
        state = hass.states.get(entity_of(hass, entry, DELTA_PRO, "battery_level", Platform.SENSOR))
        assert state is not None
        return state.state != STATE_UNAVAILABLE

    await connected(20)
    rng = random.Random(7)
    steps = HOURS * 3600 // STEP_S
    outages = sorted(rng.sample(range(60, steps - 60, 40), OUTAGES))
    reconnects: list[float] = []
    settled_mb = 0.0
    wrong: list[str] = []
    done = 0
    while done < steps:
        if outages and done >= outages[0]:
            outages.pop(0)
            # Every second time everything is gone, else the broker only: then polling must keep values fresh.
            everything = len(outages) % 2 == 0
            await control("PUT", "/faults/broker_down")
            if everything:
                await control("PUT", "/faults/server_error")
            await real_sleep(1.2)
            for minute in range(rng.randint(8, 20)):
                await step()
                done += 1
                old = everything and minute * STEP_S > MAX_AGE_S + STEP_S
                if shown() and old:
                    wrong.append(f"step {done}: shown {minute * STEP_S} s after the cloud went")
                if not everything and not shown():
                    wrong.append(f"step {done}: not shown although polling works")
            for fault in ("broker_down", "server_error"):
                await control("DELETE", f"/faults/{fault}")
            reconnects.append(await connected(30))
            await step()
            await step()
            done += 2
            if not shown():
                wrong.append(f"step {done}: not back")
        else:
            if done % 5 == 0:
                await control("POST", "/do/tell")
            await step()
            done += 1
            if not shown():
                wrong.append(f"step {done}: not shown in fair weather")
        if not settled_mb and done > steps // 6:
            settled_mb = memory_mb()
    assert wrong == []
    assert len(reconnects) == OUTAGES
    assert max(reconnects) < 30
    grown_mb = memory_mb() - settled_mb
    print(f"reconnects: median {sorted(reconnects)[10]:.1f} s, max {max(reconnects):.1f} s; memory +{grown_mb:.1f} MB")
    assert grown_mb < 10
    assert await hass.config_entries.async_unload(entry.entry_id)
