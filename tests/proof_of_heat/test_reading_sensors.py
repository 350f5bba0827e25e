"""What Modbus devices tell beside the contract is shown, in the unit that its template says."""

from collections.abc import Callable
from pathlib import Path

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from custom_components.proof_of_heat.const import DOMAIN
from simulators.framework import running
from simulators.modbus_boiler.boiler import ModbusBoiler

from . import ha
from .flow import device

STRANGE = """
format: 1
id: strange
name: Strange
manufacturer: Somebody
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
        (unit,) = entry.runtime_data.units.values()
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
        assert "message" not in found, "only what has a name and a unit of ours"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_reading_in_another_unit_is_not_shown_as_ours(
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
        (unit,) = entry.runtime_data.units.values()
        await unit.source.refresh()
        await hass.async_block_till_done()
        found = shown(hass, unit.subentry_id)
        assert "buffer_charge" in found
        assert not {"buffer_temperature", "boiler_temperature", "boiler_load"} & found.keys()
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_both_call_limits_are_told(hass: HomeAssistant, loopback: Callable[[], str]) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with device("viessmann", loopback) as (_, values):
        entry = ha.system(await ha.source(hass, "viessmann", {**values, "day_limit": 900, "short_limit": 45}))
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.units.values()
        assert unit.budget is not None
        left = shown(hass, unit.subentry_id)["api_calls_left"]
        assert (left.attributes["limit"], left.attributes["ten_minutes_limit"]) == (900, 45)
        assert 0 < left.attributes["ten_minutes_left"] < 45
        assert left.attributes["reserved_for_commands"] == 128
        assert left.attributes["blocked_until"] is None
        assert await hass.config_entries.async_unload(entry.entry_id)
