"""Set-up, unload, removal, restart and crash."""

import asyncio
from copy import deepcopy
from datetime import timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating.const import CONF_DEVICE_ID, DOMAIN, SUBENTRY_CONTROLLER
from custom_components.iot_heating.hub import ControllerHub
from custom_components.iot_heating.protocol.session_tracker import SessionTracker
from custom_components.iot_heating.storage.device_store import DEVICE_STORE, DeviceStore
from custom_components.iot_heating.storage.session_store import SESSION_STORE

from . import TELEMETRY, add_controller, building_entry, controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload the entry and read everything back from the store, as a new process does."""
    await hass.config_entries.async_unload(entry.entry_id)
    registry = hass.data[DEVICE_STORE]
    fresh = DeviceStore(hass)
    await fresh.async_load()
    for name in ("buildings", "devices", "last_seen"):
        getattr(registry, name).clear()
        getattr(registry, name).update(getattr(fresh, name))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def test_a_controller_that_is_added_during_the_set_up_is_there(hass: HomeAssistant) -> None:
    entry = building_entry()

    async def add_meanwhile(*_: Any) -> None:
        data = MappingProxyType({CONF_DEVICE_ID: "ESP32-009", "name": "Attic"})
        subentry = ConfigSubentry(data=data, subentry_type=SUBENTRY_CONTROLLER, title="Attic", unique_id="ESP32-009")
        hass.config_entries.async_add_subentry(entry, subentry)

    with patch("custom_components.iot_heating.async_add_cards", add_meanwhile):
        await set_up(hass, entry)
    assert "ESP32-009" in entry.runtime_data.hub.controllers
    assert hass.states.get(
        entity_id(hass, "binary_sensor", controller_subentry(entry, "ESP32-009").subentry_id, "connectivity")
    )


async def test_a_building_loads_and_unloads(hass: HomeAssistant, building: MockConfigEntry, key: str) -> None:
    assert building.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(building.entry_id)
    assert building.state is ConfigEntryState.NOT_LOADED
    number = hass.states.get(entity_id(hass, "number", building.entry_id, "curve_value"))
    assert number
    assert number.state == "unavailable"


async def test_buildings_have_integers_that_are_not_used_again(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    first = await set_up(hass, building_entry("Main house"))
    second = await set_up(hass, building_entry("Barn"))
    assert (first.runtime_data.building.building_id, second.runtime_data.building.building_id) == (1, 2)
    await hass.config_entries.async_remove(second.entry_id)
    third = await set_up(hass, building_entry("Old mill"))
    assert third.runtime_data.building.building_id == 3
    await restart(hass, third)
    assert third.runtime_data.building.building_id == 3


async def test_a_controller_is_a_device_below_its_building(
    hass: HomeAssistant, building: MockConfigEntry, key: str
) -> None:
    registry = dr.async_get(hass)
    subentry = controller_subentry(building).subentry_id
    house = registry.async_get_device_by_identifier((DOMAIN, building.entry_id), building.entry_id)
    controller = registry.async_get_device_by_identifier((DOMAIN, subentry), building.entry_id)
    assert house
    assert controller
    assert controller.via_device_id == house.id
    assert (controller.name, controller.serial_number) == ("Cellar", "ESP32-001")


async def test_a_removed_controller_loses_its_entities(
    hass: HomeAssistant, building: MockConfigEntry, key: str
) -> None:
    subentry = controller_subentry(building)
    assert hass.config_entries.async_remove_subentry(building, subentry.subentry_id)
    await hass.async_block_till_done()
    assert not dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry.subentry_id), building.entry_id)
    assert not [e for e in er.async_get(hass).entities.values() if e.config_subentry_id == subentry.subentry_id]
    assert "ESP32-001" not in hass.data[DEVICE_STORE].devices
    assert building.subentries == {}


async def test_two_controllers_added_in_a_row_are_each_added_once(
    hass: HomeAssistant, building: MockConfigEntry
) -> None:
    """Home Assistant reports each in its own task: the second one started while the first was still loading."""
    hub: ControllerHub = building.runtime_data.hub
    seen: list[str] = []
    hub._new_controller_listeners.append(lambda controller: seen.append(controller.device_id))
    store = hass.data[SESSION_STORE]
    read = store.async_get_tracker

    async def slow_disk(number: int) -> SessionTracker:
        await asyncio.sleep(0.01)
        return await read(number)

    with patch.object(store, "async_get_tracker", slow_disk):
        for device_id in ("ESP32-001", "ESP32-002"):
            data = MappingProxyType({CONF_DEVICE_ID: device_id})
            subentry = ConfigSubentry(
                data=data, subentry_type=SUBENTRY_CONTROLLER, title=device_id, unique_id=device_id
            )
            hass.config_entries.async_add_subentry(building, subentry)
        await hass.async_block_till_done()
    assert seen == ["ESP32-001", "ESP32-002"]


async def test_a_removed_building_leaves_nothing(
    hass: HomeAssistant, hass_storage: dict[str, Any], hass_client_no_auth: ClientSessionGenerator
) -> None:
    entry = await set_up(hass, building_entry())
    key = await add_controller(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass_storage[DOMAIN]["data"]["buildings"] == {}
    assert hass_storage[DOMAIN]["data"]["devices"] == {}
    reply = await (await hass_client_no_auth()).get(PATH, headers={"X-Device-Key": key})
    assert reply.status == HTTPStatus.UNAUTHORIZED


async def test_profile_and_keys_survive_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any], hass_client_no_auth: ClientSessionGenerator
) -> None:
    entry = await set_up(hass, building_entry())
    key = await add_controller(hass, entry)
    await entry.runtime_data.building.async_patch_profile({"curve_value": 72, "min_external_temp": -5.5})
    await restart(hass, entry)
    reply = await (await hass_client_no_auth()).get(PATH, headers={"X-Device-Key": key})
    assert (await reply.json())["config"]["curve"] == {"value": 72, "min_external_temp": -5.5}


async def test_a_controller_whose_subentry_the_crash_took_is_restored(
    hass: HomeAssistant, hass_storage: dict[str, Any], hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Home Assistant writes config entries a second late; the key was shown before."""
    entry = await set_up(hass, building_entry())
    key = await add_controller(hass, entry)
    stored = deepcopy(hass_storage[DOMAIN])
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_remove_subentry(entry, controller_subentry(entry).subentry_id)
    hass_storage[DOMAIN] = stored
    await restart(hass, entry)
    assert controller_subentry(entry).title == "Cellar"
    assert "ESP32-001" in entry.runtime_data.hub.controllers
    reply = await (await hass_client_no_auth()).post(PATH, headers={"X-Device-Key": key}, json=TELEMETRY)
    assert reply.status == HTTPStatus.OK
    assert entry.runtime_data.hub.controllers["ESP32-001"].heating is True


async def test_a_controller_removed_while_its_building_was_off_loses_its_key(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    entry = await set_up(hass, building_entry())
    key = await add_controller(hass, entry)
    freezer.tick(timedelta(seconds=61))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.data[DEVICE_STORE].devices["ESP32-001"].confirmed
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_remove_subentry(entry, controller_subentry(entry).subentry_id)
    await restart(hass, entry)
    assert entry.subentries == {}
    reply = await (await hass_client_no_auth()).get(PATH, headers={"X-Device-Key": key})
    assert reply.status == HTTPStatus.UNAUTHORIZED


async def test_entries_restored_without_our_store_are_known_but_keyless(
    hass: HomeAssistant, hass_storage: dict[str, Any], hass_client_no_auth: ClientSessionGenerator
) -> None:
    entry = await set_up(hass, building_entry())
    key = await add_controller(hass, entry)
    del hass_storage[DOMAIN]
    await restart(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert hass.data[DEVICE_STORE].devices["ESP32-001"].keys.current is None
    reply = await (await hass_client_no_auth()).get(PATH, headers={"X-Device-Key": key})
    assert reply.status == HTTPStatus.UNAUTHORIZED


async def test_a_change_that_the_disk_refuses_is_not_made(hass: HomeAssistant, building: MockConfigEntry) -> None:
    before = building.runtime_data.building.profile
    with (
        patch.object(Store, "_async_write_data", side_effect=WriteError("disk full")),
        pytest.raises(HomeAssistantError) as caught,
    ):
        await building.runtime_data.building.async_patch_profile({"curve_value": 1})
    assert caught.value.translation_key == "storage_failed"
    assert building.runtime_data.building.profile is before


async def test_last_seen_is_written_under_steady_polling(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    entry = await set_up(hass, building_entry())
    key = await add_controller(hass, entry)
    client = await hass_client_no_auth()
    for _ in range(14):
        freezer.tick(timedelta(seconds=30))
        async_fire_time_changed(hass)
        await client.get(PATH, headers={"X-Device-Key": key})
    await hass.async_block_till_done(wait_background_tasks=True)
    seen = hass_storage[DOMAIN]["data"]["devices"]["ESP32-001"]["last_seen"]
    assert seen is not None
    assert (dt_util.utcnow() - dt_util.parse_datetime(seen)).total_seconds() <= 330
