"""Config flow: one entry for all; options, uploads; devices and sources are subentries."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, override

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import probatio as vol

from .const import (
    CONF_CHANNEL,
    CONF_CHIP,
    CONF_KEEP_RELEASES,
    CONF_POLL_S,
    CONF_PRODUCT,
    CONF_REQUIRE_SIGNATURE,
    CONF_SIGNING_KEYS,
    CONF_UPLOAD_LIMIT,
    DEFAULT_KEEP_RELEASES,
    DEFAULT_POLL_S,
    DEFAULT_UPLOAD_LIMIT_MIB,
    DOMAIN,
    SUBENTRY_DEVICE,
    SUBENTRY_SOURCE,
)
from .coordinator import OtaCoordinator
from .importing import Proof
from .rollout.errors import OtaError
from .rollout.image import CHIPS
from .rollout.manifest import Channel, PublicKey
from .rollout.models import Release
from .rollout.releases import Declared
from .subentry_flows import DeviceSubentryFlow, SourceSubentryFlow

CONF_FILE = "file"
CONF_MANIFEST = "manifest"
CONF_SIGNATURE = "signature"
CONF_VERSION = "version"
CONF_NOTES = "notes"
_CHUNK = 256 * 1024


def _number(low: int, high: int, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(min=low, max=high, step=1, mode=NumberSelectorMode.BOX)
    if unit:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


CHIP_SELECTOR = SelectSelector(SelectSelectorConfig(options=sorted(CHIPS), mode=SelectSelectorMode.DROPDOWN))
CHANNEL_SELECTOR = SelectSelector(
    SelectSelectorConfig(options=[channel.value for channel in Channel], translation_key="channel")
)
_KEYS_SCHEMA = {
    vol.Required(CONF_REQUIRE_SIGNATURE, default=True): BooleanSelector(),
    vol.Optional(CONF_SIGNING_KEYS, default=list): TextSelector(TextSelectorConfig(multiple=True)),
}
_USER_SCHEMA = vol.Schema(_KEYS_SCHEMA)
_SETTINGS_SCHEMA = vol.Schema(
    {
        **_KEYS_SCHEMA,
        vol.Required(CONF_POLL_S, default=DEFAULT_POLL_S): _number(30, 86_399, "s"),
        vol.Required(CONF_UPLOAD_LIMIT, default=DEFAULT_UPLOAD_LIMIT_MIB): _number(1, 96, "MiB"),
        vol.Required(CONF_KEEP_RELEASES, default=DEFAULT_KEEP_RELEASES): _number(1, 100),
    }
)
_TEXT = TextSelector(TextSelectorConfig(multiline=True))
_UPLOAD_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept=".bin,.gz,.swu")),
        vol.Optional(CONF_MANIFEST): _TEXT,
        vol.Optional(CONF_SIGNATURE): TextSelector(),
        vol.Optional(CONF_CHIP): CHIP_SELECTOR,
        vol.Optional(CONF_PRODUCT): TextSelector(),
        vol.Optional(CONF_VERSION): TextSelector(),
        vol.Required(CONF_CHANNEL, default=Channel.STABLE.value): CHANNEL_SELECTOR,
        vol.Optional(CONF_NOTES): _TEXT,
    }
)


def _checked(user_input: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The options, and what is wrong with them."""
    options = dict(user_input)
    keys = [key.strip() for key in options.get(CONF_SIGNING_KEYS, []) if key.strip()]
    options[CONF_SIGNING_KEYS] = keys
    for name in (CONF_POLL_S, CONF_UPLOAD_LIMIT, CONF_KEEP_RELEASES):
        if name in options:
            options[name] = int(options[name])
    try:
        for key in keys:
            PublicKey.parse(key)
    except OtaError as err:
        return options, {CONF_SIGNING_KEYS: err.code}
    return options, {}


class OtaConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add the integration: which signatures count."""

    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Stand-alone devices, and sources of releases."""
        return {SUBENTRY_DEVICE: DeviceSubentryFlow, SUBENTRY_SOURCE: SourceSubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Settings, upload, upload key."""
        return OtaOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the signing keys."""
        errors: dict[str, str] = {}
        if user_input is not None:
            options, errors = _checked(user_input)
            if not errors:
                return self.async_create_entry(title="OTA", data={}, options=options)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_USER_SCHEMA, user_input),
            errors=errors,
        )


class OtaOptionsFlow(OptionsFlow):
    """Settings, and bringing in a release by hand."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """What to do."""
        return self.async_show_menu(step_id="init", menu_options=["settings", "upload", "upload_key"])

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the settings; they count at once."""
        errors: dict[str, str] = {}
        if user_input is not None:
            options, errors = _checked(user_input)
            if not errors:
                return self.async_create_entry(data=options)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(_SETTINGS_SCHEMA, user_input or self.config_entry.options),
            errors=errors,
        )

    async def async_step_upload(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take in a release from the browser."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {"error": ""}
        if user_input is not None:
            try:
                release = await self._async_take(self.config_entry.runtime_data, user_input)
            except OtaError as err:
                errors["base"] = err.code
                placeholders |= err.placeholders
            except ValueError:
                errors[CONF_FILE] = "file_gone"
            except HomeAssistantError:
                errors["base"] = "storage_failed"
            else:
                return self.async_abort(
                    reason="uploaded",
                    description_placeholders={"product": release.product, "version": release.version},
                )
        return self.async_show_form(
            step_id="upload",
            data_schema=self.add_suggested_values_to_schema(
                _UPLOAD_SCHEMA, {k: v for k, v in (user_input or {}).items() if k != CONF_FILE}
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_take(self, coordinator: OtaCoordinator, user_input: Mapping[str, Any]) -> Release:
        """Import the uploaded file, which is removed in any case."""
        claim: Proof | Declared
        if user_input.get(CONF_MANIFEST):
            # A text box may add a line feed; the signed bytes have none at the end.
            manifest = user_input[CONF_MANIFEST].strip().encode()
            claim = Proof(manifest, user_input.get(CONF_SIGNATURE, ""))
        else:
            claim = Declared(
                chip=user_input.get(CONF_CHIP, ""),
                product=user_input.get(CONF_PRODUCT),
                version=user_input.get(CONF_VERSION),
                channel=Channel(user_input[CONF_CHANNEL]),
                notes=user_input.get(CONF_NOTES, ""),
            )
        return await coordinator.importer.async_import(_uploaded(self.hass, user_input[CONF_FILE]), claim)

    async def async_step_upload_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Make a key with which CI may upload signed releases; it replaces the one before."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            return self.async_show_form(step_id="upload_key", data_schema=vol.Schema({}))
        coordinator: OtaCoordinator = self.config_entry.runtime_data
        key = await coordinator.keys.async_issue_upload()
        return self.async_abort(reason="upload_key_made", description_placeholders={"key": key})


async def _uploaded(hass: HomeAssistant, file_id: str) -> AsyncIterator[bytes]:
    """The content of an uploaded file, which is gone afterwards.

    Raises:
        ValueError: There is no such file.
    """
    context = process_uploaded_file(hass, file_id)
    path: Path = await hass.async_add_executor_job(context.__enter__)
    try:
        file = await hass.async_add_executor_job(path.open, "rb")
        try:
            while chunk := await hass.async_add_executor_job(file.read, _CHUNK):
                yield chunk
        finally:
            await hass.async_add_executor_job(file.close)
    finally:
        await hass.async_add_executor_job(context.__exit__, None, None, None)
