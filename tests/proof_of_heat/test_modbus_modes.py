"""Devices whose registers depend on a mode, that answer few registers at once, or number their faults oddly."""

from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from modbus_connection import ModbusTimeoutError
import pytest
import yaml

from custom_components.proof_of_heat.drivers.modbus.dump import parse_dump
from custom_components.proof_of_heat.drivers.modbus.registers import AddressSpace
from custom_components.proof_of_heat.drivers.modbus.source import ModbusSource, capabilities_of
from custom_components.proof_of_heat.drivers.modbus.template import load_builtin, parse
from custom_components.proof_of_heat.drivers.modbus.template_match import match_template
from custom_components.proof_of_heat.drivers.modbus.template_schema import TemplateError
from custom_components.proof_of_heat.sources.types.modbus import readings_of
from lib.heat_source import Command, Health, Outcome

from .test_modbus import QUICK
from .winter import TEMPLATE

TEMPLATES = load_builtin()
DUMPS = Path(__file__).parent / "modbus_dumps"
MODE, FLOW, FAULT = 28, 32, 12


class Device:
    """The registers of a dump; requests for more registers than it answers get no reply."""

    def __init__(self, key: str, most: int = 125) -> None:
        self.tables = parse_dump(json.loads((DUMPS / f"{key}.json").read_text("utf-8"))["dump"])
        self.holding = self.tables[AddressSpace.HOLDING]
        self.most = most
        self.writes: list[tuple[int, int]] = []

    def _words(self, space: AddressSpace, address: int, count: int) -> list[int]:
        if count > self.most:
            raise ModbusTimeoutError("no reply")
        return [self.tables[space].get(at, 0) for at in range(address, address + count)]

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return self._words(AddressSpace.HOLDING, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return self._words(AddressSpace.INPUT, address, count)

    async def write_register(self, address: int, value: int) -> None:
        self.writes.append((address, value))
        self.holding[address] = value

    async def disconnect(self) -> None:
        """Nothing to close."""


def source_of(key: str, device: Device) -> ModbusSource:
    template = TEMPLATES[key]
    capabilities = replace(capabilities_of(template), min_write_interval_s=0.0, settle_s=0.0)
    unit: Any = device
    source = ModbusSource("proof_of_heat:x", template.name, unit, template, capabilities=capabilities)
    source.timing = QUICK
    return source


async def test_a_flow_temperature_is_not_written_where_it_would_be_a_room_temperature() -> None:
    device = Device("mitsubishi_a1m")
    device.holding |= {MODE: 0, FLOW: 2100}  # zone 1 is set to 21 °C in the room
    source = source_of("mitsubishi_a1m", device)
    for _ in range(2):  # before anything was read, too
        result = await source.apply(Command(id="c", flow_c=38.0))
        assert result.outcome == Outcome.REFUSED
        assert "circuit_mode is" in result.detail
    assert device.writes == []
    assert source.state.flow_setpoint_c is None
    assert source.state.flow_c == 36.12
    await source.close()


@pytest.mark.parametrize(("mode", "method"), [(4, 2), (4, 1), (3, 0), (0, 0)])
async def test_a_target_that_has_no_effect_is_not_written(mode: int, method: int) -> None:
    """LG: with room air control it is a room temperature, in the automatic mode the curve applies."""
    device = Device("lg_therma_v")
    device.holding |= {0: mode, 1: method}
    source = source_of("lg_therma_v", device)
    assert (await source.refresh()).flow_setpoint_c is None
    assert (await source.apply(Command(id="c", flow_c=40.0))).outcome == Outcome.REFUSED
    assert device.writes == []
    await source.close()


async def test_it_is_written_in_the_mode_and_given_back() -> None:
    device = Device("mitsubishi_a1m")
    source = source_of("mitsubishi_a1m", device)
    assert (await source.refresh()).flow_setpoint_c == 35.0
    assert (await source.apply(Command(id="c", flow_c=38.2))).outcome == Outcome.APPLIED
    assert device.writes == [(FLOW, 3800)]
    assert (await source.release()).outcome == Outcome.APPLIED
    assert device.writes[-1] == (FLOW, 3500)
    await source.close()


async def test_another_mode_during_control_is_left_alone_at_its_end() -> None:
    device = Device("mitsubishi_a1m")
    source = source_of("mitsubishi_a1m", device)
    assert (await source.apply(Command(id="c", flow_c=38.0))).outcome == Outcome.APPLIED
    device.holding |= {MODE: 0, FLOW: 2050}  # the user chooses a room temperature
    await source.refresh()
    assert (await source.release()).outcome == Outcome.UNCHANGED
    assert device.holding[FLOW] == 2050
    assert len(device.writes) == 1
    await source.close()


@pytest.mark.parametrize(
    ("key", "address", "raw", "fault", "health"),
    [
        ("mitsubishi_a1m", FAULT, 8000, 0.0, Health.OK),
        ("mitsubishi_a1m", FAULT, 6999, 6999.0, Health.DEGRADED),
        ("weishaupt_wwp", 30003, 65535, 0.0, Health.OK),
        ("weishaupt_wwp", 30003, 56, 56.0, Health.DEGRADED),
        ("bdr_gtw08", 277, 65535, 0.0, Health.OK),
        ("bdr_gtw08", 277, 12, 12.0, Health.DEGRADED),
    ],
)
async def test_a_number_that_means_no_fault(key: str, address: int, raw: int, fault: float, health: Health) -> None:
    device = Device(key)
    for rows in device.tables.values():
        rows[address] = raw
    source = source_of(key, device)
    assert (await source.refresh()).health == health
    assert source.values["fault"] == fault
    if not fault:  # nothing to doubt when the device is added
        assert readings_of(match_template(source.template, source.values, source.absent))["fault"] == "0 ✓"
    await source.close()


async def test_a_device_that_answers_few_registers_at_once_is_read() -> None:
    device = Device("weishaupt_wwp", most=3)
    source = source_of("weishaupt_wwp", device)
    state = await source.refresh()
    assert (state.health, state.flow_c, state.room_setpoint_c) == (Health.OK, 35.1, 21.0)
    assert None not in source.values.values()
    await source.close()


async def test_a_setpoint_that_is_not_a_request_is_unknown() -> None:
    device = Device("weishaupt_wwp")
    device.tables[AddressSpace.INPUT] |= {31104: 1, 32101: 0x8000}
    source = source_of("weishaupt_wwp", device)
    state = await source.refresh()
    assert state.flow_setpoint_c is None
    assert source.values["dhw_setpoint"] is None
    await source.close()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"max_registers": 1}, "max_registers: 1 is not a number from 2 to 60"),
        ({"requires": {"mode": [1]}}, "requires: mode is not a register with a number"),
        ({"requires": {"running": [1]}}, "requires: running is not a register with a number"),
    ],
)
def test_an_invalid_template_is_named(change: dict[str, Any], text: str) -> None:
    data = yaml.safe_load(TEMPLATE)
    if "requires" in change:
        data["controls"]["flow"] |= change
    else:
        data |= change
    with pytest.raises(TemplateError, match=text):
        parse(data)
