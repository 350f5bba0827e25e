"""Views that users and scripts call with a Home Assistant access token."""

from typing import Any

from aiohttp import hdrs, web
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView

from .._lib.device_http import (
    answers_errors,
    forbidden,
    not_found,
    parse_object,
    read_body,
    require_control,
    require_user,
)
from ..domain.directory import HubDirectory
from ..model.ccu_protocol import parse_device_id
from ..model.commands import CommandName, CommandRequest
from ..permissions import may_send, outlet_entity
from ..status import outlet_status
from .base import ERROR_FIELDS, api_errors, path_device_id, storage_errors
from .forms import MULTIPART, URLENCODED, read_form


class UserView(HomeAssistantView):
    """Base of the views for users."""

    # The views check the token themselves, so that their errors have the shape of this API.
    requires_auth = False

    def __init__(self, hass: HomeAssistant, directory: HubDirectory) -> None:
        self._hass = hass
        self._directory = directory


class CommandView(UserView):
    """Queues a command of a user."""

    url = "/api/commands/{device_id}/{command}/"
    extra_urls = ["/api/commands/{device_id}/{command}"]
    name = "api:smart_outlet:order"

    @answers_errors(ERROR_FIELDS)
    async def post(self, request: web.Request, device_id: str, command: str) -> web.Response:
        """Queue the command; it is on disk before the response."""
        user = require_user(request)
        try:
            name = CommandName(command)
        except ValueError:
            raise not_found(f"unknown command {command}") from None
        with api_errors():
            device_id = path_device_id(device_id)
            owners = self._directory.owners(device_id)
            if owners and not may_send(self._hass, user, owners, device_id, name):
                raise forbidden()
            fields = await _read_fields(request)
            hub, outlet = self._directory.find_outlet(device_id, _parse_ccu_id(fields.get("ccu_id")))
            command_request = CommandRequest.parse(name, fields.get("socket"), fields.get("value"))
            require_control(user, outlet_entity(self._hass, hub, outlet.device_id, command_request))
            with storage_errors():
                queued = await hub.commands.async_send(outlet.device_id, command_request)
        return self.json({"success": True, "id": queued.id, "status": queued.status.value})


async def _read_fields(request: web.Request) -> dict[str, Any]:
    """Return the fields of a JSON object or a form."""
    body = await read_body(request)
    if request.content_type in (URLENCODED, MULTIPART):
        return read_form(request.headers[hdrs.CONTENT_TYPE], body)
    return parse_object(body) if body.strip() else {}


def _parse_ccu_id(value: object) -> str | None:
    return None if value in (None, "") else parse_device_id(value, "ccu_id")


class StatusView(UserView):
    """Returns the state of an outlet."""

    url = "/api/outlet-status/{device_id}/"
    extra_urls = ["/api/outlet-status/{device_id}"]
    name = "api:smart_outlet:status"

    @answers_errors(ERROR_FIELDS)
    async def get(self, request: web.Request, device_id: str) -> web.Response:
        """Return the state."""
        user = require_user(request)
        with api_errors():
            device_id = path_device_id(device_id)
            hub, outlet = self._directory.find_outlet(device_id, _parse_ccu_id(request.query.get("ccu_id")))
        entity_id = outlet_entity(self._hass, hub, outlet.device_id)
        if not user.permissions.check_entity(entity_id, POLICY_READ):
            raise forbidden("read permission is required")
        return self.json({"success": True} | outlet_status(hub.model, outlet))
