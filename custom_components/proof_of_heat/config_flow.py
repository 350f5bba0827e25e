"""Config flow of a heating system. Its zones, heat sources and meters are subentries."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant, callback
import probatio as vol

from .const import (
    DOMAIN,
    SUBENTRY_METER,
    SUBENTRY_SOURCE,
    SUBENTRY_ZONE,
)
from .flows.advanced import without_empty
from .flows.basics import FULL_SCHEMA, SYSTEM_SCHEMA, problems_of as system_problems
from .flows.discovery import DiscoverySteps
from .flows.form import CONNECTION_ERRORS, DeviceCandidate, only, same_device, without_tokens
from .flows.guide import GUIDED, suggested_system
from .flows.meter import METER_SCHEMA, MeterSubentryFlow, connect as connect_meter, errors_of as meter_errors
from .flows.options import ProofOfHeatOptionsFlow
from .flows.source import SourceSubentryFlow
from .flows.zone import ZoneSubentryFlow
from .sources import registry


class ProofOfHeatConfigFlow(DiscoverySteps, domain=DOMAIN):
    """Adds a heating system."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        super().__init__()
        self._subentry_id = ""

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
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enter the name, the outdoor temperature sensor and the emitters."""
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

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start when a device rejects its credentials."""
        self._subentry_id = str(entry_data.get("subentry_id", ""))
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enter new credentials and connect with them."""
        entry = self._get_reauth_entry()
        subentry = entry.subentries.get(self._subentry_id)
        if subentry is None:
            return self.async_abort(reason="source_gone")
        form = await _reauth_form(self.hass, subentry)
        errors: dict[str, str] = {}
        if user_input is not None:
            stored = {key: value for key, value in subentry.data.items() if key not in form.secrets}
            try:
                candidates = await form.connect(form.as_entered({**stored, **user_input}))
            except CONNECTION_ERRORS as err:
                errors = form.errors(err)
            else:
                match = next((item for item in candidates if same_device(item.unique_id, subentry.unique_id)), None)
                if match is None:
                    return self.async_abort(reason="wrong_device")
                same = without_tokens(subentry.data) == without_tokens(match.data)
                self.hass.config_entries.async_update_subentry(entry, subentry, data=match.data)
                if same:  # a renewed token does not reload the entry, new credentials do
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return self.async_abort(reason="reauth_successful")
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=form.schema,
            errors=errors,
            description_placeholders={"name": subentry.title},
        )


@dataclass(frozen=True, slots=True)
class _ReauthForm:
    """The form for new credentials. Errors at fields that it does not have are shown at the whole form."""

    schema: vol.Schema
    secrets: tuple[str, ...]
    connect: Callable[[dict[str, Any]], Awaitable[list[DeviceCandidate]]]
    errors_of: Callable[[Exception], dict[str, str]]
    as_entered: Callable[[Mapping[str, Any]], dict[str, Any]] = dict

    def errors(self, err: Exception) -> dict[str, str]:
        """Return the error's text key by field."""
        return {field if field in self.secrets else "base": key for field, key in self.errors_of(err).items()}


async def _reauth_form(hass: HomeAssistant, subentry: ConfigSubentry) -> _ReauthForm:
    if subentry.subentry_type == SUBENTRY_METER:

        async def connect_to_meter(data: dict[str, Any]) -> list[DeviceCandidate]:
            return [await connect_meter(hass, data)]

        return _ReauthForm(only(METER_SCHEMA, (CONF_PASSWORD,)), (CONF_PASSWORD,), connect_to_meter, meter_errors)
    form = registry.form_of(subentry.data)
    return _ReauthForm(
        only(await form.schema(hass), form.secrets),
        form.secrets,
        partial(form.connect, hass),
        form.errors,
        registry.type_of(subentry.data).as_entered,
    )
