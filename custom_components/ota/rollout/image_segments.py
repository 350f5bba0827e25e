"""The segments of ESP images and the checksum after them, which all chips have in common."""

from typing import Final

from .errors import ImageError

MAGIC: Final = 0xE9
MAX_SEGMENTS: Final = 16


def segments_end(data: memoryview, start: int, header: int) -> int:
    """Return the end of the last segment of the image at `start`, whose header has this many bytes.

    Raises:
        ImageError: `not_an_image`, `truncated`.
    """
    if start + header > len(data):
        raise ImageError("truncated")
    count = data[start + 1]
    if data[start] != MAGIC or not 1 <= count <= MAX_SEGMENTS:
        raise ImageError("not_an_image")
    position = start + header
    for _ in range(count):
        if position + 8 > len(data):
            raise ImageError("truncated")
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "little")
    if position > len(data):
        raise ImageError("truncated")
    return position


def checksum_end(data: memoryview, start: int, end: int) -> int:
    """Return the end of the image at `start`, whose segments end at `end`: the checksum ends a block of 16 bytes.

    Raises:
        ImageError: `truncated`.
    """
    found = start + ((end - start) | 15) + 1
    if found > len(data):
        raise ImageError("truncated")
    return found


def check_checksum(data: memoryview, start: int, header: int, end: int) -> int:
    """Check the XOR of all segment bytes, seeded with 0xEF; return the end of the image.

    Raises:
        ImageError: `truncated`, `bad_checksum`.
    """
    after = checksum_end(data, start, end)
    checksum, position = 0xEF, start + header
    for _ in range(data[start + 1]):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8
        checksum ^= _xor(data[position : position + size])
        position += size
    if checksum != data[after - 1]:
        raise ImageError("bad_checksum")
    return after


def _xor(data: memoryview) -> int:
    """Return the XOR of all bytes by folding halves of one big integer.

    This is about a hundred times faster than a loop over bytes.
    """
    value, bits = int.from_bytes(data, "little"), len(data) * 8
    while bits > 8:
        half = -(-bits // 16) * 8
        value = (value >> half) ^ (value & ((1 << half) - 1))
        bits = half
    return value
