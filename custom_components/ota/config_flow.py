"""Config flow: a single entry; devices and release sources are subentries."""

from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.core import callback
import probatio as vol

from .const import DOMAIN, SUBENTRY_DEVICE, SUBENTRY_SOURCE
from .flows.device_subentry import DeviceSubentryFlow
from .flows.options import OtaOptionsFlow
from .flows.settings import SIGNING_FIELDS, validate_options
from .flows.source_subentry import SourceSubentryFlow

_USER_SCHEMA = vol.Schema(SIGNING_FIELDS)


class OtaConfigFlow(ConfigFlow, domain=DOMAIN):
    """Handle the config flow."""

    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows for stand-alone devices and release sources."""
        return {SUBENTRY_DEVICE: DeviceSubentryFlow, SUBENTRY_SOURCE: SourceSubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return OtaOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the public signing keys."""
        errors: dict[str, str] = {}
        if user_input is not None:
            options, errors = validate_options(user_input)
            if not errors:
                return self.async_create_entry(title="OTA", data={}, options=options)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_USER_SCHEMA, user_input),
            errors=errors,
        )
