"""Repairs: raised for what lasts, told once, gone when it is well again, fixed by a click."""

from collections.abc import AsyncGenerator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.budget import CallBudget, Limits
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


async def test_dead_sensor_is_told_after_a_quarter_of_an_hour(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    watch = entry.runtime_data.watch
    hass.states.async_set(ROOM, "unavailable")
    watch.look(dt_util.utcnow())
    freezer.tick(14 * 60)
    watch.look(dt_util.utcnow())
    assert issues(hass) == set()
    freezer.tick(61)
    watch.look(dt_util.utcnow())
    assert issues(hass) == {"sensor_dead"}
    thermometer(hass, ROOM, 20.0)
    watch.look(dt_util.utcnow())
    assert issues(hass) == set()


async def test_budget_is_low_until_the_day_has_gone(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    home = entry.runtime_data
    unit = next(iter(home.units.values()))
    budget = CallBudget(Limits(day=10, write_reserve=1), lambda: dt_util.utcnow().timestamp())
    unit.budget = budget
    budget.refused(10, None, "day limit")
    home.watch.look(dt_util.utcnow())
    home.watch.look(dt_util.utcnow())
    assert issues(hass) == {"budget_low"}
    freezer.tick(2 * 86400)
    home.watch.look(dt_util.utcnow())
    assert issues(hass) == set()


async def test_fix_reads_everything_anew(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    assert await async_setup_component(hass, "http", {})
    before = entry.runtime_data
    hass.states.async_set("switch.heater", "unavailable")
    await next(iter(before.units.values())).source.refresh()
    before.watch.look(dt_util.utcnow())
    freezer.tick(901)
    before.watch.look(dt_util.utcnow())
    issue_id = next(key[1] for key in ir.async_get(hass).issues if key[1].startswith("source_failing_"))
    client = await hass_client()
    flow = await (await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id})).json()
    reply = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await reply.json())["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.runtime_data is not before


async def test_fix_of_an_entry_that_is_gone_does_nothing(hass: HomeAssistant) -> None:
    for issue_id in ("curve_suggestion_gone", "source_failing_gone"):
        flow = await async_create_fix_flow(hass, issue_id, {"entry_id": "gone"})
        flow.hass, flow.issue_id, flow.handler = hass, issue_id, DOMAIN
        assert (await flow.async_step_init())["type"] == "form"
    flow = await async_create_fix_flow(hass, "curve_suggestion_gone", None)
    flow.hass = hass
    assert (await flow.async_step_confirm({}))["type"] == "create_entry"
