"""The device-sync API, as controllers in the field call it (docs/device-sync.md)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

from aiohttp import web
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util

from ._lib.device_http import (
    ApiError,
    DeviceGuard,
    answers_errors,
    body_at_hand,
    parse_object,
    presented_key,
    read_body,
    too_many,
)
from ._lib.device_keys import KeyMatch, KeyRing, hash_key, new_key
from .book import BOOK
from .const import CONF_ALLOW_QUERY
from .discovery import DISCOVERIES
from .lines import Line, Lines
from .protocol.commands import Queue
from .protocol.control import device_config, steered
from .protocol.errors import ProtocolError
from .protocol.telemetry import Telemetry, decode_telemetry
from .protocol.v2 import Extra, Extras, decode_extras, extended
from .records import DeviceRecord, Rotation
from .registry import REGISTRY, Registry
from .telemetry_log import LOG
from .views_user import BuildingSettingsView, DevicesView, ReportStatusView, api_error

ROTATION_GRACE = timedelta(days=7)


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register the views; once per start."""
    registry = hass.data[REGISTRY]
    sync = DeviceSyncView(hass, registry)
    hass.http.register_view(sync)
    # A view of its own: of a view with two addresses aiohttp makes four routes and tries the wrong ones first.
    hass.http.register_view(DeviceSyncBareView(sync))
    for view in (DevicesView, ReportStatusView, BuildingSettingsView):
        hass.http.register_view(view(hass, registry))


class DeviceSyncView(HomeAssistantView):
    """A controller fetches its configuration (GET), or reports and fetches it (POST)."""

    url = "/api/iot/device/{device_id}/sync/"
    name = "api:iot_heating:sync"
    # Devices have keys of their own; a raised 401 would count as a failed login of Home Assistant.
    requires_auth = False

    def __init__(self, hass: HomeAssistant, registry: Registry) -> None:
        self._hass = hass
        self._registry = registry
        self._guard = DeviceGuard()
        self._lines = Lines(hass, registry)
        self._log = hass.data[LOG]

    @answers_errors()
    async def get(self, request: web.Request, device_id: str) -> web.Response:
        """Answer with the configuration."""
        now = dt_util.utcnow()
        line, match = self._enter(request, device_id, now)
        if match is KeyMatch.CURRENT and line.record.keys.previous is not None:
            line = await self._async_settle(line, now)
        extras = Extras({}) if _asks_for_2(request) else None
        turned = self._receive(line, None, extras, now)
        return await self._answer(line, match, None, extras, turned=turned, now=now)

    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Take a report, answer with the configuration."""
        now = dt_util.utcnow()
        # What answers_errors does, without its layer: nothing is called as often as this.
        try:
            line, match = self._enter(request, device_id, now)
            if match is KeyMatch.CURRENT and line.record.keys.previous is not None:
                line = await self._async_settle(line, now)
            if (body := body_at_hand(request)) is None:
                body = await read_body(request)
                line = self._lines.find(device_id, now) or line
            said = line.said
            if said is None or said[0] != body or request.query_string:
                said = _read(request, body)
                line.said = None if request.query_string else said
            _, data, report, extras = said
            self._log.put(line.record, data, now)
            turned = self._receive(line, report, extras, now)
            if extras is None and not turned and not line.commands_open:
                # As nearly always: nothing to wait for.
                return self._lines.reply(line, now)
            return await self._answer(line, match, report, extras, turned=turned, now=now)
        except ApiError as err:
            return err.response()

    def _enter(self, request: web.Request, device_id: str, now: datetime) -> tuple[Line, KeyMatch]:
        """Let a controller in."""
        line = self._lines.find(device_id, now)
        if line is None:
            self._refuse_stranger(request, device_id, now)
        allow_query = bool(request.query_string) and self._allows_query(line.record)
        return line, self._guard.authenticate(request, device_id, line.record.keys, now, allow_query=allow_query)

    async def _async_settle(self, line: Line, now: datetime) -> Line:
        """The new key was used: the old one is gone."""
        device_id = line.record.device_id
        await self._registry.async_change_device(device_id, _settled)
        return self._lines.find(device_id, now) or line

    def _refuse_stranger(self, request: web.Request, device_id: str, now: datetime) -> NoReturn:
        """Refuse as a wrong key is refused, in the same time; an unknown device is noted as discovered."""
        try:
            self._guard.authenticate(request, device_id, None, now, allow_query=True)
        except ApiError as err:
            if device_id not in self._registry.devices and err.code == "unauthorized":
                self._hass.data[DISCOVERIES].note(device_id, presented_key(request), request.remote)
            raise
        raise too_many(1)  # no key opens the ring of an unknown device

    def _allows_query(self, record: DeviceRecord) -> bool:
        entry = self._hass.config_entries.async_get_entry(record.entry_id)
        return entry is None or bool(entry.options.get(CONF_ALLOW_QUERY, True))

    def _receive(self, line: Line, report: Telemetry | None, extras: Extras | None, now: datetime) -> bool:
        """Take a call in. Returns whether a session began or ended, and has to be written to disk."""
        building, controller = line.building, line.controller
        self._registry.mark_seen(line.record.device_id, now)
        if building is None or controller is None:
            return False
        controller.protocol = 1 if extras is None else 2
        return building.receive(controller, report, extras, now)

    async def _answer(
        self,
        line: Line,
        match: KeyMatch,
        report: Telemetry | None,
        extras: Extras | None,
        *,
        turned: bool,
        now: datetime,
    ) -> web.Response:
        record, building, controller = line.record, line.building, line.controller
        if building is None or controller is None:
            # Where the entry is not set up (now), the controller still gets its configuration.
            return self._lines.reply(line, now)
        if turned:
            await self._hass.data[BOOK].async_write([controller.number])
        carried: Queue = ()
        if line.commands_open:
            heating = report.heating if report is not None else None
            acks = extras.acks if extras is not None else ()
            carried = await building.commands.async_exchange(record.device_id, controller.protocol, heating, acks)
            line = self._lines.find(record.device_id, now) or line
        if extras is None:
            return self._lines.reply(line, now)
        extra = Extra(
            building.options.poll_interval_s,
            building.options.lease_s,
            dt_util.get_default_time_zone(),
            building.flow_setpoint_c,
            carried,
            await building.forecast.async_points(),
            controller.offer,
            await self._next_key(line.record, match),
        )
        line = self._lines.find(record.device_id, now) or line
        profile = steered(line.stored.profile, line.override)
        reply = device_config(profile, record.device_id, line.stored.building_id, now)
        return self.json(extended(reply, profile, line.override, extra, now))

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


class DeviceSyncBareView(HomeAssistantView):
    """The same without the slash at the end."""

    url = "/api/iot/device/{device_id}/sync"
    name = "api:iot_heating:sync_bare"
    requires_auth = False

    def __init__(self, view: DeviceSyncView) -> None:
        self.get = view.get
        self.post = view.post


def _read(request: web.Request, body: bytes) -> tuple[bytes, dict[str, Any], Telemetry, Extras | None]:
    """A report: as it came, as JSON, and what is in it."""
    data = parse_object(body)
    try:
        report = decode_telemetry(data)
        second = report.protocol_version >= 2 or _asks_for_2(request)
        return body, data, report, decode_extras(data) if second else None
    except ProtocolError as err:
        raise api_error(err) from err


def _asks_for_2(request: web.Request) -> bool:
    return bool(request.query_string) and request.query.get("protocol_version") == "2"


def _settled(record: DeviceRecord) -> DeviceRecord:
    """The record once its new key was used."""
    rotation = Rotation.NONE if record.rotation is Rotation.HANDED_OUT else record.rotation
    return replace(record, keys=record.keys.settled(), rotation=rotation)
