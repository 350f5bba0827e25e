"""Translation of API errors to Home Assistant exceptions."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..api.errors import (
    SIGNATURE_WRONG,
    ApiError,
    CommandError,
    DeviceOfflineError,
    EcoflowError,
    InvalidKeysError,
    OutOfRangeError,
    UnreachableError,
)
from ..const import DOMAIN


@asynccontextmanager
async def translated_errors(hass: HomeAssistant, entry: ConfigEntry) -> AsyncGenerator[None]:
    """Raise API errors as translated Home Assistant exceptions; invalid keys start a reauthentication."""
    try:
        yield
    except OutOfRangeError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="out_of_range",
            translation_placeholders={
                "value": f"{err.value:g}",
                "minimum": f"{err.min_value:g}",
                "maximum": f"{err.max_value:g}",
            },
        ) from err
    except EcoflowError as err:
        # A correct signature is refused now and then; if it stays wrong, the coordinator asks for new keys.
        if isinstance(err, InvalidKeysError) and err.code != SIGNATURE_WRONG:
            entry.async_start_reauth(hass)
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=_translation_key(err),
            translation_placeholders={"error": str(err)},
        ) from err


def _translation_key(err: EcoflowError) -> str:
    match err:
        case DeviceOfflineError():
            return "device_offline"
        case CommandError():
            return "not_confirmed"
        case UnreachableError():
            return "unreachable"
        case ApiError():
            return "refused"
    return "update_failed"
