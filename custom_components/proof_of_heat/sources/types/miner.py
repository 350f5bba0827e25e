"""Bitcoin miners in the local network."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
import logging
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    CONF_PASSWORD,
    CONF_PORT,
    REVOLUTIONS_PER_MINUTE,
    EntityCategory,
    UnitOfPower,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import BooleanSelector, TextSelector
import probatio as vol

from ...const import (
    CONF_ADDRESS,
    CONF_CAPABILITIES,
    CONF_EFFICIENCY_J_TH,
    CONF_IDLE_ON_RELEASE,
    CONF_INFO,
    CONF_METER,
    CONF_NOMINAL_POWER,
    CONF_POWER_LOW,
    CONF_POWER_NORMAL,
)
from ...drivers.capabilities import capabilities_from_dict, capabilities_to_dict
from ...drivers.errors import DriverError
from ...drivers.miner.avalon import is_avalon, variant_of
from ...drivers.miner.client_factory import create_client
from ...drivers.miner.models import MinerClient, MinerFamily, MinerInfo
from ...drivers.miner.operations import has_presets, operations_of
from ...drivers.miner.probe import ProbeResult, probe
from ...drivers.miner.source import MinerSource
from ...flows.fields import PORT, POWER_METER, SECRET, WATTS, number
from ...flows.form import DeviceCandidate, SourceForm
from ...inputs.states import drawn_w
from ...sensors.base import SourceSensorDescription, extra_value
from ...sensors.miner import MINER_SENSORS
from ..source_type import CreatedSource, SourceContext, SourceType, device_with_web_page

_LOGGER = logging.getLogger(__name__)

KEY: Final = "miner"
_HTTP_PORT: Final = 80
_EFFICIENCY_RANGE_J_TH: Final = (5, 200)
_MODE_FIELDS: Final = (CONF_POWER_NORMAL, CONF_POWER_LOW)


async def schema(_: HomeAssistant) -> vol.Schema:
    """Return the form."""
    return vol.Schema(
        {
            vol.Required(CONF_ADDRESS): TextSelector(),
            vol.Optional(CONF_PASSWORD): SECRET,
            vol.Required(CONF_PORT, default=_HTTP_PORT): PORT,
            vol.Optional(CONF_METER): POWER_METER,
            vol.Optional(CONF_POWER_NORMAL): WATTS,
            vol.Optional(CONF_POWER_LOW): WATTS,
            vol.Optional(CONF_EFFICIENCY_J_TH): number(*_EFFICIENCY_RANGE_J_TH, "J/TH", 0.1),
            vol.Required(CONF_IDLE_ON_RELEASE, default=True): BooleanSelector(),
        }
    )


def missing(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields of a miner that does not report its power: a sensor, or the power of its work modes."""
    capabilities, family = capabilities_from_dict(data[CONF_CAPABILITIES]), data[CONF_INFO]["family"]
    # Of the miners that pyasic reads, some have no power.
    if capabilities.reads_power and (family != MinerFamily.OTHER or CONF_NOMINAL_POWER in data):
        return ()
    has_work_modes = family == MinerFamily.ANTMINER and bool(capabilities.modes)
    return (CONF_METER, *(_MODE_FIELDS if has_work_modes else ()), CONF_EFFICIENCY_J_TH)


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Identify the miner and read it once."""
    session = async_get_clientsession(hass)
    port = int(data.get(CONF_PORT, _HTTP_PORT))
    found = await probe(session, data[CONF_ADDRESS].strip(), port)
    client = create_client(found, session, data.get(CONF_PASSWORD), http_port=port, mode_power_w=mode_power_w(data))
    info = await client.identify()
    capabilities = await client.capabilities()
    reading = await client.read()
    measured: dict[str, Any] = {}
    nominal = data.get(CONF_POWER_NORMAL) or capabilities.max_power_w or reading.power_limit_w or reading.power_w
    if nominal:
        measured[CONF_NOMINAL_POWER] = float(nominal)
    low, high = _EFFICIENCY_RANGE_J_TH
    if (efficiency := reading.efficiency_j_th) is not None and low <= efficiency <= high:
        measured[CONF_EFFICIENCY_J_TH] = round(efficiency, 1)
    stored = {
        **measured,
        **data,
        CONF_ADDRESS: found.host,
        CONF_PORT: port,
        CONF_INFO: {**asdict(info), "family": str(info.family), "variant": found.variant or info.variant},
        CONF_CAPABILITIES: capabilities_to_dict(capabilities),
    }
    return [DeviceCandidate(f"{info.make} {info.model}", info.mac or found.host, stored)]


def mode_power_w(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the power of a stock miner in each mode, as far as the user entered it."""
    pairs = (("low", data.get(CONF_POWER_LOW)), ("normal", data.get(CONF_POWER_NORMAL)))
    return {mode: float(watts) for mode, watts in pairs if watts}


async def create(context: SourceContext) -> CreatedSource:
    """Create the source."""
    hass, data = context.hass, context.data
    stored = _stored_info(data[CONF_INFO])
    client = create_client(
        ProbeResult(data[CONF_ADDRESS], stored.family, stored.variant),
        async_get_clientsession(hass),
        data.get(CONF_PASSWORD),
        http_port=int(data.get(CONF_PORT, _HTTP_PORT)),
        mode_power_w=mode_power_w(data),
    )
    # A sensor of several miners shows no power of one of them: its own reading, or a share of the sensor, is used.
    meter = None if context.shares_meter else data.get(CONF_METER)
    source = MinerSource(
        context.source_id,
        context.subentry.title,
        client,
        context.capabilities,
        meter_w=(lambda: drawn_w(hass, meter)) if meter else None,
        idle_on_release=bool(data.get(CONF_IDLE_ON_RELEASE, True)),
        operations=operations_of(stored),
        has_presets=has_presets(stored),
        identified=partial(_learn, context, stored),
    )
    return CreatedSource(source, close=source.close)


async def _learn(context: SourceContext, stored: MinerInfo, client: MinerClient) -> bool:
    """Store what a miner offers now if it differs from what was stored, which reloads the entry.

    It was added by a version that did not know its dialect, or its firmware was updated. Returns False while the entry
    is not loaded yet: a reload would interrupt its set-up.
    """
    info, entry = client.info, context.entry
    if entry is None or _offers(info) == _offers(stored):
        return True
    if entry.state is not ConfigEntryState.LOADED:
        return False
    try:
        capabilities = await client.capabilities()
    except DriverError as err:
        _LOGGER.debug("%s: its controls cannot be determined: %s", context.subentry.title, err)
        return True
    known = {**context.data[CONF_INFO], "variant": info.variant, "firmware": info.firmware}
    data = {**context.data, CONF_INFO: known, CONF_CAPABILITIES: capabilities_to_dict(capabilities)}
    context.hass.config_entries.async_update_subentry(entry, context.subentry, data=data)
    return True


def _offers(info: MinerInfo) -> tuple[object, ...]:
    """Return what of an identity determines which entities there are."""
    return info.family, info.variant, operations_of(info), has_presets(info)


def _stored_info(info: Mapping[str, Any]) -> MinerInfo:
    """Return the stored identity. An Avalon that was added as one of the other makes gets its own client."""
    if is_avalon(str(info.get("make", ""))):
        info = {**info, "family": MinerFamily.AVALON, "variant": variant_of(str(info.get("model", "")))}
    return MinerInfo(
        family=MinerFamily(info["family"]),
        make=str(info.get("make", "")),
        model=str(info.get("model", "")),
        firmware=info.get("firmware"),
        variant=str(info.get("variant", "")),
    )


SOURCE_TYPE: Final = SourceType(
    key=KEY,
    menu_order=10,
    forms={
        KEY: SourceForm(
            schema,
            connect,
            {"": CONF_ADDRESS, "invalid_auth": CONF_PASSWORD},
            (CONF_PASSWORD,),
            advanced=(CONF_PORT, CONF_METER, CONF_EFFICIENCY_J_TH),
            of_some=_MODE_FIELDS,
            missing=missing,
        ),
    },
    create=create,
    secrets=frozenset({CONF_PASSWORD}),
    redacted=frozenset({CONF_ADDRESS, "mac", "serial"}),
    sensors=(
        *MINER_SENSORS,
        SourceSensorDescription(
            key="fan_speed",
            native_unit_of_measurement=REVOLUTIONS_PER_MINUTE,
            state_class=SensorStateClass.MEASUREMENT,
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
            value_fn=extra_value("fan_speed"),
        ),
        SourceSensorDescription(
            key="self_limit",
            device_class=SensorDeviceClass.POWER,
            native_unit_of_measurement=UnitOfPower.WATT,
            state_class=SensorStateClass.MEASUREMENT,
            entity_category=EntityCategory.DIAGNOSTIC,
            value_fn=extra_value("self_limit"),
        ),
        SourceSensorDescription(
            key="uptime",
            device_class=SensorDeviceClass.DURATION,
            native_unit_of_measurement=UnitOfTime.SECONDS,
            suggested_unit_of_measurement=UnitOfTime.HOURS,
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
            value_fn=extra_value("uptime"),
        ),
    ),
    device=device_with_web_page,
)
