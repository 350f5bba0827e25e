"""The form of a heating system: name, outdoor temperature, emitters."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_NAME, UnitOfTemperature, UnitOfTime
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
import probatio as vol

from ..const import CONF_EMITTER, CONF_FALLBACK_FLOW, CONF_FROST_ROOM, CONF_OUTDOOR, CONF_OVERRIDE_HOURS, CONF_WEATHER
from ..settings.basics import FALLBACK_FLOW_RANGE_C, FROST_ROOM_RANGE_C, OVERRIDE_RANGE_H
from .advanced import with_section
from .fields import TEMPERATURE, number

SYSTEM_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Optional(CONF_OUTDOOR): TEMPERATURE,
        vol.Optional(CONF_WEATHER): EntitySelector(EntitySelectorConfig(domain="weather")),
        vol.Required(CONF_EMITTER, default="underfloor"): SelectSelector(
            SelectSelectorConfig(options=["underfloor", "radiator"], translation_key="emitter")
        ),
    }
)

SYSTEM_ADVANCED: Final = vol.Schema(
    {
        vol.Optional(CONF_OVERRIDE_HOURS): number(*OVERRIDE_RANGE_H, UnitOfTime.HOURS, 0.5),
        vol.Optional(CONF_FROST_ROOM): number(*FROST_ROOM_RANGE_C, UnitOfTemperature.CELSIUS, 0.5),
        vol.Optional(CONF_FALLBACK_FLOW): number(*FALLBACK_FLOW_RANGE_C, UnitOfTemperature.CELSIUS),
    }
)
FULL_SCHEMA: Final = with_section(SYSTEM_SCHEMA, SYSTEM_ADVANCED)
"""The form with everything, for a system that exists. A new one begins with the short form."""


def problems_of(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return the error of the form by field."""
    if not user_input[CONF_NAME].strip():
        return {CONF_NAME: "name_empty"}
    if not user_input.get(CONF_OUTDOOR) and not user_input.get(CONF_WEATHER):
        return {CONF_OUTDOOR: "outdoor_missing"}
    return {}
