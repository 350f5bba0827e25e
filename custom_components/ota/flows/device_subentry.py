"""Subentry flow of a stand-alone device and its secrets."""

import re
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import (
    BooleanSelector,
    ObjectSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TimeSelector,
)
from homeassistant.util import dt as dt_util
import probatio as vol

from .._lib.device_keys import new_key
from ..const import (
    CONF_CHANNEL,
    CONF_CHIP,
    CONF_DEVICE_ID,
    CONF_GROUP,
    CONF_MAY_ROLL_BACK,
    CONF_MAY_UPDATE,
    CONF_METADATA,
    CONF_MODEL,
    CONF_PINNED_VERSION,
    CONF_PRODUCT,
    CONF_TAGS,
    CONF_WINDOW_DAYS,
    CONF_WINDOW_END,
    CONF_WINDOW_START,
    CONF_ZONE,
)
from ..data import OtaData
from ..devices.key_store import IssuedSecrets
from ..devices.policy import device_from_subentry, policy_from_data
from ..rollout.errors import OtaError
from ..rollout.image import CHIPS
from ..rollout.manifest import Channel, check_product
from ..rollout.schedule import DAYS
from ..rollout.versions import version_key
from ..views.protocols import setup_placeholders

DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}|(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
MAX_METADATA = 32
SECTION_POLICY = "policy"
SECTION_PLACE = "place"

_PLACE_SCHEMA = vol.Schema(
    {
        vol.Optional(CONF_MODEL): TextSelector(),
        vol.Optional(CONF_GROUP): TextSelector(),
        vol.Optional(CONF_ZONE): TextSelector(),
        vol.Optional(CONF_TAGS, default=list): TextSelector(TextSelectorConfig(multiple=True)),
        vol.Optional(CONF_METADATA): ObjectSelector(),
    }
)
_POLICY_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_MAY_UPDATE, default=True): BooleanSelector(),
        vol.Required(CONF_MAY_ROLL_BACK, default=True): BooleanSelector(),
        vol.Required(CONF_CHANNEL, default=Channel.STABLE.value): SelectSelector(
            SelectSelectorConfig(options=[channel.value for channel in Channel], translation_key="channel")
        ),
        vol.Optional(CONF_PINNED_VERSION): TextSelector(),
        vol.Optional(CONF_WINDOW_START): TimeSelector(),
        vol.Optional(CONF_WINDOW_END): TimeSelector(),
        vol.Optional(CONF_WINDOW_DAYS, default=list): SelectSelector(
            SelectSelectorConfig(options=list(DAYS), multiple=True, translation_key="day")
        ),
    }
)
_DEVICE_FIELDS = {
    vol.Required(CONF_NAME): TextSelector(),
    vol.Required(CONF_PRODUCT): TextSelector(),
    # Without a default the form would select the first chip of the alphabet.
    vol.Required(CONF_CHIP, default="esp32"): SelectSelector(
        SelectSelectorConfig(options=sorted(CHIPS), mode=SelectSelectorMode.DROPDOWN)
    ),
    vol.Required(SECTION_PLACE): section(_PLACE_SCHEMA, {"collapsed": True}),
    vol.Required(SECTION_POLICY): section(_POLICY_SCHEMA, {"collapsed": True}),
}
_DEVICE_SCHEMA = vol.Schema({vol.Required(CONF_DEVICE_ID): TextSelector(), **_DEVICE_FIELDS})
_EDIT_SCHEMA = vol.Schema(_DEVICE_FIELDS)


def _flatten(user_input: dict[str, Any]) -> dict[str, Any]:
    """Return all fields without their sections, stripped and without empty ones."""
    flat = {key: value for key, value in user_input.items() if key not in (SECTION_PLACE, SECTION_POLICY)}
    flat |= user_input.get(SECTION_PLACE, {}) | user_input.get(SECTION_POLICY, {})
    flat = {key: value.strip() if isinstance(value, str) else value for key, value in flat.items()}
    if CONF_TAGS in flat:
        flat[CONF_TAGS] = list(dict.fromkeys(tag for text in flat[CONF_TAGS] if (tag := text.strip())))
    return {key: value for key, value in flat.items() if value not in ("", None, [], {})}


def _group_in_sections(data: dict[str, Any]) -> dict[str, Any]:
    """Return the form values of a stored device."""
    place = {str(key) for key in _PLACE_SCHEMA.schema}
    policy = {str(key) for key in _POLICY_SCHEMA.schema}
    return {
        **{key: value for key, value in data.items() if key not in place | policy},
        SECTION_PLACE: {key: value for key, value in data.items() if key in place},
        SECTION_POLICY: {key: value for key, value in data.items() if key in policy},
    }


def _validate(data: dict[str, Any]) -> dict[str, str]:
    """Return the errors of the form."""
    errors: dict[str, str] = {}
    if not data.get(CONF_NAME):
        errors[CONF_NAME] = "name_empty"
    try:
        check_product(data.get(CONF_PRODUCT, ""))
    except OtaError:
        errors[CONF_PRODUCT] = "bad_product"
    if not _is_metadata(data.get(CONF_METADATA, {})):
        errors["base"] = "bad_metadata"
    if bool(data.get(CONF_WINDOW_START)) != bool(data.get(CONF_WINDOW_END)):
        errors["base"] = "window_half"
    try:
        policy_from_data(data)
        if CONF_PINNED_VERSION in data:
            version_key(data[CONF_PINNED_VERSION])
    except OtaError as err:
        errors["base"] = err.code
    return errors


def _is_metadata(value: Any) -> bool:
    """Return whether it maps names to short texts or numbers."""
    return (
        isinstance(value, dict)
        and len(value) <= MAX_METADATA
        and all(isinstance(text, (str, int, float)) and len(f"{name}{text}") <= 256 for name, text in value.items())
    )


class DeviceSubentryFlow(ConfigSubentryFlow):
    """Add or change a stand-alone device. Its secrets are shown once and stored as hashes."""

    def __init__(self) -> None:
        """Start the flow."""
        self._data: dict[str, Any] = {}
        self._issued = IssuedSecrets("", "")

    @property
    def _loaded(self) -> bool:
        return self._get_entry().state is ConfigEntryState.LOADED

    @property
    def _runtime_data(self) -> OtaData:
        data: OtaData = self._get_entry().runtime_data
        return data

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the device."""
        if not self._loaded:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _flatten(user_input)
            errors = _validate(data)
            device_id = data.get(CONF_DEVICE_ID, "")
            if not DEVICE_ID.fullmatch(device_id):
                errors[CONF_DEVICE_ID] = "bad_device_id"
            elif device_id in self._runtime_data.hub.state.devices:
                errors[CONF_DEVICE_ID] = "device_exists"
            if not errors:
                self._data = data
                self._issued = IssuedSecrets(new_key(), new_key())
                return await self.async_step_key()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_DEVICE_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_key(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the secrets once; register the device when the user continues."""
        device_id = self._data[CONF_DEVICE_ID]
        if user_input is None:
            return self._show_secrets("key", device_id)
        data = self._runtime_data
        if device_id in data.hub.state.devices:
            return self.async_abort(reason="already_configured")
        # Saved before the subentry is created: a secret that the user was shown has to be valid.
        await data.keys.async_set_secrets(device_id, self._issued)
        title = self._data.pop(CONF_NAME)
        data.hub.engine.register(device_from_subentry(device_id, title, self._data), data.hub.now)
        data.hub.engine.set_policy(device_id, policy_from_data(self._data))
        await data.hub.storage.async_commit()
        return self.async_create_entry(title=title, data=self._data, unique_id=device_id)

    def _show_secrets(self, step_id: str, device_id: str) -> SubentryFlowResult:
        try:
            base_url = get_url(self.hass, allow_external=False, allow_cloud=False, prefer_external=False)
        except NoURLAvailableError:
            base_url = "http://homeassistant.local:8123"
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            description_placeholders=setup_placeholders(base_url, device_id, self._issued.key, self._issued.url_token),
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what to change."""
        if not self._loaded:
            return self.async_abort(reason="not_loaded")
        return self.async_show_menu(step_id="reconfigure", menu_options=["edit", "rotate"])

    async def async_step_edit(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change the device and its update policy."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _flatten(user_input)
            errors = _validate(data)
            if not errors:
                title = data.pop(CONF_NAME)
                data[CONF_DEVICE_ID] = subentry.data[CONF_DEVICE_ID]
                return self.async_update_and_abort(self._get_entry(), subentry, title=title, data=data)
        values = user_input or _group_in_sections({**subentry.data, CONF_NAME: subentry.title})
        return self.async_show_form(
            step_id="edit",
            data_schema=self.add_suggested_values_to_schema(_EDIT_SCHEMA, values),
            errors=errors,
        )

    async def async_step_rotate(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Create new secrets; the previous ones remain valid until the new ones are used, for a week at most."""
        device_id = self._get_reconfigure_subentry().data[CONF_DEVICE_ID]
        if user_input is None:
            return self.async_show_form(step_id="rotate", data_schema=vol.Schema({}))
        self._issued = await self._runtime_data.keys.async_issue(device_id, dt_util.utcnow())
        return self._show_secrets("rotated", device_id)

    async def async_step_rotated(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """End the flow after the new secrets were shown."""
        return self.async_abort(reason="key_rotated")
