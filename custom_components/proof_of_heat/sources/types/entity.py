"""Any controllable entity of Home Assistant."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig
import probatio as vol

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ...const import (
    CONF_CAPABILITIES,
    CONF_ENTITY,
    CONF_FUEL_PRICE,
    CONF_METER,
    CONF_NOMINAL_HEAT,
    CONF_NOMINAL_POWER,
    CONF_NUMBER_IS,
    CONF_SOURCE_KIND,
)
from ...drivers.capabilities import capabilities_to_dict
from ...flows.fields import FUEL_PRICE, POWER_METER, WATTS, is_own_control, select
from ...flows.form import DeviceCandidate, FieldError, SourceForm
from ..ha_entity import EntityOptions, EntitySource, capabilities_of
from ..source_type import CreatedSource, SourceContext, SourceType

KEY: Final = "entity"
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


async def schema(_: HomeAssistant) -> vol.Schema:
    """Return the form."""
    return vol.Schema(
        {
            vol.Required(CONF_ENTITY): EntitySelector(EntitySelectorConfig(domain=ENTITY_DOMAINS)),
            vol.Required(CONF_SOURCE_KIND, default=str(SourceKind.DIRECT_ELECTRIC)): select(
                [str(kind) for kind in SourceKind], "source_kind"
            ),
            vol.Required(CONF_NUMBER_IS, default=str(Control.POWER)): select(
                [str(Control.POWER), str(Control.FLOW)], "number_is"
            ),
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_NOMINAL_HEAT): WATTS,
            vol.Optional(CONF_FUEL_PRICE): FUEL_PRICE,
            vol.Optional(CONF_METER): POWER_METER,
        }
    )


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Determine from the entity's state what can be controlled."""
    state = hass.states.get(data[CONF_ENTITY])
    if state is None:
        raise FieldError(CONF_ENTITY, "entity_gone")
    if is_own_control(hass, data[CONF_ENTITY]):
        raise FieldError(CONF_ENTITY, "own_entity")
    capabilities: Capabilities = capabilities_of(hass, state, options_of(data))
    if not capabilities.controls - {Control.MODE}:
        raise FieldError(CONF_ENTITY, "not_commanded")
    stored = {**data, CONF_CAPABILITIES: capabilities_to_dict(capabilities)}
    return [DeviceCandidate(state.name, f"entity_{data[CONF_ENTITY]}", stored)]


def options_of(data: Mapping[str, Any]) -> EntityOptions:
    """Return the entity's options from a subentry's or form's data."""
    return EntityOptions(
        entity_id=data[CONF_ENTITY],
        kind=SourceKind(data.get(CONF_SOURCE_KIND, SourceKind.DIRECT_ELECTRIC)),
        power_entity=data.get(CONF_METER),
        nominal_w=data.get(CONF_NOMINAL_POWER),
        number_is=Control(data.get(CONF_NUMBER_IS, Control.POWER)),
        fuel="electricity" if data.get(CONF_FUEL_PRICE) is None else "fuel",
    )


async def create(context: SourceContext) -> CreatedSource:
    """Create the source."""
    source = EntitySource(
        context.hass, context.source_id, context.subentry.title, options_of(context.data), context.capabilities
    )
    return CreatedSource(source, close=source.close)


SOURCE_TYPE: Final = SourceType(
    key=KEY,
    menu_order=60,
    forms={KEY: SourceForm(schema, connect, {"": CONF_ENTITY})},
    create=create,
    poll_interval_s=15.0,
    modes_are_choices=False,
)
