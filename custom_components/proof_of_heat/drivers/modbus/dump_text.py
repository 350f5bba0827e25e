"""Dumps of registers as Modbus programs write them: modpoll, mbpoll, CSV files, lists, and logs of frames.

| Spelling | Addresses |
| --- | --- |
| modpoll, mbpoll (`[1001]: 352`) | from 1, as the programs do; from 0 with `-0` in the command line, or if 0 occurs |
| CSV (`address,value`, `Type;Register;Data`) and lists (`1000: 352 301`, `1000-1003 = 1, 2, 3, 4`) | from 0 |
| frames of a log (pymodbus, libmodbus, RTU with CRC): hex bytes of requests and answers | from 0, as on the wire |

Facts: the output of modpoll 3.10 and mbpoll 1.5, pymodbus' and libmodbus' logs; Modbus application protocol 1.1b3.
"""

from collections.abc import Iterable, Iterator
import re
from typing import Final

from ..errors import DriverError
from .registers import AddressSpace

type Tables = dict[AddressSpace, dict[int, int]]

_MAX_WORD: Final = 0xFFFF
_MIN_SIGNED: Final = -0x8000
_MAX_ADDRESS: Final = 465536
"""The last one of the old notation."""
_POLLED: Final = re.compile(r"^\s*\[(\d+)\]\s*:\s*(\S.*)$")
_TABLE: Final = re.compile(r"^\s*data type[. ]*:\s*(.+)$", re.IGNORECASE)
_ZERO_BASED: Final = re.compile(r"\b(?:mbpoll|modpoll)\b.*\s-0\b")
_LISTED: Final = re.compile(
    r"^\s*(?:(holding|input|hr|ir|h|i)\s*[:\[( ]?\s*)?"
    r"(0x[0-9a-f]+|\d+)\)?\]?(?:\s*(?:-|\.\.+)\s*(0x[0-9a-f]+|\d+))?\s*(?:[:=\t]|->|=>|\s)\s*(\S.*)$",
    re.IGNORECASE,
)
_BYTES: Final = re.compile(r"(?:(?:0x[0-9a-f]{1,2}|[<\[][0-9a-f]{2}[>\]]|\b[0-9a-f]{2}\b)[\s,:]*){5,}", re.IGNORECASE)
_BYTE: Final = re.compile(r"[0-9a-f]{1,2}", re.IGNORECASE)
_ADDRESS_NAMES: Final = ("address", "addr", "register", "reg", "reference", "offset", "adresse", "osoite", "адрес")
_VALUE_NAMES: Final = ("value", "raw", "data", "dec", "decimal", "hex", "wert", "arvo", "значение")
_TABLE_NAMES: Final = ("table", "type", "data type", "function", "fc", "space", "area")
_MAX_TIME_BYTES: Final = 4
_HEX_WORD: Final = re.compile(r"[0-9A-Fa-f]{4}")
_READ: Final = {3: AddressSpace.HOLDING, 4: AddressSpace.INPUT}


class DumpError(DriverError):
    """An invalid dump; the text names the line, or the table and the address."""


def parse_text(text: str) -> Tables:
    """Return the raw registers by table and address.

    Raises:
        DumpError: nothing is recognized, or a line has an invalid address or value.
    """
    lines = [line.rstrip() for line in text.lstrip("\ufeff").splitlines()]
    for parse in (_polled, _frames, _csv, _listed):
        if any((tables := parse(lines)).values()):
            return tables
    raise DumpError(
        "no registers found: neither JSON, nor the output of modpoll or mbpoll, a CSV file, a list or frames"
    )


def _empty() -> Tables:
    return {space: {} for space in AddressSpace}


def table_of(text: str) -> AddressSpace | None:
    """Return the table that a text names: by its name, its function code or its old prefix; None for another text."""
    word = text.strip().casefold()
    if "input" in word or word in ("ir", "i", "4", "04", "fc4", "fc04", "3x", "0x04"):
        return AddressSpace.INPUT
    if "holding" in word or word in ("hr", "h", "3", "03", "fc3", "fc03", "4x", "0x03"):
        return AddressSpace.HOLDING
    return None


def _tokens(text: str) -> list[str]:
    """Return the values of a line. modpoll writes the signed value after an unsigned one: "65500 (-36)"."""
    items = re.sub(r"\([^)]*\)", " ", text.split("#", maxsplit=1)[0]).replace("[", " ").replace("]", " ")
    return [item for item in re.split(r"[\s,;|]+", items) if item]


def _are_hex(texts: Iterable[str]) -> bool:
    """Return whether all values are written with four digits, and some only make sense as hexadecimal."""
    tokens = [token for text in texts for token in _tokens(text)]
    return any(not item.isdecimal() for item in tokens) and all(_HEX_WORD.fullmatch(item) for item in tokens)


def _words(text: str, where: str, *, as_hex: bool = False) -> list[int]:
    return [word_of(item, where, as_hex=as_hex) for item in _tokens(text)]


def word_of(text: str, where: str, *, as_hex: bool = False) -> int:
    """Return the value of a register as 16 bits, from decimal or hexadecimal text, also signed.

    Raises:
        DumpError: it is none.
    """
    found = _number(text, as_hex)
    if found is None or not _MIN_SIGNED <= found <= _MAX_WORD:
        raise DumpError(f"{where}: {text!r} is not the value of a register")
    return found & _MAX_WORD


def _number(text: str, as_hex: bool = False) -> int | None:
    item = text.strip().strip("'\"")
    try:
        if as_hex or re.fullmatch(r"[0-9A-Fa-f]{2,4}[hH]", item):
            return int(item.rstrip("hH"), 16)
        if re.fullmatch(r"-?\d+[.,]0+", item):  # a spreadsheet made a decimal of it
            return int(re.split("[.,]", item)[0])
        return int(item, 16) if item.lower().startswith(("0x", "-0x")) else int(item, 10)
    except ValueError:
        return None


def _put(tables: Tables, spaces: list[AddressSpace], address: int, words: list[int], where: str) -> None:
    if not 0 <= address <= _MAX_ADDRESS - len(words):
        raise DumpError(f"{where}: the address must be a whole number from 0 to {_MAX_WORD}")
    for space in spaces:
        tables[space].update({address + index: word for index, word in enumerate(words)})


def _polled(lines: list[str]) -> Tables:
    """Parse the output of modpoll or mbpoll: a header per call, then a line per register, repeated while it polls."""
    rows: list[tuple[list[AddressSpace], int, list[int], str]] = []
    spaces, refused = list(AddressSpace), ""
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        if (header := _TABLE.match(line)) is not None:
            found = table_of(header[1])
            spaces = list(AddressSpace) if found is None else [found]
            refused = header[1] if re.search(r"32-bit|float|64-bit|coil|discrete", header[1], re.IGNORECASE) else ""
        elif (match := _POLLED.match(line)) is not None:
            if refused:
                raise DumpError(f"{where}: {refused} are not registers of 16 bits; poll them as 16-bit registers")
            rows.append((spaces, int(match[1]), _words(match[2], where)[:1], where))
    first = 0 if any(map(_ZERO_BASED.search, lines)) or any(row[1] == 0 for row in rows) else 1
    tables = _empty()
    for row_spaces, address, words, where in rows:
        _put(tables, row_spaces, address - first, words, where)
    return tables


def _frames(lines: list[str]) -> Tables:
    """Parse requests and answers in a log; an answer belongs to the last request of its function."""
    tables = _empty()
    asked: dict[int, tuple[int, int]] = {}
    for line in lines:
        for run in _BYTES.finditer(line):
            pdu = _pdu(bytes(int(item, 16) for item in _BYTE.findall(re.sub("0x", " ", run[0], flags=re.IGNORECASE))))
            if len(pdu) < 2 or pdu[0] not in _READ:
                continue
            if len(pdu) == 5 and pdu[1] != 2:  # a request; two registers would be an answer of six bytes
                asked[pdu[0]] = int.from_bytes(pdu[1:3]), int.from_bytes(pdu[3:5])
            elif pdu[1] == len(pdu) - 2 and pdu[0] in asked:
                address, count = asked.pop(pdu[0])
                words = [int.from_bytes(pdu[at : at + 2]) for at in range(2, len(pdu), 2)]
                if len(words) == count:
                    _put(tables, [_READ[pdu[0]]], address, words, "frame")
    return tables


def _pdu(data: bytes) -> bytes:
    """Return the function and its data of the frame at the end of some bytes: a time of day may precede it."""
    found = (_pdu_of(data[begin:]) for begin in range(min(_MAX_TIME_BYTES, len(data)) + 1))
    return next((pdu for pdu in found if pdu), b"")


def _pdu_of(frame: bytes) -> bytes:
    """Return the function and its data of a TCP frame (by its header) or an RTU frame (by its CRC); else nothing."""
    if len(frame) >= 8 and frame[2:4] == b"\0\0" and int.from_bytes(frame[4:6]) == len(frame) - 6:
        return frame[7:]
    return frame[1:-2] if len(frame) >= 5 and _crc(frame) == 0 else b""


def _crc(frame: bytes) -> int:
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def _csv(lines: list[str]) -> Tables:
    """Parse rows whose columns are named in the first line: address, value, and the table if there is one."""
    tables = _empty()
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        return tables
    separator = next((item for item in (";", "\t", ",", "|") if item in rows[0][1]), ",")
    names = [name.strip().strip("\"'").casefold() for name in rows[0][1].split(separator)]
    table_at = next((index for index, name in enumerate(names) if name.startswith(_TABLE_NAMES)), None)
    address_at, value_at = (
        next((index for index, name in enumerate(names) if name.startswith(known) and index != table_at), None)
        for known in (_ADDRESS_NAMES, _VALUE_NAMES)
    )
    if address_at is None or value_at is None or address_at == value_at:
        return tables
    cells_of_values = (row[1].split(separator) for row in rows[1:])
    values = [cells[value_at].strip("\"' ") for cells in cells_of_values if len(cells) > value_at]
    as_hex = names[value_at].startswith("hex") or _are_hex(values)
    for number, line in rows[1:]:
        where = f"line {number}"
        cells = [cell.strip().strip("\"'") for cell in line.split(separator)]
        if len(cells) <= max(address_at, value_at) or not cells[value_at]:
            continue
        if (address := _number(cells[address_at])) is None:
            raise DumpError(f"{where}: {cells[address_at]!r} is not an address")
        found = table_of(cells[table_at]) if table_at is not None and table_at < len(cells) else None
        word = word_of(cells[value_at], where, as_hex=as_hex and not cells[value_at].lower().startswith("0x"))
        _put(tables, list(AddressSpace) if found is None else [found], address, [word], where)
    return tables


def _listed(lines: list[str]) -> Tables:
    """Parse lines with an address or a range, and its values. A line with the name of a table is for the next ones."""
    tables = _empty()
    spaces = list(AddressSpace)
    rows = list(_matches(lines))
    as_hex = _are_hex(row[4] for row in rows)
    for number, name, begin, end, values in rows:
        if name:
            spaces = [space] if (space := table_of(name)) is not None else list(AddressSpace)
        if not begin:
            continue
        where = f"line {number}"
        address = _number(begin)
        words = _words(values, where, as_hex=as_hex)
        last = _number(end) if end else None
        if address is None or (last is not None and last - address + 1 != len(words)):
            raise DumpError(f"{where}: {len(words)} values do not fit the addresses {begin} to {end}")
        _put(tables, spaces, address, words, where)
    return tables


def _matches(lines: list[str]) -> Iterator[tuple[int, str, str, str, str]]:
    """Yield line number, table, first and last address, values."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(("#", "//", ";")):
            continue
        if (match := _LISTED.match(text)) is not None:
            yield number, match[1] or "", match[2], match[3] or "", match[4]
        elif table_of(text.rstrip(":")) is not None:
            yield number, text.rstrip(":"), "", "", ""
        else:
            raise DumpError(f"line {number}: {text[:40]!r} is not an address with values")
