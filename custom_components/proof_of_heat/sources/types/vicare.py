"""Viessmann heat pumps of Home Assistant's ViCare integration."""

from typing import Any, Final

from homeassistant.const import CONF_DEVICE, CONF_ENTITIES
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.selector import DeviceSelector, DeviceSelectorConfig
import probatio as vol

from ...const import CONF_CAPABILITIES, CONF_METER, CONF_NOMINAL_HEAT, CONF_NOMINAL_POWER
from ...drivers.capabilities import capabilities_to_dict
from ...flows.fields import POWER_METER, WATTS
from ...flows.form import DeviceCandidate, FieldError, SourceForm
from ..source_type import CreatedSource, SourceContext, SourceType
from ..vicare import LEVEL, SLOPE, ViCareSource, capabilities_of, entities_of

KEY: Final = "vicare"


async def schema(_: HomeAssistant) -> vol.Schema:
    """Return the form."""
    return vol.Schema(
        {
            vol.Required(CONF_DEVICE): DeviceSelector(DeviceSelectorConfig(integration="vicare")),
            vol.Optional(CONF_NOMINAL_HEAT): WATTS,
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_METER): POWER_METER,
        }
    )


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Find the heating curve among the device's entities."""
    device = dr.async_get(hass).async_get(data[CONF_DEVICE])
    if device is None:
        raise FieldError(CONF_DEVICE, "entity_gone")
    entities = entities_of(er.async_entries_for_device(er.async_get(hass), device.id))
    if not {LEVEL, SLOPE} <= entities.keys():
        raise FieldError(CONF_DEVICE, "no_curve")
    capabilities = capabilities_of(hass, entities, meter=CONF_METER in data)
    stored = {**data, CONF_ENTITIES: entities, CONF_CAPABILITIES: capabilities_to_dict(capabilities)}
    return [DeviceCandidate(device.name_by_user or device.name or "ViCare", f"vicare_{device.id}", stored)]


def is_empty(hass: HomeAssistant) -> bool:
    """Return whether the ViCare integration is not set up."""
    return not hass.config_entries.async_entries("vicare")


async def create(context: SourceContext) -> CreatedSource:
    """Create the source."""
    data = context.data
    source = ViCareSource(
        context.hass,
        context.source_id,
        context.subentry.title,
        data[CONF_ENTITIES],
        context.capabilities,
        meter=data.get(CONF_METER),
        nominal_w=data.get(CONF_NOMINAL_POWER),
    )
    return CreatedSource(source, close=source.close)


SOURCE_TYPE: Final = SourceType(
    key=KEY,
    menu_order=30,
    forms={KEY: SourceForm(schema, connect, {"": CONF_DEVICE}, is_empty=is_empty)},
    create=create,
)
