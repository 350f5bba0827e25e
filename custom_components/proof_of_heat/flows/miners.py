"""Miners on the LAN and rigs in clouds."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import BooleanSelector, TextSelector
import probatio as vol

from ..const import (
    CONF_ADDRESS,
    CONF_API_KEY,
    CONF_API_SECRET,
    CONF_CAPABILITIES,
    CONF_EFFICIENCY_J_TH,
    CONF_IDLE_ON_RELEASE,
    CONF_INFO,
    CONF_KIND,
    CONF_METER,
    CONF_NOMINAL_POWER,
    CONF_ORGANISATION,
    CONF_POWER_LOW,
    CONF_POWER_NORMAL,
    CONF_RIG,
)
from ..drivers.capabilities import capabilities_to_dict
from ..drivers.cloud.source import capabilities_of as rig_capabilities
from ..drivers.miner.client_factory import create_client
from ..drivers.miner.probe import probe
from ..sources.registry import account_of, mode_power
from .fields import PORT, POWER_METER, SECRET, WATTS, number
from .form import Choice

_EFFICIENCY: Final = (5, 200)


async def miner_schema(_: HomeAssistant) -> vol.Schema:
    """Its form."""
    return vol.Schema(
        {
            vol.Required(CONF_ADDRESS): TextSelector(),
            vol.Optional(CONF_PASSWORD): SECRET,
            vol.Required(CONF_PORT, default=80): PORT,
            vol.Optional(CONF_POWER_NORMAL): WATTS,
            vol.Optional(CONF_POWER_LOW): WATTS,
            vol.Optional(CONF_METER): POWER_METER,
            vol.Optional(CONF_EFFICIENCY_J_TH): number(*_EFFICIENCY, "J/TH", 0.1),
            vol.Required(CONF_IDLE_ON_RELEASE, default=True): BooleanSelector(),
        }
    )


async def miner(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    """Recognises it and reads it once."""
    session = async_get_clientsession(hass)
    port = int(data[CONF_PORT])
    found = await probe(session, data[CONF_ADDRESS].strip(), port)
    client = create_client(found, session, data.get(CONF_PASSWORD), http_port=port, mode_power_w=mode_power(data))
    info = await client.identify()
    capabilities = await client.capabilities()
    reading = await client.read()
    extra: dict[str, Any] = {}
    nominal = data.get(CONF_POWER_NORMAL) or capabilities.max_power_w or reading.power_limit_w or reading.power_w
    if nominal:
        extra[CONF_NOMINAL_POWER] = float(nominal)
    if (measured := reading.efficiency_j_th) is not None and _EFFICIENCY[0] <= measured <= _EFFICIENCY[1]:
        extra[CONF_EFFICIENCY_J_TH] = round(measured, 1)
    stored = {
        **extra,
        **data,
        CONF_ADDRESS: found.host,
        CONF_INFO: {**asdict(info), "family": str(info.family), "variant": found.variant},
        CONF_CAPABILITIES: capabilities_to_dict(capabilities),
    }
    return [Choice(f"{info.make} {info.model}", info.mac or found.host, stored)]


async def nicehash_schema(_: HomeAssistant) -> vol.Schema:
    """Its form."""
    return vol.Schema(
        {
            vol.Required(CONF_API_KEY): TextSelector(),
            vol.Required(CONF_API_SECRET): SECRET,
            vol.Required(CONF_ORGANISATION): TextSelector(),
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_HOST): TextSelector(),
        }
    )


async def hiveos_schema(_: HomeAssistant) -> vol.Schema:
    """Its form."""
    return vol.Schema(
        {
            vol.Required(CONF_TOKEN): SECRET,
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_HOST): TextSelector(),
        }
    )


async def rigs(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    """The rigs of the account that can be commanded."""
    choices = []
    for rig in (await account_of(hass, data).rigs()).values():
        capabilities = rig_capabilities(rig)
        if not capabilities.controls:
            continue
        extra = {} if data.get(CONF_NOMINAL_POWER) or not rig.power_w else {CONF_NOMINAL_POWER: rig.power_w}
        stored = {**data, **extra, CONF_RIG: rig.id, CONF_CAPABILITIES: capabilities_to_dict(capabilities)}
        choices.append(Choice(rig.name, f"{data[CONF_KIND]}_{rig.id}", stored))
    return choices
