"""The user API: Home Assistant users read and change buildings with an access token (docs/device-sync.md)."""

from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web
from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util

from .._lib.device_http import (
    ApiError,
    answers_errors,
    bad_value,
    conflict,
    not_found,
    read_object,
    require_control,
    require_user,
)
from .._lib.entity_refs import entity_id_of
from ..data import IotHeatingConfigEntry, IotHeatingData
from ..protocol.errors import ProtocolError
from ..protocol.fields import FIRMWARE_VERSION
from ..protocol.profile import Profile, utc_text
from ..protocol.report import validate_report
from ..runtime.controller import Controller
from ..runtime.permissions import permission_entity
from ..storage.device_records import BuildingRecord, ControllerKind, DeviceRecord
from ..storage.device_store import DEVICE_STORE, StaleRevisionError
from ..storage.session_store import SESSION_STORE
from ..storage.telemetry_archive import TELEMETRY_ARCHIVE
from .errors import api_error

_MAX_DIGITS: Final = 18


class UserView(HomeAssistantView):
    """A view for users. It checks the token itself, because its errors have the form of this API."""

    requires_auth = False

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._store = hass.data[DEVICE_STORE]

    def _can_read(self, user: User, entry_id: str) -> bool:
        return user.permissions.check_entity(permission_entity(self._hass, entry_id), POLICY_READ)

    def _loaded_data(self, entry_id: str) -> IotHeatingData | None:
        entry: IotHeatingConfigEntry | None = self._hass.config_entries.async_get_entry(entry_id)
        return entry.runtime_data if entry is not None and entry.state is ConfigEntryState.LOADED else None

    def _device(self, record: DeviceRecord) -> dict[str, Any]:
        """Return the JSON object of a controller."""
        entry = self._hass.config_entries.async_get_entry(record.entry_id)
        data = self._loaded_data(record.entry_id)
        controller = data.hub.controllers.get(record.device_id) if data else None
        last_seen = controller.last_seen if controller else self._store.last_seen.get(record.device_id)
        device_id = record.device_id
        if record.kind is ControllerKind.LINKED:
            device_id = entity_id_of(self._hass, device_id) or device_id
        return {
            "id": record.number,
            "device_id": device_id,
            "name": controller.name if controller else record.name,
            "building_id": self._store.buildings[record.entry_id].building_id,
            "building": entry.title if entry else None,
            "kind": record.kind.value,
            "current_status": _status(controller),
            "last_seen": utc_text(last_seen) if last_seen else None,
            "online": bool(controller and controller.online),
            "firmware_version": controller.values.get(FIRMWARE_VERSION) if controller else None,
        }


def _status(controller: Controller | None) -> str | None:
    if controller is None or controller.heating is None:
        return None
    return "on" if controller.heating else "off"


class DevicesView(UserView):
    """The controllers that the user may read."""

    url = "/api/iot/devices/"
    extra_urls = ["/api/iot/devices"]
    name = "api:iot_heating:devices"

    @answers_errors()
    async def get(self, request: web.Request) -> web.Response:
        """Return the controllers."""
        user = require_user(request)
        readable = {entry_id for entry_id in self._store.buildings if self._can_read(user, entry_id)}
        devices = sorted(self._store.devices.values(), key=lambda record: record.number)
        return self.json({"devices": [self._device(record) for record in devices if record.entry_id in readable]})


class ReportStatusView(UserView):
    """Reports in place of a controller, such as for a test."""

    url = "/api/iot/devices/{device_id}/report_status/"
    extra_urls = ["/api/iot/devices/{device_id}/report_status"]
    name = "api:iot_heating:report_status"

    @answers_errors()
    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Process a report as if the controller had sent it."""
        user = require_user(request)
        record = self._find(device_id)
        if record is None or not self._can_read(user, record.entry_id):
            raise not_found(f"unknown device: {device_id}")
        require_control(user, permission_entity(self._hass, record.entry_id))
        try:
            body = await read_object(request)
            report = validate_report(body)
        except ProtocolError as err:
            raise api_error(err) from err
        data = self._loaded_data(record.entry_id)
        if data is None or (controller := data.hub.controllers.get(record.device_id)) is None:
            raise conflict("the building is not loaded")
        now = dt_util.utcnow()
        self._hass.data[TELEMETRY_ARCHIVE].add(record, body, now)
        self._store.mark_seen(record.device_id, now)
        if data.hub.receiver.receive(controller, report, now):
            await self._hass.data[SESSION_STORE].async_save([controller.number])
        return self.json({"status": "ok", "device": self._device(record)})

    def _find(self, text: str) -> DeviceRecord | None:
        """Return a controller by its integer ID, its device ID or its linked entity."""
        if (record := self._store.devices.get(text)) is not None:
            return record
        for record in self._store.devices.values():
            if str(record.number) == text:
                return record
            if record.kind is ControllerKind.LINKED and entity_id_of(self._hass, record.device_id) == text:
                return record
        return None


class BuildingSettingsView(UserView):
    """The control profile of a building."""

    url = "/api/iot/buildings/{building_id}/settings/"
    extra_urls = ["/api/iot/buildings/{building_id}/settings"]
    name = "api:iot_heating:settings"

    @answers_errors()
    async def get(self, request: web.Request, building_id: str) -> web.Response:
        """Return the profile."""
        record = self._find(require_user(request), building_id)
        return self._reply(record, record.profile)

    @answers_errors()
    async def patch(self, request: web.Request, building_id: str) -> web.Response:
        """Change fields of the profile; saved before the reply."""
        user = require_user(request)
        record = self._find(user, building_id)
        require_control(user, permission_entity(self._hass, record.entry_id))
        patch = await read_object(request)
        # The mode is not part of this API; only Home Assistant changes it.
        patch.pop("mode", None)
        revision = _revision(request, patch)
        data = self._loaded_data(record.entry_id)
        try:
            if data is not None:
                profile = await data.building.async_patch_profile(patch, revision)
            else:
                _, profile = await self._store.async_patch_profile(record.entry_id, patch, revision)
        except ProtocolError as err:
            raise api_error(err) from err
        except StaleRevisionError as err:
            raise conflict("revision is not the current one", "revision") from err
        except HomeAssistantError as err:
            # The disk is full or read-only. Nothing was changed.
            raise ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "storage_failed", str(err)) from err
        return self._reply(record, profile)

    def _find(self, user: User, text: str) -> BuildingRecord:
        record = self._store.building_by_id(int(text)) if _is_number(text) else None
        if record is None or not self._can_read(user, record.entry_id):
            raise not_found(f"unknown building: {text}")
        return record

    def _reply(self, record: BuildingRecord, profile: Profile) -> web.Response:
        return self.json(
            {"building_id": record.building_id, **profile.settings()},
            headers={hdrs.ETAG: f'"{profile.revision}"'},
        )


def _revision(request: web.Request, patch: dict[str, Any]) -> int | None:
    """Return the revision that a change is based on: of the body, else of ``If-Match``."""
    if "revision" in patch:
        revision = patch["revision"]
        if isinstance(revision, bool) or not isinstance(revision, int):
            raise bad_value("revision must be a whole number", "revision")
        return revision
    tag = request.headers.get(hdrs.IF_MATCH, "").strip()
    if not tag or tag == "*":
        return None
    text = tag.removeprefix("W/").strip('"')
    if not _is_number(text):
        raise conflict("If-Match is not the current revision", "revision")
    return int(text)


def _is_number(text: str) -> bool:
    """Return whether a text of the client is a whole number, and no longer than a building number can be."""
    return len(text) <= _MAX_DIGITS and text.isascii() and text.isdigit()
