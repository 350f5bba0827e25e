"""A kind of source in the flow: its form, how what was entered is tried out, and how failures are told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import probatio as vol

from ..drivers.errors import AuthError, BadReplyError, DriverError, LimitedError, RefusedError, UnreachableError
from ..drivers.modbus.template import TemplateError

ERRORS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (AuthError, "invalid_auth"),
    (LimitedError, "limited"),
    (RefusedError, "refused"),
    (BadReplyError, "not_supported"),
    (UnreachableError, "cannot_connect"),
    (TemplateError, "template_invalid"),
    (HomeAssistantError, "cannot_connect"),
)
CAUGHT: Final = (DriverError, TemplateError, HomeAssistantError)


@dataclass(frozen=True, slots=True)
class Choice:
    """A source that could be added."""

    title: str
    unique_id: str
    data: dict[str, Any]


type SchemaMaker = Callable[[HomeAssistant], Awaitable[vol.Schema]]
type Connector = Callable[[HomeAssistant, dict[str, Any]], Awaitable[list[Choice]]]


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of source. `secrets`: asked anew when the device refuses our credentials."""

    schema: SchemaMaker
    connect: Connector
    secrets: tuple[str, ...] = ()


def error_of(err: Exception) -> str:
    """The text key of what went wrong."""
    return next(key for kind, key in ERRORS if isinstance(err, kind))
