"""Shadow mode in Home Assistant: control is simulated until it is turned on, and nothing is commanded."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.comfort.profiles import Override
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.model.reference_house import MEMBERS
from custom_components.proof_of_heat.engine.shadow.savings import ShadowDay
from custom_components.proof_of_heat.repairs import async_create_fix_flow

from .engine.homes import lived_history
from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone
from .winter import Winter

SECONDS = 86_400.0


@pytest.fixture
async def entry(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> MockConfigEntry:
    """A system that was never turned on."""
    freezer.move_to("2026-01-21T12:00:00+00:00")
    await hass.config.async_set_time_zone("UTC")
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)
    hass.states.async_set(HEATER, "off", {"friendly_name": "Heater"})
    assert await async_setup_component(hass, DOMAIN, {})
    heater = await source(
        hass, "entity", {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 800}
    )
    made = system(zone(), heater)
    await start(hass, made)
    return made


def shown(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> Any:
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_{key}")
    return None if entity_id is None else hass.states.get(entity_id)


def simulated_days(count: int, *, real: float = 6.0, ours: float = 4.0, **changes: Any) -> list[ShadowDay]:
    """Days in which the simulated control spent less."""
    more_kwh = np.array([0.0, *np.linspace(-3, 3, MEMBERS - 1)])
    day = ShadowDay(
        0, SECONDS, real, 24.0, 2.0, ours, 20.0, 60.0, below_kh=0.2, more_heat_kwh=more_kwh, stored_kwh=0 * more_kwh
    )
    return [replace(day, day=20_000 + index, **changes) for index in range(count)]


async def plan(hass: HomeAssistant) -> Any:
    return await hass.services.async_call(DOMAIN, "get_plan", {}, blocking=True, return_response=True)


async def test_every_text_begins_with_simulation_only(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    decision = shown(hass, entry, "decision")
    assert decision.state == "shadow"
    assert decision.attributes["simulated"] is True
    assert decision.attributes["words"].startswith("Simulation only, nothing is controlled: ")
    found = await plan(hass)
    assert (found["simulated"], found["active"]) == (True, False)
    assert found["reason"].startswith("Simulation only, nothing is controlled")
    for key in ("flow_setpoint", "forecast_consumption"):
        assert shown(hass, entry, key).attributes["simulated"] is True
    decisions = await hass.services.async_call(DOMAIN, "get_decisions", {}, blocking=True, return_response=True)
    assert decisions is not None
    assert all(row["state"] == "shadow" for row in decisions["decisions"])  # type: ignore[union-attr]


async def test_it_ends_for_good_when_control_is_turned_on(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    home = entry.runtime_data
    home.shadow.home.days = simulated_days(7)
    await home.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert shown(hass, entry, "simulated_savings").state == "14.0"
    await home.user.async_set_active(True)
    await hass.async_block_till_done()
    assert shown(hass, entry, "decision").state != "shadow"
    assert not shown(hass, entry, "decision").attributes["words"].startswith("Simulation")
    assert shown(hass, entry, "simulated_savings").state == "unavailable"
    await home.user.async_set_active(False)
    await home.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert shown(hass, entry, "decision").state == "off"
    assert shown(hass, entry, "decision").attributes["words"].startswith("Heating control is off: ")
    assert (await plan(hass))["simulated"] is False
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert shown(hass, entry, "decision").state == "off", "also after a restart"
    assert shown(hass, entry, "simulated_savings") is None


async def test_simulated_savings_have_their_interval(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    home = entry.runtime_data
    await home.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert shown(hass, entry, "simulated_savings").state == "unknown", "nothing is known yet"
    home.shadow.home.days = simulated_days(9)
    await home.coordinator.async_refresh()
    await hass.async_block_till_done()
    money, percent = shown(hass, entry, "simulated_savings"), shown(hass, entry, "simulated_savings_percent")
    assert (money.state, money.attributes["days"], money.attributes["actual_cost"]) == ("14.0", 7, 42.0)
    assert money.attributes["low"] < 14.0 < money.attributes["high"]
    assert percent.state == "33.3"
    assert 0 < percent.attributes["low"] < 33.3 < percent.attributes["high"]
    assert percent.attributes["actual_below_comfort_kh"] == 14.0
    assert (await plan(hass))["savings"]["saved"] == 14.0


@pytest.mark.parametrize(
    ("days", "offered"),
    [
        (simulated_days(7), True),
        (simulated_days(6), False),
        (simulated_days(7, ours=5.99), False),
        (simulated_days(7, below_kh=4.0), False),
    ],
    ids=["saves", "less than a week", "may not save", "colder rooms"],
)
async def test_the_switch_is_offered_after_a_week_that_proves_savings(
    hass: HomeAssistant, entry: MockConfigEntry, days: list[ShadowDay], offered: bool
) -> None:
    entry.runtime_data.shadow.home.days = days
    await entry.runtime_data.coordinator.async_refresh()
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"control_offer_{entry.entry_id}")
    assert (issue is not None) == offered
    if issue is None:
        return
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["percent"] == "33"
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.handler, flow.issue_id = hass, DOMAIN, issue.issue_id  # as the flow manager does
    await flow.async_step_init()
    assert not entry.runtime_data.user.active, "only after it was confirmed"
    await flow.async_step_confirm({})  # type: ignore[attr-defined]
    assert entry.runtime_data.user.active
    await entry.runtime_data.coordinator.async_refresh()
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue.issue_id) is None


async def test_weekly_report_is_that_of_the_simulation(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    events: list[Any] = []
    hass.bus.async_listen(f"{DOMAIN}_event", callback(lambda item: events.append(item.data)))
    await entry.runtime_data.coordinator.async_refresh()
    entry.runtime_data.shadow.home.days = simulated_days(7)
    freezer.move_to("2026-01-26T02:30:00+00:00")
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    (report,) = [item for item in events if item["type"] == "savings_report_ready"]
    assert (report["simulated"], report["offer"], report["saved_percent"]) == (True, True, 33.3)
    assert (report["cost"], report["reference_cost"]) == (28.0, 42.0)
    assert report["saved_percent_low"] < 33.3 < report["saved_percent_high"]


async def test_it_survives_a_restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    shadow = entry.runtime_data.shadow.home
    shadow.days = simulated_days(3)
    before = shadow.report()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.runtime_data.shadow.is_on
    assert entry.runtime_data.shadow.home.report() == before


async def test_fault_of_the_simulation_is_logged_once_and_does_not_reach_the_cycle(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(entry.runtime_data.shadow.home, "observe", broken)
    await entry.runtime_data.coordinator.async_refresh()
    await entry.runtime_data.coordinator.async_refresh()
    assert entry.runtime_data.coordinator.last_update_success
    assert caplog.text.count("the simulation of the control failed") == 1


@pytest.mark.slow
@pytest.mark.parametrize("winter", [False], indirect=True)
async def test_nothing_is_written_to_any_device(winter: Winter) -> None:
    """Miner, heat pump in the cloud and boiler on their wires, in a home whose model is trusted and planned."""
    hass, home = winter.hass, winter.system
    calls: list[str] = []
    commanded: list[Any] = []

    @callback
    def called(event: Event) -> None:
        calls.append(f"{event.data['domain']}.{event.data['service']}")

    hass.bus.async_listen(EVENT_CALL_SERVICE, called)
    for managed in home.sources.values():
        managed.poller.command = lambda *args: commanded.append(args)  # type: ignore[method-assign]
    rows = lived_history(4)
    local_s = dt_util.utcnow().timestamp() + 3600 - rows[-1].time_s
    home.engine.history.restore([list(_moved(row, local_s)) for row in rows])
    home.engine.restore({"version": 1})
    home.engine._learn_at_h = 0.0
    await home.user.async_override(Override(until=dt_util.utcnow() + timedelta(days=1), target_c=23.0))
    heated = False
    for _ in range(24):
        await winter.step()
        heated |= any(command.on for command in home.coordinator.data.decision.commands)
    assert home.engine.predicting, "the model is trusted"
    assert home.shadow.home.engine.plan is not None, "the simulated control plans"
    assert home.shadow.home.days[-1].heat_kwh > 0, "and heats the simulated home"
    assert heated, "the real home would be heated"
    assert (winter.miner.writes, winter.cloud.commands, winter.boiler.writes, commanded) == ([], [], [], [])
    assert set(calls) <= {"weather.get_forecasts"}


def _moved(row: Any, seconds: float) -> list[float]:
    return [row.time_s + seconds, *(getattr(row, name) for name in row.__slots__[1:])]
