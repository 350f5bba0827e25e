"""Translate errors of the core package into errors of Home Assistant."""

from collections.abc import Callable, Coroutine
import functools
from typing import Any

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .rollout.errors import OtaError, StorageError


def translate_error(err: OtaError) -> HomeAssistantError:
    """Return the translated error: a validation error, unless the storage failed."""
    error_type = HomeAssistantError if isinstance(err, StorageError) else ServiceValidationError
    return error_type(translation_domain=DOMAIN, translation_key=err.code, translation_placeholders=err.placeholders)


def translate_errors[**P, R](function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Decorate a coroutine function so that it raises translated errors."""

    @functools.wraps(function)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await function(*args, **kwargs)
        except OtaError as err:
            raise translate_error(err) from err

    return wrapper
