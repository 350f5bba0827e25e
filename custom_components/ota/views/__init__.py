"""HTTP views: the wire protocols of devices, the upload API and the web installer (docs/ota-protocol.md)."""

from homeassistant.core import HomeAssistant, callback

from .protocols import WIRE_PROTOCOLS
from .releases import UPLOAD_VIEWS
from .web_install import INSTALL_VIEWS


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register all views, once per start of Home Assistant."""
    for protocol in WIRE_PROTOCOLS:
        for view in protocol.views:
            hass.http.register_view(view(hass))
    for view in (*UPLOAD_VIEWS, *INSTALL_VIEWS):
        hass.http.register_view(view(hass))
