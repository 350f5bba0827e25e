"""Views that Central Control Units call, several hundred times a second in total."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aiohttp import web
from homeassistant.helpers.http import HomeAssistantView
import orjson

from .._lib.device_http import ApiError, answers_errors, not_found, parse_object, read_body
from .._lib.device_json import parse_device_object
from ..data import HubData
from ..domain.authenticator import CcuAuthenticator
from ..domain.conflicts import OutletConflicts
from ..model.ccu_protocol import read_acks, read_breaker, read_report
from ..model.commands import QueuedCommand
from ..model.errors import FieldError, OutletError
from ..model.hub_model import HubModel
from ..status import timestamp
from .base import ERROR_FIELDS, api_error, api_errors, path_device_id

_SUCCESS: Final = orjson.dumps({"success": True})
_NO_COMMANDS: Final = orjson.dumps({"success": True, "commands": []})
_MAX_NAMED_ERRORS: Final = 8


def _json_response(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


def _is_version_2(request: web.Request) -> bool:
    return bool(request.query_string) and request.query.get("v") == "2"


def _read[T](read: Callable[[dict[str, Any]], T], body: bytes) -> T:
    """Read a body; numbers that JSON cannot express are fields that cannot be read.

    Raises:
        ApiError: ``bad_json``.
        FieldError: See ``read``.
    """
    try:
        return read(parse_object(body))
    except ApiError as err:
        try:
            return read(parse_device_object(body))
        except OutletError:
            raise err from None


def _answer(errors: list[FieldError], success: bytes) -> web.Response:
    """Return the response to a body of which all readable fields were applied.

    Raises:
        ApiError: Names the fields that could not be read.
    """
    if not errors:
        return _json_response(success)
    error = api_error(errors[0])
    error.message = "; ".join(str(err) for err in errors[:_MAX_NAMED_ERRORS])
    raise error


class CcuView(HomeAssistantView):
    """Base of the views for Central Control Units."""

    # A CCU has its own key; a raised 401 would count as a failed login to Home Assistant.
    requires_auth = False

    def __init__(self, authenticator: CcuAuthenticator, conflicts: OutletConflicts) -> None:
        self._authenticator = authenticator
        self._conflicts = conflicts

    async def async_authenticate(self, request: web.Request) -> tuple[HubData, bool]:
        """Return the calling hub, marked online, and whether its relay states can be trusted.

        Raises:
            ApiError: ``unauthorized`` or ``too_many``.
        """
        hub, has_key = await self._authenticator.async_authenticate(request)
        version_2 = _is_version_2(request)
        hub.info.protocol = 2 if version_2 else 1
        hub.model.mark_online(hub.model.clock())
        return hub, version_2 and has_key


class DataView(CcuView):
    """Receives the report of an outlet."""

    url = "/api/data/"
    extra_urls = ["/api/data"]
    name = "api:smart_outlet:data"

    @answers_errors(ERROR_FIELDS)
    async def post(self, request: web.Request) -> web.Response:
        """Apply what can be read of the report; an empty body is a sign of life."""
        hub, trusted = await self.async_authenticate(request)
        if not (body := await read_body(request)).strip():
            return _json_response(_SUCCESS)
        hub.messages.note("data", body)
        with api_errors():
            report, errors = _read(read_report, body)
            hub.messages.note(f"data {report.device_id}", body)
            self._conflicts.on_report(hub.info.entry_id, report.device_id)
            hub.model.apply_report(report, hub.model.clock(), trusted=trusted)
            if errors:
                hub.model.outlets[report.device_id].ignored.update(err.field for err in errors)
        return _answer(errors, _SUCCESS)


class BreakerView(CcuView):
    """Receives the current of the main breaker."""

    url = "/api/breaker-data/"
    extra_urls = ["/api/breaker-data"]
    name = "api:smart_outlet:breaker"

    @answers_errors(ERROR_FIELDS)
    async def post(self, request: web.Request) -> web.Response:
        """Apply the current, which may be unknown in version 2; an empty body is a sign of life."""
        hub, _ = await self.async_authenticate(request)
        if not (body := await read_body(request)).strip():
            return _json_response(_SUCCESS)
        hub.messages.note("breaker-data", body)
        with api_errors():
            report, errors = _read(partial(read_breaker, version_2=_is_version_2(request)), body)
        if report.ccu_id != hub.info.ccu_id:
            raise not_found(f"the key does not belong to CCU {report.ccu_id}")
        hub.info.firmware = report.firmware or hub.info.firmware
        hub.info.chip = report.chip or hub.info.chip
        if all(err.field != "current_ma" for err in errors):
            hub.model.apply_main_current(report.current_ma, hub.model.clock())
        return _answer(errors, _SUCCESS)


class DevicesView(CcuView):
    """Lists the outlets of a CCU."""

    url = "/api/devices/"
    extra_urls = ["/api/devices"]
    name = "api:smart_outlet:devices"

    @answers_errors(ERROR_FIELDS)
    async def get(self, request: web.Request) -> web.Response:
        """Return the device IDs."""
        hub, _ = await self.async_authenticate(request)
        return _json_response(orjson.dumps({"success": True, "devices": list(hub.model.outlets)}))

    @answers_errors(ERROR_FIELDS)
    async def post(self, request: web.Request) -> web.Response:
        """Return the device IDs: an empty body is a poll."""
        return await self.get(request)


class CommandsView(CcuView):
    """Delivers the commands of an outlet."""

    url = "/api/commands/{device_id}/"
    extra_urls = ["/api/commands/{device_id}"]
    name = "api:smart_outlet:commands"

    @answers_errors(ERROR_FIELDS)
    async def get(self, request: web.Request, device_id: str) -> web.Response:
        """Return the commands to execute now."""
        hub, trusted = await self.async_authenticate(request)
        with api_errors():
            commands = hub.model.fetch_commands(path_device_id(device_id), hub.model.clock(), acknowledges=trusted)
        if not commands:
            return _json_response(_NO_COMMANDS)
        version_2 = _is_version_2(request)
        answer = [_command_json(hub.model, each, version_2=version_2) for each in commands]
        return _json_response(orjson.dumps({"success": True, "commands": answer}))

    @answers_errors(ERROR_FIELDS)
    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Return the commands to execute now: an empty body is a poll."""
        return await self.get(request, device_id)


def _command_json(model: HubModel, command: QueuedCommand, *, version_2: bool) -> dict[str, Any]:
    request = command.payload.request
    fields: dict[str, Any] = {"command": request.name.value, "socket": request.socket or "", "value": request.value}
    if version_2:
        fields |= {"id": command.id, "expires_at": timestamp(model.to_wall(command.deadline))}
    return fields


class AckView(CcuView):
    """Receives the acknowledgements of a version 2 CCU."""

    url = "/api/commands/{device_id}/ack/"
    extra_urls = ["/api/commands/{device_id}/ack"]
    name = "api:smart_outlet:ack"

    @answers_errors(ERROR_FIELDS)
    async def post(self, request: web.Request, device_id: str) -> web.Response:
        """Apply the acknowledgements.

        They are on disk before the response, so that none is requested again. While the disk is full they are kept in
        memory: after a crash the commands are delivered again, which is harmless.
        """
        hub, trusted = await self.async_authenticate(request)
        with api_errors():
            device_id = path_device_id(device_id)
            hub.model.outlet(device_id)
            body = await read_body(request)
            hub.messages.note(f"ack {device_id}", body)
            acks, errors = _read(read_acks, body) if body.strip() else ([], [])
            now = hub.model.clock()
            acknowledged = [ack.id for ack in acks if hub.model.acknowledge(device_id, ack, now, trusted=trusted)]
        if acknowledged:
            await hub.store.async_save_or_retry()
        return _answer(errors, orjson.dumps({"success": True, "acknowledged": acknowledged}))
