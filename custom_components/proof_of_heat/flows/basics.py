"""The form of a heating system: name, outdoor temperature, emitters."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
import probatio as vol

from ..const import CONF_EMITTER, CONF_OUTDOOR, CONF_WEATHER
from .fields import TEMPERATURE

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


def problems_of(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return the error of the form by field."""
    if not user_input[CONF_NAME].strip():
        return {CONF_NAME: "name_empty"}
    if not user_input.get(CONF_OUTDOOR) and not user_input.get(CONF_WEATHER):
        return {CONF_OUTDOOR: "outdoor_missing"}
    return {}
