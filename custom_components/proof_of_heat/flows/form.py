"""A kind of source in the flow: its form, how what was entered is tried out, and how failures are told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import format_mac
import probatio as vol

from ..const import CONF_CAPABILITIES, CONF_INFO, CONF_REFRESH_TOKEN
from ..drivers.errors import AuthError, BadReplyError, DriverError, LimitedError, RefusedError, UnreachableError

ERRORS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (AuthError, "invalid_auth"),
    (LimitedError, "limited"),
    (RefusedError, "refused"),
    (BadReplyError, "not_supported"),
    (UnreachableError, "cannot_connect"),
    (HomeAssistantError, "cannot_connect"),
)
CAUGHT: Final = (DriverError, HomeAssistantError)


@dataclass(frozen=True, slots=True)
class Choice:
    """A source that could be added."""

    title: str
    unique_id: str
    data: dict[str, Any]


# What was found out in the flow, beside the fields of the form.
_FOUND: Final = (CONF_CAPABILITIES, CONF_INFO, CONF_REFRESH_TOKEN)

type SchemaMaker = Callable[[HomeAssistant], Awaitable[vol.Schema]]
type Connector = Callable[[HomeAssistant, dict[str, Any]], Awaitable[list[Choice]]]


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of source. `secrets`: asked anew when the device refuses our credentials."""

    schema: SchemaMaker
    connect: Connector
    blame: Mapping[str, str]
    """The field that an error is shown at; "" for all errors that are not named."""
    secrets: tuple[str, ...] = ()
    empty: Callable[[HomeAssistant], bool] | None = None
    """Whether there is nothing to choose from."""
    broken: Callable[[HomeAssistant], Awaitable[str]] | None = None
    """What cannot be offered, and why, in a line; the form says so and goes on with the rest."""
    kind: str | None = None
    """Whose builder makes the source, where it is not the form's own name."""

    def open_secrets(self, schema: vol.Schema) -> vol.Schema:
        """The form of a change: what is secret may be left empty, then it stays."""
        return vol.Schema(
            {vol.Optional(str(key)) if str(key) in self.secrets else key: value for key, value in schema.schema.items()}
        )

    def kept(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What a change takes over from what is stored."""
        return {key: stored[key] for key in (*self.secrets, *_FOUND) if key in stored}

    def errors(self, err: Exception) -> dict[str, str]:
        """What went wrong, at the field that is to be looked at."""
        if isinstance(err, FieldError):
            return {err.field: err.key}
        key = error_of(err)
        return {self.blame.get(key, self.blame[""]): key}


class FieldError(HomeAssistantError):
    """Something is wrong with one field: `key` names the text."""

    def __init__(self, field: str, key: str) -> None:
        super().__init__(f"{field}: {key}")
        self.field = field
        self.key = key


def only(schema: vol.Schema, names: tuple[str, ...]) -> vol.Schema:
    """A form with some of its fields."""
    return vol.Schema({key: value for key, value in schema.schema.items() if str(key) in names})


def same_device(one: str | None, other: str | None) -> bool:
    """Whether two unique ids name one device: MAC addresses are written in many ways."""
    return one is not None and other is not None and (one == other or format_mac(one) == format_mac(other))


def lasting(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a change reloads for by itself: a token that was renewed is no reason, one that the user gave is."""
    return {key: value for key, value in data.items() if key != CONF_REFRESH_TOKEN}


def error_of(err: Exception) -> str:
    """The text key of what went wrong."""
    return next(key for kind, key in ERRORS if isinstance(err, kind))
