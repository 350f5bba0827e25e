"""Each template with controls is commanded on the registers of its dump: what is written, shown, and restored."""

from collections.abc import Iterator
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.proof_of_heat.drivers.modbus.dump import parse_dump
from custom_components.proof_of_heat.drivers.modbus.registers import AddressSpace, Register
from custom_components.proof_of_heat.drivers.modbus.source import ModbusSource, capabilities_of
from custom_components.proof_of_heat.drivers.modbus.template import load_builtin
from lib.heat_source import Command, Outcome

from .test_modbus import QUICK

DUMPS = Path(__file__).parent / "modbus_dumps"
TEMPLATES = load_builtin()
COMMANDS = {
    "flow": [Command(id="a", flow_c=value) for value in (41.0, 33.0)],
    "level": [Command(id="a", level=value) for value in (2.5, -2.5, 1.0)],
    "room": [Command(id="a", room_c=value) for value in (21.5, 19.0)],
    "on_off": [Command(id="a", on=value) for value in (False, True)],
}
"""Of each, the first one is sent that the device does not show already."""


class Device:
    """The registers of a dump, with those that are only written; a device of these templates refuses all others."""

    def __init__(self, template: str) -> None:
        found: dict[str, Any] = json.loads((DUMPS / f"{template}.json").read_text("utf-8"))
        self.tables = parse_dump(found["dump"])
        self.written: list[tuple[int, int]] = []

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return self._read(AddressSpace.HOLDING, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return self._read(AddressSpace.INPUT, address, count)

    def _read(self, space: AddressSpace, address: int, count: int) -> list[int]:
        from modbus_connection import IllegalDataAddressError

        table = self.tables[space]
        if any(address + index not in table for index in range(count)):
            raise IllegalDataAddressError
        return [table[address + index] for index in range(count)]

    async def write_register(self, address: int, value: int) -> None:
        self.written.append((address, value))
        self.tables[AddressSpace.HOLDING][address] = value

    async def write_registers(self, address: int, values: list[int]) -> None:
        for index, value in enumerate(values):
            await self.write_register(address + index, value)

    async def disconnect(self) -> None:
        """Nothing is connected."""

    def value(self, register: Register) -> float | bool | None:
        """The value of a register of one kind of number: a byte may be written with or without its sign."""
        return register.decode([self.tables[AddressSpace.HOLDING][address] for address in addresses(register)])


def addresses(register: Register) -> range:
    return range(register.address, register.address + register.words)


def controls() -> Iterator[Any]:
    for key, template in TEMPLATES.items():
        for name, control in template.controls.items():
            shown = {"on_off": "running", "flow": "flow_setpoint", "room": "room_setpoint"}[str(name)]
            if template.registers[shown].address == control.register.address:
                yield pytest.param(key, str(name), control.register, id=f"{key}-{name}")
        if template.level is not None:
            yield pytest.param(key, "level", template.level.register, id=f"{key}-level")


@pytest.mark.parametrize(("key", "name", "register"), controls())
async def test_a_command_is_written_shown_and_taken_back(key: str, name: str, register: Register) -> None:
    device = Device(key)
    template = TEMPLATES[key]
    capabilities = replace(capabilities_of(template), min_write_interval_s=0.0, min_on_s=0.0, min_off_s=0.0)
    source = ModbusSource("test", template.name, device, template, capabilities=capabilities)
    source.timing = QUICK
    try:
        before = await source.refresh()
        assert before.health in ("ok", "degraded")
        user = device.value(register)
        for command in COMMANDS[name]:
            result = await source.apply(command)
            if result.outcome != Outcome.UNCHANGED:
                break
        assert result.outcome == Outcome.APPLIED, result
        assert {address for address, _ in device.written} == set(addresses(register)), device.written
        assert device.value(register) != user
        released = await source.release()
        assert released.outcome == Outcome.APPLIED, released
        assert device.value(register) == user, "the user's own value is back"
    finally:
        await source.close()
