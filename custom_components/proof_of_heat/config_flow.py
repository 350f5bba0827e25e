"""Config flow: a heating system; its zones and heat sources are subentries."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import (
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
)
from homeassistant.core import HomeAssistant, callback
import probatio as vol

from .const import (
    CONF_INFO,
    CONF_KIND,
    DOMAIN,
    SUBENTRY_METER,
    SUBENTRY_SOURCE,
    SUBENTRY_ZONE,
)
from .drivers.viessmann.client import API_URL
from .flows.basics import SYSTEM_SCHEMA, problems_of as system_problems
from .flows.discovery import DiscoverySteps
from .flows.form import CAUGHT, Choice, lasting, only, same_device
from .flows.meter import METER_SCHEMA, MeterSubentryFlow, connect as connect_meter, errors_of as meter_errors
from .flows.options import ProofOfHeatOptionsFlow
from .flows.source import SourceSubentryFlow
from .flows.source_forms import FORMS, form_name
from .flows.zone import ZoneSubentryFlow


class ProofOfHeatConfigFlow(DiscoverySteps, domain=DOMAIN):
    """Add a heating system."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        super().__init__()
        self._subentry_id = ""

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Zones, heat sources and meters."""
        return {
            SUBENTRY_METER: MeterSubentryFlow,
            SUBENTRY_SOURCE: SourceSubentryFlow,
            SUBENTRY_ZONE: ZoneSubentryFlow,
        }

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Curve, prices, presence, limits."""
        return ProofOfHeatOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name the system and say where the outdoor temperature comes from."""
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := system_problems(user_input)):
            name = user_input[CONF_NAME].strip()
            self._async_abort_entries_match({CONF_NAME: name})
            return self.async_create_entry(title=name, data={**user_input, CONF_NAME: name})
        return self._form("user", user_input, errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change it."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := system_problems(user_input)):
            name = user_input[CONF_NAME].strip()
            if any(item.title == name for item in self._systems() if item is not entry):
                return self.async_abort(reason="already_configured")
            return self.async_update_and_abort(entry, title=name, data={**user_input, CONF_NAME: name})
        return self._form("reconfigure", user_input or entry.data, errors)

    def _form(self, step: str, values: Mapping[str, Any] | None, errors: dict[str, str]) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=self.add_suggested_values_to_schema(SYSTEM_SCHEMA, values), errors=errors
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """A device refuses our credentials."""
        self._subentry_id = str(entry_data.get("subentry_id", ""))
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for its secrets anew and try them out."""
        entry = self._get_reauth_entry()
        subentry = entry.subentries.get(self._subentry_id)
        if subentry is None:
            return self.async_abort(reason="source_gone")
        door = await _door(self.hass, subentry)
        errors: dict[str, str] = {}
        if user_input is not None:
            stored = {key: value for key, value in subentry.data.items() if key not in door.secrets}
            try:
                choices = await door.connect(_as_entered({**stored, **user_input}))
            except CAUGHT as err:
                errors = door.errors(err)
            else:
                match = next((item for item in choices if same_device(item.unique_id, subentry.unique_id)), None)
                if match is None:
                    return self.async_abort(reason="wrong_device")
                same = lasting(subentry.data) == lasting(match.data)
                self.hass.config_entries.async_update_subentry(entry, subentry, data=match.data)
                if same:  # a token alone is no reason to reload, unless the user gave it
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return self.async_abort(reason="reauth_successful")
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=door.schema,
            errors=errors,
            description_placeholders={"name": subentry.title},
        )


@dataclass(frozen=True, slots=True)
class _Door:
    """What new credentials are asked and tried out with; errors at fields that are not asked for go to the whole."""

    schema: vol.Schema
    secrets: tuple[str, ...]
    connect: Callable[[dict[str, Any]], Awaitable[list[Choice]]]
    blame: Callable[[Exception], dict[str, str]]

    def errors(self, err: Exception) -> dict[str, str]:
        """What went wrong."""
        return {field if field in self.secrets else "base": key for field, key in self.blame(err).items()}


async def _door(hass: HomeAssistant, subentry: ConfigSubentry) -> _Door:
    if subentry.subentry_type == SUBENTRY_METER:

        async def meter(data: dict[str, Any]) -> list[Choice]:
            return [await connect_meter(hass, data)]

        return _Door(only(METER_SCHEMA, (CONF_PASSWORD,)), (CONF_PASSWORD,), meter, meter_errors)
    form = FORMS[form_name(subentry.data)]

    async def source(data: dict[str, Any]) -> list[Choice]:
        return await form.connect(hass, data)

    return _Door(only(await form.schema(hass), form.secrets), form.secrets, source, form.errors)


def _as_entered(data: Mapping[str, Any]) -> dict[str, Any]:
    """Stored data as a form would give it: the address of another server than the provider's is kept apart there."""
    api_url = data[CONF_INFO].get("api_url") if data.get(CONF_KIND) == "viessmann" else None
    return {**data, CONF_HOST: api_url.removesuffix("/iot/v2")} if api_url not in (None, API_URL) else dict(data)
