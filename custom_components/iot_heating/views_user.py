"""The user API: Home Assistant's users read and change buildings with their access tokens."""

from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web
from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util

from ._lib.device_http import (
    ApiError,
    answers_errors,
    bad_value,
    conflict,
    missing,
    not_found,
    read_object,
    require_control,
    require_user,
)
from .book import BOOK
from .const import DOMAIN
from .controller import Controller
from .coordinator import Building, IotHeatingConfigEntry
from .linked import entity_of
from .protocol.errors import ProtocolError
from .protocol.profile import Profile, utc_text
from .protocol.telemetry import decode_telemetry
from .records import BuildingRecord, DeviceRecord, Kind
from .registry import Registry, StaleRevisionError
from .telemetry_log import LOG

PERMISSION_KEY = "curve_value"
"""The building's entity that stands for it where permissions are asked for."""


def api_error(err: ProtocolError) -> ApiError:
    """The answer to a field that cannot be accepted."""
    return missing(err.field) if err.absent else bad_value(str(err), err.field)


def building_entity(hass: HomeAssistant, entry_id: str) -> str:
    """The entity that stands for a building; one that does not exist gives rights to administrators only."""
    found = er.async_get(hass).async_get_entity_id(Platform.NUMBER, DOMAIN, f"{entry_id}_{PERMISSION_KEY}")
    return found or f"number.{DOMAIN}_{entry_id}"


def may_read(hass: HomeAssistant, user: User, entry_id: str) -> bool:
    """Whether a user may see a building."""
    return user.permissions.check_entity(building_entity(hass, entry_id), POLICY_READ)


class UserView(HomeAssistantView):
    """A route for users. A missing token is answered here, in the routes' own form."""

    requires_auth = False

    def __init__(self, hass: HomeAssistant, registry: Registry) -> None:
        self._hass = hass
        self._registry = registry

    def _loaded(self, entry_id: str) -> Building | None:
        entry: IotHeatingConfigEntry | None = self._hass.config_entries.async_get_entry(entry_id)
        return entry.runtime_data if entry is not None and entry.state is ConfigEntryState.LOADED else None

    def _device(self, record: DeviceRecord) -> dict[str, Any]:
        """A controller as the list shows it."""
        entry = self._hass.config_entries.async_get_entry(record.entry_id)
        building = self._loaded(record.entry_id)
        controller = building.controllers.get(record.device_id) if building else None
        seen = controller.last_seen if controller else self._registry.last_seen.get(record.device_id)
        device_id = record.device_id
        if record.kind is Kind.LINKED:
            device_id = entity_of(self._hass, device_id) or device_id
        return {
            "id": record.number,
            "device_id": device_id,
            "name": controller.name if controller else record.name,
            "building_id": self._registry.buildings[record.entry_id].building_id,
            "building": entry.title if entry else None,
            "kind": record.kind.value,
            "current_status": _status(controller),
            "last_seen": utc_text(seen) if seen else None,
            "online": bool(controller and controller.online),
            "firmware_version": controller.extras.get("firmware_version") if controller else None,
        }


def _status(controller: Controller | None) -> str | None:
    if controller is None or controller.heating is None:
        return None
    return "on" if controller.heating else "off"


class DevicesView(UserView):
    """All controllers that the user may see."""

    url = "/api/iot/devices/"
    extra_urls = ["/api/iot/devices"]
    name = "api:iot_heating:devices"

    @answers_errors()
    async def get(self, request: web.Request) -> web.Response:
        """List them."""
        user = require_user(request)
        readable = {entry_id for entry_id in self._registry.buildings if may_read(self._hass, user, entry_id)}
        devices = sorted(self._registry.devices.values(), key=lambda record: record.number)
        return self.json({"devices": [self._device(record) for record in devices if record.entry_id in readable]})


class ReportStatusView(UserView):
    """A user, or a test, reports in a controller's name."""

    url = "/api/iot/devices/{device_id}/report_status/"
    extra_urls = ["/api/iot/devices/{device_id}/report_status"]
    name = "api:iot_heating:report_status"

    @answers_errors()
    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Take a report as if the controller had sent it."""
        user = require_user(request)
        record = self._find(device_id)
        if record is None or not may_read(self._hass, user, record.entry_id):
            raise not_found(f"there is no device {device_id}")
        require_control(user, building_entity(self._hass, record.entry_id))
        try:
            data = await read_object(request)
            report = decode_telemetry(data)
        except ProtocolError as err:
            raise api_error(err) from err
        building = self._loaded(record.entry_id)
        if building is None or (controller := building.controllers.get(record.device_id)) is None:
            raise conflict("the building is not set up at the moment")
        now = dt_util.utcnow()
        self._hass.data[LOG].put(record, data, now)
        self._registry.mark_seen(record.device_id, now)
        if building.receive(controller, report, now=now):
            await self._hass.data[BOOK].async_write([controller.number])
        return self.json({"status": "ok", "device": self._device(record)})

    def _find(self, text: str) -> DeviceRecord | None:
        if (record := self._registry.devices.get(text)) is not None:
            return record
        for record in self._registry.devices.values():
            if str(record.number) == text:
                return record
            if record.kind is Kind.LINKED and entity_of(self._hass, record.device_id) == text:
                return record
        return None


class BuildingSettingsView(UserView):
    """The control profile of a building."""

    url = "/api/iot/buildings/{building_id}/settings/"
    extra_urls = ["/api/iot/buildings/{building_id}/settings"]
    name = "api:iot_heating:settings"

    @answers_errors()
    async def get(self, request: web.Request, building_id: str) -> web.Response:
        """Answer with the profile."""
        record = self._find(require_user(request), building_id)
        return self._answer(record, record.profile)

    @answers_errors()
    async def patch(self, request: web.Request, building_id: str) -> web.Response:
        """Change some of it; on disk before the answer."""
        user = require_user(request)
        record = self._find(user, building_id)
        require_control(user, building_entity(self._hass, record.entry_id))
        patch = await read_object(request)
        # The mode of a whole building is Home Assistant's own, not part of this API.
        patch.pop("mode", None)
        revision = _revision(request, patch)
        building = self._loaded(record.entry_id)
        try:
            if building is not None:
                profile = await building.async_patch_profile(patch, revision)
            else:
                _, profile = await self._registry.async_patch_profile(record.entry_id, patch, revision)
        except ProtocolError as err:
            raise api_error(err) from err
        except StaleRevisionError as err:
            raise conflict("the settings were changed meanwhile", "revision") from err
        except HomeAssistantError as err:
            # The disk is full or read-only; nothing was changed.
            raise ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "storage_failed", str(err)) from err
        return self._answer(record, profile)

    def _find(self, user: User, text: str) -> BuildingRecord:
        record = self._registry.building_numbered(int(text)) if text.isascii() and text.isdigit() else None
        if record is None or not may_read(self._hass, user, record.entry_id):
            raise not_found(f"there is no building {text}")
        return record

    def _answer(self, record: BuildingRecord, profile: Profile) -> web.Response:
        return self.json(
            {"building_id": record.building_id, **profile.settings()},
            headers={hdrs.ETAG: f'"{profile.revision}"'},
        )


def _revision(request: web.Request, patch: dict[str, Any]) -> int | None:
    """The revision that a change is based on: from the body, else from ``If-Match``."""
    if "revision" in patch:
        revision = patch["revision"]
        if isinstance(revision, bool) or not isinstance(revision, int):
            raise bad_value("revision has to be a whole number", "revision")
        return revision
    tag = request.headers.get(hdrs.IF_MATCH, "").strip()
    if not tag or tag == "*":
        return None
    text = tag.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit()):
        raise conflict("the revision in If-Match is not known", "revision")
    return int(text)
