"""Repairs: what lasts too long is told, its fix does what it says, and it goes when all is well again."""

from datetime import timedelta
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.repairs import async_create_fix_flow
from lib.heat_source import Health

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)
    hass.states.async_set(HEATER, "off", {"friendly_name": "Heater"})
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, REPAIRS, {})
    heater = await source(
        hass, "entity", {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 800}
    )
    made = system(zone(), heater)
    await start(hass, made)
    return made


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    return {key: issue for (domain, key), issue in ir.async_get(hass).issues.items() if domain == DOMAIN}


def zone_id(entry: MockConfigEntry) -> str:
    return next(key for key, item in entry.subentries.items() if item.subentry_type == "zone")


async def cycles(hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, minutes: int) -> None:
    for _ in range(2):
        await entry.runtime_data.async_refresh()
        freezer.tick(timedelta(minutes=minutes / 2))
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()


async def fix(hass: HomeAssistant, issue: ir.IssueEntry) -> Any:
    manager = hass.data[REPAIRS]["flow_manager"]
    return manager, await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})


async def test_dead_room_sensor_is_told_and_replaced(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(ROOM, "unavailable")
    await cycles(hass, entry, freezer, 4)
    assert not issues(hass), "a short silence is nothing to tell"
    await cycles(hass, entry, freezer, 20)
    (issue,) = issues(hass).values()
    assert (issue.translation_key, issue.translation_placeholders) == (
        "sensor_dead",
        {"name": "Living room", "entity": ROOM},
    )
    manager, result = await fix(hass, issue)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "sensor")
    result = await manager.async_configure(result["flow_id"], {"temperature": ROOM})
    assert result["errors"] == {"temperature": "no_temperature"}
    thermometer(hass, "sensor.other", 19.5)
    result = await manager.async_configure(result["flow_id"], {"temperature": "sensor.other"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.subentries[zone_id(entry)].data["temperature"] == "sensor.other"
    assert entry.runtime_data.settings.zones[0].temperature == "sensor.other"
    await entry.runtime_data.async_refresh()
    assert not issues(hass)


async def test_sensor_that_comes_back_takes_its_repair_away(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(ROOM, "unavailable")
    await cycles(hass, entry, freezer, 20)
    assert len(issues(hass)) == 1
    # Also over a reload in between.
    thermometer(hass, ROOM, 20.0)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert not issues(hass)


async def test_source_that_fails_is_told_and_read_anew(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    (unit,) = entry.runtime_data.units.values()
    hass.states.async_set(HEATER, "unavailable")
    await unit.source.refresh()
    assert unit.source.state.health == Health.FAILING
    await cycles(hass, entry, freezer, 20)
    (issue,) = issues(hass).values()
    assert (issue.translation_key, issue.translation_placeholders) == ("source_failing", {"name": "Heater"})
    hass.states.async_set(HEATER, "off")
    manager, result = await fix(hass, issue)
    assert result["step_id"] == "confirm"
    before = entry.runtime_data
    result = await manager.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.runtime_data is not before
    assert not issues(hass)


async def test_budget_s_fix_sets_the_limit_of_the_contract(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The whole way with a real ledger is in test_entities; here the fix alone."""
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType({"kind": "gone", "day_limit": 1450}),
            subentry_type="source",
            title="Vitocal",
            unique_id="v",
        ),
    )
    await hass.async_block_till_done()
    subentry_id = next(key for key, item in entry.subentries.items() if item.title == "Vitocal")
    data: dict[str, Any] = {"entry_id": entry.entry_id}
    flow = await async_create_fix_flow(hass, f"budget_low_{subentry_id}", data)
    flow.hass, flow.handler, flow.flow_id = hass, DOMAIN, "f"
    result = await flow.async_step_init()
    assert (result["step_id"], result["description_placeholders"]) == ("limit", {"name": "Vitocal"})
    before = entry.runtime_data
    result = await flow.async_step_limit({"day_limit": 1450})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.runtime_data is not before, "the same limit: everything is read anew"
    await flow.async_step_limit({"day_limit": 3000})
    assert entry.subentries[subentry_id].data["day_limit"] == 3000
    await hass.async_block_till_done()


@pytest.mark.parametrize("issue", ["budget_low_gone", "sensor_dead_gone"])
async def test_fix_of_what_was_removed_says_so(hass: HomeAssistant, entry: MockConfigEntry, issue: str) -> None:
    for data in ({"entry_id": entry.entry_id}, {"entry_id": "gone"}):
        flow = await async_create_fix_flow(hass, issue, data)  # type: ignore[arg-type]
        flow.hass, flow.handler, flow.flow_id = hass, DOMAIN, "f"
        result = await flow.async_step_init()
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "gone")


async def test_source_whose_making_is_gone_is_told_without_a_fix(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    lost = ConfigSubentry(
        data=MappingProxyType({"kind": "gone"}), subentry_type="source", title="Stove", unique_id="stove"
    )
    hass.config_entries.async_add_subentry(entry, lost)
    await hass.async_block_till_done()
    (issue,) = issues(hass).values()
    assert (issue.translation_key, issue.is_fixable) == ("source_unusable", False)
    assert entry.runtime_data.units, "all others run"
