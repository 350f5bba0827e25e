"""ESP8266 images, which have neither chip ID nor descriptor, checked to the last byte.

- Arduino (also ESPHome and Tasmota): the bootloader `eboot` as an image of its own, padded to 4 KiB, then the
  application. Since core 2.7 the words at 0x1010 and 0x1014 are the length and the CRC of the whole file, calculated
  while both are zero. A signed sketch is followed by a signature and its length.
- ESP8266_RTOS_SDK: one image with the 24-byte header and the hash of the ESP32.
- NONOS SDK: one image with an 8-byte header.

Any of them may be compressed with gzip, which eboot unpacks.
"""

import hashlib
from typing import Final
import zlib

from .errors import ImageError
from .image_segments import MAGIC, check_checksum, checksum_end, segments_end

_GZIP: Final = b"\x1f\x8b"
MAX_BYTES: Final = 16 * 1024 * 1024
"""The largest flash of an ESP8266; a compressed file of more is never unpacked completely."""
_APP_AT: Final = 0x1000
_LENGTH_AT: Final = 0x1010
_CRC_AT: Final = 0x1014
_EBOOT_RAM: Final = range(0x4010F000, 0x40110000)
"""Where eboot is loaded; applications use other addresses."""
_HEADER: Final = 8
_EXTENDED_HEADER: Final = 24
_MAX_SIGNATURE: Final = 1024
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check_esp8266(data: memoryview) -> None:
    """Check an image, compressed or not.

    Raises:
        ImageError: `not_an_image`, `truncated`, `trailing_data`, `bad_checksum`, `bad_hash`, `too_large`.
    """
    if bytes(data[:2]) == _GZIP:
        data = memoryview(_unpack(data))
    if not data or data[0] != MAGIC:
        raise ImageError("not_an_image")
    if len(data) < 16:
        raise ImageError("truncated")
    if _has_extended_header(data):
        _check_end(data, _check_hash(data))
    elif _is_eboot(data):
        _check_arduino(data)
    else:
        _check_end(data, check_checksum(data, 0, _HEADER, segments_end(data, 0, _HEADER)))


def _unpack(data: memoryview) -> bytes:
    """Unpack one member of gzip, which has its own CRC and length.

    Raises:
        ImageError: `truncated`, `trailing_data`, `bad_checksum`, `too_large`.
    """
    unpacker = zlib.decompressobj(wbits=31)
    try:
        image = unpacker.decompress(data, MAX_BYTES)
    except zlib.error as err:
        raise ImageError("bad_checksum") from err
    if unpacker.unconsumed_tail:
        raise ImageError("too_large", limit=str(MAX_BYTES))
    if not unpacker.eof:
        raise ImageError("truncated")
    if unpacker.unused_data:
        raise ImageError("trailing_data")
    return image


def _has_extended_header(data: memoryview) -> bool:
    """Return whether it is an image of the RTOS SDK: the bytes of the second header are zero except the last."""
    if len(data) < _EXTENDED_HEADER or data[23] != 1 or any(data[9:23]):
        return False
    try:
        segments_end(data, 0, _EXTENDED_HEADER)
    except ImageError:
        return False
    return True


def _check_hash(data: memoryview) -> int:
    end = check_checksum(data, 0, _EXTENDED_HEADER, segments_end(data, 0, _EXTENDED_HEADER))
    if end + 32 > len(data):
        raise ImageError("truncated")
    if hashlib.sha256(data[:end]).digest() != bytes(data[end : end + 32]):
        raise ImageError("bad_hash")
    return end + 32


def _is_eboot(data: memoryview) -> bool:
    """Return whether the file begins with the bootloader of Arduino: by its address, or by what follows it."""
    if int.from_bytes(data[8:12], "little") in _EBOOT_RAM:
        return True
    return len(data) > _APP_AT and data[_APP_AT] == MAGIC and segments_end(data, 0, _HEADER) < _APP_AT


def _check_arduino(data: memoryview) -> None:
    end = check_checksum(data, 0, _HEADER, segments_end(data, 0, _HEADER))
    if end > _APP_AT:
        raise ImageError("not_an_image")
    if len(data) <= _APP_AT:
        raise ImageError("truncated")
    last = segments_end(data, _APP_AT, _HEADER)
    end = checksum_end(data, _APP_AT, last)
    if int.from_bytes(data[_LENGTH_AT:_CRC_AT], "little") == end:
        _check_crc(data[:end])  # it is written after the checksum of the application, which is wrong then
    else:
        check_checksum(data, _APP_AT, _HEADER, last)
    _check_end(data, end, signature=True)


def _check_crc(data: memoryview) -> None:
    """Check eboot's CRC-32 (most significant bit first, not inverted): zlib's with reversed bits."""
    expected = int.from_bytes(data[_CRC_AT : _CRC_AT + 4], "little")
    content = bytes(data[:_LENGTH_AT]) + bytes(8) + bytes(data[_CRC_AT + 4 :])
    found = zlib.crc32(content.translate(_REVERSED)) ^ 0xFFFFFFFF
    if int(f"{found:032b}"[::-1], 2) != expected:
        raise ImageError("bad_checksum")


def _check_end(data: memoryview, end: int, *, signature: bool = False) -> None:
    """Check that nothing follows, or only a signature with its length in the last four bytes."""
    rest = len(data) - end
    if rest == 0:
        return
    length = int.from_bytes(data[-4:], "little")
    if not (signature and 4 < rest <= _MAX_SIGNATURE and length == rest - 4):
        raise ImageError("trailing_data")
