"""Arduino's HTTPUpdate, Tasmota's `OtaUrl` and esp_https_ota: one GET that is answered by an image or 304.

The headers are not authenticated; who calls is known by the secret in the URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..versions import MAX_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Updater:
    """What an updater says of its device in `x-ESP32-…` or `x-ESP8266-…` headers."""

    chip: str
    version: str | None = None
    free_space: int | None = None
    firmware: bool = True
    """False: it asks for a file system image, which we do not have."""


def read(headers: Mapping[str, str]) -> Updater | None:
    """Read the headers; None where the client sends none of them (esp_https_ota, curl)."""
    for chip, prefix in (("esp32", "x-ESP32-"), ("esp8266", "x-ESP8266-")):
        if prefix + "STA-MAC" in headers or prefix + "mode" in headers:
            version = headers.get(prefix + "version", "").strip()
            free = headers.get(prefix + "free-space", "")
            return Updater(
                chip=chip,
                version=version if 0 < len(version) <= MAX_LENGTH else None,
                free_space=int(free) if free.isascii() and free.isdigit() and len(free) < 12 else None,
                firmware=headers.get(prefix + "mode", "sketch") == "sketch",
            )
    return None


def fits(updater: Updater | None, size: int) -> bool:
    """Whether there is room; a device that does not say will notice itself."""
    return updater is None or updater.free_space is None or updater.free_space >= size
