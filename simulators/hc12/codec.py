"""Frames of docs/hc12-frame.md, implemented independently for the outlets."""

from binascii import crc_hqx

START = b"\xa5"


def build(destination: int, source: int, sequence: int, command: int, payload: bytes = b"") -> bytes:
    """Return the bytes of a frame; crc_hqx with the initial value FFFF is the CRC of the frame."""
    body = bytes([len(payload) + 4, destination, source, sequence, command]) + payload
    return START + body + crc_hqx(body, 0xFFFF).to_bytes(2, "big")


class Splitter:
    """Splits received bytes into valid frames and other bytes."""

    def __init__(self) -> None:
        self._left = b""

    def push(self, data: bytes) -> list[tuple[bool, bytes]]:
        """Return the pieces in order, each with whether it is a frame. The start of a frame is kept."""
        self._left += data
        pieces: list[tuple[bool, bytes]] = []
        junk = b""
        while self._left:
            size = self._frame_size()
            if size is None:
                break
            if size == 0:
                junk += self._left[:1]
                self._left = self._left[1:]
                continue
            if junk:
                pieces.append((False, junk))
                junk = b""
            pieces.append((True, self._left[:size]))
            self._left = self._left[size:]
        if junk:
            pieces.append((False, junk))
        return pieces

    def flush(self) -> bytes:
        """Drop the kept bytes after a pause of the sender."""
        left, self._left = self._left, b""
        return left

    def _frame_size(self) -> int | None:
        """Return the size of the frame at the start of the buffer, 0 for none, None if more bytes are needed."""
        if self._left[:1] != START:
            return 0
        if len(self._left) < 2:
            return None
        length = self._left[1]
        if not 4 <= length <= 28:
            return 0
        size = length + 4
        if len(self._left) < size:
            return None
        good = crc_hqx(self._left[1 : size - 2], 0xFFFF) == int.from_bytes(self._left[size - 2 : size], "big")
        return size if good else 0
