"""ESP8266 images and compressed ones are checked to the last byte."""

import gzip
import struct
import zlib

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ota.rollout import image_esp8266
from custom_components.ota.rollout.errors import ImageError
from custom_components.ota.rollout.image import inspect
from tests.ota.images import (
    arduino_esp8266_image,
    eboot_crc,
    esp32_image,
    esp8266_image,
    rtos_esp8266_image,
    with_signature_v1,
)

SKETCH = arduino_esp8266_image()
IMAGES = {
    "arduino": SKETCH,
    "old core": arduino_esp8266_image(with_crc=False),
    "sdk": esp8266_image(bytes(range(256)) * 20),
    "rtos": rtos_esp8266_image(bytes(range(256)) * 20),
    "gzip": gzip.compress(SKETCH),
}


def error(image: bytes, chip: str = "esp8266") -> str:
    with pytest.raises(ImageError) as raised:
        inspect(image, chip=chip)
    return raised.value.code


@pytest.mark.parametrize("name", IMAGES)
def test_the_images_of_all_build_tools_are_accepted(name: str) -> None:
    assert inspect(IMAGES[name], chip="esp8266").version is None


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_that_is_cut_anywhere_is_refused(name: str) -> None:
    image = IMAGES[name]
    for size in {1, 8, 20, 240, 300, len(image) // 2, 4095, 4096, 4097, 4200, len(image) - 16, len(image) - 1}:
        if size < len(image):
            assert error(image[:size]) in ("truncated", "not_an_image", "bad_checksum"), size


def test_the_bootloader_alone_is_refused() -> None:
    eboot = esp8266_image(bytes(range(200)), address=0x4010F000)
    assert SKETCH.startswith(eboot)
    assert error(eboot) == "truncated"


@pytest.mark.parametrize("name", ["arduino", "old core"])
def test_a_zeroed_application_is_refused(name: str) -> None:
    image = IMAGES[name]
    assert error(image[:4096] + bytes(len(image) - 4096)) == "not_an_image"
    assert error(image[:4100] + bytes(len(image) - 4100))
    assert error(image[:8000] + bytes(len(image) - 8000)) == "bad_checksum"
    assert error(gzip.compress(image[:4096] + bytes(len(image) - 4096))) == "not_an_image"


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SKETCH) - 1), st.integers(1, 255))
def test_any_changed_byte_of_a_sketch_is_found(at: int, change: int) -> None:
    image = bytearray(SKETCH)
    image[at] ^= change
    # Flash mode, size and entry are not in the checksum, but in the CRC; a changed length makes the checksum decide.
    assert error(bytes(image))


@pytest.mark.parametrize("name", IMAGES)
def test_more_than_the_image_is_refused(name: str) -> None:
    for tail in (b"\0", bytes(100), b"\xff" * 4096):
        assert error(IMAGES[name] + tail) == "trailing_data"


def test_a_signed_sketch_is_accepted() -> None:
    signature = bytes(range(1, 256)) + b"\x07"
    signed = SKETCH + signature + struct.pack("<I", len(signature))
    inspect(signed, chip="esp8266")
    assert error(signed[:-1]) == "trailing_data"


def test_a_changed_compressed_image_is_refused() -> None:
    data = bytearray(IMAGES["gzip"])
    data[-6] ^= 1
    assert error(bytes(data)) == "bad_checksum"
    assert error(b"\x1f\x8b" + bytes(30)) == "bad_checksum"
    assert error(gzip.compress(b"")) == "not_an_image"


def test_a_compressed_file_that_is_larger_than_any_flash_is_not_unpacked() -> None:
    assert error(gzip.compress(bytes(image_esp8266.MAX_BYTES + 1))) == "too_large"


def test_the_crc_is_that_of_eboot() -> None:
    data = bytes(range(256))
    reversed_bits = data.translate(image_esp8266._REVERSED)
    assert int(f"{zlib.crc32(reversed_bits) ^ 0xFFFFFFFF:032b}"[::-1], 2) == eboot_crc(data)


def test_a_bootloader_that_overlaps_the_application_is_refused() -> None:
    image = bytearray(esp8266_image(bytes(5000), address=0x4010F000))
    assert error(bytes(image)) == "not_an_image"


@pytest.mark.parametrize("offset", [0x1000, 0x2000])
def test_a_merged_image_is_named(offset: int) -> None:
    assert error(b"\xff" * offset + esp32_image(descriptor=False), chip="esp32c3") == "factory_image"


def test_erased_flash_without_a_bootloader_is_not_a_merged_image() -> None:
    assert error(b"\xff" * 0x3000, chip="esp32c3") == "not_an_image"


def test_a_signature_of_secure_boot_v1_is_accepted_for_its_chip_only() -> None:
    image = with_signature_v1(esp32_image(chip_id=0))
    assert inspect(image, chip="esp32").signed
    assert error(image + b"\0", chip="esp32") == "trailing_data"
    assert error(image[:-1], chip="esp32") == "trailing_data"
    assert error(with_signature_v1(esp32_image()), chip="esp32c3") == "trailing_data"
