"""Arduino's HTTPUpdate, Tasmota's `OtaUrl` and esp_https_ota: a GET request that returns an image or 304.

The headers are not authenticated; the secret in the URL identifies the device.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final

from ..models import Device, Release
from ..state import State
from ..versions import MAX_LENGTH

_TASMOTA: Final = re.compile(r"([^()]+)\(([^()]*)\)")
_HELPERS: Final = ("safeboot", "minimal")
"""Tasmota's small images that only fetch the full one; their version is not the firmware of the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Updater:
    """What an updater reports about its device in `x-ESP32-…` or `x-ESP8266-…` headers."""

    chip: str
    version: str | None = None
    free_space: int | None = None
    firmware: bool = True
    """False: it asks for a file system image, which is not supported."""


def read(headers: Mapping[str, str]) -> Updater | None:
    """Parse the headers; None if the client sends none of them (esp_https_ota, curl)."""
    for chip, prefix in (("esp32", "x-ESP32-"), ("esp8266", "x-ESP8266-")):
        if prefix + "STA-MAC" in headers or prefix + "mode" in headers:
            free = headers.get(prefix + "free-space", "")
            return Updater(
                chip=chip,
                version=parse_version(headers.get(prefix + "version")),
                free_space=int(free) if free.isascii() and free.isdigit() and len(free) < 12 else None,
                firmware=headers.get(prefix + "mode", "sketch") == "sketch",
            )
    return None


def parse_version(text: str | None) -> str | None:
    """Return the version in a header or query. Tasmota appends the name of its image: `14.2.0(tasmota32)`."""
    text = (text or "").strip()
    if (match := _TASMOTA.fullmatch(text)) is not None:
        if match[2].endswith(_HELPERS):
            return None
        text = match[1]
    return text if 0 < len(text) <= MAX_LENGTH else None


def fits(updater: Updater | None, size: int) -> bool:
    """Return whether the image fits; a device that does not report its free space checks it itself."""
    return updater is None or updater.free_space is None or updater.free_space >= size


def minimal_release(state: State, device: Device) -> Release | None:
    """Return the newest minimal image for a device: of the product with the suffix `-minimal`."""
    found = [
        release
        for release in state.releases.values()
        if release.product == f"{device.product}-minimal" and release.chip == device.chip and not release.withdrawn
    ]
    return max(found, key=lambda release: release.sequence, default=None)
