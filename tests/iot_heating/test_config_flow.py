"""Adding and renaming buildings, registering controllers."""

from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.network import NoURLAvailableError
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.iot_heating.const import DOMAIN, SUBENTRY_CONTROLLER
from custom_components.iot_heating.storage.device_store import DEVICE_STORE
from lib.device_keys import KeyMatch

from . import add_controller, building_entry


async def test_a_building_is_added(hass: HomeAssistant) -> None:
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "user")
    done = await hass.config_entries.flow.async_configure(form["flow_id"], {"name": " Main house "})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert (done["title"], done["data"]) == ("Main house", {"name": "Main house"})


async def test_a_building_without_a_name_is_asked_again(hass: HomeAssistant) -> None:
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await hass.config_entries.flow.async_configure(form["flow_id"], {"name": "  "})
    assert form["errors"] == {"name": "name_required"}
    done = await hass.config_entries.flow.async_configure(form["flow_id"], {"name": "Barn"})
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_a_building_is_added_once(hass: HomeAssistant, building: MockConfigEntry) -> None:
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    done = await hass.config_entries.flow.async_configure(form["flow_id"], {"name": "Main house"})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_building_is_renamed(hass: HomeAssistant, building: MockConfigEntry) -> None:
    form = await building.start_reconfigure_flow(hass)
    form = await hass.config_entries.flow.async_configure(form["flow_id"], {"name": " "})
    assert form["errors"] == {"name": "name_required"}
    done = await hass.config_entries.flow.async_configure(form["flow_id"], {"name": "Old house"})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert (building.title, building.data["name"]) == ("Old house", "Old house")
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, building.entry_id), building.entry_id)
    assert device is not None
    assert device.name == "Old house", "without a restart"


async def test_a_building_keeps_its_name_when_saved_as_it_is(hass: HomeAssistant, building: MockConfigEntry) -> None:
    form = await building.start_reconfigure_flow(hass)
    done = await hass.config_entries.flow.async_configure(form["flow_id"], {"name": "Main house"})
    assert done["reason"] == "reconfigure_successful"


async def test_a_building_is_not_renamed_to_anothers_name(hass: HomeAssistant, building: MockConfigEntry) -> None:
    building_entry("Barn").add_to_hass(hass)
    form = await building.start_reconfigure_flow(hass)
    done = await hass.config_entries.flow.async_configure(form["flow_id"], {"name": "Barn"})
    assert done["reason"] == "already_configured"
    assert building.title == "Main house"


async def test_the_key_that_is_shown_opens_the_door(hass: HomeAssistant, building: MockConfigEntry) -> None:
    key = await add_controller(hass, building)
    record = hass.data[DEVICE_STORE].devices["ESP32-001"]
    assert record.keys.match(key, record.created) == KeyMatch.CURRENT
    subentry = next(iter(building.subentries.values()))
    assert (subentry.title, subentry.unique_id) == ("Cellar", "ESP32-001")
    assert subentry.data["device_id"] == "ESP32-001"
    assert key not in str(subentry.data)


async def test_the_key_is_nowhere_on_disk(hass: HomeAssistant, hass_storage: dict[str, object]) -> None:
    entry = building_entry()
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    key = await add_controller(hass, entry)
    assert "ESP32-001" in str(hass_storage[DOMAIN])
    assert key not in str(hass_storage)


@pytest.mark.parametrize(
    ("name", "device_id", "errors"),
    [
        ("", "ESP32-001", {"name": "name_required"}),
        ("Cellar", "", {"device_id": "device_id_invalid"}),
        ("Cellar", "-x", {"device_id": "device_id_invalid"}),
        ("Cellar", "a/b", {"device_id": "device_id_invalid"}),
        ("Cellar", "a" * 65, {"device_id": "device_id_invalid"}),
        ("Cellar", "Ofen\N{LATIN SMALL LETTER U WITH DIAERESIS}", {"device_id": "device_id_invalid"}),
        ("", "TAKEN", {"name": "name_required", "device_id": "device_id_registered"}),
    ],
)
async def test_a_controller_needs_a_name_and_an_id_of_its_own(
    hass: HomeAssistant, building: MockConfigEntry, name: str, device_id: str, errors: dict[str, str]
) -> None:
    await add_controller(hass, building, "TAKEN")
    manager = hass.config_entries.subentries
    form = await manager.async_init((building.entry_id, SUBENTRY_CONTROLLER), context={"source": SOURCE_USER})
    form = await manager.async_configure(form["flow_id"], {"name": name, "device_id": device_id})
    assert form["errors"] == errors
    form = await manager.async_configure(form["flow_id"], {"name": "Cellar", "device_id": "ESP32-002"})
    done = await manager.async_configure(form["flow_id"], {})
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_two_flows_cannot_register_the_same_id(hass: HomeAssistant, building: MockConfigEntry) -> None:
    manager = hass.config_entries.subentries
    form = await manager.async_init((building.entry_id, SUBENTRY_CONTROLLER), context={"source": SOURCE_USER})
    form = await manager.async_configure(form["flow_id"], {"name": "Cellar", "device_id": "ESP32-001"})
    await add_controller(hass, building)
    done = await manager.async_configure(form["flow_id"], {})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert len(building.subentries) == 1


async def test_a_full_disk_makes_no_controller(hass: HomeAssistant, building: MockConfigEntry) -> None:
    manager = hass.config_entries.subentries
    form = await manager.async_init((building.entry_id, SUBENTRY_CONTROLLER), context={"source": SOURCE_USER})
    form = await manager.async_configure(form["flow_id"], {"name": "Cellar", "device_id": "ESP32-001"})
    with (
        patch.object(Store, "_async_write_data", side_effect=WriteError("disk full")),
        pytest.raises(HomeAssistantError) as caught,
    ):
        await manager.async_configure(form["flow_id"], {})
    assert caught.value.translation_key == "storage_failed"
    assert not building.subentries
    assert "ESP32-001" not in hass.data[DEVICE_STORE].devices


@pytest.mark.parametrize(
    ("internal", "shown"),
    [
        ("http://192.168.1.5:8123", "http://192.168.1.5:8123/api/iot/device/ESP32-001/sync/"),
        (None, "http://homeassistant.local:8123/api/iot/device/ESP32-001/sync/"),
    ],
)
async def test_the_address_to_call_is_shown(
    hass: HomeAssistant, building: MockConfigEntry, internal: str | None, shown: str
) -> None:
    hass.config.internal_url = internal
    manager = hass.config_entries.subentries
    form = await manager.async_init((building.entry_id, SUBENTRY_CONTROLLER), context={"source": SOURCE_USER})
    with (
        patch("homeassistant.helpers.network._get_internal_url", side_effect=NoURLAvailableError)
        if (internal is None)
        else patch.dict({})
    ):
        form = await manager.async_configure(form["flow_id"], {"name": "Cellar", "device_id": "ESP32-001"})
    placeholders = form["description_placeholders"]
    assert placeholders is not None
    assert placeholders["url"] == shown
