"""Config flow of a heating system. Its zones, heat sources and meters are subentries."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback

from .const import (
    DOMAIN,
    SUBENTRY_METER,
    SUBENTRY_SOURCE,
    SUBENTRY_ZONE,
)
from .flows.advanced import without_empty
from .flows.basics import FULL_SCHEMA, SYSTEM_SCHEMA, problems_of as system_problems
from .flows.discovery import DiscoverySteps
from .flows.guide import GUIDED, suggested_system
from .flows.meter import MeterSubentryFlow
from .flows.options import ProofOfHeatOptionsFlow
from .flows.reauth import ReauthSteps
from .flows.sign_in import SignInRequest
from .flows.source import SourceSubentryFlow
from .flows.zone import ZoneSubentryFlow


class ProofOfHeatConfigFlow(DiscoverySteps, ReauthSteps, domain=DOMAIN):
    """Adds a heating system."""

    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows of zones, heat sources and meters."""
        return {
            SUBENTRY_METER: MeterSubentryFlow,
            SUBENTRY_SOURCE: SourceSubentryFlow,
            SUBENTRY_ZONE: ZoneSubentryFlow,
        }

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return ProofOfHeatOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | SignInRequest | None = None) -> ConfigFlowResult:
        """Enter the name, the outdoor temperature sensor and the emitters; or wait for a sign-in at a website."""
        if isinstance(user_input, SignInRequest):
            return await self.async_wait(user_input)
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := system_problems(user_input)):
            name = user_input[CONF_NAME].strip()
            self._async_abort_entries_match({CONF_NAME: name})
            return self.async_create_entry(title=name, data={**user_input, CONF_NAME: name})
        return self._form("user", user_input or suggested_system(self.hass), errors)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Continue with the first zone, the price and a heat source, in the same dialog."""
        handler = (result["result"].entry_id, SUBENTRY_SOURCE)
        context = SubentryFlowContext(source=SOURCE_USER)
        guide = await self.hass.config_entries.subentries.async_init(handler, context=context, data=GUIDED)
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, guide["flow_id"])
        return result

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the heating system."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := system_problems(user_input)):
            name = user_input[CONF_NAME].strip()
            if any(item.title == name for item in self._systems() if item is not entry):
                return self.async_abort(reason="already_configured")
            return self.async_update_and_abort(entry, title=name, data=without_empty({**user_input, CONF_NAME: name}))
        return self._form("reconfigure", user_input or entry.data, errors)

    def _form(self, step: str, values: Mapping[str, Any] | None, errors: dict[str, str]) -> ConfigFlowResult:
        schema = FULL_SCHEMA if step == "reconfigure" else SYSTEM_SCHEMA
        return self.async_show_form(
            step_id=step, data_schema=self.add_suggested_values_to_schema(schema, values), errors=errors
        )
