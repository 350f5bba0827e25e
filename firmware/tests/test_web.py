"""The flashing page and its manifests."""

import hashlib
import json
from pathlib import Path
import re

import pytest

from firmware.web import manifest


def test_the_site_contains_a_manifest_for_every_product_and_board(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for product in manifest.PRODUCTS:
        for board in manifest.CHIPS:
            for suffix in ("factory", "ota"):
                (images / f"{product}-{board}.{suffix}.bin").write_bytes(f"{product}{board}{suffix}".encode())
    site = tmp_path / "site"
    assert manifest.write_site(images, site, "1.2.0") == 8
    page = (site / "index.html").read_text()
    assert set(re.findall(r'<option value="(\w+)"', page)) == {*manifest.PRODUCTS, *manifest.CHIPS}
    found = json.loads((site / "ccu-esp32c3.manifest.json").read_text())
    (build,) = found["builds"]
    assert (found["version"], build["chipFamily"]) == ("1.2.0", "ESP32-C3")
    assert (site / build["parts"][0]["path"]).read_bytes() == b"ccuesp32c3factory"
    image = (site / build["ota"]["path"]).read_bytes()
    assert build["ota"]["md5"] == hashlib.md5(image, usedforsecurity=False).hexdigest()
    (images / "heating-esp32.ota.bin").unlink()
    with pytest.raises(FileNotFoundError):
        manifest.write_site(images, site, "1.2.0")
