"""What is in Home Assistant already: entities, and sources of other integrations."""

from typing import Any, Final

from homeassistant.const import CONF_DEVICE, CONF_ENTITIES
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.selector import (
    DeviceSelector,
    DeviceSelectorConfig,
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
)
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
from ..drivers.capabilities import capabilities_to_dict
from ..sources.external import DIRECTORY
from ..sources.ha_entity import capabilities_of as entity_capabilities
from ..sources.registry import entity_options
from ..sources.vicare import LEVEL, SLOPE, capabilities_of as vicare_capabilities, entities_of
from .fields import FUEL_PRICE, POWER_METER, WATTS, select
from .form import Choice, FieldError

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
        raise FieldError(CONF_ENTITY, "entity_gone")
    capabilities: Capabilities = entity_capabilities(hass, state, entity_options(data))
    if not capabilities.controls - {Control.MODE}:
        raise FieldError(CONF_ENTITY, "not_commanded")
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
        raise FieldError(CONF_REFERENCE, "not_offered")
    stored = {**data, CONF_CAPABILITIES: capabilities_to_dict(source.capabilities)}
    return [Choice(source.name, f"external_{source.source_id}", stored)]


def nothing_offered(hass: HomeAssistant) -> bool:
    """Whether no other integration offers a source."""
    return not hass.data[DIRECTORY].sources


async def vicare_schema(_: HomeAssistant) -> vol.Schema:
    """Its form."""
    return vol.Schema(
        {
            vol.Required(CONF_DEVICE): DeviceSelector(DeviceSelectorConfig(integration="vicare")),
            vol.Optional(CONF_NOMINAL_HEAT): WATTS,
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_METER): POWER_METER,
        }
    )


def no_vicare(hass: HomeAssistant) -> bool:
    """Whether Home Assistant's own ViCare integration is not in use."""
    return not hass.config_entries.async_entries("vicare")


async def vicare(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    """Looks for the heating curve among the device's entities."""
    device = dr.async_get(hass).async_get(data[CONF_DEVICE])
    if device is None:
        raise FieldError(CONF_DEVICE, "entity_gone")
    entities = entities_of(er.async_entries_for_device(er.async_get(hass), device.id))
    if not {LEVEL, SLOPE} <= entities.keys():
        raise FieldError(CONF_DEVICE, "no_curve")
    capabilities = vicare_capabilities(hass, entities, meter=CONF_METER in data)
    stored = {**data, CONF_ENTITIES: entities, CONF_CAPABILITIES: capabilities_to_dict(capabilities)}
    return [Choice(device.name_by_user or device.name or "ViCare", f"vicare_{device.id}", stored)]
