"""The server's side of Modbus, TCP and RTU: functions 3, 4, 6 and 16 (facts: Modbus application protocol 1.1b3)."""

import asyncio
from collections.abc import Awaitable, Callable
import struct
from typing import Final

ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
DEVICE_FAILURE: Final = 4
DEVICE_BUSY: Final = 6


class ModbusRefusalError(Exception):
    """An exception reply."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class Registers:
    """Holding and input registers; addresses that are not there are illegal. `written` sees every write."""

    def __init__(self, written: Callable[[int, list[int]], None]) -> None:
        self.holding: dict[int, int] = {}
        self.input: dict[int, int] = {}
        self._written = written

    def answer(self, pdu: bytes) -> bytes:
        """Request PDU -> reply PDU."""
        try:
            return self._answer(pdu)
        except ModbusRefusalError as err:
            return bytes([pdu[0] | 0x80, err.code])
        except struct.error, IndexError:
            return bytes([pdu[0] | 0x80 if pdu else 0x80, ILLEGAL_VALUE])

    def _answer(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if function in (3, 4):
            start, count = struct.unpack(">HH", pdu[1:5])
            if not 1 <= count <= 125:
                raise ModbusRefusalError(ILLEGAL_VALUE)
            words = self._read(self.holding if function == 3 else self.input, start, count)
            return struct.pack(f">BB{count}H", function, 2 * count, *words)
        if function == 6:
            start, value = struct.unpack(">HH", pdu[1:5])
            self._write(start, [value])
            return pdu[:5]
        if function == 16:
            start, count, size = struct.unpack(">HHB", pdu[1:6])
            if size != 2 * count:
                raise ModbusRefusalError(ILLEGAL_VALUE)
            self._write(start, list(struct.unpack(f">{count}H", pdu[6 : 6 + size])))
            return pdu[:5]
        raise ModbusRefusalError(ILLEGAL_FUNCTION)

    @staticmethod
    def _read(bank: dict[int, int], start: int, count: int) -> list[int]:
        try:
            return [bank[start + index] for index in range(count)]
        except KeyError as err:
            raise ModbusRefusalError(ILLEGAL_ADDRESS) from err

    def _write(self, start: int, words: list[int]) -> None:
        if any(start + index not in self.holding for index in range(len(words))):
            raise ModbusRefusalError(ILLEGAL_ADDRESS)
        self._written(start, words)


def crc16(data: bytes) -> int:
    """The RTU check sum."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


async def serve_tcp(reader: asyncio.StreamReader, answer: Callable[[int, bytes], bytes | None]) -> bytes:
    """One MBAP request -> the bytes of the answer (empty: none)."""
    transaction, protocol, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
    pdu = await reader.readexactly(length - 1)
    reply = answer(unit, pdu)
    if reply is None or protocol != 0:
        return b""
    return struct.pack(">HHHB", transaction, 0, len(reply) + 1, unit) + reply


def rtu_request_length(head: bytes) -> int | None:
    """Return the length of an RTU request; None while it is unknown, 0 for an unknown function."""
    if len(head) < 2:
        return None
    if head[1] in (3, 4, 6):
        return 8
    if head[1] == 16:
        return None if len(head) < 7 else 9 + head[6]
    return 0


async def serve_rtu(
    read: Callable[[], Awaitable[bytes]],
    write: Callable[[bytes], None],
    answer: Callable[[int, bytes], bytes | None],
) -> None:
    """Answer RTU requests until the line ends; wrong check sums are ignored, as devices do."""
    buffer = b""
    while data := await read():
        buffer += data
        while (length := rtu_request_length(buffer)) is not None and length <= len(buffer):
            frame, buffer = (buffer[:length], buffer[length:]) if length else (b"", b"")
            if not frame or crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
                buffer = b""
                break
            reply = answer(frame[0], frame[1:-2])
            if reply is not None:
                body = bytes([frame[0]]) + reply
                write(body + crc16(body).to_bytes(2, "little"))
