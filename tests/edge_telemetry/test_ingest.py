"""From a message to entities and the archive."""

import asyncio
from datetime import timedelta
import json
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.data import EdgeData

from .conftest import Publish, entity_id, pass_time, set_up, state, take_down

TOPIC = "van/ruuvi/inside/data"
TAG = "ruuvi/C8:25:2D:8E:9C:2C/F4:1F:0C:28:CB:D6"
TAG_ID = "home/ruuvi/F4:1F:0C:28:CB:D6"
ADVERTISEMENT = "0201061BFF99040515AE4C6DC6D7000CFFF803F4ADB6AD697FF41F0C28CBD6"


def gateway_message(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"gw_mac": "C8:25:2D:8E:9C:2C", "rssi": -26, "gwts": now, "ts": str(now), "data": ADVERTISEMENT} | changes


async def test_a_message_becomes_sensors_of_a_device_in_the_area_of_its_site(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(
        "van/power/battery/data",
        {
            "metrics": {"voltage_v": 12.8, "charging": True, "mode": "float", "fridge_door": False, "odd": 7},
            "fw": "1.4",
        },
    )
    device = "van/power/battery"
    assert state(hass, "voltage_v", device) == "12.8"
    assert state(hass, "mode", device) == "float"
    assert state(hass, "odd", device) == "7"
    assert state(hass, "charging", device, "binary_sensor") == "on"
    assert state(hass, "fridge_door", device, "binary_sensor") == "off"
    assert state(hass, "online", device, "binary_sensor") == "on"
    shown = hass.states.get(entity_id(hass, "sensor", "voltage_v", device))
    assert shown.attributes["unit_of_measurement"] == "V"
    assert shown.attributes["device_class"] == "voltage"
    registered = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, f"01EDGE_{device}"), "01EDGE")
    assert (registered.name, registered.sw_version) == ("Battery", "1.4")
    assert ar.async_get(hass).async_get_area(registered.area_id).name == "Van"
    system = dr.async_get(hass).async_get(registered.via_device_id)
    assert system.name == "Van Power"


async def test_flat_json_on_the_legacy_topic_is_read(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish("paku/ruuvi/van_inside", {"temperature_c": 21.5, "humidity_percent": 40, "battery_mv": 2400})
    device = "paku/ruuvi/van_inside"
    assert state(hass, "temperature_c", device) == "21.5"
    assert float(state(hass, "dew_point_c", device)) == pytest.approx(7.4, abs=0.1)
    assert state(hass, "battery_low", device, "binary_sensor") == "on"


async def test_a_gateways_advertisement_is_read_with_what_follows_from_it(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TAG, gateway_message())
    assert state(hass, "temperature_c", TAG_ID) == "27.75"
    assert state(hass, "rssi", TAG_ID) == "-26"
    assert float(state(hass, "absolute_humidity_g_m3", TAG_ID)) == pytest.approx(13.1, abs=0.1)
    # a second gateway received the same advertisement
    await publish(TAG.replace("C8:25", "AA:BB"), gateway_message(gw_mac="AA:BB:2D:8E:9C:2C", rssi=-80))
    assert data.counters.duplicates == 1
    assert state(hass, "rssi", TAG_ID) == "-26"
    # a tag takes no commands
    assert entity_id(hass, "button", "command_ping", TAG_ID) is None


async def test_tags_go_with_the_only_gateway_that_hears_them(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TAG, gateway_message())
    await publish("ruuvi/C8:25:2D:8E:9C:2C/gw_status", {"state": "online"})
    assert state(hass, "temperature_c", TAG_ID) == "27.75"
    await publish("ruuvi/AA:BB:2D:8E:9C:2C/gw_status", {"state": "offline"})
    assert state(hass, "temperature_c", TAG_ID) == "27.75"
    await publish("ruuvi/C8:25:2D:8E:9C:2C/gw_status", {"state": "offline"})
    assert state(hass, "temperature_c", TAG_ID) == "unavailable"


async def test_new_metrics_appear_by_themselves(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    assert entity_id(hass, "sensor", "pressure_hpa") is None
    await publish(TOPIC, {"temperature_c": 20, "pressure_hpa": 1000.5})
    assert state(hass, "pressure_hpa") == "1000.5"


async def test_a_significant_change_is_shown_and_a_metric_left_out_stays(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0, "humidity_percent": 50})
    await publish(TOPIC, {"temperature_c": 25.0})
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=11))
    await hass.async_block_till_done()
    assert state(hass, "temperature_c") == "25.0"
    assert state(hass, "humidity_percent") == "50"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("not json", "not_json"),
        (b"\xff\xfe", "not_json"),
        ("[1]", "not_an_object"),
        ("{}", "no_metrics"),
        ({"gw_mac": "x", "data": "00"}, "bad_ruuvi_data"),
    ],
)
async def test_malformed_messages_are_counted_shown_and_logged_once(
    hass: HomeAssistant,
    data: EdgeData,
    publish: Publish,
    *,
    caplog: pytest.LogCaptureFixture,
    payload: Any,
    reason: str,
) -> None:
    for _ in range(5):
        await publish(TOPIC, payload)
    assert data.malformed.total == 5
    assert data.malformed.of("van/ruuvi/inside") == 5
    assert caplog.text.count("malformed message") == 1
    assert reason in caplog.text
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=11))
    await hass.async_block_till_done()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=25))
    await hass.async_block_till_done()
    assert state(hass, "malformed", "") == "5"


async def test_a_bad_value_costs_only_itself(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(TOPIC, {"metrics": {"temperature_c": "warm", "humidity_percent": 50}})
    assert state(hass, "humidity_percent") == "50"
    assert entity_id(hass, "sensor", "temperature_c") is None
    await publish(TOPIC, {"metrics": {"mode": "eco"}})
    await publish(TOPIC, {"metrics": {"temperature_c": True, "humidity_percent": 50}})
    assert state(hass, "mode") == "eco"
    assert [found["reason"] for found in data.malformed.as_list()] == ["bad_value"]
    assert data.malformed.total == 2


async def test_topics_that_are_of_no_device_are_counted(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(f"van/ruuvi/{'x' * 100}/data", {"temperature_c": 20})
    assert data.malformed.as_list()[0]["reason"] == "bad_topic"
    assert not data.devices


async def test_the_same_sequence_number_counts_once_and_gaps_are_counted(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    for seq in (1, 2, 2, 5):
        await publish(TOPIC.replace("ruuvi", "env"), {"metrics": {"temperature_c": 20.0 + seq}, "seq": seq})
    assert (data.counters.accepted, data.counters.duplicates) == (3, 1)
    (device,) = data.devices.values()
    assert device.tracker.lost == 2
    assert device.values["temperature_c"] == 25.0


async def test_stored_values_sent_late_are_history_not_the_present(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    now = time.time()
    await publish(TOPIC, {"metrics": {"temperature_c": 24.0}, "ts": now - 3610, "seq": 1})
    await publish(TOPIC, {"metrics": {"temperature_c": 25.0}, "ts": now, "seq": 3})
    await publish(TOPIC, {"metrics": {"temperature_c": 5.0}, "ts": now - 3600, "seq": 2})
    (device,) = data.devices.values()
    assert device.values["temperature_c"] == 25.0
    assert (data.counters.late, data.counters.accepted) == (1, 3)


async def test_an_implausible_time_is_ignored(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(TOPIC, {"metrics": {"temperature_c": 25.0}, "ts": 4_000_000_000})
    await publish(TOPIC, {"metrics": {"temperature_c": 26.0}})
    (device,) = data.devices.values()
    assert device.values["temperature_c"] == 26.0
    assert data.counters.refused_clocks == 1


async def test_a_retained_message_is_shown_but_does_not_set_the_device_online(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0}, retain=True)
    assert state(hass, "temperature_c") == "20.0"
    assert state(hass, "online", platform="binary_sensor") == "unknown"
    await publish(TOPIC, {"temperature_c": 22.0})
    await publish(TOPIC, {"temperature_c": 20.0}, retain=True)
    (device,) = data.devices.values()
    assert device.values["temperature_c"] == 22.0
    assert data.counters.accepted == 1


@pytest.mark.parametrize(("age_s", "online"), [(60, "on"), (3600, "unknown")])
async def test_a_retained_message_with_a_time_sets_when_the_device_was_last_seen(
    hass: HomeAssistant, data: EdgeData, publish: Publish, *, age_s: int, online: str
) -> None:
    measured = int(time.time()) - age_s
    for _ in range(2):
        await publish(TOPIC, {"ts": measured, "temperature_c": 20.0}, retain=True)
    # Older than the time after which its device would be offline: not the present.
    assert state(hass, "temperature_c") == ("20.0" if online == "on" else None)
    assert state(hass, "online", platform="binary_sensor") == online
    (device,) = data.devices.values()
    assert device.last_seen == measured
    # it was archived when it came first, in another life
    assert data.archive.archive.status.queued + data.archive.archive.status.written == 0


@pytest.mark.parametrize(
    ("topic", "gone", "back"),
    [
        ("van/ruuvi/inside/availability", "offline", "online"),
        ("van/ruuvi/inside/status", "0", "1"),
        ("van/ruuvi/inside/state", {"online": False}, {"state": "online"}),
    ],
)
async def test_a_last_will_makes_a_device_unavailable_at_once(
    hass: HomeAssistant, data: EdgeData, publish: Publish, *, topic: str, gone: Any, back: Any
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0})
    await publish(topic, gone)
    assert state(hass, "temperature_c") == "unavailable"
    assert state(hass, "online", platform="binary_sensor") == "off"
    await publish(topic, "")
    await publish(topic, back)
    assert state(hass, "temperature_c") == "20.0"
    await publish(topic, gone)
    await publish(TOPIC, {"temperature_c": 20.0})
    assert state(hass, "temperature_c") == "20.0"
    await publish(topic, "[]")
    assert data.malformed.total == 1


async def test_a_silent_device_becomes_unavailable(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0})
    await pass_time(hass, freezer, 890)
    assert state(hass, "temperature_c") == "20.0"
    await pass_time(hass, freezer, 20)
    assert state(hass, "temperature_c") == "unavailable"


async def test_a_device_that_does_not_come_back_after_a_restart_becomes_unavailable(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, "temperature_c") == "unknown"
    await pass_time(hass, freezer, 920)
    assert state(hass, "temperature_c") == "unavailable"
    assert state(hass, "online", platform="binary_sensor") == "off"


async def test_while_the_broker_is_away_for_long_nothing_is_available(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0})
    data.broker._status(False)
    freezer.tick(20)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state(hass, "temperature_c") == "20.0"
    freezer.tick(20)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state(hass, "temperature_c") == "unavailable"


async def test_a_gap_ends_with_the_last_of_the_subscriptions(hass: HomeAssistant, data: EdgeData) -> None:
    """Core renews them one after the other, the fixed topics after those with wildcards."""
    first, *others = sorted(data.broker._topics)
    assert {first, *others} >= {"+/+/+/data", "paku/ruuvi/+", "ruuvi/+/+"}
    for topic in (first, *others):
        data.broker._subscribed(topic)  # the first time there is no gap
    assert data.broker.gaps == 0
    data.broker._status(False)
    data.broker._status(True)
    for topic in others:
        data.broker._subscribed(topic)
    assert (data.broker.gaps, data.broker.lost_since is None) == (0, False)
    data.broker._subscribed(first)
    data.broker._subscribed(first)
    assert (data.broker.gaps, data.broker.lost_since) == (1, None)


async def test_devices_beyond_the_limit_are_refused_with_a_repair_issue(
    hass: HomeAssistant, mqtt_mock: Any, entry: MockConfigEntry, publish: Publish
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={"max_devices": 2, "max_metrics": 3})
    assert await hass.config_entries.async_setup(entry.entry_id)
    for n in range(4):
        await publish(f"s/env/d{n}/data", {"metrics": {f"m{k}": k for k in range(5)}})
    data: EdgeData = entry.runtime_data
    assert len(data.devices) == 2
    assert all(len(device.record.metrics) == 3 for device in data.devices.values())
    assert ir.async_get(hass).async_get_issue(DOMAIN, "too_many_devices_01EDGE")
    assert {found["reason"] for found in data.malformed.as_list()} == {"too_many_devices", "too_many_metrics"}
    await take_down(hass, entry)
    assert not ir.async_get(hass).async_get_issue(DOMAIN, "too_many_devices_01EDGE")


async def test_devices_and_metrics_are_there_after_a_restart(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0, "mode": "eco", "door_open": True, "fw": "2.0"})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    for platform, key in (("sensor", "temperature_c"), ("sensor", "mode"), ("binary_sensor", "door_open")):
        assert state(hass, key, platform=platform) == "unknown"
    await publish(TOPIC, {"temperature_c": 21.0})
    assert state(hass, "temperature_c") == "21.0"
    assert entry.runtime_data.devices[("van", "ruuvi", "inside")].record.info == {"sw_version": "2.0"}


async def test_a_device_that_reports_only_its_firmware_keeps_its_name(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish("van/env/fridge_door/data", {"temperature_c": 20.0})
    registry = dr.async_get(hass)
    await publish("van/env/fridge_door/state", {"fw": "3.1"})
    found = registry.async_get_device_by_identifier((DOMAIN, "01EDGE_van/env/fridge_door"), "01EDGE")
    assert (found.name, found.sw_version) == ("Fridge door", "3.1")


@pytest.mark.parametrize(
    ("said", "online"),
    [
        ({"online": True, "state": "charging"}, "on"),
        ({"state": "charging", "availability": "Offline"}, "off"),
        ({"state": "charging"}, "unknown"),
        ("Online", "on"),
    ],
)
async def test_a_word_about_something_else_does_not_hide_that_a_device_is_there(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, said: Any, online: str
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await publish("van/ruuvi/inside/state", said)
    assert state(hass, "online", platform="binary_sensor") == online


async def test_a_device_may_say_what_it_is_called_later(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(TOPIC, {"temperature_c": 20.0})
    await publish("van/ruuvi/inside/state", {"name": "Cabin", "fw": "3.1", "model": "Probe"})
    found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, "01EDGE_van/ruuvi/inside"), "01EDGE")
    assert (found.name, found.sw_version, found.model) == ("Cabin", "3.1", "Probe")


async def test_messages_are_in_the_archive_as_they_came(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    own = {"metrics": {"temperature_c": 20.5}, "seq": 9}
    await publish("van/env/inside/data", own)
    await publish("van/env/inside/data", {"temp": 21.5, "odd": [1, 2]})
    await publish(TAG, gateway_message())
    rows = await query(hass, aggregation="raw")
    assert [row["metrics"].get("temperature_c") for row in sorted(rows, key=lambda row: row["device"] + row["ts"])][
        1:
    ] == [20.5, 21.5]
    hours = await query(hass, aggregation="hour", metrics=["temperature_c"], device="inside")
    assert [(hour["n"], hour["mean"]) for hour in hours] == [(2, 21.0)]
    derived = await query(hass, aggregation="hour", metrics=["dew_point_c"])
    assert len(derived) == 1


async def query(hass: HomeAssistant, **fields: Any) -> list[dict[str, Any]]:
    """Ask the archive until what was published has reached it."""
    data: EdgeData = hass.config_entries.async_entries(DOMAIN)[0].runtime_data
    assert data.archive.archive is not None
    async with asyncio.timeout(120):
        while data.archive.archive.status.written < data.counters.accepted:  # noqa: ASYNC110 - a thread gives no notice
            await asyncio.sleep(0.05)
    answer = await hass.services.async_call(
        DOMAIN,
        "query_measurements",
        {"start": dt_util.now() - timedelta(days=2), "end": dt_util.now() + timedelta(hours=1), **fields},
        blocking=True,
        return_response=True,
    )
    return json.loads(json.dumps(answer["rows"]))


async def test_an_entry_without_an_archive_works(hass: HomeAssistant, mqtt_mock: Any, publish: Publish) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        entry_id="01EDGE",
        data={"patterns": ["{site}/{system}/{device}/data"], "default_site": "x", "archive": "off"},
    )
    await set_up(hass, entry)
    await publish(TOPIC, {"temperature_c": 20.0})
    assert state(hass, "temperature_c") == "20.0"
    assert entity_id(hass, "binary_sensor", "archive", "") is None
    await take_down(hass, entry)
