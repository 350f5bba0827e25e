"""Flows of the subentries: a stand-alone device with its secrets, a source of releases."""

import re
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
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

from ._lib.device_keys import new_key
from .const import (
    CONF_CHANNEL,
    CONF_CHIP,
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
from .coordinator import OtaCoordinator
from .devices import CONF_DEVICE_ID, device_of, policy_of
from .keys import Issued
from .rollout.errors import OtaError
from .rollout.image import CHIPS
from .rollout.manifest import Channel, check_product
from .rollout.schedule import DAYS
from .rollout.versions import version_key
from .sources import CONF_BETA, CONF_INTERVAL_H, CONF_LOCATION, Puller, Source, is_location

DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
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
_FACTS = {
    vol.Required(CONF_NAME): TextSelector(),
    vol.Required(CONF_PRODUCT): TextSelector(),
    # Without a default the form would begin with the first of the alphabet.
    vol.Required(CONF_CHIP, default="esp32"): SelectSelector(
        SelectSelectorConfig(options=sorted(CHIPS), mode=SelectSelectorMode.DROPDOWN)
    ),
    vol.Required(SECTION_PLACE): section(_PLACE_SCHEMA, {"collapsed": True}),
    vol.Required(SECTION_POLICY): section(_POLICY_SCHEMA, {"collapsed": True}),
}
_DEVICE_SCHEMA = vol.Schema({vol.Required(CONF_DEVICE_ID): TextSelector(), **_FACTS})
_EDIT_SCHEMA = vol.Schema(_FACTS)
_SOURCE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_LOCATION): TextSelector(),
        vol.Required(CONF_BETA, default=False): BooleanSelector(),
        vol.Required(CONF_INTERVAL_H, default=6): NumberSelector(
            NumberSelectorConfig(min=1, max=168, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement="h")
        ),
    }
)


def _flat(user_input: dict[str, Any]) -> dict[str, Any]:
    """The sections' fields beside the others, without what is empty; what is pasted often has a space around it."""
    flat = {key: value for key, value in user_input.items() if key not in (SECTION_PLACE, SECTION_POLICY)}
    flat |= user_input.get(SECTION_PLACE, {}) | user_input.get(SECTION_POLICY, {})
    flat = {key: value.strip() if isinstance(value, str) else value for key, value in flat.items()}
    return {key: value for key, value in flat.items() if value not in ("", None, [], {})}


def _nested(data: dict[str, Any]) -> dict[str, Any]:
    """The form's values of a stored device."""
    place = {str(key) for key in _PLACE_SCHEMA.schema}
    policy = {str(key) for key in _POLICY_SCHEMA.schema}
    return {
        **{key: value for key, value in data.items() if key not in place | policy},
        SECTION_PLACE: {key: value for key, value in data.items() if key in place},
        SECTION_POLICY: {key: value for key, value in data.items() if key in policy},
    }


def _device_errors(data: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a device's fields."""
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
        policy_of(data)
        if CONF_PINNED_VERSION in data:
            version_key(data[CONF_PINNED_VERSION])
    except OtaError as err:
        errors["base"] = err.code
    return errors


def _is_metadata(found: Any) -> bool:
    """Whether it is names with a text or number each, and no more than a person would note."""
    return (
        isinstance(found, dict)
        and len(found) <= MAX_METADATA
        and all(isinstance(value, (str, int, float)) and len(f"{name}{value}") <= 256 for name, value in found.items())
    )


class OtaSubentryFlow(ConfigSubentryFlow):
    """What both kinds share."""

    @property
    def coordinator(self) -> OtaCoordinator:
        """The loaded entry."""
        found: OtaCoordinator = self._get_entry().runtime_data
        return found

    @property
    def loaded(self) -> bool:
        """Whether there is one."""
        return self._get_entry().state is ConfigEntryState.LOADED


class DeviceSubentryFlow(OtaSubentryFlow):
    """Add a stand-alone device: its secrets are made here, shown once, kept as hashes."""

    def __init__(self) -> None:
        """Nothing is asked yet."""
        self._data: dict[str, Any] = {}
        self._issued = Issued("", "")

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """What the device is."""
        if not self.loaded:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _flat(user_input)
            errors = _device_errors(data)
            device_id = data.get(CONF_DEVICE_ID, "")
            if not DEVICE_ID.fullmatch(device_id):
                errors[CONF_DEVICE_ID] = "bad_device_id"
            elif device_id in self.coordinator.state.devices:
                errors[CONF_DEVICE_ID] = "device_exists"
            if not errors:
                self._data = data
                self._issued = Issued(new_key(), new_key())
                return await self.async_step_key()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_DEVICE_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_key(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the secrets once; the device is registered when the user goes on."""
        device_id = self._data[CONF_DEVICE_ID]
        if user_input is None:
            return self._show_key("key", device_id)
        if device_id in self.coordinator.state.devices:
            return self.async_abort(reason="already_configured")
        coordinator = self.coordinator
        # On disk before the subentry is made: what the user was shown must open the door.
        await coordinator.keys.async_adopt(device_id, self._issued)
        title = self._data.pop(CONF_NAME)
        coordinator.engine.register(device_of(device_id, title, self._data), coordinator.now)
        coordinator.engine.set_policy(device_id, policy_of(self._data))
        await coordinator.storage.async_commit()
        return self.async_create_entry(title=title, data=self._data, unique_id=device_id)

    def _show_key(self, step_id: str, device_id: str) -> SubentryFlowResult:
        try:
            base = get_url(self.hass, allow_external=False, allow_cloud=False, prefer_external=False)
        except NoURLAvailableError:
            base = "http://homeassistant.local:8123"
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            description_placeholders={
                "device_id": device_id,
                "key": self._issued.key,
                "check_url": f"{base}/api/ota/v1/devices/{device_id}/check/",
                "manifest_url": f"{base}/api/ota/d/{self._issued.url_token}/manifest.json",
                "update_url": f"{base}/api/ota/d/{self._issued.url_token}/update.bin",
                "ddi_url": base + "/api/ota/ddi",
            },
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """What to change."""
        if not self.loaded:
            return self.async_abort(reason="not_loaded")
        return self.async_show_menu(step_id="reconfigure", menu_options=["edit", "rotate"])

    async def async_step_edit(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change what the device is and may."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _flat(user_input)
            errors = _device_errors(data)
            if not errors:
                title = data.pop(CONF_NAME)
                data[CONF_DEVICE_ID] = subentry.data[CONF_DEVICE_ID]
                return self.async_update_and_abort(self._get_entry(), subentry, title=title, data=data)
        values = user_input or _nested({**subentry.data, CONF_NAME: subentry.title})
        return self.async_show_form(
            step_id="edit",
            data_schema=self.add_suggested_values_to_schema(_EDIT_SCHEMA, values),
            errors=errors,
        )

    async def async_step_rotate(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Make new secrets; the old ones are good until the new ones are used, for a week at most."""
        device_id = self._get_reconfigure_subentry().data[CONF_DEVICE_ID]
        if user_input is None:
            return self.async_show_form(step_id="rotate", data_schema=vol.Schema({}))
        self._issued = await self.coordinator.keys.async_issue(device_id, dt_util.utcnow())
        return self._show_key("rotated", device_id)

    async def async_step_rotated(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """The user has seen the new secrets."""
        return self.async_abort(reason="key_rotated")


class SourceSubentryFlow(OtaSubentryFlow):
    """Add or change a source of releases; it is tried before it is kept."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Where releases come from."""
        return await self._async_step("user", user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change it."""
        return await self._async_step("reconfigure", user_input)

    async def _async_step(self, step_id: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        if not self.loaded:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        placeholders = {"error": ""}
        if user_input is not None:
            data = {**user_input, CONF_INTERVAL_H: int(user_input[CONF_INTERVAL_H])}
            location = data[CONF_LOCATION] = data[CONF_LOCATION].strip()
            title = data.pop(CONF_NAME).strip() or location
            if is_location(location):
                errors = await self._async_try(Source.of(data), placeholders)
            else:
                errors[CONF_LOCATION] = "bad_location"
            if not errors:
                return self._keep(title, data)
        values = user_input
        if values is None and self.source != SOURCE_USER:
            subentry = self._get_reconfigure_subentry()
            values = {**subentry.data, CONF_NAME: subentry.title}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(_SOURCE_SCHEMA, values),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_try(self, source: Source, placeholders: dict[str, str]) -> dict[str, str]:
        """Read a source; what is wrong with it."""
        try:
            await Puller(self.coordinator).async_pull(source)
        except OtaError as err:
            placeholders |= err.placeholders
            return {"base": err.code}
        except HomeAssistantError as err:
            placeholders |= err.translation_placeholders or {}
            return {"base": err.translation_key or "source_unreadable"}
        return {}

    def _keep(self, title: str, data: dict[str, Any]) -> SubentryFlowResult:
        if self.source == SOURCE_USER:
            if any(s.unique_id == data[CONF_LOCATION] for s in self._get_entry().subentries.values()):
                return self.async_abort(reason="already_configured")
            return self.async_create_entry(title=title, data=data, unique_id=data[CONF_LOCATION])
        subentry = self._get_reconfigure_subentry()
        return self.async_update_and_abort(
            self._get_entry(), subentry, title=title, data=data, unique_id=data[CONF_LOCATION]
        )
