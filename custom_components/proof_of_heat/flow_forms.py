"""The forms of heat sources: which fields each kind asks for, and how what was entered is tried out."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
import time
from typing import Any, Final, Literal

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_TOKEN, CONF_USERNAME, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio as vol

from ._lib.heat_source import Capabilities, Control, SourceKind
from .const import (
    CONF_ADDRESS,
    CONF_API_KEY,
    CONF_API_SECRET,
    CONF_CAPABILITIES,
    CONF_CLIENT_ID,
    CONF_DAY_LIMIT,
    CONF_EFFICIENCY_J_TH,
    CONF_ENTITY,
    CONF_FUEL_PRICE,
    CONF_IDLE_ON_RELEASE,
    CONF_INFO,
    CONF_KIND,
    CONF_METER,
    CONF_NOMINAL_HEAT,
    CONF_NOMINAL_POWER,
    CONF_ORGANISATION,
    CONF_POWER_LOW,
    CONF_POWER_NORMAL,
    CONF_REFERENCE,
    CONF_REFRESH_TOKEN,
    CONF_RIG,
    CONF_SOURCE_KIND,
    CONF_TEMPLATE,
    CONF_UNIT_ID,
    DEFAULT_DAY_LIMIT,
)
from .drivers.budget import CallBudget
from .drivers.cloud.source import capabilities_of as rig_capabilities
from .drivers.errors import AuthError, BadReplyError, DriverError, LimitedError, RefusedError, UnreachableError
from .drivers.miner.connect import client_for
from .drivers.miner.probe import probe
from .drivers.modbus.source import ModbusSource
from .drivers.modbus.template import TemplateError
from .drivers.stored import capabilities_to_dict
from .drivers.viessmann.client import API_URL, IAM_URL, TokenKeeper, ViessmannClient, sign_in
from .drivers.viessmann.features import Reading
from .drivers.viessmann.source import capabilities_of as viessmann_capabilities
from .entity_source import capabilities_of as entity_capabilities
from .external import DIRECTORY
from .sources import account_of, async_templates, entity_options, limits_of, modbus_params, mode_power

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
ERRORS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (AuthError, "invalid_auth"),
    (LimitedError, "limited"),
    (RefusedError, "refused"),
    (BadReplyError, "not_supported"),
    (UnreachableError, "cannot_connect"),
    (TemplateError, "template_invalid"),
    (HomeAssistantError, "cannot_connect"),
)
CAUGHT: Final = (DriverError, TemplateError, HomeAssistantError)


@dataclass(frozen=True, slots=True)
class Choice:
    """A source that could be added."""

    title: str
    unique_id: str
    data: dict[str, Any]


type SchemaMaker = Callable[[HomeAssistant], Awaitable[vol.Schema]]
type Connector = Callable[[HomeAssistant, dict[str, Any]], Awaitable[list[Choice]]]


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of source. `secrets`: asked anew when the device refuses our credentials."""

    schema: SchemaMaker
    connect: Connector
    secrets: tuple[str, ...] = ()


def error_of(err: Exception) -> str:
    """The text key of what went wrong."""
    return next(key for kind, key in ERRORS if isinstance(err, kind))


_SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_POWER_METER = EntitySelector(EntitySelectorConfig(domain="sensor", device_class=["power", "energy"]))


def _number(low: float, high: float, unit: str | None = None, step: float | Literal["any"] = 1) -> NumberSelector:
    config = NumberSelectorConfig(min=low, max=high, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


_WATTS = _number(0, 100_000, UnitOfPower.WATT)
_PORT = _number(1, 65535)
_EFFICIENCY: Final = (5, 200)


def _select(options: list[str] | list[SelectOptionDict], key: str | None = None) -> SelectSelector:
    config = SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
    if key is not None:
        config["translation_key"] = key
    return SelectSelector(config)


_KINDS = _select([str(kind) for kind in SourceKind], "source_kind")


# --- miners -------------------------------------------------------------------------------------------------


async def _miner_schema(_: HomeAssistant) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_ADDRESS): TextSelector(),
            vol.Optional(CONF_PASSWORD): _SECRET,
            vol.Required(CONF_PORT, default=80): _PORT,
            vol.Optional(CONF_POWER_NORMAL): _WATTS,
            vol.Optional(CONF_POWER_LOW): _WATTS,
            vol.Optional(CONF_METER): _POWER_METER,
            vol.Optional(CONF_EFFICIENCY_J_TH): _number(*_EFFICIENCY, "J/TH", 0.1),
            vol.Required(CONF_IDLE_ON_RELEASE, default=True): BooleanSelector(),
        }
    )


async def _miner(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    session = async_get_clientsession(hass)
    port = int(data[CONF_PORT])
    found = await probe(session, data[CONF_ADDRESS].strip(), port)
    client = client_for(found, session, data.get(CONF_PASSWORD), http_port=port, mode_power_w=mode_power(data))
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


async def _nicehash_schema(_: HomeAssistant) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_API_KEY): TextSelector(),
            vol.Required(CONF_API_SECRET): _SECRET,
            vol.Required(CONF_ORGANISATION): TextSelector(),
            vol.Optional(CONF_NOMINAL_POWER): _WATTS,
            vol.Optional(CONF_HOST): TextSelector(),
        }
    )


async def _hiveos_schema(_: HomeAssistant) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_TOKEN): _SECRET,
            vol.Optional(CONF_NOMINAL_POWER): _WATTS,
            vol.Optional(CONF_HOST): TextSelector(),
        }
    )


async def _rigs(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    rigs = await account_of(hass, data).rigs()
    choices = []
    for rig in rigs.values():
        capabilities = rig_capabilities(rig)
        if not capabilities.controls:
            continue
        extra = {} if data.get(CONF_NOMINAL_POWER) or not rig.power_w else {CONF_NOMINAL_POWER: rig.power_w}
        stored = {**data, **extra, CONF_RIG: rig.id, CONF_CAPABILITIES: capabilities_to_dict(capabilities)}
        choices.append(Choice(rig.name, f"{data[CONF_KIND]}_{rig.id}", stored))
    return choices


# --- heat pumps and boilers ---------------------------------------------------------------------------------


async def _viessmann_schema(_: HomeAssistant) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_CLIENT_ID): TextSelector(),
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_PASSWORD): _SECRET,
            vol.Required(CONF_DAY_LIMIT, default=DEFAULT_DAY_LIMIT): _number(100, 100_000),
            vol.Optional(CONF_NOMINAL_HEAT): _WATTS,
            vol.Optional(CONF_NOMINAL_POWER): _WATTS,
            vol.Optional(CONF_METER): _POWER_METER,
            vol.Optional(CONF_HOST): TextSelector(),
        }
    )


async def _viessmann(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    """Signs in with the password and forgets it; three calls of the budget for one device."""
    host = data.get(CONF_HOST)
    iam_url = f"{host}/idp/v3" if host else IAM_URL
    api_url = f"{host}/iot/v2" if host else API_URL
    token = await hass.async_add_executor_job(
        sign_in, data[CONF_CLIENT_ID], data[CONF_USERNAME], data[CONF_PASSWORD], iam_url
    )
    keeper = TokenKeeper(data[CONF_CLIENT_ID], token, iam_url=iam_url)

    async def nowhere(_: dict[str, Any]) -> None:
        """The flow has no ledger yet; its few calls are not counted over a restart."""

    client = ViessmannClient(keeper, CallBudget(limits_of(data), time.time), nowhere, api_url)
    choices = []
    try:
        for device in await client.devices():
            reading = await client.read(device)
            capabilities = viessmann_capabilities(reading)
            if not capabilities.controls:
                continue
            info = {"device": asdict(device), "iam_url": iam_url, "api_url": api_url, **_takes(reading)}
            stored = {key: value for key, value in data.items() if key not in (CONF_PASSWORD, CONF_USERNAME, CONF_HOST)}
            stored |= {
                CONF_REFRESH_TOKEN: keeper.token.refresh,
                CONF_INFO: info,
                CONF_CAPABILITIES: capabilities_to_dict(capabilities),
            }
            choices.append(Choice(device.model, f"viessmann_{device.gateway}_{device.id}", stored))
    finally:
        await client.close()
    return choices


def _takes(reading: Reading) -> dict[str, Any]:
    return {
        "modes": list(reading.modes),
        "dhw_separate": reading.dhw_separate,
        "slope_step": reading.slope_step,
        "level_step": reading.level_step,
    }


async def _modbus_schema(hass: HomeAssistant) -> vol.Schema:
    templates = await async_templates(hass)
    options = [SelectOptionDict(value=key, label=template.name) for key, template in templates.items()]
    return vol.Schema(
        {
            vol.Required(CONF_TEMPLATE): _select(options),
            vol.Required(CONF_ADDRESS): TextSelector(),
            vol.Required(CONF_PORT, default=502): _PORT,
            vol.Required(CONF_UNIT_ID, default=1): _number(0, 255),
            vol.Optional(CONF_NOMINAL_HEAT): _WATTS,
            vol.Optional(CONF_NOMINAL_POWER): _WATTS,
            vol.Optional(CONF_FUEL_PRICE): _number(0, 10, None, "any"),
            vol.Optional(CONF_METER): _POWER_METER,
        }
    )


async def _modbus(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    from homeassistant.components.modbus import async_get_temporary_unit

    template = (await async_templates(hass))[data[CONF_TEMPLATE]]
    unit_id = int(data[CONF_UNIT_ID])
    async with async_get_temporary_unit(hass, modbus_params(data), unit_id) as unit:
        unit.require_timeout(template.timeout_s)
        source = ModbusSource("flow:modbus", template.name, unit, template)
        state = await source.refresh()
    if state.health == "failing":
        raise UnreachableError(state.detail)
    stored = {
        **data,
        CONF_PORT: int(data[CONF_PORT]),
        CONF_UNIT_ID: unit_id,
        CONF_CAPABILITIES: capabilities_to_dict(source.capabilities),
    }
    return [Choice(template.name, f"modbus_{data[CONF_ADDRESS]}_{stored[CONF_PORT]}_{unit_id}", stored)]


# --- what is in Home Assistant already ----------------------------------------------------------------------


async def _entity_schema(_: HomeAssistant) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_ENTITY): EntitySelector(EntitySelectorConfig(domain=ENTITY_DOMAINS)),
            vol.Required(CONF_SOURCE_KIND, default=str(SourceKind.DIRECT_ELECTRIC)): _KINDS,
            vol.Required("number_is", default=str(Control.POWER)): _select(
                [str(Control.POWER), str(Control.FLOW)], "number_is"
            ),
            vol.Optional(CONF_NOMINAL_POWER): _WATTS,
            vol.Optional(CONF_NOMINAL_HEAT): _WATTS,
            vol.Optional(CONF_FUEL_PRICE): _number(0, 10, None, "any"),
            vol.Optional(CONF_METER): _POWER_METER,
        }
    )


async def _entity(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    state = hass.states.get(data[CONF_ENTITY])
    if state is None:
        raise UnreachableError(f"{data[CONF_ENTITY]} is not there")
    capabilities: Capabilities = entity_capabilities(state, entity_options(data))
    stored = {**data, CONF_CAPABILITIES: capabilities_to_dict(capabilities)}
    return [Choice(state.name, f"entity_{data[CONF_ENTITY]}", stored)]


async def _external_schema(hass: HomeAssistant) -> vol.Schema:
    offered = hass.data[DIRECTORY].sources
    options = [SelectOptionDict(value=source_id, label=source.name) for source_id, source in offered.items()]
    return vol.Schema(
        {
            vol.Required(CONF_REFERENCE): _select(options),
            vol.Optional(CONF_NOMINAL_HEAT): _WATTS,
            vol.Optional(CONF_NOMINAL_POWER): _WATTS,
            vol.Optional(CONF_FUEL_PRICE): _number(0, 10, None, "any"),
        }
    )


async def _external(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    source = hass.data[DIRECTORY].sources.get(data[CONF_REFERENCE])
    if source is None:
        raise UnreachableError("not offered any more")
    stored = {**data, CONF_CAPABILITIES: capabilities_to_dict(source.capabilities)}
    return [Choice(source.name, f"external_{source.source_id}", stored)]


FORMS: Final[dict[str, Form]] = {
    "miner": Form(_miner_schema, _miner, (CONF_PASSWORD,)),
    "viessmann": Form(_viessmann_schema, _viessmann, (CONF_USERNAME, CONF_PASSWORD)),
    "modbus": Form(_modbus_schema, _modbus),
    "entity": Form(_entity_schema, _entity),
    "external": Form(_external_schema, _external),
    "nicehash": Form(_nicehash_schema, _rigs, (CONF_API_KEY, CONF_API_SECRET)),
    "hiveos": Form(_hiveos_schema, _rigs, (CONF_TOKEN,)),
}
