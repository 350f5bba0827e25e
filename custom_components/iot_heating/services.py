"""Actions: query sessions and telemetry, correct energy, set the schedule, send commands, rotate and revoke keys."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.util import dt as dt_util
import probatio as vol

from ._lib.action_fields import date_time, positive_time_period
from ._lib.archive import Aggregation
from ._lib.archive_access import async_reader
from ._lib.energy_dashboard import EnergyRoles, async_register_energy_action
from ._lib.energy_statistics import (
    ATTR_DRY_RUN,
    ATTR_MAX_POWER,
    CORRECT_ENERGY_FIELDS,
    SERVICE_CORRECT_ENERGY,
    correction_range,
)
from ._lib.local_week import english_week
from .const import DOMAIN
from .data import IotHeatingConfigEntry, IotHeatingData
from .protocol.commands import CommandName
from .protocol.errors import ProtocolError
from .runtime.command_dispatcher import command_event_data
from .runtime.controller import Controller
from .runtime.energy_correction import async_correct_energy, correction_report, max_kw
from .runtime.field_error import field_error
from .runtime.key_rotation import GRACE_PERIOD, async_revoke_keys, async_rotate_key
from .runtime.permissions import field_entities, permission_entity
from .storage.device_records import ControllerKind
from .storage.device_store import DEVICE_STORE
from .storage.history import async_session_report, async_telemetry_report, async_write_file, sessions_csv
from .storage.session_store import SESSION_STORE
from .storage.telemetry_archive import device_range

ATTR_AGGREGATION: Final = "aggregation"
ATTR_COMMAND: Final = "command"
ATTR_CURVE_VALUE: Final = "curve_value"
ATTR_DURATION: Final = "duration"
ATTR_END: Final = "end"
ATTR_EXPIRES: Final = "expires_in"
ATTR_FIELDS: Final = "fields"
ATTR_FILENAME: Final = "filename"
ATTR_FORMAT: Final = "format"
ATTR_GRACE: Final = "grace"
ATTR_LIMIT: Final = "limit"
ATTR_MIN_EXTERNAL: Final = "min_external_temp"
ATTR_SCHEDULE: Final = "schedule"
ATTR_START: Final = "start"

_DEVICE: Final[dict[Any, Any]] = {vol.Required(ATTR_DEVICE_ID): cv.string}
_MAX_DURATION: Final = timedelta(days=366)
_GRACE: Final = vol.All(positive_time_period, vol.Range(max=GRACE_PERIOD))
# Zero is invalid: it does not mean "without an end", which an omitted duration does.
_DURATION: Final = vol.All(positive_time_period, vol.Range(min=timedelta(seconds=1), max=_MAX_DURATION))
_RANGE: Final[dict[Any, Any]] = {**_DEVICE, vol.Optional(ATTR_START): date_time, vol.Optional(ATTR_END): date_time}
_GET_SESSIONS: Final = vol.Schema(
    {**_RANGE, vol.Optional(ATTR_FORMAT, default="json"): vol.In(["json", "csv"]), vol.Optional(ATTR_FILENAME): cv.path}
)
_GET_TELEMETRY: Final = vol.Schema(
    {
        **_RANGE,
        vol.Optional(ATTR_FIELDS, default=list): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_AGGREGATION, default=Aggregation.HOUR.value): vol.In([a.value for a in Aggregation]),
        vol.Optional(ATTR_LIMIT, default=1000): vol.All(vol.Coerce(int), vol.Range(1, 10_000)),
    }
)
_SEND_COMMAND: Final = vol.Schema(
    {
        **_DEVICE,
        vol.Required(ATTR_COMMAND): vol.In([name.value for name in CommandName]),
        vol.Optional(ATTR_CURVE_VALUE): vol.Coerce(float),
        vol.Optional(ATTR_MIN_EXTERNAL): vol.Coerce(float),
        vol.Optional(ATTR_DURATION): _DURATION,
        vol.Optional(ATTR_EXPIRES, default={"minutes": 15}): _DURATION,
    }
)
_CORRECT_ENERGY: Final = vol.Schema(
    {vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string]), **CORRECT_ENERGY_FIELDS}
)
_SET_SCHEDULE: Final = vol.Schema({**_DEVICE, vol.Required(ATTR_SCHEDULE): list})
_ROTATE_KEY: Final = vol.Schema({**_DEVICE, vol.Optional(ATTR_GRACE): _GRACE})

type Handler = Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, ServiceResponse]]


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_register_energy_action(hass, DOMAIN, EnergyRoles(devices=("energy",)))
    for name, handler, schema, response in (
        (SERVICE_CORRECT_ENERGY, _async_correct_energy, _CORRECT_ENERGY, SupportsResponse.ONLY),
        ("get_sessions", _async_get_sessions, _GET_SESSIONS, SupportsResponse.ONLY),
        ("get_telemetry", _async_get_telemetry, _GET_TELEMETRY, SupportsResponse.ONLY),
        ("revoke_key", _async_revoke_key, vol.Schema(_DEVICE), SupportsResponse.NONE),
        ("rotate_key", _async_rotate_key, _ROTATE_KEY, SupportsResponse.ONLY),
        ("send_command", _async_send_command, _SEND_COMMAND, SupportsResponse.OPTIONAL),
        ("set_schedule", _async_set_schedule, _SET_SCHEDULE, SupportsResponse.NONE),
    ):
        hass.services.async_register(DOMAIN, name, _bind(hass, handler), schema, response)


def _bind(hass: HomeAssistant, handler: Handler) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        return await handler(hass, call)

    return handle


async def _async_building(hass: HomeAssistant, call: ServiceCall, policy: str) -> tuple[IotHeatingData, str | None]:
    """Return the building of the device, and its subentry.

    Raises:
        Unauthorized: The user does not have the permission.
        UnknownUser: The user does not exist.
    """
    device, entry = async_get_device_and_config_entry(
        hass, DOMAIN, call.data[ATTR_DEVICE_ID], include_child_devices=False
    )
    user = (await async_reader(hass, call.context)).user
    entity_id = permission_entity(hass, entry.entry_id)
    if user is not None and not user.permissions.check_entity(entity_id, policy):
        raise Unauthorized(context=call.context, entity_id=entity_id, permission=policy)
    data: IotHeatingData = entry.runtime_data
    return data, device.config_subentry_id


async def _async_controller(hass: HomeAssistant, call: ServiceCall, policy: str) -> tuple[IotHeatingData, Controller]:
    data, subentry_id = await _async_building(hass, call, policy)
    for controller in data.hub.controllers.values():
        if controller.subentry_id == subentry_id:
            return data, controller
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_controller")


def _time_range(call: ServiceCall, default: timedelta) -> tuple[datetime, datetime]:
    end = _as_utc(call.data.get(ATTR_END)) or dt_util.utcnow()
    start = _as_utc(call.data.get(ATTR_START)) or end - default
    if start >= end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="empty_range")
    return start, end


def _as_utc(time: datetime | None) -> datetime | None:
    return None if time is None else dt_util.as_utc(time)


async def _async_get_sessions(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return the sessions of a controller with totals, as data or CSV."""
    _, controller = await _async_controller(hass, call, POLICY_READ)
    start, end = _time_range(call, timedelta(days=31))
    record = hass.data[DEVICE_STORE].devices[controller.device_id]
    report = await async_session_report(hass, record, start, end)
    if call.data[ATTR_FORMAT] == "json" and ATTR_FILENAME not in call.data:
        return report
    text = sessions_csv(report)
    if (filename := call.data.get(ATTR_FILENAME)) is None:
        return {"csv": text}
    await _async_require_admin(hass, call)
    return {"filename": await async_write_file(hass, filename, text), "sessions": len(report["sessions"])}


async def _async_get_telemetry(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return the archived reports of a controller, raw or by period."""
    data, controller = await _async_controller(hass, call, POLICY_READ)
    start, end = _time_range(call, timedelta(days=1))
    reader = await async_reader(hass, call.context)
    fields = reader.fields(field_entities(hass, controller), call.data[ATTR_FIELDS]) or []
    archive_range = device_range(data.building.entry_id, controller.device_id, start, end, fields)
    return await async_telemetry_report(
        hass, archive_range, fields, Aggregation(call.data[ATTR_AGGREGATION]), call.data[ATTR_LIMIT]
    )


async def _async_send_command(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Queue a command; its progress is reported by events."""
    data, controller = await _async_controller(hass, call, POLICY_CONTROL)
    name = CommandName(call.data[ATTR_COMMAND])
    args = {"value": call.data.get(ATTR_CURVE_VALUE), "min_external_temp": call.data.get(ATTR_MIN_EXTERNAL)}
    if name is CommandName.SET_CURVE and args["value"] is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="curve_value_missing")
    try:
        command = await data.commands.async_send(
            controller,
            name,
            args,
            expiry=call.data[ATTR_EXPIRES],
            duration=call.data.get(ATTR_DURATION),
        )
    except ProtocolError as err:
        raise _invalid_value(err) from err
    return command_event_data(command) if call.return_response else None


async def _async_set_schedule(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Replace a building's schedule."""
    data, _ = await _async_building(hass, call, POLICY_CONTROL)
    try:
        await data.building.async_patch_profile({"schedule": english_week(call.data[ATTR_SCHEDULE])})
    except ProtocolError as err:
        raise _invalid_value(err) from err
    return None


async def _async_correct_energy(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Correct the energy of sessions and statistics of some controllers, or of all."""
    await _async_require_admin(hass, call)
    start, end, _ = correction_range(call, DOMAIN, 0.0)
    dry_run = call.data[ATTR_DRY_RUN]
    reports: list[Any] = []
    for controller in _controllers(hass, call.data.get(ATTR_DEVICE_ID)):
        limit_kw = max_kw(controller.energy, call.data.get(ATTR_MAX_POWER))
        found = await async_correct_energy(
            hass, hass.data[SESSION_STORE], controller, start=start, end=end, limit_kw=limit_kw, dry_run=dry_run
        )
        if any(found):
            reports.append(correction_report(controller, *found))
    return {ATTR_DRY_RUN: dry_run, "controllers": reports}


def _controllers(hass: HomeAssistant, device_ids: list[str] | None) -> list[Controller]:
    """Return the controllers of some devices, or of all loaded buildings; a building means all of its controllers."""
    if device_ids is None:
        entries: list[IotHeatingConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
        return [each for entry in entries for each in entry.runtime_data.hub.controllers.values()]
    found: dict[str, Controller] = {}
    for device_id in device_ids:
        device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id, include_child_devices=False)
        data: IotHeatingData = entry.runtime_data
        for controller in data.hub.controllers.values():
            if device.config_subentry_id in (None, controller.subentry_id):
                found[controller.device_id] = controller
    return list(found.values())


async def _async_rotate_key(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Create a new key and return it."""
    controller = await _async_esp32(hass, call)
    return {
        "device_id": controller.device_id,
        "key": await async_rotate_key(
            hass.data[DEVICE_STORE], controller.device_id, call.data.get(ATTR_GRACE, GRACE_PERIOD)
        ),
    }


async def _async_revoke_key(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Revoke all keys of a controller."""
    controller = await _async_esp32(hass, call)
    await async_revoke_keys(hass.data[DEVICE_STORE], controller.device_id)
    return None


async def _async_require_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    user = (await async_reader(hass, call.context)).user
    if user is not None and not user.is_admin:
        raise Unauthorized(context=call.context)


async def _async_esp32(hass: HomeAssistant, call: ServiceCall) -> Controller:
    """Return a controller that has keys; only administrators may change them."""
    await _async_require_admin(hass, call)
    _, controller = await _async_controller(hass, call, POLICY_CONTROL)
    if controller.kind is not ControllerKind.ESP32:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_key")
    return controller


def _invalid_value(err: ProtocolError) -> ServiceValidationError:
    """Return the error for an invalid field; the `value` of a curve has another name in the action."""
    return field_error(err, ATTR_CURVE_VALUE if err.field == "value" else err.field)
