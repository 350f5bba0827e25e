"""What may go into an OTA slot."""

import gzip
import hashlib
import re

import pytest

from custom_components.ota.rollout.errors import ImageError
from custom_components.ota.rollout.image import CHIP_IDS, inspect
from tests.ota.images import esp32_image, esp8266_image, with_signature_sector

GOOD = esp32_image(payload=bytes(range(256)) * 20, secure_version=3)


def code_of(data: bytes, chip: str = "esp32c3") -> str:
    with pytest.raises(ImageError) as caught:
        inspect(data, chip=chip)
    return caught.value.code


def test_valid_image_is_described() -> None:
    info = inspect(GOOD, chip="esp32c3")
    assert (info.version, info.project, info.secure_version) == ("1.2.3", "thermostat", 3)
    assert info.idf_version == "v5.5"
    assert info.built == "Nov 20 2026 12:00:00"
    assert not info.signed


@pytest.mark.parametrize(("chip_id", "chip"), CHIP_IDS.items())
def test_each_chip_is_known_by_its_id(chip_id: int, chip: str) -> None:
    assert inspect(esp32_image(chip_id=chip_id), chip=chip).chip == chip


def test_every_truncation_is_refused() -> None:
    for length in (*range(48), 100, len(GOOD) // 2, len(GOOD) - 33, len(GOOD) - 1):
        assert code_of(GOOD[:length]) in {"truncated", "empty"}, length


def test_every_changed_byte_is_refused() -> None:
    for at in range(0, len(GOOD), 7):
        data = bytearray(GOOD)
        data[at] ^= 0x41
        assert code_of(bytes(data)), at


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (GOOD + b"x", "trailing_data"),
        (GOOD + bytes(4096), "trailing_data"),
        (esp32_image(chip_id=9), "wrong_chip"),
        (esp32_image(hash_appended=0), "no_hash"),
        (esp32_image(descriptor=False), "no_descriptor"),
        (esp32_image(descriptor=False) + esp32_image(), "factory_image"),
        (b"\xff" * 4096 + esp32_image(descriptor=False), "factory_image"),
        (b"\xff" * 9000, "not_an_image"),
        (b"PK\x03\x04" + bytes(100), "not_an_image"),
        (b"\xe9\x00" + GOOD[2:], "not_an_image"),
        (b"\xe9\x11" + GOOD[2:], "not_an_image"),
        (b"", "empty"),
    ],
)
def test_other_files_are_rejected(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_a_wrong_checksum_is_reported_before_the_hash() -> None:
    data = bytearray(GOOD)
    at = len(GOOD) - 33
    data[at] ^= 1
    assert code_of(bytes(data)) == "bad_checksum"


def test_a_wrong_hash_is_reported() -> None:
    assert code_of(GOOD[:-1] + bytes([GOOD[-1] ^ 1])) == "bad_hash"


def test_a_secure_boot_signature_sector_is_allowed_and_nothing_after_it() -> None:
    data = with_signature_sector(GOOD)
    assert inspect(data, chip="esp32c3").signed
    assert code_of(data + b"x") == "trailing_data"
    assert code_of(data[:-1]) == "trailing_data"


def test_an_unknown_chip_is_refused() -> None:
    assert code_of(GOOD, "esp33") == "unknown_chip"


def test_esp8266_image_is_checked() -> None:
    image = esp8266_image()
    info = inspect(image, chip="esp8266")
    assert (info.version, info.project) == (None, None)
    assert code_of(image[:40], "esp8266") == "truncated"
    assert code_of(b"\xe9\x01" + bytes(5), "esp8266") == "truncated"
    assert code_of(b"<html>" + bytes(50), "esp8266") == "not_an_image"
    changed = bytearray(image)
    changed[20] ^= 1
    assert code_of(bytes(changed), "esp8266") == "bad_checksum"


def test_gzip_for_tasmota_on_esp8266_and_anything_for_generic_pass() -> None:
    assert inspect(gzip.compress(esp8266_image()), chip="esp8266").chip == "esp8266"
    assert inspect(b"070702anything", chip="generic").chip == "generic"


def test_esptool_agrees(tmp_path: object) -> None:
    """Espressif's own tool reads our test image as we do."""
    bin_image = pytest.importorskip("esptool.bin_image")
    image = bin_image.LoadFirmwareImage("esp32c3", GOOD)
    assert image.chip_id == 5
    assert image.checksum == image.calculate_checksum()
    assert image.stored_digest == image.calc_digest == hashlib.sha256(GOOD[:-32]).digest()
    spoiled = bytearray(GOOD)
    spoiled[400] ^= 1
    image = bin_image.LoadFirmwareImage("esp32c3", bytes(spoiled))
    assert image.stored_digest != image.calc_digest
    assert re.fullmatch("bad_checksum|bad_hash", code_of(bytes(spoiled)))
