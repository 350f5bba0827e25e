"""Options of an account."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import probatio as vol

from ..const import CONF_MAX_AGE, CONF_POLL_INTERVAL, CONF_USE_MQTT, DEFAULT_MAX_AGE, DEFAULT_POLL_INTERVAL


def _seconds(low: int, high: int) -> vol.All[Any]:
    box = NumberSelectorConfig(min=low, max=high, step=1, unit_of_measurement="s", mode=NumberSelectorMode.BOX)
    return vol.All(NumberSelector(box), vol.Coerce(int))


OPTIONS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_POLL_INTERVAL, default=DEFAULT_POLL_INTERVAL): _seconds(30, 900),
        vol.Required(CONF_MAX_AGE, default=DEFAULT_MAX_AGE): _seconds(120, 3600),
        vol.Required(CONF_USE_MQTT, default=True): BooleanSelector(),
    }
)


class EcoflowOptionsFlow(OptionsFlow):
    """Change the poll interval, the data timeout and the use of MQTT."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form and save the options."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(OPTIONS_SCHEMA, self.config_entry.options),
        )
