"""The wire protocols that devices can use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..rollout.wire import ddi
from .arduino import ARDUINO_VIEWS
from .base import OtaView
from .ddi import DDI_VIEWS
from .esphome import ESPHOME_VIEWS
from .native import NATIVE_VIEWS


@dataclass(frozen=True, slots=True, kw_only=True)
class WireProtocol:
    """A wire protocol: its views, and how a device is configured for it."""

    key: str
    clients: str
    """The firmware that speaks it, as shown to the user (proper nouns, not translated)."""
    views: tuple[type[OtaView], ...]
    paths: Mapping[str, str]
    """Placeholder name -> path that the user enters in the device, with `{device_id}` and `{token}`."""
    settings: str
    """The settings of the device, with the names of `paths` and `{key}` as placeholders."""

    def setup_values(self, base_url: str, device_id: str, token: str) -> dict[str, str]:
        """Return the URLs for a device by placeholder name."""
        return {name: base_url + path.format(device_id=device_id, token=token) for name, path in self.paths.items()}


WIRE_PROTOCOLS: Final = (
    WireProtocol(
        key="native",
        clients="HTTP JSON API",
        views=NATIVE_VIEWS,
        paths={"check_url": "/api/ota/v1/devices/{device_id}/check/"},
        settings="`{check_url}`, `X-Device-Key: {key}`",
    ),
    WireProtocol(
        key="esphome",
        clients="ESPHome",
        views=ESPHOME_VIEWS,
        paths={"manifest_url": "/api/ota/d/{token}/manifest.json"},
        settings="`{manifest_url}?version=…`",
    ),
    WireProtocol(
        key="arduino",
        clients="Arduino HTTPUpdate, Tasmota, esp_https_ota",
        views=ARDUINO_VIEWS,
        paths={"update_url": "/api/ota/d/{token}/update.bin"},
        settings="`{update_url}`",
    ),
    WireProtocol(
        key="ddi",
        clients="hawkBit DDI (SWUpdate, RAUC, Zephyr)",
        views=DDI_VIEWS,
        paths={"ddi_url": "/api/ota/ddi"},
        settings="`{ddi_url}`, tenant `" + ddi.TENANT + "`, target token `{key}`",
    ),
)


def setup_placeholders(base_url: str, device_id: str, key: str, token: str) -> dict[str, str]:
    """Return all URLs of a device, and `connections`: a Markdown list of the protocols with their settings."""
    values = {"device_id": device_id, "key": key}
    for protocol in WIRE_PROTOCOLS:
        values |= protocol.setup_values(base_url, device_id, token)
    lines = [f"- {protocol.clients}: {protocol.settings.format(**values)}" for protocol in WIRE_PROTOCOLS]
    return {**values, "connections": "\n".join(lines)}
