"""Devices that report few values: no sensor without a value, and power from the linked meter."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.runtime.zone_targets import scheduled_comfort

from .flow import device
from .ha import OUTDOOR, ROOM, idle, source, start, system, thermometer, zone

METER = "sensor.meter"


@pytest.fixture(autouse=True)
async def ready(hass: HomeAssistant, socket_enabled: None) -> None:
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)
    hass.states.async_set(METER, "1.5", {"unit_of_measurement": "kW", "device_class": "power"})
    assert await async_setup_component(hass, DOMAIN, {})


def shown(hass: HomeAssistant, owner: str, key: str) -> str | None:
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{owner}_{key}")
    state = None if entity_id is None else hass.states.get(entity_id)
    return None if state is None else state.state


async def read(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    (unit,) = entry.runtime_data.sources.values()
    await unit.source.refresh()
    await hass.async_block_till_done()
    return unit


async def test_boiler_without_a_counter_is_counted_and_has_no_empty_sensors(
    hass: HomeAssistant, loopback: Callable[[], str]
) -> None:
    """IDM's registers hold heat and power, and no electricity."""
    async with device("modbus", loopback) as (_, values):
        entry = system(zone(), await source(hass, "modbus", values))
        await start(hass, entry)
        unit = await read(hass, entry)
        assert unit.counters == {"heat"}
        assert float(shown(hass, unit.subentry_id, "heat") or 0) > 1000
        assert float(shown(hass, unit.subentry_id, "electricity") or -1) >= 0
        empty = [
            item.entity_id
            for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
            if item.config_subentry_id == unit.subentry_id
            and item.domain == "sensor"
            and item.disabled_by is None
            and hass.states.get(item.entity_id).state == "unknown"  # type: ignore[union-attr]
        ]
        allowed = {"last_command", "cost_of_heat"}  # nothing was commanded yet, nothing heats
        assert {entity_id for entity_id in empty if not entity_id.endswith(tuple(allowed))} == set()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_sensor_that_was_there_stays_while_its_device_is_silent(
    hass: HomeAssistant, loopback: Callable[[], str]
) -> None:
    async with device("modbus", loopback) as (_, values):
        entry = system(zone(), await source(hass, "modbus", values))
        await start(hass, entry)
        owner = (await read(hass, entry)).subentry_id
        await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert shown(hass, owner, "return_temperature") == "unavailable"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_power_of_a_source_that_does_not_measure_is_that_of_its_meter(
    hass: HomeAssistant, loopback: Callable[[], str]
) -> None:
    async with device("viessmann", loopback) as (_, values):
        entry = system(zone(), await source(hass, "viessmann", {**values, "meter": METER}))
        await start(hass, entry)
        unit = await read(hass, entry)
        assert shown(hass, unit.subentry_id, "power") == "1500.0"
        assert shown(hass, entry.entry_id, "power") == "1500.0"
        updates: list[Any] = []
        entry.runtime_data.publisher.subscribe(
            lambda entity, value, available: updates.append((entity.entity_id, value))
        )
        hass.states.async_set(METER, "0.9", {"unit_of_measurement": "kW", "device_class": "power"})
        await entry.runtime_data.coordinator.async_refresh()
        power = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{unit.subentry_id}_power")
        assert (power, 900.0) in updates, "with each cycle, not only when the cloud was asked"
        await idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_next_event_of_a_schedule_without_slots_is_previewed(hass: HomeAssistant) -> None:
    now = dt_util.utcnow()
    change = now + timedelta(hours=2)
    room: Any = SimpleNamespace(schedule="input_boolean.at_home", week=None)
    hass.states.async_set("input_boolean.at_home", "off", {"next_event": change})
    hours = [scheduled_comfort(hass, room, now + timedelta(hours=hour), now, None) for hour in (0, 1, 3, 11)]
    assert hours == [False, False, True, False]
    hass.states.async_set("input_boolean.at_home", "on")
    assert scheduled_comfort(hass, room, now + timedelta(hours=30), now, None)
    hass.states.async_remove("input_boolean.at_home")
    assert scheduled_comfort(hass, room, now, now, None), "comfort if the schedule is missing"
