"""The device-sync API, as controllers in the field call it (docs/device-sync.md)."""

from aiohttp import web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util

from ._lib.device_http import ApiError, DeviceGuard, answers_errors, bad_value, missing, read_object
from ._lib.device_keys import KeyMatch
from .coordinator import IotHeatingConfigEntry
from .protocol.errors import ProtocolError
from .protocol.profile import device_config
from .protocol.telemetry import Telemetry, decode_telemetry
from .registry import REGISTRY, DeviceRecord, Registry


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register the views; once per start."""
    hass.http.register_view(DeviceSyncView(hass, hass.data[REGISTRY]))


def api_error(err: ProtocolError) -> ApiError:
    """The answer to a field that cannot be accepted."""
    return missing(err.field) if err.absent else bad_value(str(err), err.field)


class DeviceSyncView(HomeAssistantView):
    """A controller fetches its configuration (GET), or reports and fetches it (POST)."""

    url = "/api/iot/device/{device_id}/sync/"
    extra_urls = ["/api/iot/device/{device_id}/sync"]
    name = "api:iot_heating:sync"
    # Devices have keys of their own; a raised 401 would count as a failed login of Home Assistant.
    requires_auth = False

    def __init__(self, hass: HomeAssistant, registry: Registry) -> None:
        self._hass = hass
        self._registry = registry
        self._guard = DeviceGuard()

    @answers_errors()
    async def get(self, request: web.Request, device_id: str) -> web.Response:
        """Answer with the configuration."""
        record = await self._authenticate(request, device_id)
        return self._answer(record, None)

    @answers_errors()
    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Take a report, answer with the configuration."""
        record = await self._authenticate(request, device_id)
        try:
            report = decode_telemetry(await read_object(request))
        except ProtocolError as err:
            raise api_error(err) from err
        return self._answer(record, report)

    async def _authenticate(self, request: web.Request, device_id: str) -> DeviceRecord:
        record = self._registry.devices.get(device_id)
        keys = record.keys if record else None
        match = self._guard.authenticate(request, device_id, keys, dt_util.utcnow(), allow_query=True)
        assert record is not None, "no key opens the ring of an unknown device"
        if match is KeyMatch.CURRENT and record.keys.previous is not None:
            await self._registry.async_set_keys(device_id, record.keys.settled())
        return record

    def _answer(self, record: DeviceRecord, report: Telemetry | None) -> web.Response:
        now = dt_util.utcnow()
        registry = self._registry
        registry.mark_seen(record.device_id, now)
        entry: IotHeatingConfigEntry | None = self._hass.config_entries.async_get_entry(record.entry_id)
        # Where the entry is not set up (now), the controller still gets its configuration.
        if entry is not None and entry.state is ConfigEntryState.LOADED:
            building = entry.runtime_data
            if (controller := building.controllers.get(record.device_id)) is not None:
                building.receive(controller, report)
        stored = registry.buildings[record.entry_id]
        return self.json(device_config(stored.profile, record.device_id, stored.building_id, now))
