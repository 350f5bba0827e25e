"""All entities there are, and the settings of a building as entities."""

from collections.abc import Generator
from datetime import timedelta
from http import HTTPStatus
from unittest.mock import PropertyMock, patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import ConfirmRepairFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from syrupy.assertion import SnapshotAssertion

from custom_components.iot_heating import repairs

from . import TELEMETRY, add_controller, building_entry, controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"
WHEN = "2026-01-05 11:00:00+00:00"
DAY_S = 86_400.0


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Entities that are off by default are on."""
    with patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", PropertyMock(return_value=True)):
        yield


@pytest.fixture
async def full(
    all_enabled: None,
    hass: HomeAssistant,
    building: MockConfigEntry,
    client: TestClient,
    key: str,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A controller that reports all there is, with energy and price."""
    freezer.move_to(WHEN)
    subentry = controller_subentry(building)
    hass.config_entries.async_update_subentry(building, subentry, data={**subentry.data, "rated_power": 2000})
    hass.config_entries.async_update_entry(building, options={"price": 0.25})
    await hass.async_block_till_done()
    body = {
        **TELEMETRY,
        "errors": ["ds18b20 lost", {"code": "STB", "message": "too hot"}],
        "protocol_version": 2,
        "firmware_version": "1.4.2",
        "return_temp": 41.5,
        "room_temp": 20.5,
        "rssi": -61,
        "free_heap": 184320,
        "uptime_s": 3600,
    }
    reply = await client.post(PATH, headers={"X-Device-Key": key}, json=body)
    assert reply.status == HTTPStatus.OK
    await hass.async_block_till_done()
    for _ in range(2):
        freezer.tick(timedelta(seconds=10))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()


async def test_every_entity(
    hass: HomeAssistant, building: MockConfigEntry, full: None, snapshot: SnapshotAssertion
) -> None:
    """Reviewed once: names, classes, units and states of all."""
    registry = er.async_get(hass)
    owners = {building.entry_id: "building", controller_subentry(building).subentry_id: "controller"}
    told = {}
    for entry in sorted(er.async_entries_for_config_entry(registry, building.entry_id), key=lambda e: e.entity_id):
        state = hass.states.get(entry.entity_id)
        assert state, entry.entity_id
        owner, _, key = entry.unique_id.partition("_")
        if entry.unique_id.startswith(building.entry_id):
            owner, key = building.entry_id, entry.unique_id.removeprefix(f"{building.entry_id}_")
        told[entry.entity_id] = {
            "owner": owners[owner],
            "key": key,
            "translation_key": entry.translation_key,
            "state": state.state,
            "category": entry.entity_category,
            "attributes": {
                name: value
                for name, value in state.attributes.items()
                if name in ("device_class", "state_class", "unit_of_measurement", "options", "event_types", "errors")
            },
        }
        assert entry.translation_key == key
    assert told == snapshot


@pytest.mark.parametrize(("service", "enabled"), [("turn_off", False), ("turn_on", True)])
async def test_the_switch_enables_heating(
    hass: HomeAssistant, building: MockConfigEntry, service: str, enabled: bool
) -> None:
    target = entity_id(hass, "switch", building.entry_id, "iot_enabled")
    await hass.services.async_call("switch", service, {"entity_id": target}, blocking=True)
    await hass.async_block_till_done()
    assert building.runtime_data.building.profile.iot_enabled is enabled
    assert hass.states.is_state(target, "on" if enabled else "off")


async def test_the_mode_is_in_the_schedule_that_controllers_get(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    await building.runtime_data.building.async_patch_profile({"schedule": [{"day": "Daily", "slots": ["00:00-24:00"]}]})
    target = entity_id(hass, "select", building.entry_id, "mode")
    await hass.services.async_call("select", "select_option", {"entity_id": target, "option": "eco"}, blocking=True)
    await hass.async_block_till_done()
    assert hass.states.is_state(target, "eco")
    reply = await (await client.get(PATH, headers={"X-Device-Key": key})).json()
    assert reply["config"]["schedule"] == [{"day": "Daily", "slots": ["00:00-24:00"], "mode": "Eco"}]


async def test_the_flow_set_point_follows_outdoor_temperature_and_settings(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    target = entity_id(hass, "sensor", building.entry_id, "flow_setpoint")
    assert hass.states.is_state(target, "unknown"), "no outdoor temperature yet"
    await client.post(PATH, headers={"X-Device-Key": key}, json={"temp_out": -15})
    freezer.tick(timedelta(seconds=11))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert hass.states.is_state(target, "37.5"), "half of the lift of 35 K"
    await building.runtime_data.building.async_patch_profile({"iot_enabled": False})
    await hass.async_block_till_done()
    assert hass.states.is_state(target, "unknown")


async def test_an_outdoor_sensor_can_be_chosen(hass: HomeAssistant, building: MockConfigEntry) -> None:
    hass.states.async_set("sensor.garden", "14", {"unit_of_measurement": "°F"})
    hass.config_entries.async_update_entry(building, options={"outdoor_entity": "sensor.garden"})
    await hass.async_block_till_done()
    assert building.runtime_data.building.outdoor_c == pytest.approx(-10)
    hass.states.async_set("sensor.garden", "nonsense")
    assert building.runtime_data.building.outdoor_c is None


async def test_a_controller_offline_for_a_day_is_a_repair_issue_until_it_calls(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    building.runtime_data.hub.monitor._listening.max_pause_s = DAY_S  # hours pass between two checks
    await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    issues = ir.async_get(hass)

    async def after(**time: float) -> ir.IssueEntry | None:
        for _ in range(2):
            freezer.tick(timedelta(**time) / 2)
            async_fire_time_changed(hass)
            await hass.async_block_till_done()
        return issues.async_get_issue("iot_heating", "controller_offline_ESP32-001")

    assert await after(hours=23) is None
    issue = await after(hours=2)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["building"] == "Main house"
    await client.post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    assert await after(seconds=10) is None


async def test_a_removed_controllers_issue_goes(
    hass: HomeAssistant, building: MockConfigEntry, key: str, freezer: FrozenDateTimeFactory
) -> None:
    building.runtime_data.hub.monitor._listening.max_pause_s = DAY_S
    for _ in range(3):
        freezer.tick(timedelta(hours=20))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    issues = ir.async_get(hass)
    assert issues.async_get_issue("iot_heating", "controller_offline_ESP32-001")
    hass.config_entries.async_remove_subentry(building, controller_subentry(building).subentry_id)
    await hass.async_block_till_done()
    assert issues.async_get_issue("iot_heating", "controller_offline_ESP32-001") is None


async def test_repairs_accepts_the_platform(hass: HomeAssistant, building: MockConfigEntry) -> None:
    """Home Assistant rejects a repairs platform without a fix flow."""
    assert await async_setup_component(hass, "repairs", {})
    await hass.async_block_till_done()
    assert isinstance(
        await repairs.async_create_fix_flow(hass, "controller_offline_ESP32-001", None), ConfirmRepairFlow
    )


@pytest.mark.parametrize(("language", "model"), [("en", "ESP32 heating controller"), ("de", "ESP32-Heizungsregler")])
async def test_device_models_are_translated(hass: HomeAssistant, language: str, model: str) -> None:
    hass.config.language = language
    entry = building_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add_controller(hass, entry)
    device = dr.async_get(hass).async_get_device_by_identifier(
        ("iot_heating", controller_subentry(entry).subentry_id), entry.entry_id
    )
    assert device is not None
    assert (device.manufacturer, device.model) == (None, model)
