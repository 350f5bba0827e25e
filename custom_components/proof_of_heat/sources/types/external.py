"""Heat sources that another integration offers."""

from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectOptionDict
import probatio as vol

from ...const import CONF_CAPABILITIES, CONF_FUEL_PRICE, CONF_NOMINAL_HEAT, CONF_NOMINAL_POWER, CONF_REFERENCE
from ...drivers.capabilities import capabilities_to_dict
from ...flows.fields import FUEL_PRICE, WATTS, select
from ...flows.form import DeviceCandidate, FieldError, SourceForm
from ..external import DIRECTORY, ExternalSource
from ..source_type import CreatedSource, SourceContext, SourceType

KEY: Final = "external"


async def schema(hass: HomeAssistant) -> vol.Schema:
    """Return the form with the sources that are offered now."""
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


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Store the capabilities that the other integration reports."""
    source = hass.data[DIRECTORY].sources.get(data[CONF_REFERENCE])
    if source is None:
        raise FieldError(CONF_REFERENCE, "not_offered")
    stored = {**data, CONF_CAPABILITIES: capabilities_to_dict(source.capabilities)}
    return [DeviceCandidate(source.name, f"external_{source.source_id}", stored)]


def is_empty(hass: HomeAssistant) -> bool:
    """Return whether no integration offers a source."""
    return not hass.data[DIRECTORY].sources


async def create(context: SourceContext) -> CreatedSource:
    """Create the proxy of the other integration's source."""
    source = ExternalSource(context.hass, context.data[CONF_REFERENCE], context.subentry.title, context.capabilities)
    return CreatedSource(source, close=source.close)


SOURCE_TYPE: Final = SourceType(
    key=KEY,
    menu_order=70,
    forms={KEY: SourceForm(schema, connect, {"": CONF_REFERENCE}, is_empty=is_empty)},
    create=create,
    has_credentials=False,
)
