"""Firmware images and signed manifests made in the test, from the published layout."""

from collections.abc import Callable
import hashlib
import struct
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from custom_components.ota.rollout.manifest import PublicKey, sign

PRIVATE = bytes(range(32))
OTHER_PRIVATE = bytes(range(1, 33))


def public_key(private: bytes = PRIVATE) -> PublicKey:
    """The pinned half of a signing key."""
    return PublicKey.parse(Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw().hex())


def esp32_image(
    *,
    chip_id: int = 5,
    version: str = "1.2.3",
    project: str = "thermostat",
    secure_version: int = 0,
    payload: bytes = b"",
    descriptor: bool = True,
    hash_appended: int = 1,
) -> bytes:
    """An application image: header, one segment with the descriptor, checksum, SHA-256."""
    desc = struct.pack(
        "<II8s32s32s16s16s32s32s80s",
        0xABCD5432 if descriptor else 0x12345678,
        secure_version,
        b"",
        version.encode(),
        project.encode(),
        b"12:00:00",
        b"Nov 20 2026",
        b"v5.5",
        b"\x11" * 32,
        b"",
    )
    segment = desc + payload + bytes(256 + -len(payload) % 4)
    image = struct.pack("<BBBBI", 0xE9, 1, 2, 0x20, 0x40380000)
    image += struct.pack("<B3sHBHH4sB", 0xEE, bytes(3), chip_id, 0, 0, 99, bytes(4), hash_appended)
    image += struct.pack("<II", 0x3C000020, len(segment)) + segment
    checksum = 0xEF
    for byte in segment:
        checksum ^= byte
    image += bytes(15 - len(image) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest()


def esp8266_image(payload: bytes = bytes(64), *, address: int = 0x40100000) -> bytes:
    """An ESP8266 image: no chip id, no descriptor, no hash."""
    image = struct.pack("<BBBBI", 0xE9, 1, 2, 0x20, address)
    image += struct.pack("<II", address, len(payload)) + payload
    checksum = 0xEF
    for byte in payload:
        checksum ^= byte
    return image + bytes(15 - len(image) % 16) + bytes([checksum])


def arduino_esp8266_image(payload: bytes = bytes(range(256)) * 40, *, with_crc: bool = True) -> bytes:
    """A sketch as Arduino's elf2bin writes it: eboot, padding to 4 KiB, the application, CRC over both."""
    eboot = esp8266_image(bytes(range(200)), address=0x4010F000)
    words = bytes(8) if with_crc else payload[:8]
    app = esp8266_image(words + payload[8:], address=0x40201010)
    image = bytearray(eboot + b"\xaa" * (4096 - len(eboot)) + app)
    if with_crc:
        struct.pack_into("<II", image, 0x1010, len(image), eboot_crc(bytes(image)))
    return bytes(image)


def eboot_crc(data: bytes) -> int:
    """CRC-32 with the most significant bit first and without inversion, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def rtos_esp8266_image(payload: bytes = bytes(64)) -> bytes:
    """An image of ESP8266_RTOS_SDK: the header of 24 bytes and the hash."""
    image = struct.pack("<BBBBI", 0xE9, 1, 2, 0x20, 0x40100000) + b"\xee" + bytes(14) + b"\x01"
    image += struct.pack("<II", 0x40210010, len(payload)) + payload
    checksum = 0xEF
    for byte in payload:
        checksum ^= byte
    image += bytes(15 - len(image) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest()


def with_signature_v1(image: bytes) -> bytes:
    """The image as Secure Boot v1 signs it: a version and 64 bytes."""
    return image + bytes(4) + bytes(range(64))


def with_signature_sector(image: bytes) -> bytes:
    """The image as Secure Boot v2 signs it: padded to a sector, then one sector with the block's magic."""
    padded = image + b"\xff" * (-len(image) % 4096)
    return padded + bytes([0xE7, 2]) + bytes(4094)


def fields_for(image: bytes, **changes: Any) -> dict[str, Any]:
    """A manifest's fields for an image."""
    return {
        "product": "thermostat",
        "chip": "esp32c3",
        "version": "1.2.3",
        "sequence": 10,
        "size": len(image),
        "sha256": hashlib.sha256(image).hexdigest(),
        **changes,
    }


def signed(image: bytes, private: bytes = PRIVATE, **changes: Any) -> tuple[bytes, str]:
    """A signed manifest for an image."""
    return sign(fields_for(image, **changes), private)


type Make = Callable[..., bytes]
