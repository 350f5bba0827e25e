"""Actions: set the charge power, refresh a device, send a raw command (administrators)."""

from typing import Any, Final, cast

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
import probatio as vol

from .api.families import Command
from .const import DOMAIN
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator
from .entity import async_write, told_errors

SERVICE_SET_CHARGE_POWER: Final = "set_charge_power"
SERVICE_REFRESH: Final = "refresh"
SERVICE_SEND_RAW: Final = "send_raw"
ATTR_POWER: Final = "power"
ATTR_COMMAND: Final = "command"
# What a command's envelope is made of is ours to fill in.
_RESERVED: Final = frozenset({"sn", "id", "version"})

_DEVICE: Final = {vol.Required(ATTR_DEVICE_ID): cv.string}
SET_CHARGE_POWER_SCHEMA: Final = vol.Schema(
    {**_DEVICE, vol.Required(ATTR_POWER): vol.All(vol.Coerce(float), vol.Range(min=0, max=100_000))}
)
REFRESH_SCHEMA: Final = vol.Schema(_DEVICE)
SEND_RAW_SCHEMA: Final = vol.Schema({**_DEVICE, vol.Required(ATTR_COMMAND): dict})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(DOMAIN, SERVICE_SET_CHARGE_POWER, _set_charge_power, SET_CHARGE_POWER_SCHEMA)
    hass.services.async_register(DOMAIN, SERVICE_REFRESH, _refresh, REFRESH_SCHEMA)
    hass.services.async_register(
        DOMAIN, SERVICE_SEND_RAW, _send_raw, SEND_RAW_SCHEMA, supports_response=SupportsResponse.OPTIONAL
    )


def _device(call: ServiceCall) -> tuple[EcoflowCoordinator, str]:
    """Return a device's account and serial number; raises what tells the user why there is none."""
    device = dr.async_get(call.hass).async_get(call.data[ATTR_DEVICE_ID])
    entry = cast(
        "EcoflowConfigEntry | None",
        call.hass.config_entries.async_get_entry(device.config_entry_id) if device is not None else None,
    )
    if device is None or entry is None or entry.domain != DOMAIN:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_device")
    coordinator: EcoflowCoordinator | None = getattr(entry, "runtime_data", None)
    if coordinator is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_loaded")
    for domain, sn in device.identifiers:
        if domain == DOMAIN and sn in coordinator.client.states:
            return coordinator, sn
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_device")


async def _check_control(call: ServiceCall) -> None:
    """Raise unless the caller may control the device's entities. Automations have no user and may."""
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    entities = er.async_entries_for_device(er.async_get(call.hass), call.data[ATTR_DEVICE_ID])
    if not all(user.permissions.check_entity(entity.entity_id, POLICY_CONTROL) for entity in entities):
        raise Unauthorized(context=call.context, permission=POLICY_CONTROL)


async def _check_admin(call: ServiceCall) -> None:
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


async def _set_charge_power(call: ServiceCall) -> None:
    """Set how fast a station charges from the socket."""
    await _check_control(call)
    coordinator, sn = _device(call)
    family = coordinator.family(sn)
    setting = family.setting(family.charge.setting) if family.charge is not None else None
    if setting is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_charge_power")
    async with told_errors(call.hass, coordinator.config_entry):
        command = setting.write(call.data[ATTR_POWER], coordinator.values(sn))
    await async_write(coordinator, sn, command)


async def _refresh(call: ServiceCall) -> None:
    """Ask for everything that the cloud knows of a device."""
    await _check_control(call)
    coordinator, sn = _device(call)
    async with told_errors(call.hass, coordinator.config_entry):
        await coordinator.client.read(sn)


async def _send_raw(call: ServiceCall) -> ServiceResponse:
    """Send a command as it is, and return the device's answer."""
    await _check_admin(call)
    coordinator, sn = _device(call)
    body: dict[str, Any] = call.data[ATTR_COMMAND]
    if not body or _RESERVED & set(body):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="raw_command")
    reply = await async_write(coordinator, sn, Command(body))
    return {"reply": reply} if call.return_response else None
