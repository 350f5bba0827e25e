"""A Modbus device is read before it is added: its readings are shown, and a template of another device is refused."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.modbus.template import load_builtin
from custom_components.proof_of_heat.drivers.modbus.template_match import match_template
from simulators.framework import running
from simulators.modbus_boiler.boiler import ModbusBoiler

from .flow import begin, change, go_on
from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

TEMPLATES = load_builtin()
DEVICES = {
    "lambda": "lambda_eu",
    "idm": "idm_navigator",
    "daikin": "daikin_home_hub",
    "froeling": "froeling_lambdatronic",
    "gtw08": "bdr_gtw08",
}


@pytest.fixture
async def entry(hass: HomeAssistant, socket_enabled: None) -> MockConfigEntry:
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    made = system(zone())
    await start(hass, made)
    return made


async def enter(hass: HomeAssistant, entry: MockConfigEntry, template: str, port: int, **more: Any) -> Any:
    result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": "modbus"})
    values = {"template": template, "address": "127.0.0.1", "port": port, "unit_id": 1, **more}
    return await go_on(hass, result, values)


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
async def test_a_template_fits_its_own_device_only(hass: HomeAssistant, entry: MockConfigEntry, device: str) -> None:
    async with running(ModbusBoiler, ["--port", "0", "--device", device]) as boiler:
        for template in TEMPLATES:
            result = await enter(hass, entry, template, boiler.port)
            if template == DEVICES[device]:
                assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "readings"), result["errors"]
                flow = result["description_placeholders"]["flow"]
                assert flow.endswith("°C ✓")
                assert float(flow.partition(" ")[0]) == pytest.approx(boiler.flow_c, abs=0.6)
            else:
                assert result["errors"].get("template") == "template_unfit", (template, result["errors"])
            hass.config_entries.subentries.async_abort(result["flow_id"])


async def test_the_readings_are_shown_and_accepted(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with running(ModbusBoiler, ["--port", "0", "--device", "lambda"]) as boiler:
        result = await enter(hass, entry, "lambda_eu", boiler.port, name="Cellar")
        shown = result["description_placeholders"]
        assert shown["name"] == "Cellar"
        assert shown["mode"] == "2 ✓"
        assert shown["fault"] == "0 ✓"
        assert shown["hot_water"] == "48.5 °C ✓"
        assert shown["valid"] == "20 / 20 ✓"
        assert set(shown) == {"name", "flow", "return", "outdoor", "hot_water", "power", "mode", "fault", "valid"}
        assert len(entry.subentries) == 1, "not added before they are accepted"
        result = await go_on(hass, result, {})
        assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Cellar")
        await hass.async_block_till_done()
        # A change to the template of another device is refused as well.
        form = await change(hass, entry, "source")
        values = {"template": "daikin_home_hub", "address": "127.0.0.1", "port": boiler.port, "unit_id": 1}
        result = await go_on(hass, form, values)
        assert result["errors"]["template"] in ("template_unfit", "not_supported")
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_broken_sensor_is_marked_and_does_not_keep_the_device_out(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    async with running(ModbusBoiler, ["--port", "0", "--device", "lambda"]) as boiler:
        boiler.faults.set("sensor_broken")
        result = await enter(hass, entry, "lambda_eu", boiler.port)
        assert result["step_id"] == "readings"
        assert result["description_placeholders"]["outdoor"] == "? ✗"
        hass.config_entries.subentries.async_abort(result["flow_id"])


GOOD = {
    "flow_temperature": 34.0,
    "return_temperature": 29.0,
    "outdoor_temperature": -3.0,
    "dhw_temperature": 48.0,
    "circuit_mode": 2.0,
    "running": True,
    "fault": 0.0,
}


@pytest.mark.parametrize(
    ("values", "wrong", "is_match"),
    [
        ({}, set(), True),
        ({"fault": 30.0}, set(), True),
        ({"outdoor_temperature": 0.0}, set(), True),
        ({"outdoor_temperature": None}, {"outdoor_temperature"}, True),
        ({"flow_temperature": 0.0, "return_temperature": 0.0}, {"flow_temperature", "return_temperature"}, False),
        (dict.fromkeys(GOOD, 0.0), {"flow_temperature", "return_temperature", "dhw_temperature"}, False),
        ({"flow_temperature": 95.0, "return_temperature": 8.0}, {"flow_temperature", "return_temperature"}, False),
        ({"fault": 1500.0, "dhw_temperature": 0.0}, {"fault", "dhw_temperature"}, False),
        ({"circuit_mode": 20000.0}, {"mode"}, True),
    ],
)
def test_readings_are_judged_line_by_line(values: dict[str, float | None], wrong: set[str], is_match: bool) -> None:
    others = frozenset({"circuit_supply_temperature", "room_temperature", "power"})
    found = match_template(TEMPLATES["lambda_eu"], {**GOOD, **values}, others)
    assert {line.key for line in found.lines if line.plausible is False} == wrong
    assert found.is_match is is_match


def test_a_device_that_refuses_most_registers_does_not_match() -> None:
    registers = TEMPLATES["lambda_eu"].registers
    absent = frozenset(key for key in registers if key not in ("flow_temperature", "return_temperature"))
    found = match_template(TEMPLATES["lambda_eu"], GOOD, absent)
    assert not found.is_match
    assert found.line("outdoor_temperature").plausible is None  # type: ignore[union-attr]
    assert found.line("gone") is None
