"""Options of a building."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfInformation, UnitOfTemperature, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import probatio as vol

from ..const import (
    CONF_ALLOW_QUERY,
    CONF_ECO_REDUCTION,
    CONF_LEASE,
    CONF_LOG,
    CONF_LOG_DAYS,
    CONF_LOG_MB,
    CONF_OUTDOOR_ENTITY,
    CONF_POLL_INTERVAL,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_SETBACK,
    CONF_WEATHER_ENTITY,
)
from ..runtime.options import BuildingOptions

SECTION_COST = "cost"
SECTION_DEVICES = "devices"
SECTION_HEATING = "heating"
SECTION_LOG = "log"


def _number(low: float, high: float, step: float, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=low, max=high, step=step, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    )


def _price() -> NumberSelector:
    return NumberSelector(NumberSelectorConfig(min=-10, max=1000, step="any", mode=NumberSelectorMode.BOX))


_DEFAULTS = BuildingOptions()
_SCHEMA = vol.Schema(
    {
        vol.Required(SECTION_HEATING): section(
            vol.Schema(
                {
                    vol.Required(CONF_SETBACK, default=_DEFAULTS.comfort.setback_c): _number(
                        5, 25, 0.5, UnitOfTemperature.CELSIUS
                    ),
                    vol.Required(CONF_ECO_REDUCTION, default=_DEFAULTS.comfort.eco_reduction_k): _number(
                        0, 10, 0.5, UnitOfTemperature.KELVIN
                    ),
                    vol.Optional(CONF_OUTDOOR_ENTITY): EntitySelector(
                        EntitySelectorConfig(domain="sensor", device_class="temperature")
                    ),
                    vol.Optional(CONF_WEATHER_ENTITY): EntitySelector(EntitySelectorConfig(domain="weather")),
                }
            )
        ),
        vol.Required(SECTION_COST): section(
            vol.Schema(
                {
                    vol.Optional(CONF_PRICE_ENTITY): EntitySelector(
                        EntitySelectorConfig(domain=["sensor", "input_number", "number"])
                    ),
                    vol.Optional(CONF_PRICE): _price(),
                }
            )
        ),
        vol.Required(SECTION_LOG): section(
            vol.Schema(
                {
                    vol.Required(CONF_LOG, default=_DEFAULTS.log): BooleanSelector(),
                    vol.Required(CONF_LOG_DAYS, default=_DEFAULTS.log_days): _number(1, 3650, 1, UnitOfTime.DAYS),
                    vol.Required(CONF_LOG_MB, default=_DEFAULTS.log_mb): _number(
                        10, 100_000, 10, UnitOfInformation.MEGABYTES
                    ),
                }
            )
        ),
        vol.Required(SECTION_DEVICES): section(
            vol.Schema(
                {
                    vol.Required(CONF_ALLOW_QUERY, default=_DEFAULTS.allow_query_key): BooleanSelector(),
                    vol.Required(CONF_POLL_INTERVAL, default=_DEFAULTS.poll_interval_s): _number(
                        5, 300, 1, UnitOfTime.SECONDS
                    ),
                    vol.Required(CONF_LEASE, default=_DEFAULTS.lease_s): _number(60, 86_400, 1, UnitOfTime.SECONDS),
                }
            ),
            {"collapsed": True},
        ),
    }
)
_SECTIONS = {
    SECTION_HEATING: (CONF_SETBACK, CONF_ECO_REDUCTION, CONF_OUTDOOR_ENTITY, CONF_WEATHER_ENTITY),
    SECTION_COST: (CONF_PRICE_ENTITY, CONF_PRICE),
    SECTION_LOG: (CONF_LOG, CONF_LOG_DAYS, CONF_LOG_MB),
    SECTION_DEVICES: (CONF_ALLOW_QUERY, CONF_POLL_INTERVAL, CONF_LEASE),
}


class BuildingOptionsFlow(OptionsFlow):
    """One form with four sections; the options are stored without sections."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form and save the options."""
        if user_input is not None:
            return self.async_create_entry(
                data={name: value for section_input in user_input.values() for name, value in section_input.items()}
            )
        options = self.config_entry.options
        suggested = {name: {key: options[key] for key in keys if key in options} for name, keys in _SECTIONS.items()}
        return self.async_show_form(step_id="init", data_schema=self.add_suggested_values_to_schema(_SCHEMA, suggested))
