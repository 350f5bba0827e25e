"""Set-up, the cycle, hands on and off, restart, faults: in a real Home Assistant."""

from collections.abc import AsyncGenerator
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.proof_of_heat.comfort.profiles import Profile
from custom_components.proof_of_heat.const import DOMAIN

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone


def entity_id(hass: HomeAssistant, domain: str, owner: str, key: str) -> str:
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{owner}_{key}")
    assert found is not None, key
    return found


async def advance(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float, step: float = 61) -> None:
    """Let time pass on Home Assistant's clock; sensors go on reporting."""
    left = seconds
    while left > 0:
        freezer.tick(min(step, left))
        left -= step
        for sensor in (ROOM, OUTDOOR):
            state = hass.states.get(sensor)
            if state is not None:
                hass.states.async_set(sensor, state.state, state.attributes, force_update=True)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()


async def settle(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let commands that run beside the cycle come to their end (pollers never do)."""
    for _ in range(12):
        freezer.tick(0.3)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()


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


async def test_nothing_is_commanded_before_the_user_says_so(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await advance(hass, freezer, 600)
    assert hass.states.get(HEATER).state == "off"


async def test_cold_room_is_heated_and_hands_off_ends_it(
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
    await entry.runtime_data.async_set_active(True)
    await advance(hass, freezer, 30, 30)
    assert hass.states.get(HEATER).state == "off"


async def test_wishes_survive_a_restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    system_now = entry.runtime_data
    await system_now.async_set_active(True)
    await system_now.async_set_profile(Profile.ECO)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data is not system_now
    assert entry.runtime_data.wanted.active
    assert entry.runtime_data.wanted.wishes.profile == Profile.ECO


async def test_decision_is_in_words_with_names(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await entry.runtime_data.async_set_active(True)
    await advance(hass, freezer, 200)
    state = hass.states.get(entity_id(hass, "sensor", entry.entry_id, "decision"))
    assert DOMAIN not in state.state
    assert "Heater" in state.state
    assert state.attributes["mix"][0]["source"] == "Heater"
    assert state.attributes["id"]


async def test_lost_room_sensor_is_shown_and_heating_goes_on(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await entry.runtime_data.async_set_active(True)
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
    events: list[Any] = []
    hass.bus.async_listen(f"{DOMAIN}_event", events.append)
    hass.states.async_set(HEATER, "unavailable")
    await advance(hass, freezer, 1500)
    assert [event.data["type"] for event in events][:1] == ["driver_failed"]
    unit = next(iter(entry.runtime_data.units.values()))
    assert hass.states.get(entity_id(hass, "sensor", unit.subentry_id, "health")).state == "failing"
    assert hass.states.get(entity_id(hass, "sensor", unit.subentry_id, "power")).state == "unavailable"
    assert hass.states.get(entity_id(hass, "binary_sensor", unit.subentry_id, "fault")).state == "on"
    from homeassistant.helpers import issue_registry as ir

    assert ir.async_get(hass).async_get_issue(DOMAIN, f"source_failing_{unit.subentry_id}") is not None


async def test_source_that_cannot_be_made_keeps_nothing_else_from_starting(hass: HomeAssistant, heater: str) -> None:
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
    assert len(entry.runtime_data.units) == 1
    assert ir.async_get(hass).async_get_issue(DOMAIN, "source_unusable_broken") is not None


async def test_removing_the_entry_forgets_what_was_stored(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await entry.runtime_data.async_set_active(True)
    assert any(key.startswith(f"{DOMAIN}.wanted") for key in hass_storage)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]
