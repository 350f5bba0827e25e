"""Form fields of the energy sources, shared by controllers and linked entities."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_NAME, UnitOfPower
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
)
import probatio as vol

from ..const import CONF_ENERGY_ENTITY, CONF_POWER_ENTITY, CONF_RATED_POWER

NAME_FIELD: Final = {vol.Required(CONF_NAME): TextSelector()}
ENERGY_FIELDS: Final = {
    vol.Optional(CONF_RATED_POWER): NumberSelector(
        NumberSelectorConfig(
            min=0, max=1_000_000, step="any", unit_of_measurement=UnitOfPower.WATT, mode=NumberSelectorMode.BOX
        )
    ),
    vol.Optional(CONF_POWER_ENTITY): EntitySelector(EntitySelectorConfig(domain="sensor", device_class="power")),
    vol.Optional(CONF_ENERGY_ENTITY): EntitySelector(EntitySelectorConfig(domain="sensor", device_class="energy")),
}


def energy_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the energy sources of a form, without empty fields."""
    return {
        name: user_input[name]
        for name in (CONF_RATED_POWER, CONF_POWER_ENTITY, CONF_ENERGY_ENTITY)
        if user_input.get(name) not in (None, "")
    }
