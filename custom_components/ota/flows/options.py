"""Options flow: settings, new rollout, upload of a release, upload key."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
import probatio as vol

from ..data import OtaData
from .rollout import RolloutSteps
from .settings import SETTINGS_SCHEMA, validate_options
from .upload import UploadSteps

_MENU: Final = ["rollout", "upload", "settings", "upload_key", "gateway_token"]


class OtaOptionsFlow(RolloutSteps, UploadSteps):
    """Handle the options flow."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu."""
        return self.async_show_menu(step_id="init", menu_options=_MENU)

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the settings, which apply at once."""
        errors: dict[str, str] = {}
        if user_input is not None:
            options, errors = validate_options(user_input)
            if not errors:
                return self.async_create_entry(data=options)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(SETTINGS_SCHEMA, user_input or self.config_entry.options),
            errors=errors,
        )

    async def async_step_upload_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create a key with which CI may upload signed releases; it replaces the previous one."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            return self.async_show_form(step_id="upload_key", data_schema=vol.Schema({}))
        data: OtaData = self.config_entry.runtime_data
        key = await data.keys.async_issue_upload()
        return self.async_abort(reason="upload_key_made", description_placeholders={"key": key})

    async def async_step_gateway_token(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create a token with which a DDI gateway calls for all stand-alone devices; it replaces the previous one."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            return self.async_show_form(step_id="gateway_token", data_schema=vol.Schema({}))
        data: OtaData = self.config_entry.runtime_data
        token = await data.keys.async_issue_gateway()
        return self.async_abort(reason="gateway_token_made", description_placeholders={"token": token})
