"""Heat sources out of subentries: made at start-up without asking the device; what it can do was found in the flow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from weakref import WeakValueDictionary

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_ENTITIES, CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.hass_dict import HassKey

from .._lib.heat_source import Capabilities, Control, HeatSource, SourceKind
from ..const import (
    CONF_ADDRESS,
    CONF_API_KEY,
    CONF_API_SECRET,
    CONF_BAUDRATE,
    CONF_CAPABILITIES,
    CONF_CLIENT_ID,
    CONF_DAY_LIMIT,
    CONF_ENTITY,
    CONF_IDLE_ON_RELEASE,
    CONF_INFO,
    CONF_KIND,
    CONF_METER,
    CONF_NOMINAL_POWER,
    CONF_ORGANISATION,
    CONF_PARITY,
    CONF_POWER_LOW,
    CONF_POWER_NORMAL,
    CONF_REFERENCE,
    CONF_REFRESH_TOKEN,
    CONF_RIG,
    CONF_SHORT_LIMIT,
    CONF_SOURCE_KIND,
    CONF_STOPBITS,
    CONF_TEMPLATE,
    CONF_UNIT_ID,
    DEFAULT_DAY_LIMIT,
    DEFAULT_SHORT_LIMIT,
    DOMAIN,
)
from ..drivers.base import SourceBase
from ..drivers.call_budget import CallBudget, CallLimits
from ..drivers.capabilities import capabilities_from_dict
from ..drivers.cloud.account import CloudAccount, Rig
from ..drivers.cloud.hiveos import BASE_URL as HIVEOS_URL, HiveOsAccount
from ..drivers.cloud.nicehash import BASE_URL as NICEHASH_URL, NiceHashAccount
from ..drivers.cloud.source import RigSource
from ..drivers.miner.client_factory import create_client
from ..drivers.miner.models import MinerFamily
from ..drivers.miner.probe import ProbeResult
from ..drivers.miner.source import MinerSource
from ..drivers.modbus.connection import SerialSettings, connection_params
from ..drivers.modbus.source import ModbusSource
from ..drivers.modbus.template import DeviceTemplate, find_template, load_builtin, scan_folder
from ..drivers.modbus.write_counter import WriteCounter
from ..drivers.viessmann.client import API_URL, IAM_URL, Device, Token, TokenStore, ViessmannClient
from ..drivers.viessmann.features import ViessmannReading
from ..drivers.viessmann.source import ViessmannSource
from ..engine.config import SafetyLimits
from ..inputs.states import power_w
from .call_budgets import async_ledger
from .ha_entity import EntityOptions, EntitySource
from .vicare import ViCareSource
from .write_counter import write_counts

PARITIES: Final[Mapping[str, Literal["N", "E", "O"]]] = {"none": "N", "even": "E", "odd": "O"}
_NEEDED_SECRETS: Final[Mapping[str, tuple[str, ...]]] = {
    "hiveos": (CONF_TOKEN,),
    "nicehash": (CONF_API_KEY, CONF_API_SECRET),
    "viessmann": (CONF_REFRESH_TOKEN,),
}
COUNTERS: Final = frozenset({"electricity", "heat"})
POLL_S: Final[Mapping[str, float]] = {
    "miner": 30.0,
    "nicehash": 60.0,
    "hiveos": 60.0,
    "viessmann": 30.0,
    "modbus": 20.0,
    "entity": 15.0,
    "external": 30.0,
    "vicare": 30.0,
}


@dataclass(frozen=True, slots=True)
class Built:
    """A source and what belongs to it."""

    source: HeatSource
    poll_s: float
    budget: CallBudget | None = None
    close: Callable[[], Any] | None = None
    counts: frozenset[str] = frozenset()
    """Which of electricity and heat the device counts itself."""


async def async_templates(hass: HomeAssistant) -> tuple[dict[str, DeviceTemplate], list[str]]:
    """The templates that ship and those of the user's folder; and what is wrong with files of the latter."""
    from pathlib import Path

    def load() -> tuple[dict[str, DeviceTemplate], list[str]]:
        own, mistakes = scan_folder(Path(hass.config.path(DOMAIN, "templates")))
        return {**load_builtin(), **own}, mistakes

    return await hass.async_add_executor_job(load)


async def async_template(hass: HomeAssistant, template_id: str) -> DeviceTemplate:
    """One template; raises TemplateError. Mistakes in other files of the user stop no device."""
    from pathlib import Path

    return await hass.async_add_executor_job(find_template, template_id, Path(hass.config.path(DOMAIN, "templates")))


async def async_build(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> Built:
    """The source of a subentry; raises for what cannot work at all (a template that is gone)."""
    kind = str(subentry.data[CONF_KIND])
    built = await _BUILDERS[kind](hass, entry, subentry)
    source = built.source
    if isinstance(source, SourceBase) and kind != "modbus" and _outlives_start(source):
        source.resume(await _writes_of(hass, subentry))
    return built


def _outlives_start(source: SourceBase) -> bool:
    """Whether writes may be further apart than the first minute of a run, in which nothing is commanded."""
    return source.capabilities.min_write_interval_s > SafetyLimits().read_only_s


async def _writes_of(hass: HomeAssistant, subentry: ConfigSubentry) -> WriteCounter:
    return await write_counts(hass).async_of(subentry.unique_id or subentry.subentry_id)


def secrets_missing(data: Mapping[str, Any]) -> bool:
    """Whether a source cannot be made for lack of a secret (it came from a text without secrets)."""
    return any(not data.get(name) for name in _NEEDED_SECRETS.get(str(data[CONF_KIND]), ()))


def _id(subentry: ConfigSubentry) -> str:
    return f"{DOMAIN}:{subentry.subentry_id}"


def _capabilities(subentry: ConfigSubentry) -> Capabilities:
    return capabilities_from_dict(subentry.data[CONF_CAPABILITIES])


def mode_power(data: Mapping[str, Any]) -> dict[str, float]:
    """What a stock miner draws in each mode, as far as the user said."""
    pairs = (("low", data.get(CONF_POWER_LOW)), ("normal", data.get(CONF_POWER_NORMAL)))
    return {mode: float(watts) for mode, watts in pairs if watts}


async def _miner(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> Built:
    data = subentry.data
    found = ProbeResult(data[CONF_ADDRESS], MinerFamily(data[CONF_INFO]["family"]), data[CONF_INFO].get("variant", ""))
    client = create_client(
        found,
        async_get_clientsession(hass),
        data.get(CONF_PASSWORD),
        http_port=int(data.get(CONF_PORT, 80)),
        mode_power_w=mode_power(data),
    )
    meter = data.get(CONF_METER)
    source = MinerSource(
        _id(subentry),
        subentry.title,
        client,
        _capabilities(subentry),
        meter_w=(lambda: power_w(hass, meter)) if meter else None,
        idle_on_release=bool(data.get(CONF_IDLE_ON_RELEASE, True)),
    )
    return Built(source, POLL_S["miner"], close=source.close)


def account_of(hass: HomeAssistant, data: Mapping[str, Any]) -> CloudAccount:
    """The cloud account of a subentry's (or a form's) data."""
    session = async_get_clientsession(hass)
    if data[CONF_KIND] == "nicehash":
        return NiceHashAccount(
            session,
            data[CONF_API_KEY],
            data[CONF_API_SECRET],
            data[CONF_ORGANISATION],
            base_url=data.get(CONF_HOST, NICEHASH_URL),
        )
    return HiveOsAccount(session, data[CONF_TOKEN], base_url=data.get(CONF_HOST, HIVEOS_URL))


_ACCOUNTS: HassKey[WeakValueDictionary[tuple[str, ...], CloudAccount]] = HassKey(f"{DOMAIN}_accounts")
_OF_ACCOUNT: Final = (CONF_KIND, CONF_HOST, CONF_API_KEY, CONF_API_SECRET, CONF_ORGANISATION, CONF_TOKEN)


def _shared_account(hass: HomeAssistant, data: Mapping[str, Any]) -> CloudAccount:
    """One account for all its rigs: a question brings the answers for all of them."""
    accounts = hass.data.setdefault(_ACCOUNTS, WeakValueDictionary())
    key = tuple(str(data.get(name, "")) for name in _OF_ACCOUNT)
    if (account := accounts.get(key)) is None:
        accounts[key] = account = account_of(hass, data)
    return account


async def _rig(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> Built:
    data = subentry.data
    capabilities = _capabilities(subentry)
    rig = Rig(id=data[CONF_RIG], name=subentry.title, mining=None, online=False, modes=capabilities.modes)
    source = RigSource(_id(subentry), _shared_account(hass, data), rig, capabilities=capabilities)
    return Built(source, POLL_S[data[CONF_KIND]], close=source.close)


async def _viessmann(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> Built:
    data = subentry.data
    info = data[CONF_INFO]
    api_url = info.get("api_url", API_URL)
    ledger = await async_ledger(hass, data[CONF_CLIENT_ID], api_url, limits_of(data))
    ledger.hold(subentry.subentry_id, limits_of(data))

    def changed(token: Token) -> None:
        hass.loop.call_soon_threadsafe(_keep_token, hass, entry, subentry.subentry_id, token)

    keeper = TokenStore(
        data[CONF_CLIENT_ID],
        Token("", data[CONF_REFRESH_TOKEN], 0.0),
        iam_url=info.get("iam_url", IAM_URL),
        changed=changed,
    )
    client = ViessmannClient(keeper, ledger.budget, ledger.save, api_url)
    device = Device(**info["device"])
    source = ViessmannSource(
        _id(subentry), subentry.title, client, device, reading_of(info), capabilities=_capabilities(subentry)
    )

    async def close() -> None:
        ledger.let_go(subentry.subentry_id)
        await source.close()
        await client.close()

    return Built(source, POLL_S["viessmann"], ledger.budget, close, COUNTERS)


def limits_of(data: Mapping[str, Any]) -> CallLimits:
    """The call limits of a contract; a seventh is kept for writing."""
    day = int(data.get(CONF_DAY_LIMIT, DEFAULT_DAY_LIMIT))
    short = int(data.get(CONF_SHORT_LIMIT, DEFAULT_SHORT_LIMIT))
    return CallLimits(day=day, short=min(short, day), write_reserve=min(200, day // 7))


def reading_of(info: Mapping[str, Any]) -> ViessmannReading:
    """What the heat pump takes, as found in the flow."""
    return ViessmannReading(
        values={},
        modes=tuple(info.get("modes", ())),
        dhw_separate=bool(info.get("dhw_separate", False)),
        slope_step=float(info.get("slope_step", 0.1)),
        level_step=float(info.get("level_step", 1.0)),
        curve_writable=True,
    )


def _keep_token(hass: HomeAssistant, entry: ConfigEntry, subentry_id: str, token: Token) -> None:
    """Viessmann changes the refresh token at times: keep the newest."""
    subentry = entry.subentries.get(subentry_id)
    if subentry is not None and subentry.data.get(CONF_REFRESH_TOKEN) != token.refresh:
        hass.config_entries.async_update_subentry(
            entry, subentry, data={**subentry.data, CONF_REFRESH_TOKEN: token.refresh}
        )


async def _modbus(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> Built:
    from homeassistant.components.modbus import async_get_unit

    data = subentry.data
    template = await async_template(hass, str(data[CONF_TEMPLATE]))
    unit = async_get_unit(hass, entry, modbus_params(data, template), int(data.get(CONF_UNIT_ID, template.unit_id)))
    unit.require_timeout(template.timeout_s)
    if template.spacing_s:
        unit.set_message_spacing(template.spacing_s)
    source = ModbusSource(_id(subentry), subentry.title, unit, template, writes=await _writes_of(hass, subentry))
    return Built(source, POLL_S["modbus"], close=source.close, counts=COUNTERS & template.registers.keys())


def modbus_params(data: Mapping[str, Any], template: DeviceTemplate | None = None) -> Any:
    """Link settings of a subentry's (or a form's) data: what the form says of a serial line, else the template."""
    line = template.serial if template is not None else None
    if CONF_BAUDRATE in data:
        line = SerialSettings(
            baudrate=int(data[CONF_BAUDRATE]),
            parity=PARITIES[data.get(CONF_PARITY, "none")],
            stopbits=2 if str(data.get(CONF_STOPBITS)) == "2" else 1,
        )
    return connection_params(str(data[CONF_ADDRESS]), int(data.get(CONF_PORT, 502)), line)


def entity_options(data: Mapping[str, Any]) -> EntityOptions:
    """What the user said of an entity."""
    return EntityOptions(
        entity_id=data[CONF_ENTITY],
        kind=SourceKind(data.get(CONF_SOURCE_KIND, SourceKind.DIRECT_ELECTRIC)),
        power_entity=data.get(CONF_METER),
        nominal_w=data.get(CONF_NOMINAL_POWER),
        number_is=Control(data.get("number_is", Control.POWER)),
        fuel="electricity" if data.get("fuel_price") is None else "fuel",
    )


async def _entity(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> Built:
    source = EntitySource(hass, _id(subentry), subentry.title, entity_options(subentry.data), _capabilities(subentry))
    return Built(source, POLL_S["entity"], close=source.close)


async def _vicare(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> Built:
    data = subentry.data
    source = ViCareSource(
        hass,
        _id(subentry),
        subentry.title,
        data[CONF_ENTITIES],
        _capabilities(subentry),
        meter=data.get(CONF_METER),
        nominal_w=data.get(CONF_NOMINAL_POWER),
    )
    return Built(source, POLL_S["vicare"], close=source.close)


async def _external(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> Built:
    from .external import ExternalSource

    source = ExternalSource(hass, subentry.data[CONF_REFERENCE], subentry.title, _capabilities(subentry))
    return Built(source, POLL_S["external"], close=source.close)


_BUILDERS: Final = {
    "miner": _miner,
    "nicehash": _rig,
    "hiveos": _rig,
    "viessmann": _viessmann,
    "modbus": _modbus,
    "entity": _entity,
    "external": _external,
    "vicare": _vicare,
}
