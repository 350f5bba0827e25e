"""The device-sync API, as controllers in the field call it (docs/device-sync.md)."""

from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

from aiohttp import web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util

from ._lib.device_http import (
    ApiError,
    DeviceGuard,
    answers_errors,
    presented_key,
    read_object,
    too_many,
)
from ._lib.device_keys import KeyMatch, KeyRing, hash_key, new_key
from .book import BOOK
from .const import CONF_ALLOW_QUERY
from .coordinator import Building, IotHeatingConfigEntry
from .discovery import DISCOVERIES
from .protocol.commands import Queue
from .protocol.control import device_config, steered
from .protocol.errors import ProtocolError
from .protocol.telemetry import Telemetry, decode_telemetry
from .protocol.v2 import Extra, Extras, decode_extras, extended
from .records import DeviceRecord, Kind, Rotation
from .registry import REGISTRY, Registry
from .replies import Replies
from .telemetry_log import LOG
from .views_user import BuildingSettingsView, DevicesView, ReportStatusView, api_error

ROTATION_GRACE = timedelta(days=7)


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register the views; once per start."""
    for view in (DeviceSyncView, DevicesView, ReportStatusView, BuildingSettingsView):
        hass.http.register_view(view(hass, hass.data[REGISTRY]))


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
        self._replies = Replies()

    @answers_errors()
    async def get(self, request: web.Request, device_id: str) -> web.Response:
        """Answer with the configuration."""
        record, match = await self._authenticate(request, device_id)
        protocol = 2 if request.query.get("protocol_version") == "2" else 1
        return await self._answer(record, match, None, Extras({}) if protocol == 2 else None)

    @answers_errors()
    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Take a report, answer with the configuration."""
        record, match = await self._authenticate(request, device_id)
        data = await read_object(request)
        try:
            report = decode_telemetry(data)
            second = report.protocol_version >= 2 or request.query.get("protocol_version") == "2"
            extras = decode_extras(data) if second else None
        except ProtocolError as err:
            raise api_error(err) from err
        self._hass.data[LOG].put(record, data)
        return await self._answer(record, match, report, extras)

    async def _authenticate(self, request: web.Request, device_id: str) -> tuple[DeviceRecord, KeyMatch]:
        record = self._registry.devices.get(device_id)
        if record is None or record.kind is not Kind.ESP32:
            self._refuse_stranger(request, device_id, known=record is not None)
        match = self._guard.authenticate(
            request, device_id, record.keys, dt_util.utcnow(), allow_query=self._allows_query(record)
        )
        if match is KeyMatch.CURRENT and record.keys.previous is not None:
            changed = await self._registry.async_change_device(device_id, _settled)
            record = changed[1] if changed else record
        return record, match

    def _refuse_stranger(self, request: web.Request, device_id: str, *, known: bool) -> NoReturn:
        """Refuse as a wrong key is refused, in the same time; an unknown device is noted as discovered."""
        try:
            self._guard.authenticate(request, device_id, None, dt_util.utcnow(), allow_query=True)
        except ApiError as err:
            if not known and err.code == "unauthorized":
                self._hass.data[DISCOVERIES].note(device_id, presented_key(request), request.remote)
            raise
        raise too_many(1)  # no key opens the ring of an unknown device

    def _allows_query(self, record: DeviceRecord) -> bool:
        entry = self._hass.config_entries.async_get_entry(record.entry_id)
        return entry is None or bool(entry.options.get(CONF_ALLOW_QUERY, True))

    def _building(self, record: DeviceRecord) -> Building | None:
        """The building of a controller, where it is set up."""
        entry: IotHeatingConfigEntry | None = self._hass.config_entries.async_get_entry(record.entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        return entry.runtime_data

    async def _answer(
        self, record: DeviceRecord, match: KeyMatch, report: Telemetry | None, extras: Extras | None
    ) -> web.Response:
        registry, device_id = self._registry, record.device_id
        now = dt_util.utcnow()
        registry.mark_seen(device_id, now)
        building = self._building(record)
        extra = None
        # Where the entry is not set up (now), the controller still gets its configuration.
        if building is not None and (controller := building.controllers.get(device_id)) is not None:
            controller.protocol = 1 if extras is None else 2
            if building.receive(controller, report, extras):
                await self._hass.data[BOOK].async_write([controller.number])
            carried: Queue = ()
            if any(command.open for command in record.commands):
                heating = report.heating if report is not None else None
                acks = extras.acks if extras is not None else ()
                carried = await building.commands.async_exchange(device_id, controller.protocol, heating, acks)
                record = registry.devices.get(device_id, record)
            if extras is not None:
                extra = Extra(
                    building.options.poll_interval_s,
                    building.options.lease_s,
                    dt_util.get_default_time_zone(),
                    building.flow_setpoint_c,
                    carried,
                    await building.forecast.async_points(),
                    controller.offer,
                    await self._next_key(record, match),
                )
        stored = registry.buildings[record.entry_id]
        override = record.override.at(now)
        if extra is None:
            return self._replies.response(stored, device_id, override, now)
        profile = steered(stored.profile, override)
        reply = device_config(profile, device_id, stored.building_id, now)
        return self.json(extended(reply, profile, override, extra, now))

    async def _next_key(self, record: DeviceRecord, match: KeyMatch) -> str | None:
        """A fresh key for a controller whose key is being rotated: made for this reply, kept as a hash.

        Where the reply is lost the controller comes with its old key again, which stays valid, and gets another.
        """
        if record.rotation is Rotation.NONE:
            return None
        key = new_key()
        until = dt_util.utcnow() + ROTATION_GRACE

        def rotate(now_record: DeviceRecord) -> DeviceRecord:
            keys = now_record.keys
            kept = keys.previous if match is KeyMatch.PREVIOUS else keys.current
            return replace(now_record, keys=KeyRing(hash_key(key), kept, until), rotation=Rotation.HANDED_OUT)

        await self._registry.async_change_device(record.device_id, rotate)
        return key


def _settled(record: DeviceRecord) -> DeviceRecord:
    """The record once its new key was used."""
    rotation = Rotation.NONE if record.rotation is Rotation.HANDED_OUT else record.rotation
    return replace(record, keys=record.keys.settled(), rotation=rotation)
