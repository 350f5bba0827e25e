"""What every simulator can do: the command line, faults, the control port, start and stop."""

import argparse
import asyncio
from datetime import UTC, datetime
import json
from pathlib import Path
import signal
import sys
from typing import Any, ClassVar, override

from aiohttp.test_utils import TestClient, TestServer
import pytest

from simulators.framework import Faults, Simulator, control_app, parser_of, running
from simulators.heating_controller.controller import HeatingController
from simulators.world.clock import WorldClock

ROOT = Path(__file__).resolve().parents[2]


class Lamp(Simulator):
    """A lamp that counts how often it was pressed."""

    NAME = "lamp"
    FAULTS: ClassVar[dict[str, str]] = {"dark": "gives no light", "volts": "supply is at this value"}
    DEFAULT_PORT = 0

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.pressed = 0
        self.runs = False

    @override
    async def start(self) -> dict[str, Any]:
        self.runs = True
        return {}

    @override
    async def stop(self) -> None:
        self.runs = False

    @override
    def state(self) -> dict[str, Any]:
        return {"pressed": self.pressed}

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        if name != "press":
            return await super().do(name, arguments)
        self.pressed += arguments.get("times", 1)
        return self.pressed


def lamp(*argv: str) -> Lamp:
    return Lamp(parser_of(Lamp).parse_args(argv))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [("dark", "dark", True), ("volts=3.1", "volts", 3.1), ("volts=low", "volts", "low"), ("dark=false", "dark", False)],
)
def test_faults_come_from_the_command_line(text: str, name: str, value: object) -> None:
    assert lamp("--fault", text).faults.active == {name: value}


def test_an_unknown_fault_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="dark, volts"):
        lamp("--fault", "smoke")


def test_a_fault_without_a_number_has_its_default() -> None:
    faults = Faults({"volts": ""})
    assert faults.number("volts", 5) == 5
    faults.set("volts")
    assert faults.number("volts", 5) == 5
    faults.set("volts", 3)
    assert faults.number("volts", 5) == 3
    faults.clear("volts")
    faults.clear("volts")
    assert "volts" not in faults


def test_help_names_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser_of(HeatingController).parse_args(["--help"])
    text = capsys.readouterr().out
    assert all(fault in text for fault in HeatingController.FAULTS)
    assert "--speed" in text


def test_the_same_seed_gives_the_same_chance() -> None:
    assert lamp("--seed", "7").rng.random() == lamp("--seed", "7").rng.random() != lamp("--seed", "8").rng.random()


async def test_running_stops_what_it_started() -> None:
    async with running(Lamp) as device:
        assert device.runs
    assert not device.runs


async def test_the_control_port(socket_enabled: None) -> None:
    device = lamp()
    async with TestClient(TestServer(control_app(device))) as client:
        assert await (await client.get("/state")).json() == {"pressed": 0}
        assert await (await client.post("/do/press", data=b'{"times": 2}')).json() == {"result": 2}
        assert await (await client.post("/do/press")).json() == {"result": 3}
        assert (await client.post("/do/jump")).status == 404
        assert await (await client.put("/faults/volts", data=b"3.1")).json() == {"volts": 3.1}
        assert await (await client.put("/faults/dark")).json() == {"volts": 3.1, "dark": True}
        assert (await client.put("/faults/smoke")).status == 404
        assert await (await client.delete("/faults/volts")).json() == {"dark": True}
        listed = await (await client.get("/faults")).json()
        assert listed == {"there_are": Lamp.FAULTS, "active": {"dark": True}}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_reports_ready_and_stops_on_sigterm(socket_enabled: None, number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulators.heating_controller", "--url", "http://127.0.0.1:1", "--device-id", "a", "--key", "k"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    async with asyncio.timeout(120):
        ready = json.loads(await process.stdout.readline())
        assert (ready["ready"], ready["device_id"]) == ("heating_controller", "a")
        assert ready["control"]["port"] > 0
        process.send_signal(number)
        _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


def test_the_worlds_clock_runs_at_its_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("simulators.world.clock.time.monotonic", lambda: now)
    clock = WorldClock(60, datetime(2026, 1, 5, tzinfo=UTC))
    now = 1030.0
    assert clock.elapsed() == 1800
    assert clock.now() == datetime(2026, 1, 5, 0, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="above 0"):
        WorldClock(0)
