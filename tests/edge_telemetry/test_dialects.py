"""Dialects: the pattern of a topic selects how its messages are read."""

import json
from pathlib import Path
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.edge_telemetry.decoders import Address, Channel, TopicPattern, decode_capture, overlap
from custom_components.edge_telemetry.decoders.dialects import DIALECTS, JSON, Dialect, register_dialect

from .conftest import Publish, confirmed, entity_id, pass_time, set_up, state, take_down

PLUG = "home/tasmota/plug"
LAMP = "home/zigbee2mqtt/lamp"


def read(topic: str, payload: Any) -> dict[str, tuple[Any, str | None]]:
    """Return the readings of a message."""
    wrapped = {"topic": topic, "payload" if isinstance(payload, dict) else "text": payload}
    return {key: (value, unit) for key, value, unit in decode_capture(wrapped)}


def values(topic: str, payload: Any) -> dict[str, Any]:
    return {key: value for key, (value, _) in read(topic, payload).items()}


@pytest.mark.parametrize(
    ("pattern", "key", "topic", "address"),
    [
        ("tele/{device_id}/SENSOR", "tasmota", "tele/plug/SENSOR", ("home", "tasmota", "plug")),
        ("tele/{device_id}/STATE", "tasmota", "tele/plug/SENSOR", ("home", "tasmota", "plug")),
        ("attic/tele/{device_id}/+", "tasmota", "attic/tele/plug/STATE", ("attic", "tasmota", "plug")),
        ("{site}/{device}/tele/SENSOR", "tasmota", "attic/plug/tele/STATE", ("attic", "tasmota", "plug")),
        ("tasmota: x/{device}/y", "tasmota", "x/plug/SENSOR", ("x", "tasmota", "plug")),
        ("zigbee2mqtt/{device_id}", "zigbee2mqtt", "zigbee2mqtt/lamp", ("home", "zigbee2mqtt", "lamp")),
        ("zigbee2mqtt: attic/zb/{device_id}", "zigbee2mqtt", "attic/zb/lamp", ("attic", "zb", "lamp")),
        ("{site_id}/{system}/{device_id}/data", "json", "a/b/c/data", ("a", "b", "c")),
    ],
)
def test_a_pattern_selects_its_dialect(pattern: str, key: str, topic: str, address: tuple[str, ...]) -> None:
    found = TopicPattern(pattern)
    assert found.dialect.key == key
    match = found.find(topic, Channel.DATA)
    assert match is not None
    assert match.address == Address(*address)


def test_a_dialect_has_its_topics() -> None:
    assert TopicPattern("tele/{device_id}/SENSOR").subscriptions() == {
        "tele/+/ENERGY": Channel.DATA,
        "tele/+/SENSOR": Channel.DATA,
        "tele/+/STATE": Channel.DATA,
        "tele/+/INFO1": Channel.DATA,
        "tele/+/LWT": Channel.AVAILABILITY,
        "stat/+/RESULT": Channel.DATA,
    }
    assert TopicPattern("zigbee2mqtt/{device_id}").subscriptions() == {
        "zigbee2mqtt/+": Channel.DATA,
        "zigbee2mqtt/+/availability": Channel.AVAILABILITY,
        "zigbee2mqtt/bridge/state": Channel.GATEWAY,
    }


def test_a_dialect_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        register_dialect(Dialect(key="json", recognizes=JSON.recognizes, body=JSON.body, forms=JSON.forms))
    assert set(DIALECTS) >= {"json", "tasmota", "zigbee2mqtt"}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a/#", "a/+/b", True),
        ("a/#", "a", True),
        ("#", "a/b/c", True),
        ("+/x", "a/x", True),
        ("a/+", "+/b", True),
        ("a/b/", "a/b", True),
        ("$share/group/a/+", "a/b", True),
        ("$share/group/a/+", "$share/other/a/#", True),
        ("a/+/b", "a/x/b/c", False),
        ("a/+", "a/b/c", False),
        ("a/+", "a", False),
        ("a/b", "a/c", False),
        ("+/x", "a/y", False),
        ("a/b/#", "a/c/#", False),
        ("a/+/c/#", "a/b/+/d", True),
    ],
)
def test_filters_overlap_where_a_topic_matches_both(first: str, second: str, expected: bool) -> None:
    assert overlap(first, second) is overlap(second, first) is expected


# Tasmota


def test_the_recorded_messages_have_values_and_units(captures: Path) -> None:
    cases = json.loads((captures.parent / "cases" / "devices" / "mqtt.json").read_text("utf-8"))
    readings = {key: (value, unit) for key, value, unit in decode_capture(cases)}
    assert readings["z2m_battery_sensor.battery_v"] == (3.005, "V")
    assert readings["z2m_battery_sensor.battery_percent"] == (100, "%")
    assert readings["z2m_battery_sensor.temperature_c"] == (16.66, "°C")
    assert readings["tasmota_sensor.energy_kwh"] == (1.858, "kWh")
    assert readings["tasmota_sensor.power_w"] == (149, "W")
    assert readings["tasmota_sensor.apparent_power_va"] == (307, "VA")
    assert readings["tasmota_sensor.power_factor"] == (0.48, None)
    assert readings["tasmota_sensor.ds18b20_3c01b607_temperature_c"] == (21.6, "°C")
    assert readings["tasmota_three_phases.l1_current_a"] == (0.785, "A")
    assert readings["tasmota_three_phases.power_w"] == (11, "W")
    assert readings["tasmota_three_phases.neutral_current_a"] == (0.008, "A")
    assert readings["tasmota_state.uptime_s"] == (2_334_009, "s")
    assert readings["tasmota_state.rssi"] == (-36, "dBm")
    assert readings["tasmota_state.wifi_quality_percent"] == (100, "%")
    assert readings["tasmota_state.channel_1_output_on"] == (False, None)
    assert readings["utf8_bom.temperature_c"] == (21.5, "°C")
    assert not [key for key in readings if key.endswith("error")]


SENSOR = "tele/plug/SENSOR"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            {"DS18B20-1": {"Id": "AA", "Temperature": 69.8},
              "DS18B20-2": {"Id": "BB", "Temperature": 32}, "TempUnit": "F"},
            {"ds18b20_aa_temperature_c": 21.0, "ds18b20_bb_temperature_c": 0.0},
        ),
        ({"DS18B20": {"Id": "AA", "Temperature": -127.0}}, {"ds18b20_aa_temperature_c": None}),
        (
            {"BME280": {"Temperature": 20, "Pressure": 29.92, "DewPoint": 50}, "PressureUnit": "inHg", "TempUnit": "F"},
            {"bme280_temperature_c": -6.666667, "bme280_pressure_hpa": 1013.207589, "bme280_dew_point_c": 10.0},
        ),
        ({"SGP30": {"TVOC": 12, "aHumidity": 8.1}}, {"sgp30_tvoc_ppb": 12, "sgp30_absolute_humidity_g_m3": 8.1}),
        ({"SCD40": {"CarbonDioxide": 812, "eCO2": 790}}, {"scd40_co2_ppm": 812, "scd40_equivalent_co2_ppm": 790}),
        ({"ANALOG": {"A0": 12, "Temperature1": 20.5}}, {"analog_a0": 12, "analog_1_temperature_c": 20.5}),
        ({"SR04": {"Distance": 12.5}, "VL53L0X": {"Distance": 80}},
         {"sr04_distance_cm": 12.5, "vl53l0x_distance_mm": 80}),
        ({"ENERGY": {"Total": [1.5, 2.5, None], "Power": [5, None, 1]}}, {
            "l1_energy_kwh": 1.5, "l2_energy_kwh": 2.5, "l3_energy_kwh": None, "energy_kwh": None,
            "l1_power_w": 5, "l2_power_w": None, "l3_power_w": 1, "power_w": None,
        }),
        ({"ENERGY": {"Total": [1.5, 2.5], "Frequency": [50, 50]}}, {
            "l1_energy_kwh": 1.5, "l2_energy_kwh": 2.5, "energy_kwh": 4.0, "l1_frequency_hz": 50, "l2_frequency_hz": 50,
        }),
        ({"Switch1": "ON", "PMS5003": {"PM2.5": 8}}, {"switch1": True, "pms5003_pm25_ug_m3": 8}),
        (
            {"ZbReceived": {"0x6F33": {"Device": "0x6F33", "Name": "Cellar", "Temperature": 8.5, "LinkQuality": 80},
                            "0x0001": {"Humidity": 50, "Endpoint": 1}, "0x0002": 5}},
            {"Cellar.temperature_c": 8.5, "Cellar.link_quality": 80, "0x0001.humidity_percent": 50},
        ),
    ],
)  # fmt: skip
def test_tasmota_sensors(payload: dict[str, Any], expected: dict[str, Any]) -> None:
    assert values(SENSOR, {"Time": "2026-11-28T06:46:14", **payload}) == expected


def test_tasmota_states_and_answers() -> None:
    state_message = {"Uptime": "1T02:03:04", "Heap": 20, "POWER": "ON", "Dimmer": 40, "Vcc": 3.1, "Wifi": {"SSId": "x"}}
    assert read("tele/plug/STATE", state_message) == {
        "heap_bytes": (20_480, "B"),
        "output_on": (True, None),
        "dimmer_percent": (40, "%"),
        "supply_voltage_v": (3.1, "V"),
        "uptime_s": (93_784, "s"),
    }
    pattern = TopicPattern("tele/{device_id}/SENSOR")
    assert pattern.dialect.read is not None
    ((_, answer),) = pattern.dialect.read("RESULT", {"POWER2": "OFF", "TelePeriod": 300})
    assert answer.metrics == {"channel_2_output_on": False}
    assert list(pattern.dialect.read("RESULT", {"TelePeriod": 300})) == []
    for info in (
        {"Info1": {"Module": "Nous A1T", "Version": "14.2.0(tasmota)"}},
        {"Module": "Nous A1T", "Version": "14.2.0(tasmota)"},
    ):
        ((_, about),) = pattern.dialect.read("INFO1", info)
        assert about.info == {"model": "Nous A1T", "sw_version": "14.2.0(tasmota)"}


# Zigbee2MQTT


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"voltage": 3005, "battery": 100}, {"battery_v": (3.005, "V"), "battery_percent": (100, "%")}),
        ({"voltage": 231.4, "power": 15, "current": 0.07, "energy": 3.2}, {
            "voltage_v": (231.4, "V"), "power_w": (15, "W"), "current_a": (0.07, "A"), "energy_kwh": (3.2, "kWh"),
        }),
        ({"contact": True}, {"door_open": (False, None)}),
        ({"pressure": 1013.2}, {"pressure_hpa": (1013.2, "hPa")}),
        ({"pressure": 101.3}, {"pressure": (101.3, None)}),  # kPa, or the pressure of a pipe
        ({"contact": False, "tamper": False, "battery_low": True}, {
            "door_open": (True, None), "tamper_detected": (False, None), "battery_low": (True, None),
        }),
        ({"state": "ON", "brightness": 254, "update": {"state": "idle"}, "color": {"x": 0.4}}, {
            "output_on": (True, None), "brightness": (254, None),
        }),
        ({"state_left": "OFF", "state": "OPEN", "position": 40}, {
            "left_output_on": (False, None), "state": ("OPEN", None), "position_percent": (40, "%"),
        }),
        ({"power_phase_b": 12, "voltage_phase_c": 230}, {"l2_power_w": (12, "W"), "l3_voltage_v": (230, "V")}),
        ({"occupancy": True, "illuminance": 12, "device_temperature": 30}, {
            "occupancy_detected": (True, None), "illuminance": (12, None), "device_temperature_c": (30, "°C"),
        }),
        ({"water_leak": False, "smoke": False, "gas": True, "vibration": True}, {
            "water_leak_detected": (False, None), "smoke_detected": (False, None), "gas_detected": (True, None),
            "vibration_detected": (True, None),
        }),
        ({"linkquality": 42, "local_temperature": 20.5, "soil_moisture": 33}, {
            "link_quality": (42, "lqi"), "local_temperature_c": (20.5, "°C"), "soil_moisture_percent": (33, "%"),
        }),
    ],
)  # fmt: skip
def test_zigbee2mqtt_messages(payload: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read("zigbee2mqtt/lamp", payload) == expected


@pytest.mark.parametrize(
    "last_seen", ["2026-11-28T12:00:00.000Z", "2026-11-28T14:00:00+02:00", 1_795_867_200_000, "1795867200000"]
)
def test_zigbee2mqtt_states_when_the_device_reported(last_seen: Any) -> None:
    pattern = TopicPattern("zigbee2mqtt/{device_id}")
    assert pattern.dialect.read is not None
    ((_, message),) = pattern.dialect.read(
        "", {"battery": 5, "last_seen": last_seen, "device": {"model": "WSDCGQ11LM"}}
    )
    assert (message.ts, message.info) == (1_795_867_200.0, {"model": "WSDCGQ11LM"})


# Several devices on one topic


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        # rtl_433: one topic for all radio sensors; the model and the channel qualify the ID
        (
            {"time": "2026-11-28 12:00:00", "model": "Acurite-Tower", "id": 123, "channel": "A", "temperature_C": 21.5},
            {"Acurite-Tower-A-123.temperature_c": 21.5, "Acurite-Tower-A-123.channel": "A"},
        ),
        ([{"mac": "AA:BB", "temp": 5}, {"mac": "CC:DD", "temp": 6}, {"temp": 7}, 8, {"mac": "EE"}],
         {"AA:BB.temperature_c": 5, "CC:DD.temperature_c": 6}),
        ({"cellar": {"temperature": 5}, "attic": {"id": 7, "temperature": 6}},
         {"cellar.temperature_c": 5, "7.temperature_c": 6}),
        ({"device_id": "a/b", "metrics": {"power_w": 5}}, {"a-b.power_w": 5}),
        ({"temperature": 5, "humidity": {"value": 50, "unit": "%"}}, {"temperature_c": 5, "humidity_percent": 50}),
    ],
)  # fmt: skip
def test_the_message_identifies_the_device(payload: Any, expected: dict[str, Any]) -> None:
    text = payload if isinstance(payload, dict) else json.dumps(payload)
    assert values("shared: sensors/all", text) == expected


async def test_devices_of_one_topic_are_devices_of_their_own(
    hass: HomeAssistant, mqtt_mock: Any, entry: MockConfigEntry, publish: Publish
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "patterns": ["shared: rtl_433/{site}/events"]})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    for number, value in ((1, 20.5), (2, 21.5)):
        await publish("rtl_433/attic/events", {"model": "Tower", "id": number, "temperature_C": value})
    assert state(hass, "temperature_c", "attic/rtl_433/Tower-1") == "20.5"
    assert state(hass, "temperature_c", "attic/rtl_433/Tower-2") == "21.5"
    await publish("rtl_433/attic/events", "")
    await publish("rtl_433/attic/events", {"model": "Tower", "id": 3})
    assert [found["reason"] for found in entry.runtime_data.malformed.as_list()] == ["no_metrics"]
    await take_down(hass, entry)


# In Home Assistant


@pytest.fixture
async def systems(hass: HomeAssistant, mqtt_mock: Any, entry: MockConfigEntry) -> Any:
    """An entry with the topics of both."""
    patterns = ["tele/{device_id}/SENSOR", "tele/{device_id}/STATE", "zigbee2mqtt/{device_id}"]
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "patterns": patterns})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield entry.runtime_data
    await take_down(hass, entry)


async def test_a_tasmota_plug_is_one_device_with_units(hass: HomeAssistant, systems: Any, publish: Publish) -> None:
    await publish("tele/plug/LWT", "Online", retain=True)
    await publish(
        "tele/plug/SENSOR", {"Time": "2026-11-28T06:46:14", "ENERGY": {"Total": 1.858, "Yesterday": 1, "Power": 149}}
    )
    await publish("tele/plug/STATE", {"Time": "2026-11-28T06:46:15", "POWER": "ON", "Wifi": {"Signal": -36}})
    await publish("tele/plug/INFO1", {"Info1": {"Module": "Nous A1T", "Version": "14.2.0"}})
    assert list(systems.devices) == [("home", "tasmota", "plug")]
    energy = hass.states.get(entity_id(hass, "sensor", "energy_kwh", PLUG) or "")
    assert energy is not None
    assert energy.attributes["unit_of_measurement"] == "kWh"
    assert energy.attributes["state_class"] == "total_increasing"
    yesterday = hass.states.get(entity_id(hass, "sensor", "energy_yesterday_kwh", PLUG) or "")
    assert yesterday is not None
    assert "state_class" not in yesterday.attributes
    assert state(hass, "output_on", PLUG, "binary_sensor") == "on"
    await publish("stat/plug/RESULT", {"POWER": "OFF"})
    assert next(iter(systems.devices.values())).values["output_on"] is False
    assert systems.malformed.total == 0
    await publish("tele/plug/LWT", "Offline")
    assert state(hass, "energy_kwh", PLUG) == "unavailable"


async def test_local_time_without_a_zone_dates_a_message(
    hass: HomeAssistant, systems: Any, publish: Publish, freezer: FrozenDateTimeFactory, monkeypatch: Any
) -> None:
    await hass.config.async_set_time_zone("America/New_York")
    freezer.move_to("2026-11-28 12:00:05+00:00")
    rows: list[float] = []
    monkeypatch.setattr(systems.archive, "put", lambda _address, ts, *_: rows.append(ts))
    await publish("tele/plug/SENSOR", {"Time": "2026-11-28T07:00:00", "ENERGY": {"Power": 149}})
    assert rows == [time.time() - 5]
    assert state(hass, "device_clock_offset", PLUG) == "-5"


async def test_a_device_whose_last_will_is_known_is_not_silent(
    hass: HomeAssistant, systems: Any, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await publish("tele/plug/LWT", "Online", retain=True)
    for topic in ("tele/plug/SENSOR", "tele/other/SENSOR"):
        await publish(topic, {"ENERGY": {"Power": 149}})
    await pass_time(hass, freezer, 3600)
    assert state(hass, "power_w", PLUG) == "149"
    assert state(hass, "power_w", "home/tasmota/other") == "unavailable"


@pytest.mark.parametrize(("offline", "online"), [("offline", "online"), ({"state": "offline"}, {"state": "online"})])
async def test_zigbee_devices_go_by_their_availability(
    hass: HomeAssistant, systems: Any, publish: Publish, freezer: FrozenDateTimeFactory, offline: Any, online: Any
) -> None:
    await publish("zigbee2mqtt/lamp", {"power": 1503, "linkquality": 42})
    await confirmed(hass)
    freezer.tick(20 * 3600)  # it reports on change only
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state(hass, "power_w", LAMP) == "1503"
    await publish("zigbee2mqtt/lamp/availability", offline)
    assert state(hass, "power_w", LAMP) == "unavailable"
    await publish("zigbee2mqtt/lamp/availability", online)
    assert state(hass, "power_w", LAMP) == "1503"
    await confirmed(hass)
    freezer.tick(40 * 3600)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state(hass, "power_w", LAMP) == "1503"


async def test_the_bridge_is_not_a_device_and_a_removed_one_goes(
    hass: HomeAssistant, systems: Any, publish: Publish
) -> None:
    await publish("zigbee2mqtt/bridge", {"state": "online"})
    await publish("zigbee2mqtt/bridge/availability", "online")
    assert (len(systems.devices), systems.malformed.total) == (0, 0)
    await publish("zigbee2mqtt/lamp", {"power": 1503})
    await publish("zigbee2mqtt/lamp", "")
    assert (len(systems.devices), systems.malformed.total) == (0, 0)


async def test_what_a_bridge_remembers_is_not_the_present(hass: HomeAssistant, systems: Any, publish: Publish) -> None:
    """When it starts, Zigbee2MQTT publishes the last state of each device; `last_seen` is when it was reported."""
    await publish("zigbee2mqtt/lamp", {"power": 1503, "last_seen": (time.time() - 3 * 86_400) * 1000})
    assert state(hass, "power_w", LAMP) is None
    assert state(hass, "online", LAMP, "binary_sensor") == "unknown"
    await publish("zigbee2mqtt/lamp", {"power": 1500, "last_seen": time.time() * 1000})
    assert state(hass, "power_w", LAMP) == "1500"


async def test_zigbee_devices_behind_tasmota_are_devices_of_their_own(
    hass: HomeAssistant, systems: Any, publish: Publish
) -> None:
    await publish("tele/bridge/SENSOR", {"ZbReceived": {"0x6F33": {"Name": "Cellar", "Temperature": 8.5}}})
    assert state(hass, "temperature_c", "home/tasmota/Cellar") == "8.5"
    await publish("tele/bridge/SENSOR", "5")
    await publish("tele/bridge/SENSOR", b" " * 70_000)
    assert systems.malformed.of("home/tasmota/bridge") == 2


async def test_a_gateway_message_needs_only_its_data(
    hass: HomeAssistant, mqtt_mock: Any, entry: MockConfigEntry, publish: Publish
) -> None:
    await set_up(hass, entry)
    data = "0201061BFF990405166455D5C6DE0008FFF403F0AE760F2A8BF41F0C28CBD6"
    await publish("ruuvi/C8:25:2D:8E:9C:2C/F4:1F:0C:28:CB:D6", {"data": data})
    assert state(hass, "temperature_c", "home/ruuvi/F4:1F:0C:28:CB:D6") == "28.66"
    await publish("ruuvi/C8:25:2D:8E:9C:2C/gw_status", {"state": "offline"})
    assert state(hass, "temperature_c", "home/ruuvi/F4:1F:0C:28:CB:D6") == "unavailable"
    await take_down(hass, entry)
