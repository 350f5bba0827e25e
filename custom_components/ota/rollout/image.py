"""Firmware images: read their headers and check that they are valid for an OTA slot.

Layout of an ESP image (Espressif's `esp_app_format.h`): 8-byte header, 16-byte extended header with the chip
ID at 12 and the hash flag at 23, segments from 24 on, `esp_app_desc_t` at 32, a checksum byte that ends a
multiple of 16, then the SHA-256 hash of all previous bytes. ESP8266 images have neither chip ID nor descriptor.
"""

from dataclasses import dataclass
import hashlib
import struct
from typing import Final

from .errors import ImageError

MAGIC: Final = 0xE9
_APP_DESC_MAGIC: Final = 0xABCD5432
_APP_DESC: Final = struct.Struct("<II8x32s32s16s16s32s32s")
_APP_DESC_AT: Final = 32
_SECTOR: Final = 4096
_SIGNATURE_MAGIC: Final = 0xE7
_MAX_SEGMENTS: Final = 16
_GZIP: Final = b"\x1f\x8b"

CHIP_IDS: Final = {
    0: "esp32",
    2: "esp32s2",
    5: "esp32c3",
    9: "esp32s3",
    12: "esp32c2",
    13: "esp32c6",
    16: "esp32h2",
    18: "esp32p4",
    20: "esp32c61",
    23: "esp32c5",
    25: "esp32h21",
    28: "esp32h4",
    31: "esp32e22",
    32: "esp32s31",
}
ESP32_CHIPS: Final = frozenset(CHIP_IDS.values())
DECLARED_CHIPS: Final = frozenset({"esp8266", "bk7231n", "bk7231t", "generic"})
"""Chips whose images include no description: chip, product and version are declared."""
CHIPS: Final = ESP32_CHIPS | DECLARED_CHIPS


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """The data in an image; None if the format does not include it."""

    chip: str
    version: str | None = None
    project: str | None = None
    secure_version: int = 0
    built: str | None = None
    idf_version: str | None = None
    signed: bool = False
    """A Secure Boot v2 signature sector follows the image. Only the device can verify it."""


def inspect(data: bytes | memoryview, *, chip: str) -> ImageInfo:
    """Check an image for the chip that it is declared for, and return its data.

    Raises:
        ImageError: `unknown_chip`, `not_an_image`, `truncated`, `trailing_data`, `wrong_chip`,
            `factory_image`, `bad_checksum`, `bad_hash`, `no_hash`, `no_descriptor`, `empty`.
    """
    if chip not in CHIPS:
        raise ImageError("unknown_chip", chip=chip[:32])
    if not data:
        raise ImageError("empty")
    if chip in ESP32_CHIPS:
        return _inspect_esp32(memoryview(data), chip)
    if chip == "esp8266" and bytes(data[:2]) != _GZIP:
        _inspect_esp8266(memoryview(data))
    return ImageInfo(chip=chip)


def _inspect_esp32(data: memoryview, chip: str) -> ImageInfo:
    _reject_factory_image(data)
    if data[0] != MAGIC:
        raise ImageError("not_an_image")
    if len(data) < _APP_DESC_AT:
        raise ImageError("truncated")
    chip_id = int.from_bytes(data[12:14], "little")
    if (found := CHIP_IDS.get(chip_id)) != chip:
        raise ImageError("wrong_chip", expected=chip, found=found or f"id {chip_id}")
    end = _segments_end(data, data[1], 24)
    _check_checksum(data, data[1], 24, end)
    end = _check_hash(data, end)
    signed = _check_tail(data, end)
    return _descriptor(data, chip, signed=signed)


def _reject_factory_image(data: memoryview) -> None:
    """Reject a merged image for the classic ESP32: it starts with 4 KiB of erased flash before the bootloader."""
    head = bytes(data[:_SECTOR])
    if head.count(0xFF) == len(head) and len(data) > _SECTOR and data[_SECTOR] == MAGIC:
        raise ImageError("factory_image")


def _segments_end(data: memoryview, count: int, start: int) -> int:
    """Return the end of the last segment."""
    if not 1 <= count <= _MAX_SEGMENTS:
        raise ImageError("not_an_image")
    position = start
    for _ in range(count):
        if position + 8 > len(data):
            raise ImageError("truncated")
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "little")
    if position > len(data):
        raise ImageError("truncated")
    return position


def _check_checksum(data: memoryview, count: int, start: int, end: int) -> None:
    """Check the XOR of all segment bytes, seeded with 0xEF, in the last byte of the block of 16."""
    at = end | 15
    if at >= len(data):
        raise ImageError("truncated")
    checksum, position = 0xEF, start
    for _ in range(count):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8
        checksum ^= _xor(data[position : position + size])
        position += size
    if checksum != data[at]:
        raise ImageError("bad_checksum")


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


def _check_hash(data: memoryview, segments_end: int) -> int:
    """Check the appended SHA-256 hash; return where it ends."""
    if data[23] != 1:
        raise ImageError("no_hash")
    at = (segments_end | 15) + 1
    if at + 32 > len(data):
        raise ImageError("truncated")
    if hashlib.sha256(data[:at]).digest() != bytes(data[at : at + 32]):
        raise ImageError("bad_hash")
    return at + 32


def _check_tail(data: memoryview, end: int) -> bool:
    """Check that nothing follows the hash, or only padding to a sector and one signature sector.

    Return whether there is a signature sector.
    """
    if end == len(data):
        return False
    sector = -(-end // _SECTOR) * _SECTOR
    padding = bytes(data[end:sector])
    tail = data[sector:]
    if padding.strip(b"\xff\x00") or len(tail) != _SECTOR or tail[0] != _SIGNATURE_MAGIC or tail[1] not in (2, 3):
        # In a merged factory image a partition table and the application follow.
        raise ImageError("factory_image" if _looks_like_bootloader(data) else "trailing_data")
    return True


def _looks_like_bootloader(data: memoryview) -> bool:
    return int.from_bytes(data[_APP_DESC_AT : _APP_DESC_AT + 4], "little") != _APP_DESC_MAGIC


def _descriptor(data: memoryview, chip: str, *, signed: bool) -> ImageInfo:
    if len(data) < _APP_DESC_AT + 256 or _looks_like_bootloader(data):
        raise ImageError("no_descriptor")
    _, secure, version, project, time, date, idf, _elf = _APP_DESC.unpack_from(data, _APP_DESC_AT)
    return ImageInfo(
        chip=chip,
        version=_text(version),
        project=_text(project),
        secure_version=secure,
        built=f"{_text(date)} {_text(time)}".strip(),
        idf_version=_text(idf),
        signed=signed,
    )


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")


def _inspect_esp8266(data: memoryview) -> None:
    """Check the header and segments of an ESP8266 image, which has nothing else to check than the checksum."""
    if data[0] != MAGIC:
        raise ImageError("not_an_image")
    if len(data) < 16:
        raise ImageError("truncated")
    end = _segments_end(data, data[1], 8)
    _check_checksum(data, data[1], 8, end)
