"""Set-up, the cycle, hands on and off, restart, faults: in a real Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import astuple
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events, async_fire_time_changed

from custom_components.proof_of_heat._lib.heat_source import CommandResult, Outcome
from custom_components.proof_of_heat.comfort.profiles import Profile
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.learning import FIRST_H
from custom_components.proof_of_heat.runtime.snapshot_builder import _standard_time_s

from .engine.homes import lived_history
from .ha import HEATER, OUTDOOR, ROOM, cycles_end, source, start, system, thermometer, zone


def entity_id(hass: HomeAssistant, domain: str, owner: str, key: str) -> str:
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{owner}_{key}")
    assert found is not None, key
    return found


async def advance(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float, step: float = 61) -> None:
    """Let time pass on Home Assistant's clock; sensors keep reporting."""
    left = seconds
    while left > 0:
        freezer.tick(min(step, left))
        left -= step
        for sensor in (ROOM, OUTDOOR):
            state = hass.states.get(sensor)
            if state is not None:
                hass.states.async_set(sensor, state.state, state.attributes, force_update=True)
        async_fire_time_changed(hass)
        await cycles_end(hass)


async def settle(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Wait for commands that run in the background of the cycle (pollers never end)."""
    for _ in range(12):
        freezer.tick(0.3)
        async_fire_time_changed(hass)
        await cycles_end(hass)


@pytest.fixture
async def heater(hass: HomeAssistant) -> str:
    """An electric heater behind a switch."""
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"heater": {"name": "Heater"}}})
    thermometer(hass, ROOM, 17.0)
    thermometer(hass, OUTDOOR, 0.0)
    return HEATER


@pytest.fixture
async def entry(hass: HomeAssistant, heater: str) -> AsyncGenerator[MockConfigEntry]:
    """A cold room, a heater of 3 kW."""
    assert await async_setup_component(hass, DOMAIN, {})
    heat = await source(
        hass,
        "entity",
        {"entity": heater, "source_kind": "direct_electric", "nominal_power": 3000.0, "number_is": "power"},
    )
    made = system(zone(), heat)
    await start(hass, made)
    return made


async def test_sets_up_and_unloads(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get(entity_id(hass, "sensor", entry.entry_id, "decision")) is not None
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED


async def test_nothing_is_commanded_before_control_is_turned_on(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await advance(hass, freezer, 600)
    assert hass.states.get(HEATER).state == "off"


async def test_cold_room_is_heated_until_control_is_turned_off(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    switch = entity_id(hass, "switch", entry.entry_id, "control_active")
    await hass.services.async_call("switch", "turn_on", {"entity_id": switch}, blocking=True)
    await advance(hass, freezer, 300)
    assert hass.states.get(HEATER).state == "on"
    climate = next(iter(hass.states.async_all("climate")))
    assert (climate.state, climate.attributes["hvac_action"]) == ("heat", "heating")
    await hass.services.async_call("switch", "turn_off", {"entity_id": switch}, blocking=True)
    await settle(hass, freezer)
    assert hass.states.get(HEATER).state == "off"


async def test_first_minute_is_read_only(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await entry.runtime_data.user.async_set_active(True)
    await advance(hass, freezer, 30, 30)
    assert hass.states.get(HEATER).state == "off"


async def test_user_settings_survive_a_restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    system_now = entry.runtime_data
    await system_now.user.async_set_active(True)
    await system_now.user.async_set_profile(Profile.ECO)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data is not system_now
    assert entry.runtime_data.user.active
    assert entry.runtime_data.user.comfort.profile == Profile.ECO


async def test_decision_text_contains_names(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await entry.runtime_data.user.async_set_active(True)
    await advance(hass, freezer, 200)
    state = hass.states.get(entity_id(hass, "sensor", entry.entry_id, "decision"))
    assert DOMAIN not in state.attributes["words"]
    assert "Heater" in state.attributes["words"]
    assert state.attributes["mix"][0]["source"] == "Heater"
    assert state.attributes["id"]


async def test_lost_room_sensor_is_reported_and_heating_continues(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await entry.runtime_data.user.async_set_active(True)
    await advance(hass, freezer, 200)
    hass.states.async_set(ROOM, "unavailable")
    await advance(hass, freezer, 1200)
    lost = entity_id(hass, "binary_sensor", entry.entry_id, "sensor_lost")
    assert hass.states.get(lost).state == "on"
    from homeassistant.helpers import issue_registry as ir

    issues = ir.async_get(hass).issues
    assert any(key[1].startswith("sensor_dead_") for key in issues)
    thermometer(hass, ROOM, 18.0)
    await advance(hass, freezer, 130)
    assert hass.states.get(lost).state == "off"
    assert not any(key[1].startswith("sensor_dead_") for key in ir.async_get(hass).issues)


async def test_dead_source_is_failing_raises_an_event_and_an_issue(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    events = async_capture_events(hass, f"{DOMAIN}_event")
    hass.states.async_set(HEATER, "unavailable")
    await advance(hass, freezer, 1500)
    assert [event.data["type"] for event in events][:1] == ["driver_failed"]
    assert (events[0].data["reason"], events[0].data["text"]) == ("no_response", "not responding")
    unit = next(iter(entry.runtime_data.sources.values()))
    assert hass.states.get(entity_id(hass, "sensor", unit.subentry_id, "health")).state == "failing"
    assert hass.states.get(entity_id(hass, "sensor", unit.subentry_id, "power")).state == "unavailable"
    assert hass.states.get(entity_id(hass, "binary_sensor", unit.subentry_id, "fault")).state == "on"
    from homeassistant.helpers import issue_registry as ir

    assert ir.async_get(hass).async_get_issue(DOMAIN, f"source_failing_{unit.subentry_id}") is not None


async def test_failing_source_setup_does_not_block_the_others(hass: HomeAssistant, heater: str) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    heat = await source(hass, "entity", {"entity": heater, "number_is": "power"})
    broken = heat.as_dict() | {"subentry_id": "broken", "unique_id": "x", "title": "Old boiler"}
    broken["data"] = {"kind": "modbus", "template": "gone", "address": "127.0.0.1", "capabilities": {"kind": "boiler"}}
    entry = system(zone(), heat)
    entry.add_to_hass(hass)
    from types import MappingProxyType

    from homeassistant.config_entries import ConfigSubentry
    from homeassistant.helpers import issue_registry as ir

    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType(broken["data"]),
            subentry_id="broken",
            subentry_type="source",
            title="Old boiler",
            unique_id="x",
        ),
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert len(entry.runtime_data.sources) == 1
    assert ir.async_get(hass).async_get_issue(DOMAIN, "source_unusable_broken") is not None


async def test_removing_the_entry_deletes_its_stored_data(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await entry.runtime_data.user.async_set_active(True)
    assert any(key.startswith(f"{DOMAIN}.wanted") for key in hass_storage)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]


async def test_failed_learning_is_retried_and_the_cycle_continues(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error must not leave the engine waiting for a result indefinitely."""
    from custom_components.proof_of_heat.engine import jobs

    tried: list[int] = []

    def learn(*_: Any) -> Any:
        tried.append(1)
        raise IndexError("a gap in the history")

    monkeypatch.setattr(jobs, "learn", learn)
    home = entry.runtime_data
    lived = lived_history(FIRST_H / 24)
    since_s = _standard_time_s(dt_util.now()) - lived[-1].time_s
    home.engine.history.restore([[row.time_s + since_s, *astuple(row)[1:]] for row in lived])
    await home.user.async_set_active(True)
    await advance(hass, freezer, 400)
    await home.coordinator.async_refresh()  # waits for a job that outlasted its cycle
    assert home.coordinator.last_update_success
    assert tried
    assert (home.coordinator.cycle.jobs.failures, home.engine._busy) == (1, False)
    assert hass.states.get(HEATER).state == "on"
    home.engine._learn_at_h = 0.0
    await advance(hass, freezer, 200)
    await home.coordinator.async_refresh()  # waits for a job that outlasted its cycle
    assert len(tried) == 2


async def test_failing_close_does_not_block_the_other_sources(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        raise OSError("stuck")

    unit = next(iter(entry.runtime_data.sources.values()))
    unit.close = broken
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert "stuck" in caplog.text
    assert f"{DOMAIN}.state.{entry.entry_id}" in hass_storage
    unit.close = None
    await unit.async_close()


async def test_state_is_written_when_home_assistant_stops(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE

    assert f"{DOMAIN}.state.{entry.entry_id}" not in hass_storage
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert "engine" in hass_storage[f"{DOMAIN}.state.{entry.entry_id}"]["data"]


async def test_duty_cycles_that_cannot_be_stored_do_not_stop_heating(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homeassistant.exceptions import HomeAssistantError

    async def full(_: Any) -> None:
        raise HomeAssistantError("disk full")

    home = entry.runtime_data
    await home.user.async_set_active(True)
    monkeypatch.setattr(home.store._cycling_store, "async_save_durably", full)
    await advance(hass, freezer, 300)
    assert hass.states.get(HEATER).state == "on"
    assert home.coordinator.last_update_success


async def test_minimum_times_follow_the_source_while_control_is_off(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    home = entry.runtime_data
    source_id = next(iter(home.sources))
    await advance(hass, freezer, 300)
    assert home.coordinator.data.decision.command(source_id).on, "decided"
    assert home.engine.short_cycle.cycle(source_id).on is not True, "but never commanded"
    hass.states.async_set(HEATER, "on")
    await advance(hass, freezer, 200)
    assert home.engine.short_cycle.cycle(source_id).on is True
    assert home.engine.savings.days == []


async def test_base_load_is_the_site_meter_minus_the_sources(
    hass: HomeAssistant, heater: str, freezer: FrozenDateTimeFactory
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    heat = await source(hass, "entity", {"entity": heater, "nominal_power": 3000.0, "number_is": "power"})
    made = system(zone(), heat, options={"limits": {"site_meter": "sensor.site", "site_power": 6000.0}})
    await start(hass, made)
    hass.states.async_set(HEATER, "on")
    hass.states.async_set("sensor.site", "5", {"unit_of_measurement": "kW"})
    await advance(hass, freezer, 61)
    hass.states.async_set("sensor.site", "5", {"unit_of_measurement": "kW"}, force_update=True)
    await made.runtime_data.coordinator.async_refresh()
    assert made.runtime_data.coordinator.data.snapshot.other_load_w == pytest.approx(2000)


@pytest.mark.parametrize(
    ("options", "price", "ahead"),
    [
        ({}, None, []),
        ({"fixed_price": 0.3}, 0.3, []),
        (
            {
                "base_price": 0.3,
                "tariff_windows": [{"days": "Mon-Sun", "start": "22:00", "end": "06:00", "price": 0.12}],
            },
            0.12,
            [0.12, 0.3],
        ),
        (
            {"base_price": 0.3, "tariff_windows": [{"start": "x", "end": "06:00", "price": 0.12}], "fixed_price": 0.2},
            0.2,
            [],
        ),
        ({"price_entity": "sensor.price", "fees": 0.1, "tax": 25.0}, 0.25, []),
        (
            {
                "price_entity": "sensor.gone",
                "base_price": 0.3,
                "tariff_windows": [{"start": "22:00", "end": "06:00", "price": 0.12}],
            },
            0.12,
            [0.12, 0.3],
        ),
    ],
)
async def test_price_of_electricity(
    hass: HomeAssistant,
    heater: str,
    freezer: FrozenDateTimeFactory,
    options: dict[str, Any],
    price: float | None,
    ahead: list[float],
) -> None:
    freezer.move_to("2027-01-13T02:00:00+00:00")
    await hass.config.async_set_time_zone("Europe/Rome")
    hass.states.async_set("sensor.price", "10", {"unit_of_measurement": "ct/kWh"})
    assert await async_setup_component(hass, DOMAIN, {})
    made = system(zone(), options={"price": options})
    await start(hass, made)
    snapshot = made.runtime_data.coordinator.data.snapshot
    assert snapshot.price_kwh == pytest.approx(price) if price is not None else snapshot.price_kwh != snapshot.price_kwh
    known = list(snapshot.forecast.price_kwh) if snapshot.forecast else []
    assert list(dict.fromkeys(known)) == ahead
    if ahead:
        assert len(known) == 192


async def test_hashprice_from_sensor_url_and_fixed_value(
    hass: HomeAssistant, heater: str, socket_enabled: None
) -> None:
    from homeassistant.util import dt as dt_util

    assert await async_setup_component(hass, DOMAIN, {})
    url = "http://127.0.0.1:9/price"
    options = {"price": {"hashprice": 40.0, "hashprice_entity": "sensor.hash", "hashprice_url": url}}
    made = system(zone(), options=options)
    await start(hass, made)
    home = made.runtime_data
    now = dt_util.utcnow()
    assert home.coordinator.cycle.providers.hashprice.at_present(now) == 40.0
    home.coordinator.cycle.providers.hashprice.load({"from": [url, "", 1.0], "value": 45.0, "at": now.isoformat()})
    assert home.coordinator.cycle.providers.hashprice.at_present(now) == 45.0
    hass.states.async_set("sensor.hash", "50")
    assert home.coordinator.cycle.providers.hashprice.at_present(now) == 50.0
    hass.states.async_set("sensor.hash", "0.05", {"unit_of_measurement": "EUR/TH/d"})
    assert home.coordinator.cycle.providers.hashprice.at_present(now) == pytest.approx(50.0)
    hass.states.async_remove("sensor.hash")
    await hass.config_entries.async_reload(made.entry_id)
    assert made.runtime_data.coordinator.cycle.providers.hashprice.at_present(now) == 45.0, "kept over the restart"


async def test_cycles_do_not_overlap(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A user's wish refreshes while a cycle waits for a plan: it comes after, and no plan is taken twice."""
    import asyncio

    home, inside, most = entry.runtime_data, 0, 0

    async def slow(*_: Any) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1

    home.coordinator.cycle.jobs.run = slow
    await asyncio.gather(*(home.coordinator.async_refresh() for _ in range(5)))
    assert most == 1
    assert home.coordinator.last_update_success


async def test_after_a_reload_no_source_counts_as_not_responding(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first reading takes longer than the first decision."""
    from custom_components.proof_of_heat.sources.ha_entity import EntitySource

    await entry.runtime_data.user.async_set_active(True)
    await advance(hass, freezer, 200)
    real, may_read = EntitySource._read, asyncio.Event()

    async def slow(source: EntitySource) -> Any:
        await may_read.wait()
        return await real(source)

    monkeypatch.setattr(EntitySource, "_read", slow)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    heating = entry.runtime_data
    codes = {str(limit.code) for limit in heating.coordinator.data.decision.record.limits}
    assert codes >= {"not_read", "just_started"}
    assert "no_answer" not in codes
    may_read.set()
    while not next(iter(heating.sources.values())).poller.has_read:  # noqa: ASYNC110  it sets no event
        await asyncio.sleep(0)
    await heating.coordinator.async_refresh()
    codes = {str(limit.code) for limit in heating.coordinator.data.decision.record.limits}
    assert not codes & {"not_read", "no_answer"}


async def test_a_deferred_write_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await entry.runtime_data.user.async_set_active(True)
    await advance(hass, freezer, 200)
    heating = entry.runtime_data
    managed = next(iter(heating.sources.values()))
    heating.supervisor._on_result(managed, CommandResult(command_id="c", outcome=Outcome.DEFERRED))
    await heating.coordinator.async_refresh()
    assert "write_deferred" in {str(limit.code) for limit in heating.coordinator.data.decision.record.limits}
