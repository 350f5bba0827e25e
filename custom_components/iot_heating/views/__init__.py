"""HTTP views: the device-sync API for controllers, the user API for users with an access token."""

from homeassistant.core import HomeAssistant, callback

from .device_sync import DeviceSyncView, DeviceSyncViewWithoutSlash
from .user_api import BuildingSettingsView, DevicesView, ReportStatusView


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register all views, once per start."""
    sync = DeviceSyncView(hass)
    hass.http.register_view(sync)
    hass.http.register_view(DeviceSyncViewWithoutSlash(sync))
    for view in (DevicesView, ReportStatusView, BuildingSettingsView):
        hass.http.register_view(view(hass))
