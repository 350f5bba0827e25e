"""Building blocks of the forms for devices: candidates, connection attempts, errors shown at a field."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import format_mac
import probatio as vol

from ..const import CONF_AUTH_IMPLEMENTATION, CONF_CAPABILITIES, CONF_INFO, CONF_REFRESH_TOKEN
from ..drivers.errors import AuthError, BadReplyError, DriverError, LimitedError, RefusedError, UnreachableError

ERROR_KEYS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (AuthError, "invalid_auth"),
    (LimitedError, "limited"),
    (RefusedError, "refused"),
    (BadReplyError, "not_supported"),
    (UnreachableError, "cannot_connect"),
    (HomeAssistantError, "cannot_connect"),
)
CONNECTION_ERRORS: Final = (DriverError, HomeAssistantError)
GUIDE_LINK: Final = {"add_device_url": "https://heat-suite.github.io/heat-suite/add-a-device/"}
"""Placeholder of "not_supported": how to get a device supported. URLs are not part of translations."""


_MAC: Final = re.compile(r"\b(?:[0-9A-F]{2}[:\-]){5}[0-9A-F]{2}\b|\b[0-9A-F]{12}\b", re.IGNORECASE)
_MODEL_PREFIX: Final = re.compile(r"^E\d_")
"""Viessmann's models begin with their generation ("E3_Vitocal_16")."""
_EMPTY_BRACKETS: Final = re.compile(r"\(\s*\)|\[\s*\]")
_NAMELESS: Final = "Heat source"


@dataclass(frozen=True, slots=True)
class DeviceCandidate:
    """A device that was found and can be added as a subentry."""

    title: str
    unique_id: str
    data: dict[str, Any]
    readings: Mapping[str, str] | None = None
    """Placeholders of what it reads, which are shown before it is added; None: nothing to show."""

    @property
    def readable_title(self) -> str:
        """The title as a name: without the maker's prefix, underscores or a MAC address."""
        text = _MAC.sub(" ", _MODEL_PREFIX.sub("", self.title)).replace("_", " ")
        return " ".join(_EMPTY_BRACKETS.sub(" ", text).split()).strip(" -") or _NAMELESS


# Stored values that the flow determined, in addition to the fields of the form.
_DETERMINED: Final = (CONF_AUTH_IMPLEMENTATION, CONF_CAPABILITIES, CONF_INFO, CONF_REFRESH_TOKEN)

type SchemaFactory = Callable[[HomeAssistant], Awaitable[vol.Schema]]
type Connector = Callable[[HomeAssistant, dict[str, Any]], Awaitable[list[DeviceCandidate]]]


@dataclass(frozen=True, slots=True)
class SourceForm:
    """The form of a heat source. `secrets` are requested again when the device rejects the credentials."""

    schema: SchemaFactory
    connect: Connector
    error_fields: Mapping[str, str]
    """The field at which an error is shown; "" for all errors that are not named."""
    secrets: tuple[str, ...] = ()
    is_empty: Callable[[HomeAssistant], bool] | None = None
    """Whether there is nothing to choose from."""
    warning: Callable[[HomeAssistant], Awaitable[str]] | None = None
    """What cannot be offered and why, in one line; empty where all is well. The form is shown all the same."""
    advanced: tuple[str, ...] = ()
    """Fields that are shown in the collapsed section, and stored like the others."""
    of_some: tuple[str, ...] = ()
    """Fields that only some devices need: shown for those that `missing` names them for, or that have a value."""
    missing: Callable[[Mapping[str, Any]], tuple[str, ...]] = lambda _: ()
    """The fields for what a device does not report itself, by its stored data: asked once the device is known."""
    sign_in_form: str | None = None
    """The form with which the user signs in at a website, offered when the source is changed or rejects its token."""

    def with_optional_secrets(self, schema: vol.Schema) -> vol.Schema:
        """Return the form for a change: a secret that stays empty keeps its value."""
        return vol.Schema(
            {vol.Optional(str(key)) if str(key) in self.secrets else key: value for key, value in schema.schema.items()}
        )

    def without_useless(self, schema: vol.Schema, stored: Mapping[str, Any]) -> vol.Schema:
        """Return the form without the fields that the stored device, or an unknown one, does not need."""
        needed = {*stored, *(self.missing(stored) if stored else ())}
        return vol.Schema(
            {key: value for key, value in schema.schema.items() if str(key) not in self.of_some or str(key) in needed}
        )

    def kept(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a change keeps of the stored data."""
        return {key: stored[key] for key in (*self.secrets, *_DETERMINED) if key in stored}

    def errors(self, err: Exception) -> dict[str, str]:
        """Return the error's text key by field."""
        if isinstance(err, FieldError):
            return {err.field: err.key}
        key = error_key(err)
        return {self.error_fields.get(key, self.error_fields[""]): key}


class FieldError(HomeAssistantError):
    """A value of one field is invalid; `key` names the text."""

    def __init__(self, field: str, key: str, placeholders: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{field}: {key}")
        self.field = field
        self.key = key
        self.placeholders = placeholders or {}


def only(schema: vol.Schema, names: tuple[str, ...]) -> vol.Schema:
    """Return a form with some of its fields."""
    return vol.Schema({key: value for key, value in schema.schema.items() if str(key) in names})


def same_device(one: str | None, other: str | None) -> bool:
    """Return whether two unique ids name one device: MAC addresses are written in many ways."""
    return one is not None and other is not None and (one == other or format_mac(one) == format_mac(other))


def without_tokens(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data whose change makes a reload necessary: a renewed token does not."""
    return {key: value for key, value in data.items() if key != CONF_REFRESH_TOKEN}


def error_key(err: Exception) -> str:
    """Return the text key of a connection error."""
    return next(key for error_type, key in ERROR_KEYS if isinstance(err, error_type))
