"""Firmware images: read their headers and check that they are valid for an OTA slot.

Layout of an ESP image (Espressif's `esp_app_format.h`): 8-byte header, 16-byte extended header with the chip
ID at 12 and the hash flag at 23, segments from 24 on, `esp_app_desc_t` at 32, a checksum byte that ends a
multiple of 16, then the SHA-256 hash of all previous bytes. ESP8266 images are checked by `image_esp8266`.
"""

from dataclasses import dataclass
import hashlib
import struct
from typing import Final

from .errors import ImageError
from .image_esp8266 import check_esp8266
from .image_segments import MAGIC, check_checksum, segments_end

_APP_DESC_MAGIC: Final = 0xABCD5432
_APP_DESC: Final = struct.Struct("<II8x32s32s16s16s32s32s")
_APP_DESC_AT: Final = 32
_SECTOR: Final = 4096
_BOOTLOADER_AT: Final = (0x1000, 0x2000)
"""Offsets of the bootloader in merged images: ESP32 and S2, P4 and C5. Those of other chips begin with it."""
_SIGNATURE_MAGIC: Final = 0xE7
_SIGNATURE_V1_BYTES: Final = 68
"""A Secure Boot v1 signature: a version (zero, 4 bytes) and 64 bytes; no padding before it."""

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
    """A Secure Boot signature (v1 or v2) follows the image. Only the device can verify it."""


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
    if chip == "esp8266":
        check_esp8266(memoryview(data))
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
    end = segments_end(data, 0, 24)
    check_checksum(data, 0, 24, end)
    end = _check_hash(data, end)
    signed = _check_tail(data, end, chip)
    return _descriptor(data, chip, signed=signed)


def _reject_factory_image(data: memoryview) -> None:
    """Reject a merged image that starts with erased flash before the bootloader."""
    for offset in _BOOTLOADER_AT:
        if len(data) > offset and data[offset] == MAGIC and not bytes(data[:offset]).strip(b"\xff"):
            raise ImageError("factory_image")


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


def _check_tail(data: memoryview, end: int, chip: str) -> bool:
    """Check that nothing follows the hash, or only a signature: of v1, or padding to a sector and a sector of v2.

    Return whether there is a signature.
    """
    if end == len(data):
        return False
    if chip == "esp32" and len(data) - end == _SIGNATURE_V1_BYTES and not any(data[end : end + 4]):
        return True
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
