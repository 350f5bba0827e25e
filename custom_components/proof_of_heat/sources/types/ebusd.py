"""Boilers and heat pumps on the eBUS, through ebusd."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.selector import TextSelector
import probatio as vol

from ..._lib.heat_source import HeatSource
from ...const import (
    CONF_ADDRESS,
    CONF_CAPABILITIES,
    CONF_FUEL_PRICE,
    CONF_INFO,
    CONF_METER,
    CONF_NOMINAL_HEAT,
    CONF_NOMINAL_POWER,
)
from ...drivers.capabilities import capabilities_to_dict
from ...drivers.ebusd.client import PORT as EBUSD_PORT, EbusdClient
from ...drivers.ebusd.messages import UNITS
from ...drivers.ebusd.source import EbusdSource, capabilities_of, find_bus
from ...flows.fields import FUEL_PRICE, PORT, POWER_METER, WATTS
from ...flows.form import DeviceCandidate, SourceForm
from ...sensors.readings import HEAT_PUMP_READINGS, RETURN_TEMPERATURE, reading_sensors
from ..source_type import CreatedSource, SourceContext, SourceType

KEY: Final = "ebusd"
_MANUFACTURER: Final = "Vaillant"
_COUNTERS: Final = "counters"


async def schema(_: HomeAssistant) -> vol.Schema:
    """Return the form."""
    return vol.Schema(
        {
            vol.Required(CONF_ADDRESS): TextSelector(),
            vol.Required(CONF_PORT, default=EBUSD_PORT): PORT,
            vol.Optional(CONF_NOMINAL_HEAT): WATTS,
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_FUEL_PRICE): FUEL_PRICE,
            vol.Optional(CONF_METER): POWER_METER,
        }
    )


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Look for the messages of known devices."""
    host, port = str(data[CONF_ADDRESS]).strip(), int(data[CONF_PORT])
    bus = await find_bus(EbusdClient(host, port))
    capabilities = capabilities_to_dict(capabilities_of(bus))
    info = {"make": _MANUFACTURER, _COUNTERS: ["electricity"] if bus.counts_electricity else []}
    stored = {**data, CONF_ADDRESS: host, CONF_PORT: port, CONF_CAPABILITIES: capabilities, CONF_INFO: info}
    return [DeviceCandidate(_MANUFACTURER, f"ebusd_{host}_{port}", stored)]


async def create(context: SourceContext) -> CreatedSource:
    """Create the source."""
    client = EbusdClient(str(context.data[CONF_ADDRESS]), int(context.data.get(CONF_PORT, EBUSD_PORT)))
    source = EbusdSource(context.source_id, context.subentry.title, client, context.capabilities)
    listed = (context.data.get(CONF_INFO) or {}).get(_COUNTERS)
    is_counted = isinstance(listed, list) and "electricity" in listed
    counters = frozenset({"electricity"}) if is_counted else frozenset()
    return CreatedSource(source, close=source.close, counters=counters)


def device(data: Mapping[str, Any], source: HeatSource) -> DeviceInfo:
    """Describe the device."""
    return DeviceInfo(manufacturer=_MANUFACTURER, model="eBUS")


SOURCE_TYPE: Final = SourceType(
    key=KEY,
    menu_order=45,
    forms={KEY: SourceForm(schema, connect, {"": CONF_ADDRESS})},
    create=create,
    poll_interval_s=60.0,
    redacted=frozenset({CONF_ADDRESS}),
    sensors=(RETURN_TEMPERATURE, *reading_sensors({key: UNITS[key] for key in HEAT_PUMP_READINGS if key in UNITS})),
    device=device,
)
