"""CPU of a Home Assistant with many EcoFlow devices that report by MQTT over TLS.

The cloud is a child process. Home Assistant (without recorder) runs in this one; the same process with devices that
are silent is the reference of the same run.
"""

import argparse
import asyncio
from dataclasses import asdict, dataclass
import json
from pathlib import Path
import subprocess
import sys
import tempfile
import time
import urllib.request

from homeassistant.setup import async_setup_component
import psutil
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.ecoflow.api.mqtt import ConnectionState
from custom_components.ecoflow.const import DOMAIN
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY

ROOT = Path(__file__).resolve().parents[2]
GOAL_PERCENT = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement."""

    devices: int
    messages_per_s: float
    cpu_percent: float
    idle_cpu_percent: float
    us_per_message: float
    worst_loop_lag_ms: float
    states_written_per_s: float
    dropped: int
    memory_mb: float


def _fault(control: str, method: str) -> None:
    request = urllib.request.Request(f"{control}/faults/silent", b"{}", method=method)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass


async def _cpu_percent(seconds: float) -> tuple[float, float]:
    """Return CPU in % of a core and the worst lag of the event loop in ms, over some seconds."""
    process = psutil.Process()
    before, begin, worst = sum(process.cpu_times()[:2]), time.perf_counter(), 0.0
    while time.perf_counter() - begin < seconds:
        at = time.perf_counter()
        await asyncio.sleep(0.005)
        worst = max(worst, time.perf_counter() - at - 0.005)
    spent = sum(process.cpu_times()[:2]) - before
    return spent / (time.perf_counter() - begin) * 100, worst * 1000


async def _measure(ready: dict[str, object], args: argparse.Namespace) -> Result:
    control = f"http://127.0.0.1:{ready['control']['port']}"  # type: ignore[index]
    data = {
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "region": "eu",
        "custom_endpoint": {"url": f"https://127.0.0.1:{ready['port']}", "ca_file": ready["ca_file"]},
    }
    async with async_test_home_assistant(config_dir=str(args.config)) as hass:
        hass.data.pop("custom_components", None)
        await async_setup_component(hass, "network", {})
        entry = MockConfigEntry(domain=DOMAIN, title="benchmark", data=data, unique_id="open-sim0123456789")
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        runtime_data = entry.runtime_data
        client = runtime_data.client
        while client.mqtt is None or client.mqtt.state is not ConnectionState.CONNECTED:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await asyncio.sleep(3)
        await asyncio.to_thread(_fault, control, "PUT")
        await asyncio.sleep(2)
        idle, _ = await _cpu_percent(args.seconds / 2)
        await asyncio.to_thread(_fault, control, "DELETE")
        await asyncio.sleep(3)
        messages = sum(state.counts.mqtt for state in client.states.values())
        written = runtime_data.account.publisher.counters.written
        busy, lag_ms = await _cpu_percent(args.seconds)
        messages = sum(state.counts.mqtt for state in client.states.values()) - messages
        written = runtime_data.account.publisher.counters.written - written
        rate = messages / args.seconds
        result = Result(
            devices=len(client.states),
            messages_per_s=round(rate, 1),
            cpu_percent=round(busy, 2),
            idle_cpu_percent=round(idle, 2),
            us_per_message=round((busy - idle) * 1e4 / rate) if rate else 0,
            worst_loop_lag_ms=round(lag_ms, 1),
            states_written_per_s=round(written / args.seconds, 1),
            dropped=client.mqtt.dropped if client.mqtt is not None else 0,
            memory_mb=round(psutil.Process().memory_info().rss / 2**20, 1),
        )
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_stop(force=True)
    return result


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark ecoflow", description=__doc__)
    parser.add_argument("--devices", type=int, default=50)
    parser.add_argument(
        "--model", default="delta_pro_3", help="delta_pro_3 sends one message per report, delta_pro five"
    )
    parser.add_argument("--period", type=float, default=1.0, help="seconds between a device's reports")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: shows that it runs, measures nothing")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.smoke:
        args.devices, args.seconds = 2, 2.0
    with tempfile.TemporaryDirectory() as folder:
        args.config = Path(folder) / "config"
        args.config.mkdir()
        (args.config / "custom_components").symlink_to(ROOT / "custom_components")
        command = [sys.executable, "-m", "simulators.ecoflow_cloud", "--period", str(args.period)]
        command += ["--device", args.model] * args.devices
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as cloud:
            assert cloud.stdout is not None
            try:
                result = asyncio.run(_measure(json.loads(cloud.stdout.readline()), args))
            finally:
                cloud.terminate()
    for name, value in asdict(result).items():
        print(f"{name:<24}{value}")
    above = result.cpu_percent - result.idle_cpu_percent
    print(f"{'above idle':<24}{above:.2f} % of a core (goal {GOAL_PERCENT} %, ratio {above / GOAL_PERCENT:.2f})")
    if args.json is not None:
        args.json.write_text(json.dumps(asdict(result), indent=2))
    return 0 if above <= GOAL_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
