"""Additional readings of Modbus devices are sensors in the unit given by their template."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.sources.managed_source import ManagedSource
from simulators.framework import running
from simulators.modbus_boiler.boiler import ModbusBoiler

from . import ha
from .flow import device as simulated

STRANGE = """
format: 1
id: strange
name: Strange
manufacturer: Example
kind: boiler
registers:
  flow_temperature: {at: 1030, in: input, scale: 0.5, unit: °C}
  buffer_temperature: {at: 2000, in: input, scale: 0.9, offset: 32, unit: °F}
  boiler_temperature: {at: 0, in: input, scale: 0.5}
  boiler_load: {at: 14, in: input, on_values: [60]}
  buffer_charge: {at: 2006, in: input, unit: "%"}
  circuit_mode: {at: 8046}
  running: {at: 8046, on_values: [1]}
controls:
  on_off: {register: circuit_mode, value_on: 1, value_off: 4}
fallback: {circuit_mode: 1}
poll_s: 65
"""


def shown(hass: HomeAssistant, owner: str) -> dict[str, State]:
    registry = er.async_get(hass)
    found = {}
    for item in registry.entities.values():
        if item.unique_id.startswith(f"{owner}_") and item.domain == "sensor":
            state = hass.states.get(item.entity_id)
            if state is not None:
                found[item.unique_id.removeprefix(f"{owner}_")] = state
    return found


async def test_a_boilers_readings_are_sensors(hass: HomeAssistant, socket_enabled: None) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with running(ModbusBoiler, ["--port", "0", "--device", "froeling"]) as simulator:
        values = {"template": "froeling_lambdatronic", "address": "127.0.0.1", "port": simulator.port, "unit_id": 1}
        entry = ha.system(await ha.source(hass, "modbus", values))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        await unit.source.refresh()
        await hass.async_block_till_done()
        found = shown(hass, unit.subentry_id)
        assert {
            key: float(found[key].state) for key in ("boiler_temperature", "buffer_temperature", "buffer_charge")
        } == {
            "boiler_temperature": 75.0,
            "buffer_temperature": 68.0,
            "buffer_charge": 74.0,
        }
        assert found["boiler_temperature"].attributes["unit_of_measurement"] == "°C"
        assert found["dhw_temperature"].attributes["device_class"] == "temperature"
        assert "room_temperature" not in found, "this boiler has no such sensor"
        assert "power" not in found, "nor does it report its power"
        device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, unit.subentry_id), entry.entry_id)
        assert device is not None
        assert (device.manufacturer, device.model) == ("Fröling", "Fröling boiler (Lambdatronic 3200)")
        assert "message" not in found, "only readings with a known name and unit"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_reading_in_another_unit_is_not_shown(
    hass: HomeAssistant, socket_enabled: None, tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / DOMAIN / "templates"
    folder.mkdir(parents=True)
    (folder / "strange.yaml").write_text(STRANGE)
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with running(ModbusBoiler, ["--port", "0", "--device", "froeling"]) as simulator:
        values = {"template": "strange", "address": "127.0.0.1", "port": simulator.port, "unit_id": 1}
        entry = ha.system(await ha.source(hass, "modbus", values))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        assert 65.0 <= unit.poller.delay_s() <= 71.5, "as its template asks"
        await unit.source.refresh()
        await hass.async_block_till_done()
        found = shown(hass, unit.subentry_id)
        assert "buffer_charge" in found
        assert not {"buffer_temperature", "boiler_temperature", "boiler_load"} & found.keys()
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_both_call_limits_are_shown(hass: HomeAssistant, loopback: Callable[[], str]) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with simulated("viessmann", loopback) as (_, values):
        entry = ha.system(await ha.source(hass, "viessmann", {**values, "day_limit": 900, "short_limit": 45}))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        assert unit.budget is not None
        left = shown(hass, unit.subentry_id)["api_calls_left"]
        assert (left.attributes["limit"], left.attributes["ten_minutes_limit"]) == (900, 45)
        assert 0 < left.attributes["ten_minutes_left"] < 45
        assert left.attributes["reserved_for_commands"] == 128
        assert left.attributes["blocked_until"] is None
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_health_of_a_source_is_unknown_before_its_first_read(hass: HomeAssistant, socket_enabled: None) -> None:
    """Each restart would else show a fault for a moment, and start automations."""
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    seen: dict[str, list[str]] = {}

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None:
            seen.setdefault(event.data["entity_id"].rpartition("_")[2], []).append(state.state)

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    async with running(ModbusBoiler, ["--port", "0", "--device", "lambda"]) as simulator:
        values = {"template": "lambda_eu", "address": "127.0.0.1", "port": simulator.port, "unit_id": 1}
        entry = ha.system(await ha.source(hass, "modbus", values))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        await until_asked(unit)
        await hass.async_block_till_done()
        assert "failing" not in seen["health"]
        assert seen["health"][-1] == "ok"
        assert "on" not in seen["fault"]
        assert seen["fault"][-1] == "off"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_source_that_never_responded_is_failing(hass: HomeAssistant, socket_enabled: None) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with running(ModbusBoiler, ["--port", "0", "--device", "lambda"]) as simulator:
        values = {"template": "lambda_eu", "address": "127.0.0.1", "port": simulator.port, "unit_id": 1}
        found = await ha.source(hass, "modbus", values)
        simulator.faults.set("busy")
        entry = ha.system(found)
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        await until_asked(unit)
        await hass.async_block_till_done()
        states = {key: hass.states.get(key) for key in hass.states.async_entity_ids()}
        assert states["sensor.lambda_eu_heat_pump_health"].state == "failing"
        assert states["binary_sensor.lambda_eu_heat_pump_fault"].state == "on"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def until_asked(unit: ManagedSource) -> None:
    async with asyncio.timeout(120):
        while not unit.poller.has_read:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_reading_during_unload_creates_no_entity(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with running(ModbusBoiler, ["--port", "0", "--device", "froeling"]) as simulator:
        values = {"template": "froeling_lambdatronic", "address": "127.0.0.1", "port": simulator.port, "unit_id": 1}
        found = await ha.source(hass, "modbus", values)
        simulator.faults.set("busy")
        entry = ha.system(found)
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        real = hass.config_entries.async_unload_platforms

        async def late(*args: Any, **options: Any) -> bool:
            done = await real(*args, **options)
            simulator.faults.clear("busy")
            await unit.source.refresh()
            return done

        monkeypatch.setattr(hass.config_entries, "async_unload_platforms", late)
        assert await hass.config_entries.async_reload(entry.entry_id)
        (unit,) = entry.runtime_data.sources.values()
        await unit.source.refresh()
        await hass.async_block_till_done()
        assert "already exists" not in caplog.text
        assert shown(hass, unit.subentry_id)["boiler_temperature"].state == "75.0"
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        assert hass.states.get("sensor.froling_boiler_lambdatronic_3200_boiler_temperature").state == "unavailable"
