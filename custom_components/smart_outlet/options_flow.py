"""Options: what is assumed of the mains, and how long silence is patience."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from .flow_schemas import OPTIONS_SCHEMA


class SmartOutletOptionsFlow(OptionsFlow):
    """Change the options; the entry's update listener takes them over."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for them."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(OPTIONS_SCHEMA, self.config_entry.options),
        )
