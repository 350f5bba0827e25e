"""The device-sync API, which controllers in the field use (docs/device-sync.md)."""

from datetime import datetime
from typing import Any, NoReturn

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util

from .._lib.device_http import (
    ApiError,
    DeviceGuard,
    after_broken_body,
    answers_errors,
    body_at_hand,
    presented_key,
    read_body,
    too_many,
    unexpected,
)
from .._lib.device_json import parse_device_object
from .._lib.device_keys import KeyMatch
from ..const import CONF_ALLOW_QUERY
from ..data import IotHeatingData
from ..protocol.configuration import apply_override, device_config
from ..protocol.errors import ProtocolError
from ..protocol.protocol_2 import ReplyExtension, extend_reply
from ..protocol.report import EMPTY_REPORTS, Report, decode_report
from ..runtime.controller import Controller
from ..runtime.discovery import DISCOVERY
from ..runtime.key_rotation import async_complete_rotation, async_issue_key
from ..storage.device_records import DeviceRecord, KeyRotation
from ..storage.device_store import DEVICE_STORE
from ..storage.session_store import SESSION_STORE
from ..storage.telemetry_archive import TELEMETRY_ARCHIVE
from .connections import Connection, ConnectionCache
from .errors import api_error


class DeviceSyncView(HomeAssistantView):
    """A controller requests its configuration (GET), or reports and requests it (POST)."""

    url = "/api/iot/device/{device_id}/sync/"
    name = "api:iot_heating:sync"
    # Controllers have their own keys; a raised 401 would count as a failed login to Home Assistant.
    requires_auth = False

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._store = hass.data[DEVICE_STORE]
        self._guard = DeviceGuard()
        self._connections = ConnectionCache(hass, self._store)
        self._archive = hass.data[TELEMETRY_ARCHIVE]

    @answers_errors()
    async def get(self, request: web.Request, device_id: str) -> web.Response:
        """Return the configuration."""
        now = dt_util.utcnow()
        connection, match = await self._async_authenticate(request, device_id, now)
        report = EMPTY_REPORTS[2 if _requests_protocol_2(request) else 1]
        sessions_changed = self._receive(connection, report, now)
        return await self._async_reply(connection, match, report, sessions_changed=sessions_changed, now=now)

    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Process a report and return the configuration."""
        now = dt_util.utcnow()
        # Handles errors itself: the decorator's extra call is measurable in the most frequent request.
        try:
            connection, match = await self._async_authenticate(request, device_id, now)
            if (body := body_at_hand(request)) is None:
                body = await read_body(request)
                connection = self._connections.get(device_id, now) or connection
            decoded = connection.last_report
            if decoded is None or decoded[0] != body or request.query_string:
                decoded = _decode(request, body, connection.controller)
                connection.last_report = None if request.query_string else decoded
            _, data, report = decoded
            self._archive.add(connection.record, data, now, report.ignored)
            sessions_changed = self._receive(connection, report, now)
            if report.protocol == 1 and not sessions_changed and not connection.has_open_commands:
                # The usual case: nothing to save and nothing to deliver.
                return self._connections.reply(connection, now)
            return await self._async_reply(connection, match, report, sessions_changed=sessions_changed, now=now)
        except ApiError as err:
            return after_broken_body(request, err.response())
        except Exception as err:  # noqa: BLE001 - the controller waits for an answer in any case
            return unexpected(err).response()

    async def _async_authenticate(
        self, request: web.Request, device_id: str, now: datetime
    ) -> tuple[Connection, KeyMatch]:
        connection = self._connections.get(device_id, now)
        if connection is None:
            self._reject_unregistered(request, device_id, now)
        keys = connection.record.keys
        allow_query = bool(request.query_string) and self._allows_query_key(connection.record)
        match = self._guard.authenticate(request, device_id, keys, now, allow_query=allow_query)
        if match is KeyMatch.CURRENT and keys.previous is not None:
            await async_complete_rotation(self._store, device_id)
            connection = self._connections.get(device_id, now) or connection
        return connection, match

    def _reject_unregistered(self, request: web.Request, device_id: str, now: datetime) -> NoReturn:
        """Reject it like a wrong key and in the same time, and add it to the discovered controllers."""
        try:
            self._guard.authenticate(request, device_id, None, now, allow_query=True)
        except ApiError as err:
            if device_id not in self._store.devices and err.code == "unauthorized":
                self._hass.data[DISCOVERY].add(device_id, presented_key(request), request.remote)
            raise
        raise too_many(1)  # not reached: no key matches an empty key ring

    def _allows_query_key(self, record: DeviceRecord) -> bool:
        entry = self._hass.config_entries.async_get_entry(record.entry_id)
        return entry is None or bool(entry.options.get(CONF_ALLOW_QUERY, True))

    def _receive(self, connection: Connection, report: Report, now: datetime) -> bool:
        """Process a call. Returns whether a session started or ended and has to be saved."""
        data, controller = connection.data, connection.controller
        self._store.mark_seen(connection.record.device_id, now)
        if data is None or controller is None:
            return False
        controller.set_protocol(report.protocol)
        return data.hub.receiver.receive(controller, report, now)

    async def _async_reply(
        self, connection: Connection, match: KeyMatch, report: Report, *, sessions_changed: bool, now: datetime
    ) -> web.Response:
        record, data, controller = connection.record, connection.data, connection.controller
        if data is None or controller is None:
            # The config entry is not loaded; the controller still gets its configuration.
            return self._connections.reply(connection, now)
        if sessions_changed:
            await self._hass.data[SESSION_STORE].async_save([controller.number])
        delivered: tuple[dict[str, Any], ...] = ()
        if connection.has_open_commands:
            delivered = await data.commands.async_exchange(record.device_id, report)
            connection = self._connections.get(record.device_id, now) or connection
        if report.protocol == 1:
            return self._connections.reply(connection, now)
        extension = await self._async_extension(connection, data, controller, match, delivered)
        connection = self._connections.get(record.device_id, now) or connection
        profile = apply_override(connection.building_record.profile, connection.override)
        reply = device_config(profile, record.device_id, connection.building_record.building_id, now)
        if report.ignored:
            reply["ignored"] = list(report.ignored)
        return self.json(extend_reply(reply, profile, connection.override, extension, now))

    async def _async_extension(
        self,
        connection: Connection,
        data: IotHeatingData,
        controller: Controller,
        match: KeyMatch,
        delivered: tuple[dict[str, Any], ...],
    ) -> ReplyExtension:
        record, options = connection.record, data.building.options
        rotates = record.rotation is not KeyRotation.NONE
        return ReplyExtension(
            poll_interval_s=options.poll_interval_s,
            lease_s=options.lease_s,
            zone=dt_util.get_default_time_zone(),
            flow_setpoint_c=data.building.flow_setpoint_c,
            commands=delivered,
            forecast=await data.forecast.async_get_points(),
            firmware=controller.firmware_offer,
            new_key=await async_issue_key(self._store, record.device_id, match) if rotates else None,
        )


class DeviceSyncViewWithoutSlash(HomeAssistantView):
    """The same view without the trailing slash.

    Not in ``extra_urls``: aiohttp would create four routes for one view and try the wrong ones first.
    """

    url = "/api/iot/device/{device_id}/sync"
    name = "api:iot_heating:sync_bare"
    requires_auth = False

    def __init__(self, view: DeviceSyncView) -> None:
        self.get = view.get
        self.post = view.post


def _decode(request: web.Request, body: bytes, controller: Controller | None) -> tuple[bytes, dict[str, Any], Report]:
    """Return the body with its JSON object and its report; without a body, it is an empty report."""
    data = parse_device_object(body) if body.strip() else {}
    previous = controller.values if controller is not None else {}
    try:
        return body, data, decode_report(data, 2 if _requests_protocol_2(request) else None, previous)
    except ProtocolError as err:
        raise api_error(err) from err


def _requests_protocol_2(request: web.Request) -> bool:
    return bool(request.query_string) and request.query.get("protocol_version") == "2"
