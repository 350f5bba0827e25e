"""Parts of the demo that its own run does not reach on a machine where everything is installed."""

import asyncio
from datetime import UTC, datetime, timedelta
import importlib
import os
from pathlib import Path
import socket
import subprocess
import sys

import paho.mqtt.client as paho
import pytest

from scripts.tooling.demo import __main__ as demo_command, broker, folder as config_folder, history
from scripts.tooling.demo.domains import ecoflow
from scripts.tooling.demo.folder import ForeignFolderError, InUseError, State
from scripts.tooling.demo.plugin import Series, SimulatorSpec
from scripts.tooling.demo.process import Children
from scripts.tooling.ports import free_port
from simulators.ecoflow_cloud.appliances import PowerStream
from simulators.ecoflow_cloud.cloud import EcoflowCloud
from simulators.ecoflow_cloud.devices import Station
from simulators.framework import parser_of


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """A real broker listens on loopback."""


def connect(port: int, password: str, protocol: int) -> bool:
    """Return whether a third-party client is accepted."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTProtocolVersion(protocol))
    client.username_pw_set(broker.USERNAME, password)
    answers: list[bool] = []
    client.on_connect = lambda _c, _d, _f, reason, _p: answers.append(not reason.is_failure)
    client.connect("127.0.0.1", port)
    for _ in range(600):
        client.loop(0.05)
        if answers:
            break
    client.disconnect()
    return answers == [True]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
async def test_both_brokers_accept_only_the_demo_user(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "amqtt":
        monkeypatch.setattr(broker, "mosquitto", lambda: None)
    elif broker.mosquitto() is None:
        pytest.skip("mosquitto is not installed (see scripts/setup)")
    version = {"5": paho.MQTTv5, "3.1.1": paho.MQTTv311}[broker.protocol()]
    children, port = Children(tmp_path / "logs"), free_port()
    try:
        made = await broker.start(children, tmp_path, port, "secret")
        assert made == {"host": "127.0.0.1", "port": port, "username": "demo", "password": "secret"}
        assert await asyncio.to_thread(connect, port, "secret", version)
        assert not await asyncio.to_thread(connect, port, "wrong", version)
    finally:
        await children.stop()


def test_an_incomplete_folder_is_created_again(tmp_path: Path) -> None:
    config_folder.prepare(tmp_path, "http://127.0.0.1:1", 1, fresh=False)
    (tmp_path / "left.over").write_text("")
    state = config_folder.prepare(tmp_path, "http://127.0.0.1:1", 1, fresh=False)
    assert not state.complete
    assert not (tmp_path / "left.over").exists()


def test_a_whole_folder_is_kept_and_fresh_clears_it(tmp_path: Path) -> None:
    state = config_folder.prepare(tmp_path, "http://127.0.0.1:1", 1, fresh=False)
    state.complete, state.token = True, "kept"
    state.save(tmp_path)
    assert config_folder.prepare(tmp_path, "http://127.0.0.1:1", 1, fresh=False).token == "kept"
    assert (tmp_path / ".suite-demo.json").stat().st_mode & 0o077 == 0
    assert config_folder.prepare(tmp_path, "http://127.0.0.1:1", 1, fresh=True) != State(token="kept")
    assert not config_folder.prepare(tmp_path, "http://127.0.0.1:1", 1, fresh=True).token


def test_simulators_follow_to_another_port(tmp_path: Path) -> None:
    state = config_folder.prepare(tmp_path, "http://127.0.0.1:1", 1, fresh=False)
    told = ["--url", "http://127.0.0.1:1", "--url=http://127.0.0.1:1", "--port", "1", "http://127.0.0.1:11"]
    state.simulators = [SimulatorSpec("a", "ccu", told)]
    state.complete = True
    state.save(tmp_path)
    for port in (2, 3, 1):
        moved = config_folder.prepare(tmp_path, f"http://127.0.0.1:{port}", port, fresh=False)
        here = f"http://127.0.0.1:{port}"
        assert moved.simulators[0].arguments == ["--url", here, f"--url={here}", *told[3:]]


def test_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("")
    with pytest.raises(ForeignFolderError, match="not created by the demo"):
        config_folder.prepare(tmp_path, "http://127.0.0.1:1", 1, fresh=True)
    assert (tmp_path / "photo.jpg").exists()


def test_a_folder_is_used_by_one_demo_at_a_time(tmp_path: Path) -> None:
    held = config_folder.lock(tmp_path)
    with pytest.raises(InUseError, match="another demo is running in"):
        config_folder.lock(tmp_path)
    os.close(held)
    os.close(config_folder.lock(tmp_path))


async def test_a_killed_device_does_not_end_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = demo_command.Demo(demo_command.arguments(["--config", str(tmp_path)]))
    logged: asyncio.Queue[str] = asyncio.Queue()
    monkeypatch.setattr(demo, "log", logged.put_nowait)
    sleep = ["sleep", "600"]
    try:
        miner = await demo.children.start("simulator-miner", sleep, cwd=tmp_path)
        server = await demo.children.start("home-assistant", sleep, cwd=tmp_path)
        watch = asyncio.create_task(demo.watch())
        miner.process.kill()
        async with asyncio.timeout(60):
            assert await logged.get() == "simulator-miner ended with -9: its devices are offline now"
            assert not watch.done()
            server.process.kill()
            assert await watch == 1
    finally:
        await demo.stop()


def test_a_port_in_use_is_reported_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "scripts.tooling.demo", "--headless", "--json"]
        run = subprocess.run(
            [*command, "--port", str(port), "--config", tmp_path / "config"],
            cwd=config_folder.ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (run.returncode, run.stdout) == (1, "")
    assert f"port {port} is not available (Address already in use); choose another one with --port" in run.stderr
    assert list((tmp_path / "config").iterdir()) == []
    config_folder.check_port(port)


def test_a_folder_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = subprocess.run(
        [sys.executable, "-m", "scripts.tooling.demo", "--headless", "--json", "--config", tmp_path / "file"],
        cwd=config_folder.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert f"The demo could not start: {tmp_path / 'file'}: File exists" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    "words",
    [
        *("--port 0", "--port 65536", "--port x", "--port 80.5", f"--port {'9' * 5000}"),
        *("--speed 0", "--speed -1", "--speed nan", "--speed x", "--speed 1e9"),
    ],
)
def test_impossible_arguments_are_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        demo_command.arguments(words.split())
    assert ended.value.code == 2
    assert words.split(maxsplit=1)[0] in capsys.readouterr().err


def test_the_voice_stand_ins_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(config_folder.__file__).parent / "stand_ins"))
    for name in ("pymicro_vad", "pyspeex_noise"):
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)
        assert "stand_ins" in str(importlib.import_module(name).__file__)


def test_statistics_of_a_counter_and_of_a_temperature() -> None:
    """The first hour has its own consumption, and not all that was counted before."""
    hours = [datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(minutes=20 * number) for number in range(8)]
    points = list(zip(hours, ("100", "101", "102", "103", "104", "106", "107", "109.5"), strict=True))

    def rows(*, mean: bool) -> list[dict[str, float]]:
        series = Series("d", "k", points, "kWh", "energy", mean=mean)
        found = history.statistics_of("sensor.k", series)["rows"]
        return [{key: row[key] for key in row if key != "start_ts"} for row in found]

    assert rows(mean=True) == [{"mean": 101, "min": 100, "max": 102}, {"mean": 313 / 3, "min": 103, "max": 106}]
    assert rows(mean=False) == [{"state": 102, "sum": 2}, {"state": 106, "sum": 6}]


NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize("model", ecoflow._COUNTED)
def test_the_past_of_a_power_station_adds_up_and_leads_to_the_present(model: str) -> None:
    """The counters count what the powers show, and the simulated device continues from where the past ends."""
    lived = ecoflow._lived(model, NOW)
    series = {item.key: item for item in lived.series()}
    arguments = ["--device", model, "--level", f"{model}={lived.level:.1f}"]
    device = next(iter(EcoflowCloud(parser_of(EcoflowCloud).parse_args(arguments)).devices.values()))
    assert isinstance(device, Station)

    def grown(key: str) -> float:
        points = lived.counted[key]
        return points[-1][1] - next(kwh for at, kwh in points if at >= NOW - ecoflow._MEASURED_PAST)

    hours = ecoflow._SAMPLE / timedelta(hours=1)
    watts = [float(state) for _, state in lived.measured["battery_power"]]
    charged, discharged = (sum(max(0.0, sign * w) for w in watts) * hours / 1000 for sign in (1, -1))
    assert grown("battery_charged_energy") == pytest.approx(charged, rel=0.05)
    assert grown("battery_discharged_energy") == pytest.approx(discharged, rel=0.05)
    assert all(grown(key) > 0.2 for key in lived.counted), "every day something is charged, used and counted"
    for key, item in series.items():
        states = [float(state) for _, state in item.points]
        if key in lived.counted:
            assert states == sorted(states)
            assert NOW - item.points[0][0] > timedelta(days=13)
    assert float(series["battery_level"].points[-1][1]) == pytest.approx(device.plant.soc, abs=0.2)
    for key, kwh in ecoflow._own_counters(device).items():
        assert float(series[key].points[-1][1]) == pytest.approx(kwh, abs=0.01), "no jump"


def test_a_powerstream_feeds_in_what_it_has() -> None:
    device = PowerStream("HW51Z", "x")
    for _ in range(24 * 12):
        device.step(300, 0.0, 0.0)
    assert device.plant.soc == pytest.approx(10, abs=1.5), "its battery is empty, and stays at its lower limit"
    assert (device.feed_w, device.report()["20_1.invOutputWatts"]) == (0.0, 0)
    for _ in range(24 * 12):
        device.step(300, 1.0, 0.0)
    assert device.plant.soc == pytest.approx(95, abs=4)
    assert device.feed_w == 600.0, "full: all of the sun"
    assert device.report()["20_1.batInputWatts"] == 0


@pytest.mark.parametrize("level", ["delta_9=50", "delta_2", "delta_2=full"])
def test_an_impossible_level_is_refused(level: str) -> None:
    with pytest.raises(SystemExit):
        parser_of(EcoflowCloud).parse_args(["--level", level])


def test_a_password_is_never_parsed_as_an_option() -> None:
    assert all(State().password.isalnum() for _ in range(500))
