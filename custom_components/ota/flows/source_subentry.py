"""Subentry flow of a release source, which is read before it is saved."""

from typing import Any, Final

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
)
import probatio as vol

from ..const import CONF_BETA, CONF_INTERVAL_H, CONF_LOCATION
from ..data import OtaData
from ..releases.source_client import ReleaseSource, is_location
from ..rollout.errors import OtaError

_SOURCE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_LOCATION): TextSelector(),
        vol.Required(CONF_BETA, default=False): BooleanSelector(),
        vol.Required(CONF_INTERVAL_H, default=6): NumberSelector(
            NumberSelectorConfig(min=1, max=168, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement="h")
        ),
    }
)


class SourceSubentryFlow(ConfigSubentryFlow):
    """Add or change a release source."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a source."""
        return await self._async_step("user", user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a source."""
        return await self._async_step("reconfigure", user_input)

    async def _async_step(self, step_id: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        placeholders = {"error": ""}
        if user_input is not None:
            data = {**user_input, CONF_INTERVAL_H: int(user_input[CONF_INTERVAL_H])}
            location = data[CONF_LOCATION] = data[CONF_LOCATION].strip()
            title = data.pop(CONF_NAME).strip() or location
            if is_location(location):
                errors = await self._async_read(ReleaseSource.from_subentry(data), placeholders)
            else:
                errors[CONF_LOCATION] = "bad_location"
            if not errors:
                return self._save(title, data)
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

    async def _async_read(self, source: ReleaseSource, placeholders: dict[str, str]) -> dict[str, str]:
        """Import the releases of the source; return the errors of the form."""
        data: OtaData = self._get_entry().runtime_data
        try:
            await data.sources.client.async_pull(source)
        except OtaError as err:
            placeholders |= err.placeholders
            return {"base": err.code}
        except HomeAssistantError as err:
            placeholders |= err.translation_placeholders or {}
            return {"base": err.translation_key or "source_unreadable"}
        return {}

    def _save(self, title: str, data: dict[str, Any]) -> SubentryFlowResult:
        if self.source == SOURCE_USER:
            if any(s.unique_id == data[CONF_LOCATION] for s in self._get_entry().subentries.values()):
                return self.async_abort(reason="already_configured")
            return self.async_create_entry(title=title, data=data, unique_id=data[CONF_LOCATION])
        subentry = self._get_reconfigure_subentry()
        return self.async_update_and_abort(
            self._get_entry(), subentry, title=title, data=data, unique_id=data[CONF_LOCATION]
        )
