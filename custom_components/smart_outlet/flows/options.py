"""Options flow: mains supply and offline timeout."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from .schemas import OPTIONS_SCHEMA


class SmartOutletOptionsFlow(OptionsFlow):
    """Change the options; the update listener of the entry applies them."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(OPTIONS_SCHEMA, self.config_entry.options),
        )
