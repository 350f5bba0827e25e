"""Each template against every device: a wrong one is refused, or one of the shown readings is doubted.

A device is a dump of it. What it does not have, it refuses, or it answers with a number as some gateways do.
"""

from collections.abc import Callable
import json
from pathlib import Path
from zlib import crc32

from modbus_connection import IllegalDataAddressError
import pytest

from custom_components.proof_of_heat.drivers.modbus.dump import parse_dump
from custom_components.proof_of_heat.drivers.modbus.registers import AddressSpace
from custom_components.proof_of_heat.drivers.modbus.source import ModbusSource
from custom_components.proof_of_heat.drivers.modbus.template import DeviceTemplate, load_builtin
from custom_components.proof_of_heat.drivers.modbus.template_match import TemplateMatch, match_template
from custom_components.proof_of_heat.sources.types.modbus import readings_of

type Unknown = Callable[[str, int], int]

TEMPLATES = load_builtin()
DUMPS = Path(__file__).parent / "modbus_dumps"
DEVICES = {
    file.stem: (found["template"], parse_dump(found["dump"]))
    for file in sorted(DUMPS.glob("*.json"))
    if not (found := json.loads(file.read_text("utf-8"))).get("unfit")
}
SIBLINGS = ({"ems_esp_boiler", "ems_esp_heat_pump"},)
"""The same registers of one gateway: they differ in what is behind it."""


def refuses(space: str, address: int) -> int:
    raise IllegalDataAddressError


def numbers(first: int, last: int) -> Unknown:
    """Another number at each address, as a device with many registers that mean something else."""
    return lambda space, address: first + crc32(f"{space}{address}".encode()) % (last - first)


class Device:
    """The registers of a dump, and what the device answers for all other addresses."""

    def __init__(self, tables: dict[AddressSpace, dict[int, int]], unknown: Unknown) -> None:
        self._tables, self._unknown = tables, unknown

    def _words(self, space: AddressSpace, address: int, count: int) -> list[int]:
        rows = self._tables[space]
        return [rows[at] if at in rows else self._unknown(space, at) for at in range(address, address + count)]

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return self._words(AddressSpace.HOLDING, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return self._words(AddressSpace.INPUT, address, count)


async def first_reading(template: DeviceTemplate, device: Device) -> TemplateMatch:
    source = ModbusSource("flow:modbus", template.name, device, template)  # type: ignore[arg-type]  never written
    await source.refresh()
    return match_template(template, source.values, source.absent)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unknown", "most_accepted"),
    [
        pytest.param(refuses, 0.0, id="refuses"),
        pytest.param(lambda space, address: 0, 0.02, id="zero"),
        pytest.param(lambda space, address: 0xFFFF, 0.0, id="ffff"),
        pytest.param(lambda space, address: 0x8000, 0.0, id="8000"),
        pytest.param(lambda space, address: 350, 0.1, id="one-number"),
        pytest.param(numbers(0, 600), 0.55, id="many-small-numbers"),
        pytest.param(numbers(0, 5000), 0.2, id="many-numbers"),
    ],
)
async def test_a_wrong_template_is_refused_or_doubted(unknown: Unknown, most_accepted: float) -> None:
    pairs, accepted, without_doubt = 0, [], []
    for device, (own, tables) in DEVICES.items():
        for key, template in TEMPLATES.items():
            match = await first_reading(template, Device(tables, unknown))
            if key == own:
                assert match.is_match, (device, [line for line in match.lines if line.plausible is False])
                continue
            if {key, own} in SIBLINGS:
                continue
            pairs += 1
            if match.is_match:
                accepted.append((device, key))
                if not any("✗" in text for text in readings_of(match).values()):
                    without_doubt.append((device, key))
    assert without_doubt == []
    assert len(accepted) <= most_accepted * pairs, accepted
