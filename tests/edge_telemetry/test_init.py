"""Set-up, removal, diagnostics, and invalid payloads."""

import json
import logging
from pathlib import Path
import random
import sqlite3
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_mqtt_message
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, MqttMockHAClient, WebSocketGenerator

from custom_components.edge_telemetry import async_remove_config_entry_device
from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.data import EdgeData
from custom_components.edge_telemetry.decoders import Reason
from custom_components.edge_telemetry.diagnostics import async_get_config_entry_diagnostics
from custom_components.edge_telemetry.malformed import MalformedLog

from .conftest import Publish, entity_id, state, take_down
from .test_ingest import ADVERTISEMENT

TOPIC = "van/env/cabin/data"


async def test_without_mqtt_an_entry_waits(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.add_to_hass(hass)
    hass.config.components.add("mqtt")
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "mqtt_not_available"


async def test_a_removed_entry_is_forgotten_but_its_archive_stays(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, hass_storage: dict[str, Any]
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    file = hass.config.path("edge_telemetry.db")
    await data.commands.async_send("van/env/cabin", "van/env/cabin", "ping", {}, 60)
    await take_down(hass, entry)
    assert "edge_telemetry.01EDGE" in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    assert not [key for key in hass_storage if key.startswith("edge_telemetry")]
    with open(file, "rb") as database:  # noqa: ASYNC230, PTH123
        assert database.read(6) == b"SQLite"


async def test_a_silent_device_can_be_removed_and_comes_back(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, "config", {})
    await publish(TOPIC, {"temperature_c": 20})
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier((DOMAIN, "01EDGE_van/env/cabin"), "01EDGE")
    system = registry.async_get_device_by_identifier((DOMAIN, "01EDGE_van/env"), "01EDGE")
    hub_device = registry.async_get_device_by_identifier((DOMAIN, "01EDGE"), "01EDGE")
    assert device is not None
    assert system is not None
    assert hub_device is not None
    for present in (device, system, hub_device):
        assert not await async_remove_config_entry_device(hass, entry, present)
    await publish("van/env/cabin/availability", "offline")
    client = await hass_ws_client(hass)
    answer = await client.remove_device(device.id)
    assert answer["success"]
    await hass.async_block_till_done()
    assert entity_id(hass, "sensor", "temperature_c", "van/env/cabin") is None
    assert await async_remove_config_entry_device(hass, entry, system)
    await publish(TOPIC, {"temperature_c": 21})
    assert state(hass, "temperature_c", "van/env/cabin") == "21"
    assert entity_id(hass, "button", "command_ping", "van/env/cabin")


async def test_a_device_comes_back_though_its_system_was_removed_too(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    registry = dr.async_get(hass)
    for identifier in ("01EDGE_van/env/cabin", "01EDGE_van/env"):
        found = registry.async_get_device_by_identifier((DOMAIN, identifier), "01EDGE")
        assert found is not None
        registry.async_remove_device(found.id)
    data.devices.remove(next(iter(data.devices.values())))
    await hass.async_block_till_done()
    await publish(TOPIC, {"temperature_c": 21})
    assert state(hass, "temperature_c", "van/env/cabin") == "21"
    system = registry.async_get_device_by_identifier((DOMAIN, "01EDGE_van/env"), "01EDGE")
    device = registry.async_get_device_by_identifier((DOMAIN, "01EDGE_van/env/cabin"), "01EDGE")
    assert system is not None
    assert device is not None
    assert device.via_device_id == system.id


async def test_diagnostics_contain_no_secrets(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, hass_client: ClientSessionGenerator
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "archive_url": "postgresql://me:secret@db/x"})
    await publish(TOPIC, {"temperature_c": 20, "latitude": 45.123, "longitude": 8.5})
    await publish(TOPIC, "broken")
    shown = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert "secret" not in str(shown)
    assert "45.123" not in str(shown)
    (device,) = shown["devices"]
    assert (device["messages"], device["malformed"], device["values"]["temperature_c"]) == (1, 1, 20)
    assert shown["malformed"][0]["reason"] == "not_json"
    await publish("van/env/gps/data", {"gps": {"lat": 45.124, "lon": 8.501}, "temperature_c": "hot"})
    await publish("van/env/gps/data", '{"gps": {"lat": 45.125, "longitude": "-8.502')
    shown = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert shown["devices"][1]["values"] == {"gps_lat": "**REDACTED**", "gps_lon": "**REDACTED**"}
    assert not [place for place in ("45.124", "8.501", "45.125", "8.502") if place in str(shown)]
    messages = shown["last_messages"]
    assert sorted((item["channel"], item["text"]) for item in messages) == [
        (TOPIC, '{"temperature_c":20,"latitude":"<position>","longitude":"<position>"}'),
        ("van/env/gps/data", '{"gps":{"lat":"<position>","lon":"<position>"},"temperature_c":"hot"}'),
    ]
    assert shown["counters"]["received"] == 4
    assert shown["archive"]["dropped"] == 0


async def test_planted_secrets_are_neither_shown_nor_logged(
    hass: HomeAssistant,
    data: EdgeData,
    entry: MockConfigEntry,
    publish: Publish,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What gateways and trackers report about themselves, in messages that can be decoded and in others."""
    caplog.set_level("DEBUG")
    place = {"lat": 45.12345, "lng": 8.54321}
    planted = {
        "ssid": "MyHomeNet",
        "wifi": {"ssid": "MyHomeNet", "password": "hunter2hunter"},
        "mac": "AA:BB:CC:DD:EE:F1",
        "ip": "192.168.17.23",
        "imei": "356938035643809",
        "token": "tok3n-planted-xyz",
        "serial": "SN1234567890ABCD",
        "email": "me@example.org",
        "user": "johndoe1",
    }
    await publish(TOPIC, {"temperature_c": 20, **place, "gps": place, "coords": "45.12345, 8.54321", **planted})
    await publish("van/env/a/data", json.dumps({**planted, **place})[:-1])
    await publish(
        "van/env/b/data", 'xx password=hunter2hunter {"lat": 45.12345, "token": "tok3n-planted-xyz", "ssid":"'
    )
    await publish("van/env/c/data", '"' + 100 * "x" + ' token": "tok3n-planted-xyz" and more')
    shown = str(await get_diagnostics_for_config_entry(hass, hass_client, entry))
    logged = "\n".join(row.getMessage() for row in caplog.records if row.name.startswith("custom_components"))
    secrets = [str(value) for value in planted.values() if isinstance(value, str)]
    for secret in (*secrets, "hunter2", "tok3n", "45.1234", "8.5432"):
        assert secret not in shown, secret
        assert secret not in logged, secret
    assert "malformed message (not_json)" in logged
    assert "'temperature_c': 20" in shown


async def test_diagnostics_of_an_entry_that_could_not_be_set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    shown = await async_get_config_entry_diagnostics(hass, entry)
    assert "counters" not in shown


async def test_what_waits_is_written_when_home_assistant_stops(
    hass: HomeAssistant, data: EdgeData, publish: Publish, tmp_path: Path
) -> None:
    for value in range(30):
        await publish(TOPIC, {"temperature_c": value})
    await hass.async_stop(force=True)
    connection = sqlite3.connect(tmp_path / "edge_telemetry.db")
    assert connection.execute("SELECT count(*) FROM measurements").fetchone() == (30,)
    connection.close()


def test_a_broken_fleet_fills_neither_memory_nor_log(caplog: pytest.LogCaptureFixture) -> None:
    log = MalformedLog()
    for number in range(2000):
        log.note(f"device {number}", Reason.NOT_JSON, b"x" * 10_000)
    assert log.total == 2000
    assert len(log.as_list()) == 501
    assert log.of("(others)") == 1500
    assert len(caplog.records) == 500
    assert max(len(found["sample"] or "") for found in log.as_list()) < 200


async def test_a_device_that_goes_and_comes_is_logged_once_each(
    hass: HomeAssistant, data: EdgeData, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    for word in ("offline", "offline", "online", "online"):
        await publish("van/env/cabin/availability", word)
    assert caplog.text.count("is offline") == caplog.text.count("is back online") == 1


async def test_an_entry_can_be_unloaded_while_its_database_is_away(
    hass: HomeAssistant, mqtt_mock: MqttMockHAClient, entry: MockConfigEntry, publish: Publish
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "archive_url": "no/such/folder/a.db"})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await publish(TOPIC, {"temperature_c": 20})
    while entry.runtime_data.archive._cancel_repair is None:  # the thread's news have come through
        await hass.async_add_executor_job(lambda: None)
    await take_down(hass, entry)
    assert entry.state is ConfigEntryState.NOT_LOADED


def payloads(count: int, seed: int) -> list[bytes]:
    """Messages with all kinds of damage: bits flipped, cut, doubled, mixed, nested, huge numbers, odd keys."""
    rng = random.Random(seed)
    good = [
        b'{"metrics": {"temperature_c": 21.5, "door_open": true, "mode": "eco"}, "ts": 1772366400, "seq": 5}',
        b'{"timestamp": "2026-03-01T12:00:00Z", "humidity_percent": "48.2", "battery": {"voltage": 12.5}}',
        f'{{"gw_mac": "C8:25:2D:8E:9C:2C", "rssi": -26, "ts": "1", "data": "{ADVERTISEMENT}"}}'.encode(),
        b'{"online": true, "commands": ["a", 5, null], "ack": {"id": 7, "status": []}}',
    ]
    pieces = [
        b"{",
        b"}",
        b"[",
        b'"',
        b":",
        b",",
        b"null",
        b"1e308",
        b"-1e-400",
        b"\\u0000",
        b"\xff\x00",
        b"9" * 40,
        b'"metrics"',
        b"[" * 600,
    ]
    made = []
    for _ in range(count):
        message = bytearray(rng.choice(good))
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(message) or 1)
            match rng.randrange(5):
                case 0:
                    message[at : at + 1] = bytes([rng.randrange(256)])
                case 1:
                    del message[at:]
                case 2:
                    message[at:at] = rng.choice(pieces)
                case 3:
                    del message[at : at + rng.randrange(8)]
                case _:
                    message += rng.choice(good)
        made.append(bytes(message))
    return made


async def fuzz(hass: HomeAssistant, count: int, caplog: pytest.LogCaptureFixture) -> None:
    topics = [
        f"van/env/d{n}/{channel}"
        for n in range(20)
        for channel in ("data", "data", "data", "state", "event/ack", "status")
    ]
    topics += ["paku/ruuvi/x", "ruuvi/AA:BB/CC:DD", "ruuvi/AA:BB/gw_status"]
    rng = random.Random(count)
    for number, payload in enumerate(payloads(count, 7)):
        async_fire_mqtt_message(hass, rng.choice(topics), payload, 1, rng.random() < 0.05)
        if number % 1000 == 0:
            await hass.async_block_till_done()
    await hass.async_block_till_done()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]


@pytest.mark.slow
async def test_fuzzed_payloads_cause_no_exception(
    hass: HomeAssistant, data: EdgeData, caplog: pytest.LogCaptureFixture
) -> None:
    await fuzz(hass, 5_000, caplog)
    # core hands a retained message of a topic on once
    assert 4_700 < data.counters.received <= 5_000
    assert data.counters.accepted > 300
    assert data.malformed.total > 500


@pytest.mark.slow
async def test_a_hundred_thousand_fuzzed_payloads_cause_no_exception(
    hass: HomeAssistant, data: EdgeData, caplog: pytest.LogCaptureFixture
) -> None:
    await fuzz(hass, 100_000, caplog)
    assert 94_000 < data.counters.received <= 100_000
