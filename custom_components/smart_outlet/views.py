"""The HTTP API of Central Control Units and of users, as field units and scripts call it (docs/ccu-http.md)."""

from http import HTTPStatus
import time
from typing import Any, Final

from aiohttp import hdrs, web
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
import orjson

from ._lib.device_http import (
    ApiError,
    answers_errors,
    bad_value,
    conflict,
    forbidden,
    missing,
    not_found,
    parse_object,
    read_body,
    require_control,
    require_user,
)
from .access import may_order, outlet_entity
from .coordinator import RunningHub
from .forms import MULTIPART, URLENCODED, read_form
from .hubs import Hubs
from .model.commands import Command, CommandName, Order
from .model.errors import (
    CutInProgressError,
    FieldError,
    MissingFieldError,
    OutletError,
    UnknownOutletError,
)
from .model.wire import decode_acks, decode_breaker, decode_report, parse_device_id
from .snapshot import outlet_status, timestamp

_FAILED: Final = {"success": False}
_OK: Final = orjson.dumps({"success": True})
_NO_COMMANDS: Final = orjson.dumps({"success": True, "commands": []})


@callback
def async_register_views(hass: HomeAssistant, hubs: Hubs) -> None:
    """Register the views; once per start. What is called most comes first; the acknowledgement before any command."""
    for view in (DataView, BreakerView, DevicesView, CommandsView, AckView, OrderView, StatusView):
        hass.http.register_view(view(hubs))


def api_error(err: OutletError) -> ApiError:
    """The answer to what the device model refuses."""
    match err:
        case MissingFieldError():
            return missing(err.field)
        case FieldError():
            return bad_value(str(err), err.field)
        case UnknownOutletError():
            return not_found(str(err))
        case CutInProgressError():
            return conflict(str(err))
    return ApiError(HTTPStatus.BAD_REQUEST, "bad_value", str(err))


def json_bytes(body: bytes) -> web.Response:
    """A ready-made JSON answer."""
    return web.Response(body=body, content_type="application/json")


def is_version_2(request: web.Request) -> bool:
    """Whether the caller speaks version 2 (``?v=2``)."""
    return bool(request.query_string) and request.query.get("v") == "2"


class OutletView(HomeAssistantView):
    """What the views have in common."""

    # Units have keys of their own; a raised 401 would count as a failed login of Home Assistant.
    requires_auth = False

    def __init__(self, hubs: Hubs) -> None:
        self.hubs = hubs

    async def enter(self, request: web.Request) -> tuple[RunningHub, bool]:
        """The calling hub, which lives, and whether what it says of relays can be trusted."""
        hub, keyed = await self.hubs.async_authenticate(request)
        version_2 = is_version_2(request)
        hub.protocol = 2 if version_2 else 1
        hub.hub.touch(time.time())
        return hub, version_2 and keyed


class DataView(OutletView):
    """A unit reports an outlet."""

    url = "/api/data/"
    extra_urls = ["/api/data"]
    name = "api:smart_outlet:data"

    @answers_errors(_FAILED)
    async def post(self, request: web.Request) -> web.Response:
        """Take the report."""
        hub, trusted = await self.enter(request)
        try:
            report = decode_report(parse_object(await read_body(request)))
            self.hubs.claimed(hub, report.device_id)
            hub.hub.report(report, time.time(), trusted=trusted)
        except OutletError as err:
            raise api_error(err) from err
        return json_bytes(_OK)


class BreakerView(OutletView):
    """A unit reports the main breaker."""

    url = "/api/breaker-data/"
    extra_urls = ["/api/breaker-data"]
    name = "api:smart_outlet:breaker"

    @answers_errors(_FAILED)
    async def post(self, request: web.Request) -> web.Response:
        """Take the current."""
        hub, _ = await self.enter(request)
        try:
            report = decode_breaker(parse_object(await read_body(request)))
        except OutletError as err:
            raise api_error(err) from err
        if report.ccu_id != hub.ccu_id:
            raise not_found(f"this key is not the one of unit {report.ccu_id}")
        hub.firmware = report.firmware or hub.firmware
        hub.hub.breaker(report.current_ma, time.time())
        return json_bytes(_OK)


class DevicesView(OutletView):
    """A unit asks which outlets it has."""

    url = "/api/devices/"
    extra_urls = ["/api/devices"]
    name = "api:smart_outlet:devices"

    @answers_errors(_FAILED)
    async def get(self, request: web.Request) -> web.Response:
        """Answer with the ids."""
        hub, _ = await self.enter(request)
        return json_bytes(orjson.dumps({"success": True, "devices": list(hub.hub.outlets)}))


class CommandsView(OutletView):
    """A unit fetches an outlet's commands."""

    url = "/api/commands/{device_id}/"
    extra_urls = ["/api/commands/{device_id}"]
    name = "api:smart_outlet:commands"

    @answers_errors(_FAILED)
    async def get(self, request: web.Request, device_id: str) -> web.Response:
        """Hand them out."""
        hub, trusted = await self.enter(request)
        try:
            commands = hub.hub.fetch(path_id(device_id), time.time(), acknowledges=trusted)
        except OutletError as err:
            raise api_error(err) from err
        if not commands:
            return json_bytes(_NO_COMMANDS)
        told = [_told(command, version_2=is_version_2(request)) for command in commands]
        return json_bytes(orjson.dumps({"success": True, "commands": told}))


def _told(command: Command, *, version_2: bool) -> dict[str, Any]:
    order = command.order
    told: dict[str, Any] = {"command": order.name.value, "socket": order.socket or "", "value": order.value}
    if version_2:
        told |= {"id": command.id, "expires_at": timestamp(command.expires)}
    return told


class AckView(OutletView):
    """A version 2 unit says what became of commands."""

    url = "/api/commands/{device_id}/ack/"
    extra_urls = ["/api/commands/{device_id}/ack"]
    name = "api:smart_outlet:ack"

    @answers_errors(_FAILED)
    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Take the acknowledgements; on disk before the answer, so that none is asked for again."""
        hub, trusted = await self.enter(request)
        try:
            device_id = path_id(device_id)
            hub.hub.outlet(device_id)
            acks = decode_acks(parse_object(await read_body(request)))
            now = time.time()
            known = [ack.id for ack in acks if hub.hub.acknowledge(device_id, ack, now, trusted=trusted)]
        except OutletError as err:
            raise api_error(err) from err
        if known:
            await hub.async_commit()
        return json_bytes(orjson.dumps({"success": True, "acknowledged": known}))


class OrderView(OutletView):
    """A user queues a command."""

    url = "/api/commands/{device_id}/{command}/"
    extra_urls = ["/api/commands/{device_id}/{command}"]
    name = "api:smart_outlet:order"

    @answers_errors(_FAILED)
    async def post(self, request: web.Request, device_id: str, command: str) -> web.Response:
        """Queue it; on disk before the answer."""
        user = require_user(request)
        try:
            name = CommandName(command)
        except ValueError:
            raise not_found(f"there is no command {command}") from None
        try:
            device_id = path_id(device_id)
            if (owners := self.hubs.owners(device_id)) and not may_order(self.hubs.hass, user, owners, device_id, name):
                raise forbidden()
            fields = await _read_order(request)
            hub, outlet = self.hubs.find_outlet(device_id, _ccu_hint(fields.get("ccu_id")))
            order = Order.parse(name, fields.get("socket"), fields.get("value"))
            require_control(user, outlet_entity(self.hubs.hass, hub, outlet.device_id, order))
            queued = await hub.async_order(outlet.device_id, order)
        except OutletError as err:
            raise api_error(err) from err
        return self.json({"success": True, "id": queued.id, "status": queued.status.value})


async def _read_order(request: web.Request) -> dict[str, Any]:
    """The fields of a JSON object or a form."""
    body = await read_body(request)
    if request.content_type in (URLENCODED, MULTIPART):
        return read_form(request.headers[hdrs.CONTENT_TYPE], body)
    return parse_object(body) if body.strip() else {}


def _ccu_hint(value: object) -> str | None:
    return None if value in (None, "") else parse_device_id(value, "ccu_id")


class StatusView(OutletView):
    """A user asks for an outlet's state."""

    url = "/api/outlet-status/{device_id}/"
    extra_urls = ["/api/outlet-status/{device_id}"]
    name = "api:smart_outlet:status"

    @answers_errors(_FAILED)
    async def get(self, request: web.Request, device_id: str) -> web.Response:
        """Answer with it."""
        user = require_user(request)
        try:
            hub, outlet = self.hubs.find_outlet(path_id(device_id), _ccu_hint(request.query.get("ccu_id")))
        except OutletError as err:
            raise api_error(err) from err
        entity_id = outlet_entity(self.hubs.hass, hub, outlet.device_id)
        if not user.permissions.check_entity(entity_id, POLICY_READ):
            raise forbidden("this needs read permission")
        return self.json({"success": True} | outlet_status(hub.hub, outlet))


def path_id(device_id: str) -> str:
    """A device id in a path; one that cannot exist is simply not there.

    Raises:
        UnknownOutletError: it is not two hex digits.
    """
    try:
        return parse_device_id(device_id)
    except FieldError:
        raise UnknownOutletError(device_id) from None
