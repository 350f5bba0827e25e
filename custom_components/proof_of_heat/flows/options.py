"""Options: one form per subject."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfPower, UnitOfTemperature
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig, TimeSelector
import probatio as vol

from ..const import (
    CONF_AWAY_CALENDAR,
    CONF_CURVE,
    CONF_FEES,
    CONF_FIXED_PRICE,
    CONF_HASHPRICE,
    CONF_HASHPRICE_ENTITY,
    CONF_LEVEL,
    CONF_LIMITS,
    CONF_MAX_FLOW,
    CONF_PERSONS,
    CONF_PRESENCE,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_QUIET_FROM,
    CONF_QUIET_LEVEL,
    CONF_QUIET_TO,
    CONF_SITE_METER,
    CONF_SITE_POWER,
    CONF_SLOPE,
    CONF_TAX,
    DEFAULT_LEVEL,
    DEFAULT_SLOPE,
)
from .fields import number

OPTION_FORMS: dict[str, vol.Schema] = {
    CONF_CURVE: vol.Schema(
        {
            vol.Required(CONF_SLOPE, default=DEFAULT_SLOPE): number(0.1, 3.5, None, 0.05),
            vol.Required(CONF_LEVEL, default=DEFAULT_LEVEL): number(-13, 40, UnitOfTemperature.KELVIN, 0.5),
            vol.Required(CONF_MAX_FLOW, default=40.0): number(25, 80, UnitOfTemperature.CELSIUS),
        }
    ),
    CONF_PRICE: vol.Schema(
        {
            vol.Optional(CONF_PRICE_ENTITY): EntitySelector(EntitySelectorConfig(domain=["sensor", "event"])),
            vol.Optional(CONF_FIXED_PRICE): number(-1, 100, None, "any"),
            vol.Required(CONF_FEES, default=0.0): number(-1, 100, None, "any"),
            vol.Required(CONF_TAX, default=0.0): number(0, 100, "%", "any"),
            vol.Optional(CONF_HASHPRICE): number(0, 10_000, None, "any"),
            vol.Optional(CONF_HASHPRICE_ENTITY): EntitySelector(
                EntitySelectorConfig(domain=["sensor", "input_number"])
            ),
        }
    ),
    CONF_PRESENCE: vol.Schema(
        {
            vol.Optional(CONF_PERSONS): EntitySelector(
                EntitySelectorConfig(domain=["person", "device_tracker", "group", "input_boolean"], multiple=True)
            ),
            vol.Optional(CONF_AWAY_CALENDAR): EntitySelector(EntitySelectorConfig(domain="calendar")),
        }
    ),
    CONF_LIMITS: vol.Schema(
        {
            vol.Optional(CONF_SITE_METER): EntitySelector(EntitySelectorConfig(domain="sensor", device_class="power")),
            vol.Optional(CONF_SITE_POWER): number(500, 100_000, UnitOfPower.WATT, 100),
            vol.Optional(CONF_QUIET_FROM): TimeSelector(),
            vol.Optional(CONF_QUIET_TO): TimeSelector(),
            vol.Required(CONF_QUIET_LEVEL, default=100): number(0, 100, "%", 5),
        }
    ),
}


class ProofOfHeatOptionsFlow(OptionsFlow):
    """One form per subject."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the subject."""
        return self.async_show_menu(step_id="init", menu_options=list(OPTION_FORMS))

    async def async_step_curve(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The heating curve."""
        return self._subject(CONF_CURVE, user_input)

    async def async_step_price(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Electricity and mining prices."""
        return self._subject(CONF_PRICE, user_input)

    async def async_step_presence(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Who is home."""
        return self._subject(CONF_PRESENCE, user_input)

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Power and noise."""
        return self._subject(CONF_LIMITS, user_input)

    def _subject(self, subject: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        options = dict(self.config_entry.options)
        if user_input is not None:
            return self.async_create_entry(data={**options, subject: user_input})
        schema = self.add_suggested_values_to_schema(OPTION_FORMS[subject], options.get(subject))
        return self.async_show_form(step_id=subject, data_schema=schema)
