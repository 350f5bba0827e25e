"""Repairs: created for lasting problems, reported once, removed on recovery, fixed by a click."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.call_budget import CallBudget, CallLimits
from custom_components.proof_of_heat.repairs import async_create_fix_flow

from .ha import OUTDOOR, ROOM, source, start, system, thermometer, zone


@pytest.fixture
async def entry(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> AsyncGenerator[MockConfigEntry]:
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    hass.states.async_set("switch.heater", "off")
    heater = await source(hass, "entity", {"entity": "switch.heater", "number_is": "power", "nominal_power": 1000.0})
    made = system(zone(), heater)
    await start(hass, made)
    return made


def issues(hass: HomeAssistant) -> set[str]:
    return {key[1].rpartition("_")[0] for key in ir.async_get(hass).issues if key[0] == DOMAIN}


async def test_dead_sensor_is_reported_after_15_minutes(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    check_health = entry.runtime_data.coordinator.check_health
    hass.states.async_set(ROOM, "unavailable")
    check_health(dt_util.utcnow())
    freezer.tick(14 * 60)
    check_health(dt_util.utcnow())
    assert issues(hass) == set()
    freezer.tick(61)
    check_health(dt_util.utcnow())
    assert issues(hass) == {"sensor_dead"}
    thermometer(hass, ROOM, 20.0)
    check_health(dt_util.utcnow())
    assert issues(hass) == set()


async def test_budget_is_low_until_the_day_ends(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    home = entry.runtime_data
    unit = next(iter(home.sources.values()))
    budget = CallBudget(CallLimits(day=10, write_reserve=1), lambda: dt_util.utcnow().timestamp())
    unit.budget = budget
    budget.record_refusal(10, None, "day limit")
    home.coordinator.check_health(dt_util.utcnow())
    home.coordinator.check_health(dt_util.utcnow())
    assert issues(hass) == {"budget_low"}
    freezer.tick(2 * 86400)
    home.coordinator.check_health(dt_util.utcnow())
    assert issues(hass) == set()


async def test_fix_reloads_the_entry(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    assert await async_setup_component(hass, "http", {})
    before = entry.runtime_data
    hass.states.async_set("switch.heater", "unavailable")
    await next(iter(before.sources.values())).source.refresh()
    before.coordinator.check_health(dt_util.utcnow())
    freezer.tick(901)
    before.coordinator.check_health(dt_util.utcnow())
    issue_id = next(key[1] for key in ir.async_get(hass).issues if key[1].startswith("source_failing_"))
    client = await hass_client()
    flow = await (await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id})).json()
    reply = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await reply.json())["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.runtime_data is not before


async def test_fix_of_a_removed_entry_does_nothing(hass: HomeAssistant) -> None:
    for issue_id in ("curve_suggestion_removed", "source_failing_removed"):
        flow = await async_create_fix_flow(hass, issue_id, {"entry_id": "gone"})
        flow.hass, flow.issue_id, flow.handler = hass, issue_id, DOMAIN
        assert (await flow.async_step_init())["type"] == "form"
    flow = await async_create_fix_flow(hass, "curve_suggestion_removed", None)
    flow.hass = hass
    assert (await flow.async_step_confirm({}))["type"] == "create_entry"


async def fix(
    hass: HomeAssistant, kind: str, *answers: dict[str, Any], meanwhile: Callable[[], None] | None = None
) -> Any:
    """Open the fix of an issue as the frontend does, and send its form; `meanwhile`: what happens while it is open."""
    assert await async_setup_component(hass, REPAIRS, {})
    issue_id = next(key[1] for key in ir.async_get(hass).issues if key[1].startswith(kind))
    flows = hass.data[REPAIRS]["flow_manager"]
    result = await flows.async_init(DOMAIN, data={"issue_id": issue_id})
    if meanwhile is not None:
        meanwhile()
    for answer in answers:
        result = await flows.async_configure(result["flow_id"], answer)
    await hass.async_block_till_done()
    return result


@pytest.mark.parametrize(
    ("sensor", "kind", "field"), [(ROOM, "sensor_dead", "temperature"), (OUTDOOR, "outdoor_dead", "outdoor")]
)
async def test_sensor_offline_for_hours_can_be_replaced(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    sensor: str,
    kind: str,
    field: str,
) -> None:
    check_health = entry.runtime_data.coordinator.check_health
    other = OUTDOOR if sensor == ROOM else ROOM
    for hours, expected in ((3, set()), (1.1, set()), (0.3, {kind})):
        freezer.tick(hours * 3600)
        thermometer(hass, other, 20.0)
        check_health(dt_util.utcnow())
        assert issues(hass) == expected, "a sensor that reports only changes may not report for a while"
    hass.states.async_set("sensor.dead", "unavailable")
    hass.states.async_set("sensor.new", "18", {"unit_of_measurement": "°C"})
    form = await fix(hass, kind)
    assert form["type"] == "form"
    assert [str(key) for key in form["data_schema"].schema] == [field]
    again = await fix(hass, kind, {field: "sensor.dead"})
    assert again["errors"] == {field: "no_temperature"}
    if sensor == ROOM:
        own = await fix(hass, kind, {field: hass.states.async_all("climate")[0].entity_id})
        assert own["errors"] == {field: "own_entity"}, "the zone would follow itself"
    assert (await fix(hass, kind, {field: "sensor.new"}))["type"] == "create_entry"
    settings = entry.runtime_data.config
    assert "sensor.new" in {settings.outdoor, settings.zones[0].temperature}
    entry.runtime_data.coordinator.check_health(dt_util.utcnow())
    assert issues(hass) == set()


async def test_outdoor_sensor_with_a_new_battery_can_be_kept(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    before = entry.runtime_data
    hass.states.async_set(OUTDOOR, "unavailable")
    before.coordinator.check_health(dt_util.utcnow())
    freezer.tick(901)
    before.coordinator.check_health(dt_util.utcnow())
    result = await fix(hass, "outdoor_dead", {"outdoor": OUTDOOR}, meanwhile=lambda: thermometer(hass, OUTDOOR, 2.0))
    assert result["type"] == "create_entry"
    assert entry.runtime_data is not before
    assert issues(hass) == set()


async def test_weather_entity_alone_is_monitored_too(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    hass.states.async_set("weather.home", "sunny", {"temperature": 5.0, "temperature_unit": "°C"})
    entry = system(outdoor=None, weather="weather.home")
    await start(hass, entry)
    hass.states.async_set("weather.home", "unavailable")
    for _ in range(2):
        entry.runtime_data.coordinator.check_health(dt_util.utcnow())
        freezer.tick(901)
    assert issues(hass) == {"outdoor_dead"}


async def test_fix_sets_the_call_limit(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    home = entry.runtime_data
    unit = next(iter(home.sources.values()))
    unit.budget = CallBudget(CallLimits(day=10, write_reserve=1), lambda: dt_util.utcnow().timestamp())
    unit.budget.record_refusal(10, None, "day limit")
    home.coordinator.check_health(dt_util.utcnow())
    assert (await fix(hass, "budget_low", {"day_limit": 3000}))["type"] == "create_entry"
    assert entry.subentries[unit.subentry_id].data["day_limit"] == 3000
    assert entry.runtime_data is not home


async def test_issues_are_removed_with_their_subject(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("switch.heater", "unavailable")
    hass.states.async_set(ROOM, "unavailable")
    hass.states.async_set(OUTDOOR, "unavailable")
    await next(iter(entry.runtime_data.sources.values())).source.refresh()
    for _ in range(2):
        entry.runtime_data.coordinator.check_health(dt_util.utcnow())
        freezer.tick(901)
    assert issues(hass) == {"sensor_dead", "outdoor_dead", "source_failing"}
    zone_id = next(key for key, item in entry.subentries.items() if item.subentry_type == "zone")
    hass.config_entries.async_remove_subentry(entry, zone_id)
    await hass.async_block_till_done()
    assert issues(hass) == {"outdoor_dead", "source_failing"}, "of a zone that was removed; the rest stays"
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert issues(hass) == set()


async def test_fix_of_a_removed_subject_aborts(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for issue_id, entry_id in (
        ("outdoor_dead_gone", "gone"),
        ("sensor_dead_gone", entry.entry_id),
        ("budget_low_gone", "gone"),
    ):
        flow = await async_create_fix_flow(hass, issue_id, {"entry_id": entry_id})
        flow.hass, flow.issue_id, flow.handler = hass, issue_id, DOMAIN
        result = await flow.async_step_init()
        assert (result["type"], result["reason"]) == ("abort", "gone")
