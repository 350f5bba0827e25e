"""HTTP API of Central Control Units and of users (docs/ccu-http.md)."""

from homeassistant.core import HomeAssistant, callback

from ..domain.parts import DomainParts
from .ccu import AckView, BreakerView, CommandsView, DataView, DevicesView
from .legacy_websocket import LegacyWebSocketView
from .user import CommandView, StatusView


@callback
def async_register_views(hass: HomeAssistant, parts: DomainParts) -> None:
    """Register the views, the most requested first and the acknowledgement before the command view."""
    for ccu_view in (DataView, BreakerView, DevicesView, CommandsView, AckView):
        hass.http.register_view(ccu_view(parts.authenticator, parts.conflicts))
    for user_view in (CommandView, StatusView, LegacyWebSocketView):
        hass.http.register_view(user_view(hass, parts.directory))
