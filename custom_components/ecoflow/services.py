"""Actions: set the charge power, refresh a device; for administrators, send a raw command and correct statistics."""

from typing import Any, Final, cast

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
import probatio as vol

from ._lib.energy_dashboard import EnergyRoles, async_register_energy_action
from ._lib.energy_statistics import async_register_correct_energy
from .api.counters import DEFAULT_MAX_KW
from .api.families.specs import Command
from .const import DOMAIN
from .data import EcoflowConfigEntry, EcoflowData
from .measurements import async_register_query
from .runtime.device import Account
from .runtime.energy_meter import POWER_KEYS
from .runtime.errors import translated_errors

SERVICE_SET_CHARGE_POWER: Final = "set_charge_power"
SERVICE_REFRESH: Final = "refresh"
SERVICE_SEND_RAW: Final = "send_raw"
ATTR_POWER: Final = "power"
ATTR_COMMAND: Final = "command"
# Fields of the envelope, which the client adds.
_RESERVED: Final = frozenset({"sn", "id", "version"})

_DEVICE: Final = {vol.Required(ATTR_DEVICE_ID): cv.string}
SET_CHARGE_POWER_SCHEMA: Final = vol.Schema(
    {**_DEVICE, vol.Required(ATTR_POWER): vol.All(vol.Coerce(float), vol.Range(min=0, max=100_000))}
)
REFRESH_SCHEMA: Final = vol.Schema(_DEVICE)
SEND_RAW_SCHEMA: Final = vol.Schema({**_DEVICE, vol.Required(ATTR_COMMAND): dict})


_ENERGY: Final = EnergyRoles(
    solar=("solar_input_energy", "solar_energy"), battery=("battery_discharged_energy", "battery_charged_energy")
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_register_energy_action(hass, DOMAIN, _ENERGY)
    async_register_query(hass)
    hass.services.async_register(DOMAIN, SERVICE_SET_CHARGE_POWER, _set_charge_power, SET_CHARGE_POWER_SCHEMA)
    hass.services.async_register(DOMAIN, SERVICE_REFRESH, _refresh, REFRESH_SCHEMA)
    hass.services.async_register(
        DOMAIN, SERVICE_SEND_RAW, _send_raw, SEND_RAW_SCHEMA, supports_response=SupportsResponse.OPTIONAL
    )
    async_register_correct_energy(hass, DOMAIN, POWER_KEYS, max_kw=DEFAULT_MAX_KW)


def _target(call: ServiceCall) -> tuple[Account, str]:
    """Return the account and serial number of the device; raises ServiceValidationError for anything else."""
    device = dr.async_get(call.hass).async_get(call.data[ATTR_DEVICE_ID])
    entry = cast(
        "EcoflowConfigEntry | None",
        call.hass.config_entries.async_get_entry(device.config_entry_id) if device is not None else None,
    )
    if device is None or entry is None or entry.domain != DOMAIN:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_device")
    data: EcoflowData | None = getattr(entry, "runtime_data", None)
    if data is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_loaded")
    for domain, sn in device.identifiers:
        if domain == DOMAIN and sn in data.client.states:
            return data.account, sn
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_device")


async def _user(call: ServiceCall) -> User | None:
    """Return the calling user, None for an automation; raises UnknownUser."""
    if call.context.user_id is None:
        return None
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    return user


async def _check_control(call: ServiceCall) -> None:
    """Raise Unauthorized if the user may not control all entities of the device."""
    if (user := await _user(call)) is None:
        return
    entities = er.async_entries_for_device(er.async_get(call.hass), call.data[ATTR_DEVICE_ID])
    if not all(user.permissions.check_entity(entity.entity_id, POLICY_CONTROL) for entity in entities):
        raise Unauthorized(context=call.context, permission=POLICY_CONTROL)


async def _check_admin(call: ServiceCall) -> None:
    """Raise Unauthorized if the user is not an administrator."""
    if (user := await _user(call)) is not None and not user.is_admin:
        raise Unauthorized(context=call.context)


async def _set_charge_power(call: ServiceCall) -> None:
    """Set the AC charge power of a station."""
    await _check_control(call)
    account, sn = _target(call)
    setting = account.client.family(sn).charge_setting
    if setting is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_charge_power")
    async with translated_errors(call.hass, account.entry):
        command = setting.write(call.data[ATTR_POWER], account.client.states[sn].values)
    await account.async_write(sn, command)


async def _refresh(call: ServiceCall) -> None:
    """Read all values of a device from the cloud."""
    await _check_control(call)
    account, sn = _target(call)
    await account.async_read(sn)


async def _send_raw(call: ServiceCall) -> ServiceResponse:
    """Send a command as it is and return the answer of the device."""
    await _check_admin(call)
    account, sn = _target(call)
    body: dict[str, Any] = call.data[ATTR_COMMAND]
    if not body or _RESERVED & set(body):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="raw_command")
    reply = await account.async_write(sn, Command(body))
    return {"reply": reply} if call.return_response else None
