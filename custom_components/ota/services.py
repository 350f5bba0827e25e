"""Register the actions. They are for administrators and automations."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
import probatio as vol

from .actions.action import Action
from .actions.devices import DEVICE_ACTIONS
from .actions.releases import RELEASE_ACTIONS
from .actions.rollouts import ROLLOUT_ACTIONS
from .const import DOMAIN
from .data import OtaConfigEntry
from .error_handling import translate_error
from .rollout.errors import OtaError

ACTIONS: Final[dict[str, Action]] = {**DEVICE_ACTIONS, **RELEASE_ACTIONS, **ROLLOUT_ACTIONS}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, action in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            _handler(hass, action),
            schema=vol.Schema(action.schema),
            supports_response=action.response,
        )


def _handler(hass: HomeAssistant, action: Action) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        await _async_require_admin(hass, call)
        entry = _loaded_entry(hass)
        try:
            response = await action.run(entry, call.data)
        except OtaError as err:
            raise translate_error(err) from err
        finally:
            await entry.runtime_data.hub.async_commit()
        return response

    return handle


async def _async_require_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    """Raise unless the user is an administrator; automations have no user."""
    if call.context.user_id is None:
        return
    user: User | None = await hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


def _loaded_entry(hass: HomeAssistant) -> OtaConfigEntry:
    entries: list[OtaConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_loaded")
    return entries[0]
