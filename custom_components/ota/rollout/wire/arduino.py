"""Arduino's HTTPUpdate, Tasmota's `OtaUrl` and esp_https_ota: one GET that is answered by an image or 304.

The headers are not authenticated; who calls is known by the secret in the URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final

from ..versions import MAX_LENGTH

_TASMOTA: Final = re.compile(r"([^()]+)\(([^()]*)\)")
_HELPERS: Final = ("safeboot", "minimal")
"""Tasmota's small images, which only fetch the real one: what they are is not what the device is meant to run."""


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
            free = headers.get(prefix + "free-space", "")
            return Updater(
                chip=chip,
                version=parse_version(headers.get(prefix + "version")),
                free_space=int(free) if free.isascii() and free.isdigit() and len(free) < 12 else None,
                firmware=headers.get(prefix + "mode", "sketch") == "sketch",
            )
    return None


def parse_version(text: str | None) -> str | None:
    """The version in a header or query. Tasmota adds the name of its image: `14.2.0(tasmota32)`."""
    text = (text or "").strip()
    if (match := _TASMOTA.fullmatch(text)) is not None:
        if match[2].endswith(_HELPERS):
            return None
        text = match[1]
    return text if 0 < len(text) <= MAX_LENGTH else None


def fits(updater: Updater | None, size: int) -> bool:
    """Whether there is room; a device that does not say will notice itself."""
    return updater is None or updater.free_space is None or updater.free_space >= size
