"""Manifests of the flashing page and of ESPHome's updates: ``python -m firmware.web.manifest IMAGES --output SITE``.

The folder contains ``PRODUCT-BOARD.factory.bin`` and ``PRODUCT-BOARD.ota.bin`` as the workflow builds them.
"""

import argparse
import hashlib
import json
from pathlib import Path
import shutil
from typing import Any

PRODUCTS = {"heating": "Heating controller", "ccu": "Central Control Unit"}
CHIPS = {"esp32": "ESP32", "esp32s3": "ESP32-S3", "esp32c3": "ESP32-C3", "esp32c6": "ESP32-C6"}


def manifest(product: str, board: str, version: str, ota_image: bytes) -> dict[str, Any]:
    """Return the manifest of a product for a board.

    ``parts`` is for the flashing page, ``ota`` for ESPHome's ``update: http_request``, which checks the MD5.
    """
    name = f"{product}-{board}"
    build = {
        "chipFamily": CHIPS[board],
        "parts": [{"path": f"{name}.factory.bin", "offset": 0}],
        "ota": {"path": f"{name}.ota.bin", "md5": hashlib.md5(ota_image, usedforsecurity=False).hexdigest()},
    }
    return {"name": PRODUCTS[product], "version": version, "new_install_prompt_erase": True, "builds": [build]}


def write_site(images: Path, output: Path, version: str) -> int:
    """Write the flashing page with all images into a folder and return their number.

    Raises:
        FileNotFoundError: An image is missing.
    """
    output.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).with_name("index.html"), output)
    count = 0
    for product in PRODUCTS:
        for board in CHIPS:
            name = f"{product}-{board}"
            for suffix in ("factory", "ota"):
                shutil.copy(images / f"{name}.{suffix}.bin", output)
            found = manifest(product, board, version, (images / f"{name}.ota.bin").read_bytes())
            (output / f"{name}.manifest.json").write_text(json.dumps(found, indent=2) + "\n")
            count += 1
    return count


def main() -> None:
    """Write the site from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--version", required=True)
    options = parser.parse_args()
    print(f"{write_site(options.images, options.output, options.version)} images")


if __name__ == "__main__":
    main()
