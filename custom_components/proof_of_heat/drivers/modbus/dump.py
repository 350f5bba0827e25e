"""Raw registers of a device in a file, decoded with a template (for `scripts/decode modbus`).

A dump is an object with the tables `holding` and `input`; each has protocol addresses, from 0, or ranges of them
("1000-1003"), with a value or a list of consecutive values. Without tables, the addresses count for both. A list has an
object per register. Text that is not JSON is the output of a Modbus program (dump_text).

Addresses in the old notation (30001, 40001) are used as such where the template has none of them as they are.
"""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
import re
from typing import Any, Final

from .dump_text import DumpError, Tables, parse_text, table_of, word_of
from .registers import AddressSpace
from .source import ModbusSource
from .template import DeviceTemplate, load_builtin, load_file

type Line = tuple[str, float | str | bool, str | None]

_MAX_WORD: Final = 0xFFFF
_MIN_SIGNED: Final = -0x8000
_RANGE: Final = re.compile(r"\s*(\w+)\s*(?:-|\.\.+)\s*(\w+)\s*")
_OLD: Final = {
    AddressSpace.INPUT: ((30001, 39999), (300001, 365536)),
    AddressSpace.HOLDING: ((40001, 49999), (400001, 465536)),
}
"""Addresses of the old notation: the first digit names the table, the rest counts from 1."""


def decode_dump(template: str, data: Mapping[str, Any] | list[Any] | str) -> list[Line]:
    """Return (key, value, unit) rows of a dump; a register without a valid value has none.

    `template`: the ID of an included template, or a file. Raises TemplateError or DumpError.
    """
    found = _template(template)
    tables = _arranged(found, parse_dump(data))
    if tables is None:
        raise DumpError(f"the dump has no register of the template {found.id}")
    return list(_lines(found, asyncio.run(_read(found, tables))))


def missing_values(template: str, data: Mapping[str, Any] | list[Any] | str) -> list[str]:
    """Return a text per register of the template without a value in a dump, with the reason."""
    found = _template(template)
    tables = _arranged(found, parse_dump(data))
    if tables is None:
        return []
    source = asyncio.run(_read(found, tables))
    texts = []
    for key, register in found.registers.items():
        if source.values.get(key) is not None:
            continue
        where = f"{key} ({register.space} {register.address})"
        if not _has(tables, register.space, register.address, register.words):
            texts.append(f"{where}: not in the dump")
            continue
        words = [tables[register.space][register.address + index] for index in range(register.words)]
        raw = " ".join(f"0x{word:04X}" for word in words)
        texts.append(f"{where}: {raw} is not a valid value, see invalid, min and max")
    return texts


def parse_dump(data: Mapping[str, Any] | list[Any] | str) -> Tables:
    """Return the raw registers by table and address, as they are in the dump.

    Raises:
        DumpError: A table, an address or a value is invalid.
    """
    if isinstance(data, str):
        return parse_text(data)
    if isinstance(data, list):
        return _rows(data)
    tables: Tables = {space: {} for space in AddressSpace}
    if data and not any(isinstance(rows, Mapping) for rows in data.values()):
        data = dict.fromkeys(AddressSpace, data)
    for name, rows in data.items():
        space = table_of(name)
        if space is None or not isinstance(rows, Mapping):
            raise DumpError(f"{name}: must be {' or '.join(AddressSpace)}, with addresses and values")
        for key, value in rows.items():
            address, last = _range(key)
            if address is None or not _is_address(address):
                raise DumpError(f"{name}.{key}: the address must be a whole number from 0 to {_MAX_WORD}")
            words = [_word(item, f"{name}.{key}") for item in (value if isinstance(value, list) else [value])]
            if last is not None and last - address + 1 != len(words):
                raise DumpError(f"{name}.{key}: {len(words)} values do not fit this range")
            tables[space].update({address + index: word for index, word in enumerate(words)})
    return tables


def _rows(rows: list[Any]) -> Tables:
    """Return the registers of a list with an object per register: address, value, and the table if it is known."""
    tables: Tables = {space: {} for space in AddressSpace}
    for number, row in enumerate(rows):
        names = {str(name).casefold(): value for name, value in row.items()} if isinstance(row, Mapping) else {}
        address = _whole(next((names[name] for name in ("address", "register", "addr") if name in names), None))
        value = next((names[name] for name in ("value", "raw", "values", "data") if name in names), None)
        if address is None or not _is_address(address):
            raise DumpError(f"{number}.address: must be a whole number from 0 to {_MAX_WORD}")
        named = next((names[name] for name in ("table", "type", "function", "fc") if name in names), "")
        space = table_of(str(named))
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            word = _word(item, f"{number}.value")
            for table in AddressSpace if space is None else [space]:
                tables[table][address + index] = word
    return tables


def _is_address(address: int) -> bool:
    old = (span for spans in _OLD.values() for span in spans)
    return 0 <= address <= _MAX_WORD or any(first <= address <= last for first, last in old)


def _word(item: object, where: str) -> int:
    if isinstance(item, str):
        return word_of(item, where)
    word = _whole(item)
    if word is None or not _MIN_SIGNED <= word <= _MAX_WORD:
        raise DumpError(f"{where}: {item!r} is not the value of a register")
    return word & _MAX_WORD


def _range(key: str) -> tuple[int | None, int | None]:
    match = _RANGE.fullmatch(key)
    return (_whole(match[1]), _whole(match[2])) if match is not None else (_whole(key), None)


def _arranged(template: DeviceTemplate, tables: Tables) -> Tables | None:
    """Return the registers by the template's addresses; None if the dump has none of them in any notation."""
    old: Tables = {space: {} for space in AddressSpace}
    for rows in tables.values():
        for address, word in rows.items():
            for space, spans in _OLD.items():
                old[space] |= {address - first: word for first, last in spans if first <= address <= last}
    registers = template.registers.values()
    return next(
        (
            found
            for found in (tables, old)
            if any(_has(found, register.space, register.address, register.words) for register in registers)
        ),
        None,
    )


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
