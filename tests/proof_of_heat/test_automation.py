"""Triggers, conditions, reports and sums for automations and notifications."""

from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import condition, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
    mock_restore_cache,
    mock_restore_cache_with_extra_data,
)

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.model.reference_house import MEMBERS
from custom_components.proof_of_heat.engine.savings import SavingsReport
from custom_components.proof_of_heat.engine.shadow.savings import report as simulated_report
from custom_components.proof_of_heat.metering.energy import HeatMeter
from custom_components.proof_of_heat.runtime.events import EVENT
from custom_components.proof_of_heat.runtime.savings_report import month_of, week_of

from .ha import HEATER, OUTDOOR, ROOM, cycles_end, source, start, system, thermometer, zone
from .test_shadow_mode import simulated_days

PROOF = SavingsReport(7, 14.0, 20.0, 6.0, 4.5, 7.5, 30.0, 90.0, 120.0, 0.1, 0.2)


async def prepare(hass: HomeAssistant) -> MockConfigEntry:
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)
    hass.states.async_set(HEATER, "off", {"friendly_name": "Heater"})
    assert await async_setup_component(hass, DOMAIN, {})
    heater = await source(
        hass, "entity", {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 800}
    )
    return system(zone(), heater)


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    made = await prepare(hass)
    await start(hass, made)
    return made


def entity_of(hass: HomeAssistant, domain: str, owner: str, key: str) -> str:
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{owner}_{key}")
    assert found is not None, key
    return found


def zone_of(entry: MockConfigEntry) -> str:
    return next(key for key, item in entry.subentries.items() if item.subentry_type == "zone")


def unit_of(entry: MockConfigEntry) -> Any:
    (unit,) = entry.runtime_data.sources.values()
    return unit


async def room(hass: HomeAssistant, entry: MockConfigEntry, value: float) -> None:
    thermometer(hass, ROOM, value)
    entry.runtime_data.user_changes.notify()
    await hass.async_block_till_done()


# --- triggers -----------------------------------------------------------------------------------------------


async def test_room_below_a_temperature_for_a_while(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    climate = entity_of(hass, "climate", zone_of(entry), "zone")
    hass.states.async_set("climate.another", "heat", {"current_temperature": 20.0})
    trigger = {
        "trigger": f"{DOMAIN}.room_temperature_crossed",
        "target": {"entity_id": [climate, "climate.another"]},
        "options": {
            "threshold": {"type": "below", "value": {"number": 18, "unit_of_measurement": "°C"}},
            "for": {"minutes": 30},
            "behavior": "each",
        },
    }
    action = {"event": "cold", "event_data": {"who": "{{ trigger.entity_id }}"}}
    assert await async_setup_component(hass, "automation", {"automation": {"trigger": trigger, "action": action}})
    events: list[Any] = []
    hass.bus.async_listen("cold", callback(lambda event: events.append(event.data["who"])))

    async def minutes(count: int) -> None:
        freezer.tick(timedelta(minutes=count))
        async_fire_time_changed(hass)
        await cycles_end(hass)

    await room(hass, entry, 17.0)
    hass.states.async_set("climate.another", "heat", {"current_temperature": 10.0})
    await minutes(20)
    assert not events, "not for long enough"
    await room(hass, entry, 19.0)
    await minutes(20)
    assert not events, "it got warm in between"
    await room(hass, entry, 17.5)
    await minutes(31)
    assert events == [climate], "only the zone of this system, no other climate entity"


# --- conditions ---------------------------------------------------------------------------------------------


async def holds(hass: HomeAssistant, name: str, entity_id: str, **options: Any) -> bool:
    config = {
        "condition": f"{DOMAIN}.{name}",
        "target": {"entity_id": entity_id},
        "options": {"behavior": "any", **options},
    }
    checked = await condition.async_validate_condition_config(hass, config)
    test = await condition.async_from_config(hass, checked)
    return bool(test.async_check() if hasattr(test, "async_check") else test(hass, {}))


@pytest.mark.parametrize(
    ("name", "domain", "key", "value"),
    [
        ("control_is_active", "switch", "control_active", "on"),
        ("frost_protection_is_on", "binary_sensor", "frost_protection", "on"),
        ("override_is_active", "binary_sensor", "override_active", "on"),
    ],
)
async def test_conditions_of_the_system(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, domain: str, key: str, value: str
) -> None:
    entity_id = entity_of(hass, domain, entry.entry_id, key)
    assert not await holds(hass, name, entity_id)
    hass.states.async_set(entity_id, value)
    assert await holds(hass, name, entity_id)
    hass.states.async_set(f"{domain}.another", value)
    assert not await holds(hass, name, f"{domain}.another"), "only entities of ours count"


async def test_condition_of_a_failing_source(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entity_id = entity_of(hass, "binary_sensor", unit_of(entry).subentry_id, "fault")
    await unit_of(entry).source.refresh()
    await hass.async_block_till_done()
    assert not await holds(hass, "driver_is_failing", entity_id)
    hass.states.async_set(HEATER, "unavailable")
    await unit_of(entry).source.refresh()
    await hass.async_block_till_done()
    assert await holds(hass, "driver_is_failing", entity_id)


async def test_condition_of_the_profile(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    from custom_components.proof_of_heat.comfort.profiles import Profile

    entity_id = entity_of(hass, "select", entry.entry_id, "profile")
    changed = async_capture_events(hass, EVENT)
    for _ in range(2):
        await entry.runtime_data.user.async_set_profile(Profile.AWAY)
    await hass.async_block_till_done()
    assert [(event.data["from"], event.data["to"]) for event in changed] == [("auto", "away")], (
        "the second is not a change"
    )
    assert await holds(hass, "profile_is", entity_id, profile=["away", "eco"])
    assert not await holds(hass, "profile_is", entity_id, profile="comfort")


async def test_condition_of_the_room(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entity_id = entity_of(hass, "climate", zone_of(entry), "zone")
    threshold = {"type": "below", "value": {"number": 18, "unit_of_measurement": "°C"}}
    await room(hass, entry, 19.0)
    assert not await holds(hass, "room_temperature_is", entity_id, threshold=threshold)
    await room(hass, entry, 17.0)
    assert await holds(hass, "room_temperature_is", entity_id, threshold=threshold)


# --- small entities -----------------------------------------------------------------------------------------


async def test_window_pauses_its_zone_and_is_shown(hass: HomeAssistant) -> None:
    thermometer(hass, ROOM, 20.0)
    hass.states.async_set("binary_sensor.window", "off")
    assert await async_setup_component(hass, DOMAIN, {})
    entry = system(zone(windows=["binary_sensor.window"]))
    await start(hass, entry)
    entity_id = entity_of(hass, "binary_sensor", zone_of(entry), "window_pause")
    for state in ("on", "off"):
        hass.states.async_set("binary_sensor.window", state)
        await entry.runtime_data.coordinator.async_refresh()
        entry.runtime_data.user_changes.notify()
        await hass.async_block_till_done()
        shown = hass.states.get(entity_id)
        assert shown is not None
        assert shown.state == state


async def test_fault_sensor_shows_detail_and_reason(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entity_id = entity_of(hass, "binary_sensor", unit_of(entry).subentry_id, "fault")
    hass.states.async_set(HEATER, "unavailable")
    await unit_of(entry).source.refresh()
    await hass.async_block_till_done()
    shown = hass.states.get(entity_id)
    assert shown is not None
    assert shown.attributes["detail"] == f"{HEATER} is unavailable"
    assert shown.attributes["reason"] == "no_response"


async def test_power_limit_is_set_and_kept(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entity_id = entity_of(hass, "number", entry.entry_id, "power_limit")
    shown = hass.states.get(entity_id)
    assert shown is not None
    assert shown.state == "unknown"
    await hass.services.async_call("number", "set_value", {"entity_id": entity_id, "value": 6000}, blocking=True)
    await hass.async_block_till_done()
    assert entry.runtime_data.config.site_power_w == 6000
    assert entry.runtime_data.engine.config.site.power_w == 6000
    shown = hass.states.get(entity_id)
    assert shown is not None
    assert float(shown.state) == 6000


# --- reports ------------------------------------------------------------------------------------------------


def test_periods() -> None:
    sunday, monday = datetime(2026, 3, 1).date(), datetime(2026, 3, 2).date()  # noqa: DTZ001
    assert week_of(sunday) == (datetime(2026, 2, 23).date(), 7)  # noqa: DTZ001
    assert week_of(monday) == (monday, 7)
    assert month_of(monday) == (sunday, 28)


@pytest.fixture
async def utc(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("UTC")


async def test_weekly_report_is_sent_once_even_after_a_restart(
    hass: HomeAssistant, utc: None, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    freezer.move_to("2026-01-21T12:00:00+00:00")  # Wednesday
    entry = await prepare(hass)
    await start(hass, entry)
    event = entity_of(hass, "event", entry.entry_id, "week_report")
    events: list[Any] = []
    hass.bus.async_listen(f"{DOMAIN}_event", callback(lambda item: events.append(item.data)))
    asked: list[int] = []

    def proof(days: int | None = None) -> SavingsReport | None:
        asked.append(days or 0)
        return PROOF if known else None

    known = False
    await entry.runtime_data.coordinator.async_refresh()
    freezer.move_to("2026-01-26T01:30:00+00:00")  # Monday, the day before is not settled
    monkeypatch.setattr(entry.runtime_data.engine, "savings_report", proof)
    await entry.runtime_data.coordinator.async_refresh()
    assert (events, 7 in asked) == ([], False)
    freezer.move_to("2026-01-26T02:30:00+00:00")
    await entry.runtime_data.coordinator.async_refresh()
    assert (events, 7 in asked) == ([], True), "no report without figures"
    past = simulated_report(simulated_days(10), np.zeros(MEMBERS))
    entry.runtime_data.shadow.past = lambda last_days: past
    await entry.runtime_data.coordinator.async_refresh()
    assert events == [], "days of the history are not of this week"
    known = True
    await entry.runtime_data.coordinator.async_refresh()
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    (report,) = events
    assert report["type"] == "savings_report_ready"
    figures = {
        "period": "week",
        "days": 7,
        "cost": 14.0,
        "reference_cost": 20.0,
        "saved": 6.0,
        "saved_low": 4.5,
        "saved_high": 7.5,
        "saved_percent": 30.0,
        "energy_kwh": 90.0,
        "reference_energy_kwh": 120.0,
        "currency": "EUR",
        "until": "2026-01-26",
    }
    assert figures.items() <= report.items()
    assert "from_history" not in report
    assert (report["history"]["from_history"], report["history"]["days"]) == (True, 10), "apart"
    state = hass.states.get(event)
    assert state is not None
    assert (state.attributes["event_type"], state.attributes["saved"]) == ("ready", 6.0)
    month = hass.states.get(entity_of(hass, "event", entry.entry_id, "month_report"))
    assert month is not None
    assert month.state == "unknown"
    # The first of February: the month, of 31 days.
    freezer.move_to("2026-02-01T03:00:00+00:00")
    await entry.runtime_data.coordinator.async_refresh()
    assert [item["period"] for item in events] == ["week", "month"]
    assert 31 in asked


@pytest.mark.parametrize(
    ("last", "sent_again"), [("2026-01-26T03:00:00+00:00", False), ("2026-01-19T03:00:00+00:00", True)]
)
async def test_report_sent_before_a_restart_is_not_repeated(
    hass: HomeAssistant,
    utc: None,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    last: str,
    sent_again: bool,
) -> None:
    freezer.move_to("2026-01-28T12:00:00+00:00")
    mock_restore_cache(hass, [State("event.home_weekly_savings_report", last)])
    monkeypatch.setattr("custom_components.proof_of_heat.engine.engine.Engine.savings_report", lambda *_: PROOF)
    events: list[Any] = []
    hass.bus.async_listen(f"{DOMAIN}_event", callback(lambda item: events.append(item.data["period"])))
    entry = await prepare(hass)
    await start(hass, entry)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert events == (["week"] if sent_again else [])


# --- sums ---------------------------------------------------------------------------------------------------


def test_integrator_counts_means_and_skips_gaps() -> None:
    summed, at = HeatMeter(), datetime(2026, 1, 1, tzinfo=dt_util.UTC)
    summed.update(at, 2000.0)
    summed.update(at + timedelta(minutes=6), 1000.0)
    assert summed.total_kwh == pytest.approx(0.15)
    summed.update(at + timedelta(minutes=6), 1000.0)
    assert summed.total_kwh == pytest.approx(0.15), "the same report again"
    summed.update(at + timedelta(minutes=12), None)
    assert summed.total_kwh == pytest.approx(0.15), "how long it continued is unknown"
    summed.update(at + timedelta(minutes=18), 4000.0)
    assert summed.total_kwh == pytest.approx(0.15), "the rate during the gap is unknown"
    summed.update(at + timedelta(minutes=40), float("nan"))
    assert summed.total_kwh == pytest.approx(0.15), "NaN starts a gap"
    summed.update(at + timedelta(minutes=41), 1000.0)
    assert summed.total_kwh == pytest.approx(0.15)
    summed.update(at + timedelta(minutes=40), 1000.0)
    assert summed.total_kwh == pytest.approx(0.15), "a clock that was set back does not reduce the total"


async def test_calculated_energy_of_a_source_without_a_counter_survives_a_restart(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    stored = {"native_value": 12.5, "native_unit_of_measurement": "kWh"}
    mock_restore_cache_with_extra_data(hass, [(State("sensor.heater_electricity_consumption", "12.5"), stored)])
    entry = await prepare(hass)
    await start(hass, entry)
    unit = unit_of(entry)
    hass.states.async_set(HEATER, "on")
    await unit.source.refresh()
    freezer.tick(timedelta(minutes=6))
    await unit.source.refresh()
    entities = {key: entity_of(hass, "sensor", unit.subentry_id, key) for key in ("electricity", "heat")}
    await hass.async_block_till_done()
    entry.runtime_data.user_changes.notify()
    values = {key: hass.states.get(entity_id) for key, entity_id in entities.items()}
    assert values["electricity"] is not None
    assert values["electricity"].attributes["state_class"] == "total_increasing"
    component = hass.data["entity_components"]["sensor"]
    shown = {key: component.get_entity(entity_id).native_value for key, entity_id in entities.items()}
    assert shown["electricity"] == pytest.approx(12.5 + 0.08, abs=0.01)
    assert shown["heat"] == pytest.approx(0.08, abs=0.01), "an electric heater gives what it draws"


async def test_cost_counts_only_while_control_is_active(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    system_ = entry.runtime_data
    cost = hass.data["entity_components"]["sensor"].get_entity(entity_of(hass, "sensor", entry.entry_id, "cost"))
    assert cost.unit_of_measurement == "EUR"
    thermometer(hass, ROOM, 15.0)
    for _ in range(3):
        await system_.coordinator.async_refresh()
        freezer.tick(timedelta(minutes=5))
        thermometer(hass, ROOM, 15.0)
    assert cost.native_value == 0
    await system_.user.async_set_active(True)
    for _ in range(4):
        await system_.coordinator.async_refresh()
        freezer.tick(timedelta(minutes=5))
        thermometer(hass, ROOM, 15.0)
    assert system_.coordinator.data.decision.record.cost_h > 0
    assert cost.native_value == 0, "a heater that is commanded but stays off costs nothing"
    hass.states.async_set(HEATER, "on", {"friendly_name": "Heater"})
    await unit_of(entry).source.refresh()
    for _ in range(4):
        await system_.coordinator.async_refresh()
        freezer.tick(timedelta(minutes=5))
        thermometer(hass, ROOM, 15.0)
    await system_.coordinator.async_refresh()
    await hass.async_block_till_done()
    rate = system_.coordinator.data.decision.record.cost_h
    assert rate > 0
    assert 0 < cost.native_value <= rate / 2
