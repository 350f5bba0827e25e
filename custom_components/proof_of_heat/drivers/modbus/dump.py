"""Raw registers of a device in a file, decoded with a template (for `scripts/decode modbus`).

A dump is an object with the tables `holding` and `input`; each has protocol addresses, from 0, with a value or a list
of consecutive values. Without tables, the addresses count for both.
"""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import DriverError
from .registers import AddressSpace
from .source import ModbusSource
from .template import DeviceTemplate, load_builtin, load_file

type Line = tuple[str, float | str | bool, str | None]

_MAX_WORD: Final = 0xFFFF
_MIN_SIGNED: Final = -0x8000


class DumpError(DriverError):
    """An invalid dump; the text names the table and the address."""


def decode_dump(template: str, data: Mapping[str, Any]) -> list[Line]:
    """Return (key, value, unit) rows of a dump; a register without a valid value has none.

    `template`: the ID of an included template, or a file. Raises TemplateError or DumpError.
    """
    found = _template(template)
    tables = parse_dump(data)
    if not any(_has(tables, register.space, register.address, register.words) for register in found.registers.values()):
        raise DumpError(f"the dump has no register of the template {found.id}")
    return list(_lines(found, asyncio.run(_read(found, tables))))


def parse_dump(data: Mapping[str, Any]) -> dict[AddressSpace, dict[int, int]]:
    """Return the raw registers by table and address.

    Raises:
        DumpError: A table, an address or a value is invalid.
    """
    tables: dict[AddressSpace, dict[int, int]] = {space: {} for space in AddressSpace}
    if data and not any(isinstance(rows, Mapping) for rows in data.values()):
        data = dict.fromkeys(AddressSpace, data)
    for name, rows in data.items():
        if name not in list(AddressSpace) or not isinstance(rows, Mapping):
            raise DumpError(f"{name}: must be {' or '.join(AddressSpace)}, with addresses and values")
        table = tables[AddressSpace(name)]
        for key, value in rows.items():
            address = _whole(key)
            if address is None or not 0 <= address <= _MAX_WORD:
                raise DumpError(f"{name}.{key}: the address must be a whole number from 0 to {_MAX_WORD}")
            for index, item in enumerate(value if isinstance(value, list) else [value]):
                word = _whole(item)
                if word is None or not _MIN_SIGNED <= word <= _MAX_WORD:
                    raise DumpError(f"{name}.{key}: {item!r} is not the value of a register")
                table[address + index] = word & _MAX_WORD
    return tables


def _whole(value: object) -> int | None:
    """Return a whole number, also as decimal or hexadecimal text."""
    if isinstance(value, str):
        try:
            return int(value.strip(), 0)
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _template(text: str) -> DeviceTemplate:
    if (included := load_builtin().get(text)) is not None:
        return included
    return load_file(Path(text))


def _has(tables: Mapping[AddressSpace, Mapping[int, int]], space: AddressSpace, address: int, count: int) -> bool:
    return all(address + index in tables[space] for index in range(count))


class _DumpUnit:
    """A device that has the registers of a dump, and refuses all others."""

    def __init__(self, tables: Mapping[AddressSpace, Mapping[int, int]]) -> None:
        self._tables = tables

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return self._words(AddressSpace.HOLDING, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return self._words(AddressSpace.INPUT, address, count)

    def _words(self, space: AddressSpace, address: int, count: int) -> list[int]:
        from modbus_connection import IllegalDataAddressError

        if not _has(self._tables, space, address, count):
            raise IllegalDataAddressError
        return [self._tables[space][address + index] for index in range(count)]

    async def write_register(self, address: int, value: int) -> None:
        raise DumpError("a dump cannot be written")

    async def write_registers(self, address: int, values: list[int]) -> None:
        raise DumpError("a dump cannot be written")

    async def disconnect(self) -> None:
        """Nothing is connected."""


async def _read(template: DeviceTemplate, tables: Mapping[AddressSpace, Mapping[int, int]]) -> ModbusSource:
    source = ModbusSource("dump", template.name, _DumpUnit(tables), template)
    await source.refresh()
    return source


def _lines(template: DeviceTemplate, source: ModbusSource) -> Iterator[Line]:
    for key, register in template.registers.items():
        value = source.values.get(key)
        if value is not None:
            yield key, value, None if register.on_values else register.unit
