"""The whole way on a real broker: simulators, mosquitto, Home Assistant's mqtt integration, SQLite."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.coordinator import EdgeHub
from simulators.framework import running
from simulators.mqtt_link import MqttLink
from simulators.ruuvi.tags import Ruuvi
from simulators.van.van import Van
from tests.mosquitto import Mosquitto, program

from .conftest import entity_id, set_up, state

pytestmark = [
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    # paho and the mqtt integration keep timers of their own until the connection is closed
    pytest.mark.parametrize("expected_lingering_timers", [True]),
]


async def until(condition: Callable[[], Any], timeout_s: float = 20.0) -> None:
    """Wait for what a device, the broker or the archive does."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture
async def broker(socket_enabled: None, tmp_path: Path) -> AsyncGenerator[Mosquitto]:
    """A running mosquitto."""
    broker = Mosquitto(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def hub(hass: HomeAssistant, broker: Mosquitto, entry: MockConfigEntry) -> AsyncGenerator[EdgeHub]:
    """Our entry beside core's mqtt entry, both on the broker."""
    mqtt_entry = MockConfigEntry(
        domain="mqtt",
        data={"broker": "127.0.0.1", "port": broker.port, "protocol": "5", "discovery": False},
        version=2,
        minor_version=1,
    )
    with patch("homeassistant.components.mqtt.client.RECONNECT_INTERVAL_SECONDS", 0.3):
        mqtt_entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(mqtt_entry.entry_id)
        await set_up(hass, entry)
        hub: EdgeHub = entry.runtime_data
        await asyncio.sleep(1.0)  # core groups subscriptions for half a second
        yield hub
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.config_entries.async_unload(mqtt_entry.entry_id)


def options(broker: Mosquitto, *more: str) -> list[str]:
    return ["--broker-port", str(broker.port), *more]


async def test_tags_of_a_gateway_and_a_van_become_entities_and_rows(
    hass: HomeAssistant, broker: Mosquitto, hub: EdgeHub, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(running(Ruuvi, options(broker, "--period", "0.3")))
        await stack.enter_async_context(running(Van, options(broker, "--period", "0.2")))
        legacy = await stack.enter_async_context(running(Ruuvi, options(broker, "--mode", "legacy", "--period", "0.3")))
        tag = f"home/ruuvi/{gateway.tags[0].id}"
        await until(lambda: len(hub.devices) == 9 and state(hass, "dew_point_c", tag))
        await until(lambda: hub.counters.accepted > 60)
        shown = float(state(hass, "temperature_c", tag) or "nan")
        assert shown == pytest.approx(gateway.last["van_inside"]["temperature_c"], abs=0.6)
        assert state(hass, "temperature_c", "paku/ruuvi/fridge") is not None
        assert float(state(hass, "temperature_c", "paku/ruuvi/fridge") or 0) == pytest.approx(
            legacy.last["fridge"]["temperature_c"], abs=0.6
        )
        assert state(hass, "heater_mode", "van/climate/cabin") in {"heating", "idle"}
        assert state(hass, "door_open", "van/climate/cabin", "binary_sensor") in {"on", "off"}
        assert entity_id(hass, "button", "command_identify", "van/climate/cabin") is not None
        assert hub.malformed.total == 0
    archive = hub.archive.archive
    assert archive is not None
    await until(lambda: archive.status.written == hub.counters.accepted)
    rows = sqlite3.connect(tmp_path / "edge_telemetry.db").execute("SELECT count(DISTINCT device) FROM measurements")
    assert rows.fetchone() == (9,)


async def test_a_van_cut_off_is_unavailable_by_its_last_will(
    hass: HomeAssistant, broker: Mosquitto, hub: EdgeHub
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
    hass: HomeAssistant, broker: Mosquitto, hub: EdgeHub, *, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        running(Van, options(broker, "--period", "0.1", "--fault", f"{fault}=3")),
        running(Ruuvi, options(broker, "--period", "0.3")) as tags,
    ):
        await until(lambda: hub.counters.received > 60)
        assert state(hass, "temperature_c", f"home/ruuvi/{tags.tags[0].id}") is not None
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_command_is_confirmed_by_the_device_that_obeyed_it(
    hass: HomeAssistant, broker: Mosquitto, hub: EdgeHub
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
        with patch("custom_components.edge_telemetry.downlink.REPEAT_AFTER_S", 0.2):
            button = entity_id(hass, "button", "command_ping", cabin)
            await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
            assert state(hass, "last_command", cabin) == "pending"
            await until(lambda: len(van.computers["cabin"].received) >= 3)
        van.faults.clear("no_ack")
        van.faults.set("ack_on_state")
        with patch("custom_components.edge_telemetry.downlink.REPEAT_AFTER_S", 0.2):
            await until(lambda: state(hass, "last_command", cabin) == "confirmed")


@pytest.mark.slow
async def test_twenty_restarts_of_the_broker_lose_nothing_that_was_sent_while_subscribed(
    broker: Mosquitto, hub: EdgeHub, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A publisher that only counts what the broker took while Home Assistant was subscribed."""
    args = type("Args", (), {"broker": "127.0.0.1", "broker_port": broker.port, "username": None, "password": None})()
    link = MqttLink(args, "load")
    await link.open()
    request.addfinalizer(link._client.loop_stop)
    sent = 0

    def all_arrived(count: int) -> bool:
        return hub.counters.accepted == count

    def gaps_are(count: int) -> bool:
        return hub.broker.gaps == count

    for restart in range(20):
        for _ in range(50):
            sent += 1
            link.publish("van/load/one/data", f'{{"metrics": {{"temperature_c": {20 + sent % 50}.5}}, "seq": {sent}}}')
            await asyncio.sleep(0.001)
        # all of it was taken, and handed on: nothing of it may be missing
        await until(partial(all_arrived, sent))
        await broker.stop()
        await broker.start()
        await until(partial(gaps_are, restart + 1))
        await until(link._client.is_connected)
    assert hub.counters.accepted == sent == 1000
    (device,) = hub.devices.values()
    assert device.tracker.lost == 0
    assert (hub.broker.gaps, hub.broker.lost_since) == (20, None)
    assert hub.broker.last_gap_s is not None
    archive = hub.archive.archive
    assert archive is not None
    await until(lambda: archive.status.written == 1000)
    count = sqlite3.connect(tmp_path / "edge_telemetry.db").execute("SELECT count(*) FROM measurements").fetchone()
    assert count == (1000,)
    await link.close()
