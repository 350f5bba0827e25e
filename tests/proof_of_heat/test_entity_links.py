"""Linked entities: every form's are followed over renames, and a missing one raises one issue that offers a choice."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.selector import EntitySelector
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.flows.basics import SYSTEM_SCHEMA
from custom_components.proof_of_heat.flows.options import OPTION_FORMS
from custom_components.proof_of_heat.flows.zone import ZONE_SCHEMA
from custom_components.proof_of_heat.repairs import async_create_fix_flow
from custom_components.proof_of_heat.runtime.entity_links import ENTITY_FIELDS
from custom_components.proof_of_heat.sources.registry import forms

from .flow import change, go_on
from .ha import OUTDOOR, ROOM, source, start, system, zone


def add(hass: HomeAssistant, entity_id: str, state: str, attributes: dict[str, Any] | None = None) -> None:
    """A registered entity with a state."""
    domain, name = entity_id.split(".")
    made = er.async_get(hass).async_get_or_create(domain, "test", name, suggested_object_id=name)
    assert made.entity_id == entity_id
    hass.states.async_set(entity_id, state, attributes or {})


def rename(hass: HomeAssistant, old: str, new: str) -> None:
    """Rename an entity as Home Assistant does: the old state disappears, the new one appears."""
    state = hass.states.get(old)
    assert state is not None
    er.async_get(hass).async_update_entity(old, new_entity_id=new)
    hass.states.async_set(new, state.state, state.attributes)


KELVIN = {"unit_of_measurement": "°C", "device_class": "temperature"}
WATT = {"unit_of_measurement": "W", "device_class": "power"}
USED = {
    OUTDOOR: ("0.0", KELVIN),
    ROOM: ("20.0", KELVIN),
    "switch.heater": ("off", {}),
    "sensor.heater_power": ("0", WATT),
    "sensor.site": ("300", WATT),
    "sensor.price": ("0.25", {"unit_of_measurement": "EUR/kWh"}),
    "sensor.hash": ("45", {"unit_of_measurement": "EUR/PH/d"}),
    "weather.home": ("sunny", {"temperature": 0.0, "temperature_unit": "°C"}),
    "person.ann": ("home", {}),
    "zone.work": ("0", {}),
    "calendar.trips": ("off", {}),
    "binary_sensor.window": ("off", {}),
    "schedule.room": ("on", {}),
}


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    for entity_id, (state, attributes) in USED.items():
        add(hass, entity_id, state, attributes)
    assert await async_setup_component(hass, DOMAIN, {})
    data = {"entity": "switch.heater", "nominal_power": 1000.0, "meter": "sensor.heater_power"}
    heater = await source(hass, "entity", {**data, "number_is": "power", "source_kind": "direct_electric"})
    made = system(
        zone(windows=["binary_sensor.window"], schedule="schedule.room"),
        heater,
        weather="weather.home",
        options={
            "price": {"price_entity": "sensor.price", "hashprice_entity": "sensor.hash", "fees": 0.0, "tax": 0.0},
            "presence": {"persons": ["person.ann"], "way_zones": ["zone.work"], "away_calendar": "calendar.trips"},
            "limits": {"site_meter": "sensor.site", "site_power": 5000.0},
        },
    )
    await start(hass, made)
    return made


def stored(entry: MockConfigEntry) -> str:
    return repr((entry.data, entry.options, [item.data for item in entry.subentries.values()]))


def about(hass: HomeAssistant, entity_id: str) -> list[str]:
    """The issues that name an entity."""
    items = ir.async_get(hass).issues.items()
    return [
        key
        for (domain, key), item in items
        if domain == DOMAIN and entity_id in (item.translation_placeholders or {}).values()
    ]


def missing_issues(hass: HomeAssistant) -> list[str]:
    return [key for domain, key in ir.async_get(hass).issues if domain == DOMAIN and key.startswith("entity_missing")]


@pytest.mark.parametrize("entity_id", USED)
async def test_the_entities_of_every_form_are_followed(
    hass: HomeAssistant, entry: MockConfigEntry, entity_id: str
) -> None:
    new = f"{entity_id}_renamed"
    unique_ids = [item.unique_id for item in entry.subentries.values()]
    rename(hass, entity_id, new)
    await hass.async_block_till_done()
    assert f"'{new}'" in stored(entry)
    assert f"'{entity_id}'" not in stored(entry)
    assert missing_issues(hass) == []
    assert [item.unique_id for item in entry.subentries.values()] == unique_ids, "stored settings keep their device"


async def test_every_entity_field_is_followed(hass: HomeAssistant) -> None:
    await async_setup_component(hass, DOMAIN, {})
    schemas = [SYSTEM_SCHEMA, ZONE_SCHEMA, *(form.schema for form in OPTION_FORMS.values())]
    schemas += [await form.schema(hass) for form in forms().values()]
    fields = {
        str(key) for schema in schemas for key, value in schema.schema.items() if isinstance(value, EntitySelector)
    }
    assert len(fields) > 10
    assert fields - ENTITY_FIELDS == set()


async def test_a_renamed_heater_can_still_be_changed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    rename(hass, "switch.heater", "switch.cellar")
    await hass.async_block_till_done()
    form = await change(hass, entry, "source")
    result = await go_on(
        hass, form, {"entity": "switch.cellar", "source_kind": "direct_electric", "number_is": "power"}
    )
    assert result["reason"] == "reconfigure_successful"


async def choose(hass: HomeAssistant, issue_id: str, entity_id: str) -> None:
    """Choose another entity in the issue's dialog."""
    flow = await async_create_fix_flow(hass, issue_id, None)
    flow.hass, flow.issue_id = hass, issue_id
    assert (await flow.async_step_init())["type"] is FlowResultType.FORM
    assert (await flow.async_step_init({"entity": entity_id}))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


@pytest.mark.parametrize("entity_id", [OUTDOOR, ROOM, "sensor.site", "sensor.price", "person.ann", "weather.home"])
async def test_a_removed_entity_raises_one_issue_with_a_choice(
    hass: HomeAssistant, entry: MockConfigEntry, entity_id: str, freezer: Any
) -> None:
    er.async_get(hass).async_remove(entity_id)
    hass.states.async_remove(entity_id)
    await hass.async_block_till_done()
    await entry.runtime_data.coordinator.async_refresh()
    freezer.tick(1200)
    await entry.runtime_data.coordinator.async_refresh()
    found = about(hass, entity_id)
    assert len(found) == 1, found
    issue = ir.async_get(hass).async_get_issue(DOMAIN, found[0])
    assert issue is not None
    assert issue.is_fixable
    assert (issue.translation_placeholders or {})["entity"] == entity_id
    state, attributes = USED[entity_id]
    add(hass, f"{entity_id}_2", state, attributes)
    if entity_id == "sensor.site":  # of a power limit: its issue describes what the loss means, and offers a choice too
        assert found[0].startswith("site_meter_lost")
        return
    await choose(hass, found[0], f"{entity_id}_2")
    assert f"'{entity_id}_2'" in stored(entry)
    assert f"'{entity_id}'" not in stored(entry)
    assert missing_issues(hass) == []


async def test_a_removed_heater_is_replaced_with_what_the_other_one_can_do(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: Any
) -> None:
    er.async_get(hass).async_remove("switch.heater")
    hass.states.async_remove("switch.heater")
    await hass.async_block_till_done()
    await entry.runtime_data.coordinator.async_refresh()
    freezer.tick(1200)
    await entry.runtime_data.coordinator.async_refresh()
    (issue_id,) = missing_issues(hass)
    assert not [key for domain, key in ir.async_get(hass).issues if key.startswith("source_failing")]
    limits = {"min": 0, "max": 100, "unit_of_measurement": "%"}
    add(hass, "number.heater", "0", limits)
    await choose(hass, issue_id, "number.heater")
    heater = next(item for item in entry.subentries.values() if item.subentry_type == "source")
    assert heater.data["entity"] == "number.heater"
    assert "power" in heater.data["capabilities"]["controls"]
    assert missing_issues(hass) == []


async def test_an_entity_that_cannot_be_controlled_leaves_the_issue(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    er.async_get(hass).async_remove("switch.heater")
    hass.states.async_remove("switch.heater")
    await hass.async_block_till_done()
    (issue_id,) = missing_issues(hass)
    add(hass, "number.unknown_unit", "0", {"min": 0, "max": 1})
    hass.states.async_remove("number.unknown_unit")
    await choose(hass, issue_id, "number.unknown_unit")
    assert missing_issues(hass) == [issue_id]
    heater = next(item for item in entry.subentries.values() if item.subentry_type == "source")
    assert heater.data["entity"] == "switch.heater"


async def test_one_entity_with_two_uses_has_one_issue(hass: HomeAssistant) -> None:
    for entity_id, (state, attributes) in USED.items():
        add(hass, entity_id, state, attributes)
    assert await async_setup_component(hass, DOMAIN, {})
    made = system(zone("Kitchen"), zone("Bath"), options={"limits": {"site_meter": "sensor.site"}})
    await start(hass, made)
    er.async_get(hass).async_remove(ROOM)
    hass.states.async_remove(ROOM)
    await hass.async_block_till_done()
    (issue_id,) = missing_issues(hass)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert (issue.translation_placeholders or {})["use"] == "Kitchen, Bath"
    add(hass, "sensor.hall", "20.0", KELVIN)
    await choose(hass, issue_id, "sensor.hall")
    assert [item.data["temperature"] for item in made.subentries.values()] == ["sensor.hall"] * 2
    assert missing_issues(hass) == []
