"""Entities of other integrations: followed over renames, and replaced by the user where they are missing."""

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.components.repairs.issue_handler import RepairsFlowManager
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.iot_heating.const import DOMAIN
from custom_components.iot_heating.runtime.entity_links import EntityLinks
from custom_components.iot_heating.storage.device_store import DEVICE_STORE

from . import add_linked, controller_subentry

OPTIONS = ("outdoor_entity", "price_entity", "weather_entity")


def register(hass: HomeAssistant, entity_id: str) -> str:
    domain, _, name = entity_id.partition(".")
    entry = er.async_get(hass).async_get_or_create(domain, "demo", name, suggested_object_id=name)
    hass.states.async_set(entry.entity_id, "on" if domain == "switch" else "5")
    return entry.entity_id


def missing(hass: HomeAssistant) -> dict[str, dict[str, str] | None]:
    issues = ir.async_get(hass).issues
    return {i: item.translation_placeholders for (d, i), item in issues.items() if d == DOMAIN and "missing" in i}


async def fix(hass: HomeAssistant, issue_id: str, entity_id: str) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    await hass.async_block_till_done()
    manager: RepairsFlowManager = hass.data[REPAIRS]["flow_manager"]
    form = await manager.async_init(DOMAIN, data={"issue_id": issue_id})
    assert form["step_id"] == "init"
    done = await manager.async_configure(form["flow_id"], {"entity": entity_id})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("option", OPTIONS)
async def test_an_entity_of_the_options(hass: HomeAssistant, building: MockConfigEntry, option: str) -> None:
    old = register(hass, "weather.old" if option == "weather_entity" else "sensor.old")
    hass.config_entries.async_update_entry(building, options={option: old})
    await hass.async_block_till_done()
    renamed = old.replace("old", "renamed")
    er.async_get(hass).async_update_entity(old, new_entity_id=renamed)
    hass.states.async_set(renamed, "5")
    await hass.async_block_till_done()
    assert building.options == {option: renamed}
    assert missing(hass) == {}

    er.async_get(hass).async_remove(renamed)
    hass.states.async_remove(renamed)
    await hass.async_block_till_done()
    ((issue_id, placeholders),) = missing(hass).items()
    assert placeholders == {"entity": renamed, "entry": "Main house", "use": "Main house"}
    other = register(hass, old.replace("old", "other"))
    await fix(hass, issue_id, other)
    assert building.options == {option: other}
    assert missing(hass) == {}


@pytest.mark.parametrize("field", ["power_entity", "energy_entity"])
async def test_an_entity_of_a_controller(hass: HomeAssistant, building: MockConfigEntry, key: str, field: str) -> None:
    old = register(hass, "sensor.old")
    subentry = controller_subentry(building)
    hass.config_entries.async_update_subentry(building, subentry, data={**subentry.data, field: old})
    await hass.async_block_till_done()
    er.async_get(hass).async_update_entity(old, new_entity_id="sensor.renamed")
    hass.states.async_set("sensor.renamed", "5")
    await hass.async_block_till_done()
    assert controller_subentry(building).data[field] == "sensor.renamed"
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    assert getattr(controller.energy, field) == "sensor.renamed"

    er.async_get(hass).async_remove("sensor.renamed")
    hass.states.async_remove("sensor.renamed")
    await hass.async_block_till_done()
    ((issue_id, placeholders),) = missing(hass).items()
    assert placeholders == {"entity": "sensor.renamed", "entry": "Main house", "use": "Cellar"}
    await fix(hass, issue_id, register(hass, "sensor.other"))
    assert controller_subentry(building).data[field] == "sensor.other"
    assert missing(hass) == {}


async def test_a_linked_entity_is_followed_at_once(hass: HomeAssistant, building: MockConfigEntry) -> None:
    register(hass, "switch.boiler")
    await add_linked(hass, building, "switch.boiler")
    (controller,) = building.runtime_data.hub.controllers.values()
    er.async_get(hass).async_update_entity("switch.boiler", new_entity_id="switch.renamed")
    hass.states.async_set("switch.renamed", "off")
    await hass.async_block_till_done()
    assert controller.heating is False
    hass.states.async_set("switch.renamed", "on")
    await hass.async_block_till_done()
    assert controller.heating is True


async def test_another_entity_continues_a_missing_linked_one(hass: HomeAssistant, building: MockConfigEntry) -> None:
    register(hass, "switch.boiler")
    await add_linked(hass, building, "switch.boiler")
    (controller,) = building.runtime_data.hub.controllers.values()
    er.async_get(hass).async_remove("switch.boiler")
    hass.states.async_remove("switch.boiler")
    await hass.async_block_till_done()
    ((issue_id, _),) = missing(hass).items()
    await fix(hass, issue_id, register(hass, "switch.other"))
    (replaced,) = building.runtime_data.hub.controllers.values()
    assert (replaced.number, replaced.name, replaced.heating) == (controller.number, "Boiler", True)
    assert [record.number for record in hass.data[DEVICE_STORE].devices.values()] == [controller.number]
    assert missing(hass) == {}


async def test_an_entity_that_is_linked_already_replaces_no_other(
    hass: HomeAssistant, building: MockConfigEntry
) -> None:
    register(hass, "switch.boiler")
    register(hass, "switch.other")
    await add_linked(hass, building, "switch.boiler")
    await add_linked(hass, building, "switch.other", "Other")
    er.async_get(hass).async_remove("switch.boiler")
    hass.states.async_remove("switch.boiler")
    await hass.async_block_till_done()
    ((issue_id, _),) = missing(hass).items()
    await fix(hass, issue_id, "switch.other")
    assert len(building.runtime_data.hub.controllers) == 2
    assert list(missing(hass)) == [issue_id]


async def test_a_controller_that_was_removed_meanwhile_is_not_changed(
    hass: HomeAssistant, building: MockConfigEntry
) -> None:
    followed: list[str] = []
    asked: list[tuple[str, str]] = []

    async def replace(old: str, new: str) -> bool:
        asked.append((old, new))
        return True

    links = EntityLinks(
        hass,
        building,
        linked_renamed=followed.append,
        replace_linked=replace,
        create_task=hass.async_create_task,
    )
    before = dict(building.subentries)
    links._renamed("removed.linked", "switch.a", "switch.b")
    links._renamed("removed.power_entity", "sensor.a", "sensor.b")
    links._replaced("removed.linked", "switch.a", "switch.b")
    await hass.async_block_till_done()
    assert (followed, asked, dict(building.subentries)) == ([], [], before)
