"""Builds an ESP application image, as a compiler's last step does: header, a segment with the descriptor, checks."""

import hashlib
import struct

_CHIP_IDS = {"esp32": 0, "esp32s2": 2, "esp32c3": 5, "esp32s3": 9, "esp32c6": 13}


def build(chip: str, project: str, version: str, payload: bytes = b"") -> bytes:
    """An image that the chip's bootloader would start (there is no code in it)."""
    texts = (version, project, "12:00:00", "Nov 20 2026", "v5.5")
    version_b, project_b, time_b, date_b, idf_b = (text.encode() for text in texts)
    descriptor = struct.pack(
        "<II8s32s32s16s16s32s32s80s", 0xABCD5432, 0, b"", version_b, project_b, time_b, date_b, idf_b, bytes(32), b""
    )
    segment = descriptor + payload + bytes(-len(payload) % 4)
    image = struct.pack("<BBBBI", 0xE9, 1, 2, 0x20, 0x40380000)
    image += struct.pack("<B3sHBHH4sB", 0xEE, bytes(3), _CHIP_IDS[chip], 0, 0, 99, bytes(4), 1)
    image += struct.pack("<II", 0x3C000020, len(segment)) + segment
    checksum = 0xEF
    for byte in segment:
        checksum ^= byte
    image += bytes(15 - len(image) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest()
