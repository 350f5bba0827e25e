"""Frames on the HC-12 channel: ``A5 length destination source sequence command payload… crc16``.

``length`` counts destination to the end of the payload (4 to 28 bytes); the CRC is CRC-16/CCITT-FALSE
(polynomial 0x1021, start 0xFFFF, nothing reflected) over length to the end of the payload, high byte first.
The HC-12 itself has no addresses, checks or acknowledgements.
"""

from binascii import crc_hqx
from dataclasses import dataclass, field

from .errors import FrameError

START = 0xA5
BROADCAST = 0xFF
HEADER_BYTES = 4
MAX_PAYLOAD = 24
MAX_LENGTH = HEADER_BYTES + MAX_PAYLOAD
OVERHEAD_BYTES = 4
"""Start, length and two CRC bytes."""
MAX_FRAME = MAX_LENGTH + OVERHEAD_BYTES


def crc16(data: bytes | bytearray | memoryview) -> int:
    """Return the CRC-16/CCITT-FALSE; its published check value is 0x29B1 for ``123456789``."""
    return crc_hqx(data, 0xFFFF)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        destination: Address, 0 to 255; 255 is the broadcast address and is never answered.
        source: Address of the sender.
        sequence: 0 to 255; an answer repeats the number of its request.
        command: 0 to 255, see ``messages.Opcode``.
        payload: At most 24 bytes.
    """

    destination: int
    source: int
    sequence: int
    command: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes to send.

        Raises:
            FrameError: A field is out of range.
        """
        header = (self.destination, self.source, self.sequence, self.command)
        if not all(0 <= value <= 0xFF for value in header):
            raise FrameError(f"header field out of range: {header}")
        if len(self.payload) > MAX_PAYLOAD:
            raise FrameError(f"payload of {len(self.payload)} bytes exceeds {MAX_PAYLOAD}")
        body = bytes((HEADER_BYTES + len(self.payload), *header)) + self.payload
        return bytes((START,)) + body + crc16(body).to_bytes(2)


@dataclass(slots=True)
class DecoderStats:
    """Counters of a decoder."""

    frames: int = 0
    crc_errors: int = 0
    noise_bytes: int = 0


@dataclass(slots=True)
class Decoder:
    """Finds frames in a noisy stream of bytes.

    After a wrong length or CRC only the start byte is dropped and the search continues with the next byte, so a
    stray 0xA5 never costs the valid frame after it. An incomplete frame is dropped the same way after ``gap_s``, so
    a lost byte does not cost the next frame.
    """

    gap_s: float = 0.1
    stats: DecoderStats = field(default_factory=DecoderStats)
    _buffer: bytearray = field(default_factory=bytearray)
    _last: float = 0.0

    def feed(self, data: bytes, now: float) -> list[Frame]:
        """Add received bytes and return the completed frames.

        Args:
            data: Any number of bytes.
            now: Monotonic seconds.
        """
        frames: list[Frame] = []
        if self._buffer and now - self._last > self.gap_s:
            frames += self._drop_incomplete()
        self._last = now
        self._buffer += data
        frames += self._scan()
        return frames

    def _drop_incomplete(self) -> list[Frame]:
        """Drop the start byte of an incomplete frame; the bytes after it may contain whole frames."""
        frames: list[Frame] = []
        while self._buffer:
            self._drop(1)
            frames += self._scan()
        return frames

    def _scan(self) -> list[Frame]:
        frames: list[Frame] = []
        while True:
            start = self._buffer.find(START)
            self._drop(len(self._buffer) if start < 0 else start)
            if len(self._buffer) < 2:
                return frames
            length = self._buffer[1]
            if not HEADER_BYTES <= length <= MAX_LENGTH:
                self._drop(1)
                continue
            if len(self._buffer) < length + OVERHEAD_BYTES:
                return frames
            if (frame := self._extract(length)) is not None:
                frames.append(frame)

    def _extract(self, length: int) -> Frame | None:
        body = bytes(self._buffer[1 : length + 2])
        if crc16(body) != int.from_bytes(self._buffer[length + 2 : length + 4]):
            self.stats.crc_errors += 1
            self._drop(1)
            return None
        self.stats.frames += 1
        del self._buffer[: length + OVERHEAD_BYTES]
        return Frame(body[1], body[2], body[3], body[4], body[5:])

    def _drop(self, count: int) -> None:
        if count:
            self.stats.noise_bytes += count
            del self._buffer[:count]
