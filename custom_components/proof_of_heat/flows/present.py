"""What is in Home Assistant already: entities, and sources of other integrations."""

from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig, SelectOptionDict
import probatio as vol

from .._lib.heat_source import Capabilities, Control, SourceKind
from ..const import (
    CONF_CAPABILITIES,
    CONF_ENTITY,
    CONF_FUEL_PRICE,
    CONF_METER,
    CONF_NOMINAL_HEAT,
    CONF_NOMINAL_POWER,
    CONF_REFERENCE,
    CONF_SOURCE_KIND,
)
from ..drivers.errors import UnreachableError
from ..drivers.stored import capabilities_to_dict
from ..entity_source import capabilities_of as entity_capabilities
from ..external import DIRECTORY
from ..sources import entity_options
from .base import Choice
from .fields import FUEL_PRICE, POWER_METER, WATTS, select

ENTITY_DOMAINS: Final = [
    "climate",
    "humidifier",
    "input_boolean",
    "input_number",
    "input_select",
    "number",
    "select",
    "switch",
    "water_heater",
]
_KINDS = select([str(kind) for kind in SourceKind], "source_kind")


async def entity_schema(_: HomeAssistant) -> vol.Schema:
    """Its form."""
    return vol.Schema(
        {
            vol.Required(CONF_ENTITY): EntitySelector(EntitySelectorConfig(domain=ENTITY_DOMAINS)),
            vol.Required(CONF_SOURCE_KIND, default=str(SourceKind.DIRECT_ELECTRIC)): _KINDS,
            vol.Required("number_is", default=str(Control.POWER)): select(
                [str(Control.POWER), str(Control.FLOW)], "number_is"
            ),
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_NOMINAL_HEAT): WATTS,
            vol.Optional(CONF_FUEL_PRICE): FUEL_PRICE,
            vol.Optional(CONF_METER): POWER_METER,
        }
    )


async def entity(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    """Looks at its state."""
    state = hass.states.get(data[CONF_ENTITY])
    if state is None:
        raise UnreachableError(f"{data[CONF_ENTITY]} is not there")
    capabilities: Capabilities = entity_capabilities(state, entity_options(data))
    stored = {**data, CONF_CAPABILITIES: capabilities_to_dict(capabilities)}
    return [Choice(state.name, f"entity_{data[CONF_ENTITY]}", stored)]


async def external_schema(hass: HomeAssistant) -> vol.Schema:
    """Its form, with what is offered now."""
    offered = hass.data[DIRECTORY].sources
    options = [SelectOptionDict(value=source_id, label=source.name) for source_id, source in offered.items()]
    return vol.Schema(
        {
            vol.Required(CONF_REFERENCE): select(options),
            vol.Optional(CONF_NOMINAL_HEAT): WATTS,
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_FUEL_PRICE): FUEL_PRICE,
        }
    )


async def external(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    """What the other integration says of it."""
    source = hass.data[DIRECTORY].sources.get(data[CONF_REFERENCE])
    if source is None:
        raise UnreachableError("not offered any more")
    stored = {**data, CONF_CAPABILITIES: capabilities_to_dict(source.capabilities)}
    return [Choice(source.name, f"external_{source.source_id}", stored)]
