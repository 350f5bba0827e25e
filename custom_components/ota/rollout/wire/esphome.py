"""The manifest of ESPHome's `update: http_request` and of ESP Web Tools."""

from typing import Any

from ..image import CHIP_IDS
from ..models import Device, Release
from ..offers import Offer, Reason

_NO_MD5 = "0" * 32


def chip_family(chip: str) -> str:
    """Return the chip as ESPHome names it: `esp32c3` -> `ESP32-C3`."""
    if chip in CHIP_IDS.values() and chip != "esp32":
        return f"ESP32-{chip[5:].upper()}"
    return chip.upper()


def update_manifest(device: Device, offer: Offer, *, page: str | None = None) -> dict[str, Any] | None:
    """Return the manifest for a device; None if neither an offer nor the installed version is known.

    ESPHome shows an update if the version *differs* from its own, so a device without an offer gets its own version.
    Paths are relative to the manifest, so that the secret is only in the URL that the device has.
    """
    release = offer.release if offer.reason is Reason.OFFERED else None
    if release is not None:
        ota = {"path": f"fw/{release.sha256}.bin", "md5": release.md5}
        if release.notes:
            ota["summary"] = release.notes[:240]
        if url := release.release_url or page:
            ota["release_url"] = url
        version = release.version
    elif device.installed_version is not None:
        ota, version = {"path": "fw/none.bin", "md5": _NO_MD5}, device.installed_version
    else:
        return None
    build = {"chipFamily": chip_family(device.chip), "ota": ota}
    return {"name": device.name, "version": version, "builds": [build]}


def web_tools_manifest(release: Release, factory_path: str) -> dict[str, Any]:
    """Return the manifest with which ESP Web Tools installs the factory image at offset 0."""
    return {
        "name": release.product,
        "version": release.version,
        "new_install_prompt_erase": True,
        "builds": [{"chipFamily": chip_family(release.chip), "parts": [{"path": factory_path, "offset": 0}]}],
    }
