"""One way for errors: what the core package refuses becomes a translated error of Home Assistant."""

from collections.abc import Callable, Coroutine
import functools
from typing import Any

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .rollout.errors import OtaError, StorageError


def translated(err: OtaError) -> HomeAssistantError:
    """The error for users: their own fault, except where the storage failed."""
    kind = HomeAssistantError if isinstance(err, StorageError) else ServiceValidationError
    return kind(translation_domain=DOMAIN, translation_key=err.code, translation_placeholders=err.placeholders)


def ota_errors[**P, R](function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Decorate a coroutine function."""

    @functools.wraps(function)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await function(*args, **kwargs)
        except OtaError as err:
            raise translated(err) from err

    return wrapper
