"""The whole way on a real broker: simulators, mosquitto, Home Assistant's mqtt integration, SQLite."""

import asyncio
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
import sqlite3
import time
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.data import EdgeData
from custom_components.edge_telemetry.downlink import POLICY
from simulators.framework import running
from simulators.mqtt_link import MqttLink
from simulators.ruuvi.tags import Ruuvi
from simulators.van.van import Van
from tests.mosquitto import LASTING, Mosquitto, program

from .conftest import entity_id, options, state, until

pytestmark = [
    pytest.mark.slow,  # left out by scripts/test --quick
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    # paho and the mqtt integration keep timers of their own until the connection is closed
    pytest.mark.parametrize("expected_lingering_timers", [True]),
]


@pytest.fixture
async def data(broker_data: EdgeData) -> EdgeData:
    """An entry and core's mqtt entry, both connected to the broker."""
    return broker_data


async def test_tags_of_a_gateway_and_a_van_become_entities_and_rows(
    hass: HomeAssistant, broker: Mosquitto, data: EdgeData, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(running(Ruuvi, options(broker, "--period", "0.3")))
        await stack.enter_async_context(running(Van, options(broker, "--period", "0.2")))
        legacy = await stack.enter_async_context(running(Ruuvi, options(broker, "--mode", "legacy", "--period", "0.3")))
        tag = f"home/ruuvi/{gateway.tags[0].id}"
        await until(lambda: len(data.devices) == 9 and state(hass, "dew_point_c", tag))
        await until(lambda: data.counters.accepted > 60)
        shown = float(state(hass, "temperature_c", tag) or "nan")
        assert shown == pytest.approx(gateway.last["van_inside"]["temperature_c"], abs=0.6)
        assert state(hass, "temperature_c", "paku/ruuvi/fridge") is not None
        assert float(state(hass, "temperature_c", "paku/ruuvi/fridge") or 0) == pytest.approx(
            legacy.last["fridge"]["temperature_c"], abs=0.6
        )
        assert state(hass, "heater_mode", "van/climate/cabin") in {"heating", "idle"}
        assert state(hass, "door_open", "van/climate/cabin", "binary_sensor") in {"on", "off"}
        assert entity_id(hass, "button", "command_identify", "van/climate/cabin") is not None
        assert data.malformed.total == 0
    archive = data.archive.archive
    assert archive is not None
    await until(lambda: archive.status.written == data.counters.accepted)
    rows = sqlite3.connect(tmp_path / "edge_telemetry.db").execute("SELECT count(DISTINCT device) FROM measurements")
    assert rows.fetchone() == (9,)


async def test_a_van_cut_off_is_unavailable_by_its_last_will(
    hass: HomeAssistant, broker: Mosquitto, data: EdgeData
) -> None:
    async with running(Van, options(broker, "--period", "0.2")) as van:
        await until(lambda: state(hass, "temperature_c", "van/climate/cabin"))
        van.faults.set("silent")
        await van.do("lose", {"computer": "cabin"})
        await until(lambda: state(hass, "temperature_c", "van/climate/cabin") == "unavailable")
        assert state(hass, "soc_percent", "van/power/battery") != "unavailable"


@pytest.mark.parametrize(
    "fault", ["not_json", "wrong_type", "text_number", "duplicate", "reorder", "skip", "clock", "new_metric"]
)
async def test_no_fault_of_a_device_costs_another_or_shows_in_the_log(
    hass: HomeAssistant, broker: Mosquitto, data: EdgeData, *, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        running(Van, options(broker, "--period", "0.1", "--fault", f"{fault}=3")),
        running(Ruuvi, options(broker, "--period", "0.3")) as tags,
    ):
        await until(lambda: data.counters.received > 60)
        assert state(hass, "temperature_c", f"home/ruuvi/{tags.tags[0].id}") is not None
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_command_is_confirmed_by_the_device_that_obeyed_it(
    hass: HomeAssistant, broker: Mosquitto, data: EdgeData
) -> None:
    async with running(Van, options(broker, "--period", "0.5")) as van:
        cabin = "van/climate/cabin"
        await until(lambda: entity_id(hass, "button", "command_identify", cabin))
        device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, f"01EDGE_{cabin}"), "01EDGE")
        assert device is not None
        answer = await hass.services.async_call(
            DOMAIN,
            "send_command",
            {"device_id": device.id, "command": "set_target", "params": {"target_c": 23.5}, "wait": 10},
            blocking=True,
            return_response=True,
        )
        assert answer is not None
        assert answer["status"] == "confirmed"
        assert van.model.target_c == 23.5
        await until(lambda: state(hass, "last_command", cabin) == "confirmed")
        # unanswered, it goes out again with the device's next message, and is obeyed once
        van.faults.set("no_ack")
        with patch("custom_components.edge_telemetry.command_sender.POLICY", replace(POLICY, retry_after_s=0.2)):
            button = entity_id(hass, "button", "command_ping", cabin)
            await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
            assert state(hass, "last_command", cabin) == "pending"
            await until(lambda: len(van.computers["cabin"].received) >= 3)
        van.faults.clear("no_ack")
        van.faults.set("ack_on_state")
        with patch("custom_components.edge_telemetry.command_sender.POLICY", replace(POLICY, retry_after_s=0.2)):
            await until(lambda: state(hass, "last_command", cabin) == "confirmed")


@dataclass
class Ledger:
    """What a device sent, and (by the id of its packet) when the broker confirmed it."""

    sent: dict[int, float] = field(default_factory=dict)
    packets: dict[int, int] = field(default_factory=dict)
    confirmed: dict[int, float] = field(default_factory=dict)

    def has_confirmed(self, count: int, *, since_seq: int) -> bool:
        """Whether so many of the newer messages are with the broker, and it is not a backlog that goes out."""
        drained = len(self.packets) - len(self.confirmed) < 10
        return drained and sum(seq >= since_seq and mid in self.confirmed for mid, seq in self.packets.items()) >= count


async def steady_load(link: MqttLink, ledger: Ledger, stop: asyncio.Event) -> None:
    """A device that publishes a few hundred messages a second, also while the broker is down."""

    def on_publish(_client: object, _data: object, mid: int, *_: object) -> None:
        ledger.confirmed[mid] = time.monotonic()

    link._client.on_publish = on_publish
    while not stop.is_set():
        seq = len(ledger.sent)
        ledger.sent[seq] = time.monotonic()
        text = f'{{"metrics": {{"temperature_c": {20 + seq % 50}.5}}, "seq": {seq}}}'
        ledger.packets[link._client.publish("van/load/one/data", text, 1).mid] = seq
        await asyncio.sleep(0.004)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("broker_config", [LASTING], ids=["lasting"])
@pytest.mark.parametrize(("restarts", "device_returns_first"), [(20, False), (6, True)])
async def test_restarts_of_the_broker_under_load(
    hass: HomeAssistant,
    broker: Mosquitto,
    data: EdgeData,
    *,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    restarts: int,
    device_returns_first: bool,
) -> None:
    """No QoS 1 message is lost that the broker confirmed while Home Assistant was subscribed.

    The broker dies in the midst of the load, by turns killed and stopped. Core's MQTT integration keeps no session
    there, persistent or not: where the device returns before Home Assistant does, what it sends until Home Assistant
    has subscribed again is lost, and known to the number.
    """
    args = type("Args", (), {"broker": "127.0.0.1", "broker_port": broker.port, "username": None, "password": None})()
    link = MqttLink(args, "load")
    link._client.reconnect_delay_set(0.05, 0.05)  # type: ignore[arg-type]
    await link.open()
    request.addfinalizer(link._client.loop_stop)
    ledger, stop = Ledger(), asyncio.Event()
    load = asyncio.create_task(steady_load(link, ledger, stop))
    subscribed: list[tuple[float, float]] = []
    for restart in range(restarts):
        since, first = time.monotonic(), len(ledger.sent)
        behind = len(ledger.confirmed) - data.counters.received
        await until(partial(ledger.has_confirmed, 60, since_seq=first))
        # A broker that is killed takes with it what it has not handed on yet: the backlog has to be through.
        await until(lambda most=behind + 10: len(ledger.confirmed) - data.counters.received < most)  # type: ignore[misc]
        subscribed.append((since, time.monotonic()))
        await broker.stop(politely=restart % 2 == 1)
        if not device_returns_first:
            await asyncio.to_thread(link._client.loop_stop)
        await broker.start()
        await until(lambda expected=restart + 1: data.broker.gaps == expected)  # type: ignore[misc]
        if not device_returns_first:
            link._client.loop_start()
    await until(link._client.is_connected)
    await asyncio.sleep(0.5)
    stop.set()
    await load
    await until(lambda: len(ledger.confirmed) == len(ledger.sent))
    await asyncio.sleep(0.5)
    await link.close()

    archive = data.archive.archive
    assert archive is not None
    await until(lambda: archive.status.written == data.counters.accepted)
    with closing(sqlite3.connect(tmp_path / "edge_telemetry.db")) as database:
        found = [n for (n,) in database.execute("SELECT json_extract(payload, '$.seq') FROM measurements")]
    came = set(found)
    assert len(found) == len(came)  # redeliveries were recognized
    promised = {
        seq
        for mid, seq in ledger.packets.items()
        if any(since <= ledger.sent[seq] and ledger.confirmed[mid] < died for since, died in subscribed)
    }
    assert len(promised) >= 40 * restarts
    lost = promised - came
    assert not lost, [
        (place, min(those), max(those), len(those), died - since, died - ledger.sent[max(those)])
        for place, (since, died) in enumerate(subscribed)
        if (those := {seq for seq in lost if since <= ledger.sent[seq] < died})
    ]
    (device,) = data.devices.values()
    assert device.tracker.lost == len(ledger.sent) - len(came)
    assert bool(device.tracker.lost) is device_returns_first
    assert (data.broker.gaps, data.broker.lost_since) == (restarts, None)
    await data.hub._async_tick(None)
    await until(lambda: state(hass, "broker_gaps", "") == str(restarts))
    if device_returns_first:
        assert int(state(hass, "lost", "") or 0) > 0
