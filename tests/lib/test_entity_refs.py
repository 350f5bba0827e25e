"""Entities of other integrations that an entry uses."""

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from lib.entity_refs import (
    LinkedEntities,
    entity_id_of,
    to_reference,
    with_entity_ids,
    with_references,
    with_renamed,
)


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    entry = MockConfigEntry(domain="sample", title="Home", entry_id="e1")
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def meter(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> er.RegistryEntry:
    """A registered sensor with a state."""
    meter = entity_registry.async_get_or_create("sensor", "other", "m1", suggested_object_id="meter")
    hass.states.async_set(meter.entity_id, "5")
    return meter


def issues(hass: HomeAssistant) -> dict[str, dict[str, str] | None]:
    registry = ir.async_get(hass)
    return {issue_id: issue.translation_placeholders for (_, issue_id), issue in registry.issues.items()}


def test_a_registered_entity_is_stored_by_its_registry_id(hass: HomeAssistant, meter: er.RegistryEntry) -> None:
    reference = to_reference(hass, "sensor.meter")
    assert reference == meter.id
    assert entity_id_of(hass, reference) == "sensor.meter"


def test_an_unregistered_entity_is_stored_by_its_entity_id(hass: HomeAssistant) -> None:
    assert to_reference(hass, "sensor.template") == "sensor.template"
    assert entity_id_of(hass, "sensor.template") == "sensor.template"


def test_a_removed_entity_has_no_entity_id(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, meter: er.RegistryEntry
) -> None:
    entity_registry.async_remove(meter.entity_id)
    assert entity_id_of(hass, meter.id) is None


def test_a_form_shows_entity_ids_and_stores_references(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, meter: er.RegistryEntry
) -> None:
    shown = {"power": "sensor.meter", "all": ["sensor.meter", "sensor.template"], "name": "x", "none": None, "n": ""}
    keys = ("power", "all", "none", "n", "absent")
    stored = with_references(hass, shown, keys)
    assert stored == shown | {"power": meter.id, "all": [meter.id, "sensor.template"]}
    assert with_entity_ids(hass, stored, keys) == shown
    entity_registry.async_remove(meter.entity_id)
    assert with_entity_ids(hass, stored, keys) == {"all": ["sensor.template"], "name": "x", "none": None, "n": ""}


def test_a_rename_is_applied_wherever_the_entity_id_is_a_value() -> None:
    data = {"a": "sensor.old", "b": ["sensor.old", 3], "c": {"d": ("sensor.old", "x.sensor.old")}, "sensor.old": None}
    assert with_renamed(data, "sensor.old", "sensor.new") == {
        "a": "sensor.new",
        "b": ["sensor.new", 3],
        "c": {"d": ("sensor.new", "x.sensor.old")},
        "sensor.old": None,
    }


@pytest.mark.parametrize("by_registry_id", [True, False])
async def test_a_renamed_entity_is_followed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    meter: er.RegistryEntry,
    by_registry_id: bool,
) -> None:
    renamed: list[tuple[str, str, str]] = []
    links = LinkedEntities(
        hass,
        entry,
        {"grid_power": meter.id if by_registry_id else meter.entity_id, "other": "sensor.template"},
        domain="sample",
        on_renamed=lambda *args: renamed.append(args),
    )
    links.async_start()
    entity_registry.async_update_entity(meter.entity_id, new_entity_id="sensor.grid")
    hass.states.async_set("sensor.grid", "7")
    await hass.async_block_till_done()
    assert renamed == [("grid_power", "sensor.meter", "sensor.grid")]
    assert links.entity_id("grid_power") == "sensor.grid"
    state = links.state("grid_power")
    assert state is not None
    assert state.state == "7"
    assert "grid_power" not in links.missing
    assert links.entity_id("unknown") is None
    assert links.state("unknown") is None


async def test_a_removed_entity_raises_an_issue_until_it_is_back(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry: er.EntityRegistry, meter: er.RegistryEntry
) -> None:
    links = LinkedEntities(hass, entry, {"grid_power": meter.id}, domain="sample")
    links.async_start()
    assert issues(hass) == {}
    entity_registry.async_remove("sensor.meter")
    hass.states.async_remove("sensor.meter")
    await hass.async_block_till_done()
    assert links.missing == {"grid_power"}
    assert links.entity_id("grid_power") is None
    assert issues(hass) == {
        "entity_missing_e1_grid_power": {"entity": "sensor.meter", "entry": "Home", "use": "grid power"}
    }
    entity_registry.async_get_or_create("sensor", "other", "m2", suggested_object_id="unrelated")
    entity_registry.async_get_or_create("sensor", "other", "m1", suggested_object_id="meter")
    await hass.async_block_till_done()
    assert links.missing == frozenset()
    assert issues(hass) == {}


async def test_an_entity_that_returns_with_another_entity_id_is_followed(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry: er.EntityRegistry, meter: er.RegistryEntry
) -> None:
    links = LinkedEntities(hass, entry, {"grid_power": meter.id}, domain="sample")
    links.async_start()
    entity_registry.async_remove("sensor.meter")
    hass.states.async_set("sensor.meter", "of another integration")
    entity_registry.async_get_or_create("sensor", "other", "m1", suggested_object_id="meter")
    await hass.async_block_till_done()
    assert links.entity_id("grid_power") == "sensor.meter_2"
    assert links.missing == frozenset()


async def test_a_disabled_entity_is_missing(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry: er.EntityRegistry, meter: er.RegistryEntry
) -> None:
    links = LinkedEntities(
        hass, entry, {"grid_power": "sensor.meter"}, domain="sample", use_name=lambda use: use.upper()
    )
    links.async_start()
    entity_registry.async_update_entity("sensor.meter", disabled_by=er.RegistryEntryDisabler.USER)
    await hass.async_block_till_done()
    assert links.missing == {"grid_power"}
    (placeholders,) = issues(hass).values()
    assert placeholders is not None
    assert placeholders["use"] == "GRID_POWER"


async def test_an_unregistered_entity_is_missing_while_it_has_no_state(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    links = LinkedEntities(hass, entry, {"price": "sensor.template"}, domain="sample")
    links.async_start()
    assert links.missing == {"price"}
    hass.states.async_set("sensor.template", "1")
    await hass.async_block_till_done()
    assert links.missing == frozenset()
    hass.states.async_set("sensor.template", "2")
    hass.states.async_remove("sensor.template")
    await hass.async_block_till_done()
    assert links.missing == {"price"}


async def test_entities_have_time_to_appear_until_home_assistant_has_started(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.set_state(CoreState.starting)
    links = LinkedEntities(hass, entry, {"price": "sensor.template", "power": "sensor.power"}, domain="sample")
    links.async_start()
    hass.states.async_set("sensor.template", "1")
    await hass.async_block_till_done()
    assert issues(hass) == {}
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert links.missing == {"power"}


async def test_unloading_deletes_the_issues_and_ends_everything(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry: er.EntityRegistry, meter: er.RegistryEntry
) -> None:
    links = LinkedEntities(hass, entry, {"price": "sensor.template", "grid": meter.id}, domain="sample")
    links.async_start()
    assert set(issues(hass)) == {"entity_missing_e1_price"}
    await entry._async_process_on_unload(hass)
    assert issues(hass) == {}
    entity_registry.async_remove("sensor.meter")
    hass.states.async_set("sensor.template", "1")
    await hass.async_block_till_done()
    assert issues(hass) == {}


async def test_changes_of_other_entities_are_ignored(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry: er.EntityRegistry, meter: er.RegistryEntry
) -> None:
    links = LinkedEntities(hass, entry, {"grid": meter.id}, domain="sample")
    links.async_start()
    other = entity_registry.async_get_or_create("sensor", "other", "m2")
    entity_registry.async_update_entity(other.entity_id, new_entity_id="sensor.any")
    entity_registry.async_update_entity("sensor.meter", name="Meter")
    await hass.async_block_till_done()
    assert links.entity_id("grid") == "sensor.meter"
    assert links.missing == frozenset()
