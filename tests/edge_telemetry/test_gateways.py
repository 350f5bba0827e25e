"""Availability of devices behind gateways, of devices that sleep, and of those that have to be asked."""

from collections.abc import AsyncGenerator
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.data import EdgeData

from .conftest import Publish, entity_id, pass_time, set_up, state, take_down

PATTERNS = [
    "home/{gateway}/BTtoMQTT/{device_id}",
    "zigbee2mqtt/{device_id}",
    "shellies/{device_id}",
    "{device_id}/events/rpc",
    "N/{gateway}/{system}/{device_id}",
    "rtl_433/attic/events",
]
BLE = "home/theengs/A4C1386E4AE8"
HT = "home/shelly/shellyht-1"
PLUG = "home/shelly/shellyplug-s-1"
BATTERY = "home/battery/256"
ATC = {"id": "A4:C1:38:6E:4A:E8", "model": "LYWSD03MMC", "model_id": "LYWSD03MMC_ATC", "tempc": 14.2, "rssi": -91}


@pytest.fixture
async def loaded(hass: HomeAssistant, mqtt_mock: MqttMockHAClient, entry: MockConfigEntry) -> AsyncGenerator[EdgeData]:
    """An entry with the topics of gateways."""
    data = {**entry.data, "patterns": PATTERNS, "archive": "off"}
    entry = MockConfigEntry(domain=DOMAIN, title="Edge", data=data, entry_id="01EDGE")
    await set_up(hass, entry)
    yield entry.runtime_data
    await take_down(hass, entry)


async def test_sensors_are_offline_with_the_gateway_that_relays_them(
    hass: HomeAssistant, loaded: EdgeData, publish: Publish
) -> None:
    await publish("home/hall/BTtoMQTT/A4C1386E4AE8", ATC)
    await publish("home/attic/BTtoMQTT/C47C8D661011", {**ATC, "id": "C4:7C:8D:66:10:11"})
    await publish("home/attic/LWT", "offline", retain=True)
    assert state(hass, "temperature_c", BLE) == "14.2"
    assert state(hass, "temperature_c", "home/theengs/C47C8D661011") == "unavailable"
    await publish("home/hall/LWT", "offline", retain=True)
    assert state(hass, "temperature_c", BLE) == "unavailable"
    # Another gateway receives it.
    await publish("home/attic/LWT", "online", retain=True)
    await publish("home/attic/BTtoMQTT/A4C1386E4AE8", {**ATC, "tempc": 14.3})
    assert state(hass, "temperature_c", BLE) == "14.3"


async def test_zigbee_devices_are_offline_with_their_bridge(
    hass: HomeAssistant, loaded: EdgeData, publish: Publish
) -> None:
    await publish("zigbee2mqtt/lamp", {"temperature": 21.5, "linkquality": 42})
    await publish("home/hall/BTtoMQTT/A4C1386E4AE8", ATC)
    await publish("zigbee2mqtt/bridge/state", {"state": "offline"}, retain=True)
    assert state(hass, "temperature_c", "home/zigbee2mqtt/lamp") == "unavailable"
    assert state(hass, "temperature_c", BLE) == "14.2"
    assert loaded.malformed.total == 0
    await publish("zigbee2mqtt/lamp", {"temperature": 21.7})
    assert state(hass, "temperature_c", "home/zigbee2mqtt/lamp") == "21.7"


async def test_a_sleeping_device_is_not_offline(
    hass: HomeAssistant, loaded: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    for topic, text in (("sensor/battery", "88"), ("sensor/temperature", "21.5"), ("online", "true")):
        await publish(f"shellies/shellyht-1/{topic}", text)
        await publish(f"shellies/shellyplug-s-1/{'relay/0/power' if topic != 'online' else 'online'}", text)
    for name in ("shellyht-1", "shellyplug-s-1"):
        await publish(f"shellies/{name}/online", "false", retain=True)
    assert state(hass, "temperature_c", HT) == "21.5"
    assert state(hass, "relay_0_power_w", PLUG) == "unavailable"
    await pass_time(hass, freezer, 20 * 3600)
    assert state(hass, "temperature_c", HT) == "21.5"
    await pass_time(hass, freezer, 6 * 3600)
    await pass_time(hass, freezer, 11)
    assert state(hass, "temperature_c", HT) == "unavailable"


async def test_a_message_on_two_subscriptions_is_handled_once(
    hass: HomeAssistant, loaded: EdgeData, publish: Publish
) -> None:
    await publish("shellies/shellyplug-s-1/relay/0/power", "12.5")
    await publish("shellies/shellyplug-s-1/online", "true")
    await publish("shellies/shellyplug-s-1/relay/0/command", "off")
    await publish("shellies/command", "announce")
    assert state(hass, "relay_0_power_w", PLUG) == "12.5"
    assert loaded.malformed.total == 0
    assert loaded.counters.accepted == 1
    assert len(loaded.devices) == 1


async def test_a_venus_device_is_asked_as_long_as_the_entry_is_loaded(
    hass: HomeAssistant, loaded: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    with patch("custom_components.edge_telemetry.broker.keepalive.mqtt.async_publish", AsyncMock()) as sent:
        await publish("N/c0619ab12345/battery/256/Soc", {"value": 87.5})
        for _ in range(16):
            await pass_time(hass, freezer, 10)
        calls = [call.args[1:] for call in sent.call_args_list]
    assert {topic for topic, _ in calls} == {"R/c0619ab12345/keepalive"}
    # Every half minute, and every two minutes for all values.
    assert 5 <= len(calls) <= 6
    assert [not text for _, text in calls[:5]] == [True, False, False, False, True]


async def test_a_venus_device_that_does_not_answer_is_offline(
    hass: HomeAssistant, loaded: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await publish("N/c0619ab12345/battery/256/CustomName", {"value": "House"})
    await publish("N/c0619ab12345/battery/256/Soc", {"value": 87.5})
    assert state(hass, "soc_percent", BATTERY) == "87.5"
    assert loaded.devices[next(iter(loaded.devices))].name == "House"
    await pass_time(hass, freezer, 250)
    assert state(hass, "soc_percent", BATTERY) == "87.5"
    await pass_time(hass, freezer, 60)
    assert state(hass, "soc_percent", BATTERY) == "unavailable"
    await publish("N/c0619ab12345/battery/256/Soc", {"value": 86})
    assert state(hass, "soc_percent", BATTERY) == "86"
    await publish("N/c0619ab12345/battery/256/Soc", "")
    assert state(hass, "soc_percent", BATTERY) == "unavailable"


async def test_a_radio_event_is_dated_by_its_arrival(hass: HomeAssistant, loaded: EdgeData, publish: Publish) -> None:
    event = {"time": "2026-11-28 10:00:00", "model": "Bresser", "id": 4, "wind_dir_deg": 225, "rain_rate_mm_h": 2.5}
    await publish("rtl_433/attic/events", event)
    assert state(hass, "wind_direction", "home/rtl_433/Bresser-4") == "225"
    found = hass.states.get(entity_id(hass, "sensor", "rain_rate_mm_h", "home/rtl_433/Bresser-4") or "")
    assert found is not None
    assert found.state == "2.5"
    assert found.attributes["device_class"] == "precipitation_intensity"
    assert found.attributes["unit_of_measurement"] == "mm/h"


async def test_a_notification_of_shelly_changes_only_what_it_contains(
    hass: HomeAssistant, loaded: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    notice = {"src": "x", "method": "NotifyStatus", "params": {"switch:0": {"id": 0, "apower": 8.9, "output": True}}}
    await publish("pump/events/rpc", notice)
    await pass_time(hass, freezer, 30)
    await publish("pump/status/switch:0", {"id": 0, "apower": 950})
    assert state(hass, "switch_0_power_w", "home/shelly/pump") == "950"
    assert state(hass, "switch_0_output_on", "home/shelly/pump", "binary_sensor") == "on"
    await publish("pump/online", "false", retain=True)
    assert state(hass, "switch_0_power_w", "home/shelly/pump") == "unavailable"
