"""Viessmann heat pumps and boilers through the manufacturer's cloud."""

from collections.abc import Mapping
from dataclasses import asdict
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio as vol

from ..._lib.heat_source import HeatSource
from ...const import (
    CONF_AUTH_IMPLEMENTATION,
    CONF_CAPABILITIES,
    CONF_CLIENT_ID,
    CONF_DAY_LIMIT,
    CONF_FUEL_PRICE,
    CONF_INFO,
    CONF_METER,
    CONF_NOMINAL_HEAT,
    CONF_NOMINAL_POWER,
    CONF_REFRESH_TOKEN,
    CONF_SHORT_LIMIT,
    DEFAULT_DAY_LIMIT,
    DEFAULT_SHORT_LIMIT,
)
from ...drivers.call_budget import CallLimits
from ...drivers.capabilities import capabilities_to_dict
from ...drivers.errors import BadReplyError, DriverError, RefusedError, UnreachableError
from ...drivers.viessmann.client import API_URL, IAM_URL, Device, Token, TokenStore, ViessmannClient, sign_in, token_of
from ...drivers.viessmann.features import UNITS, ViessmannReading
from ...drivers.viessmann.source import ViessmannSource, capabilities_of
from ...flows.fields import FUEL_PRICE, POWER_METER, SECRET, WATTS, number
from ...flows.form import DeviceCandidate, FieldError, SourceForm
from ...flows.sign_in import CONF_SIGN_IN_TOKEN, SignInRequiredError
from ...sensors.readings import COUNTERS, HEAT_PUMP_READINGS, RETURN_TEMPERATURE, reading_sensors
from ..call_budgets import account_key, async_account_budget
from ..source_type import CreatedSource, SourceContext, SourceType, device_from_info
from ..viessmann_sign_in import async_client_ids, async_sign_in

_LOGGER = logging.getLogger(__name__)

KEY: Final = "viessmann"
SIGN_IN: Final = "viessmann_sign_in"
"""The form for the sign-in at the website, which is offered before that with a password."""
_IAM_PATH: Final = "/idp/v3"
_API_PATH: Final = "/iot/v2"
_ENTERED_ONLY: Final = (CONF_PASSWORD, CONF_USERNAME, CONF_HOST, CONF_SIGN_IN_TOKEN)


async def schema(_: HomeAssistant) -> vol.Schema:
    """Return the form with a password."""
    return vol.Schema(
        {
            vol.Required(CONF_CLIENT_ID): TextSelector(),
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_PASSWORD): SECRET,
            **_FIELDS,
        }
    )


async def sign_in_schema(hass: HomeAssistant) -> vol.Schema:
    """Return the form without credentials: the user signs in at the website."""
    known = [
        SelectOptionDict(value=client_id, label=f"{name} ({client_id})")
        for client_id, name in (await async_client_ids(hass)).items()
    ]
    config = SelectSelectorConfig(options=known, custom_value=True, mode=SelectSelectorMode.DROPDOWN)
    client_id = vol.Required(CONF_CLIENT_ID, default=known[0]["value"]) if known else vol.Required(CONF_CLIENT_ID)
    return vol.Schema({client_id: SelectSelector(config) if known else TextSelector(), **_FIELDS})


_FIELDS: Final[dict[Any, Any]] = {
    vol.Required(CONF_DAY_LIMIT, default=DEFAULT_DAY_LIMIT): number(100, 100_000),
    vol.Required(CONF_SHORT_LIMIT, default=DEFAULT_SHORT_LIMIT): number(10, 10_000),
    vol.Optional(CONF_NOMINAL_HEAT): WATTS,
    vol.Optional(CONF_NOMINAL_POWER): WATTS,
    vol.Optional(CONF_FUEL_PRICE): FUEL_PRICE,
    vol.Optional(CONF_METER): POWER_METER,
    vol.Optional(CONF_HOST): TextSelector(),
}


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Sign in with a password and return the account's heat pumps. The password is not stored."""
    _check_limits(data)
    data = {**data, CONF_CLIENT_ID: _client_id(data)}
    if CONF_PASSWORD not in data and CONF_USERNAME not in data:
        return [_unchanged(data)]
    for field in (CONF_USERNAME, CONF_PASSWORD):
        if field not in data:
            raise FieldError(field, "password_needed")
    iam_url = _iam_url(data)
    token = await hass.async_add_executor_job(
        sign_in, data[CONF_CLIENT_ID], data[CONF_USERNAME], data[CONF_PASSWORD], iam_url
    )
    stored = {key: value for key, value in data.items() if key != CONF_AUTH_IMPLEMENTATION}
    return await _devices(hass, stored, token, iam_url)


async def connect_signed_in(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Return the account's heat pumps after the sign-in at the website; SignInRequiredError before it."""
    _check_limits(data)
    client_id = _client_id(data)
    # A change shows no server: it stays as it is.
    data = {**(as_entered(data) if CONF_INFO in data else {}), **data, CONF_CLIENT_ID: client_id}
    reply = data.get(CONF_SIGN_IN_TOKEN)
    if reply is None and CONF_REFRESH_TOKEN in data and _is_same_account(data):
        return [_unchanged(data)]
    signing_in = await async_sign_in(hass, client_id, _iam_url(data))
    if reply is None:
        raise SignInRequiredError(signing_in)
    return await _devices(hass, {**data, CONF_AUTH_IMPLEMENTATION: signing_in.domain}, token_of(reply), _iam_url(data))


def _client_id(data: Mapping[str, Any]) -> str:
    client_id = str(data[CONF_CLIENT_ID]).strip()
    if not client_id:
        raise FieldError(CONF_CLIENT_ID, "client_id_empty")
    return client_id


def _check_limits(data: Mapping[str, Any]) -> None:
    if data.get(CONF_SHORT_LIMIT, 0) > data.get(CONF_DAY_LIMIT, DEFAULT_DAY_LIMIT):
        raise FieldError(CONF_SHORT_LIMIT, "short_above_day")


def _iam_url(data: Mapping[str, Any]) -> str:
    host = data.get(CONF_HOST)
    return f"{host}{_IAM_PATH}" if host else IAM_URL


def _is_same_account(data: Mapping[str, Any]) -> bool:
    """Return whether the stored token is for the client ID and the server of the form."""
    info = data.get(CONF_INFO) or {}
    return bool(info.get(CONF_CLIENT_ID) == data[CONF_CLIENT_ID] and info.get("iam_url") == _iam_url(data))


async def _devices(hass: HomeAssistant, data: dict[str, Any], token: Token, iam_url: str) -> list[DeviceCandidate]:
    """Return the account's heat pumps; the calls count in the budget."""
    host = data.get(CONF_HOST)
    api_url = f"{host}{_API_PATH}" if host else API_URL
    tokens = TokenStore(data[CONF_CLIENT_ID], token, iam_url=iam_url)
    account = await async_account_budget(hass, data[CONF_CLIENT_ID], api_url, limits_of(data))
    client = ViessmannClient(tokens, account.budget, account.async_save, api_url)
    candidates = []
    try:
        for device, reading in await _readings(client):
            capabilities = capabilities_of(reading)
            if not capabilities.controls:
                continue
            info = {"device": asdict(device), "iam_url": iam_url, "api_url": api_url, **_properties(reading)}
            info[CONF_CLIENT_ID] = data[CONF_CLIENT_ID]
            stored = {key: value for key, value in data.items() if key not in _ENTERED_ONLY}
            stored |= {
                CONF_REFRESH_TOKEN: tokens.token.refresh,
                CONF_INFO: info,
                CONF_CAPABILITIES: capabilities_to_dict(capabilities),
            }
            candidates.append(_candidate(device, stored))
    finally:
        await client.close()
    return candidates


async def _readings(client: ViessmannClient) -> list[tuple[Device, ViessmannReading]]:
    """Return the readings of all heating circuits. A gateway that is offline does not hide the other devices."""
    found: list[tuple[Device, ViessmannReading]] = []
    failure: DriverError | None = None
    for device in await client.devices():
        try:
            found += [(device, reading) for reading in await client.read_circuits(device)]
        except (UnreachableError, RefusedError, BadReplyError) as err:
            _LOGGER.warning("%s (gateway %s) cannot be read: %s", device.model, device.gateway, err)
            failure = err
    if failure is not None and not found:
        raise failure
    return found


def _candidate(device: Device, stored: dict[str, Any]) -> DeviceCandidate:
    """Return a device with one of its heating circuits; the first one has the ID of the device."""
    info, title, unique_id = stored[CONF_INFO], device.model, f"viessmann_{device.gateway}_{device.id}"
    if len(info.get("circuits", ())) > 1:
        title = f"{title} {info['circuit'] + 1}"
    if info.get("circuits") and info["circuit"] != info["circuits"][0]:
        unique_id = f"{unique_id}_{info['circuit']}"
    return DeviceCandidate(title, unique_id, stored)


def _unchanged(data: dict[str, Any]) -> DeviceCandidate:
    """Return the stored device for a change without credentials: the cloud is not called."""
    info = data.get(CONF_INFO)
    if info is None or CONF_REFRESH_TOKEN not in data or (CONF_HOST in data and not _is_at(info, data[CONF_HOST])):
        raise FieldError(CONF_PASSWORD, "password_needed")
    # The stored token is valid only for the client that it was issued to.
    if info.get(CONF_CLIENT_ID, data[CONF_CLIENT_ID]) != data[CONF_CLIENT_ID]:
        raise FieldError(CONF_PASSWORD, "password_needed")
    stored = {key: value for key, value in data.items() if key not in _ENTERED_ONLY}
    return _candidate(Device(**info["device"]), stored)


def _is_at(info: Mapping[str, Any], host: str) -> bool:
    return bool(info.get("api_url") == f"{host}{_API_PATH}")


def _properties(reading: ViessmannReading) -> dict[str, Any]:
    """Return the properties of the heat pump that are stored."""
    return {
        "modes": list(reading.modes),
        "dhw_separate": reading.dhw_separate,
        "one_time_charge": reading.can_charge_hot_water,
        "slope_step": reading.slope_step,
        "level_step": reading.level_step,
        "circuit": reading.circuit,
        "circuits": list(reading.circuits),
    }


def reading_of(info: Mapping[str, Any]) -> ViessmannReading:
    """Return a reading that has the stored properties only."""
    return ViessmannReading(
        values={},
        modes=tuple(info.get("modes", ())),
        dhw_separate=bool(info.get("dhw_separate", False)),
        can_charge_hot_water=bool(info.get("one_time_charge", False)),
        slope_step=float(info.get("slope_step", 0.1)),
        level_step=float(info.get("level_step", 1.0)),
        curve_writable=True,
        circuit=int(info.get("circuit", 0)),
    )


def limits_of(data: Mapping[str, Any]) -> CallLimits:
    """Return the contract's call limits; a seventh of the daily one is reserved for commands."""
    day = int(data.get(CONF_DAY_LIMIT, DEFAULT_DAY_LIMIT))
    short = int(data.get(CONF_SHORT_LIMIT, DEFAULT_SHORT_LIMIT))
    return CallLimits(day=day, short=min(short, day), write_reserve=min(200, day // 7))


async def create(context: SourceContext) -> CreatedSource:
    """Create the source on the account's call budget."""
    hass, data, subentry_id = context.hass, context.data, context.subentry.subentry_id
    info = data[CONF_INFO]
    api_url = info.get("api_url", API_URL)
    account = await async_account_budget(hass, data[CONF_CLIENT_ID], api_url, limits_of(data))
    account.add_user(subentry_id, limits_of(data))

    def token_changed(token: Token) -> None:
        if context.entry is not None:
            hass.loop.call_soon_threadsafe(_store_token, hass, context.entry, subentry_id, token)

    tokens = TokenStore(
        data[CONF_CLIENT_ID],
        Token("", data[CONF_REFRESH_TOKEN], 0.0),
        iam_url=info.get("iam_url", IAM_URL),
        changed=token_changed,
    )
    client = ViessmannClient(tokens, account.budget, account.async_save, api_url)
    source = ViessmannSource(
        context.source_id,
        context.subentry.title,
        client,
        Device(**info["device"]),
        reading_of(info),
        capabilities=context.capabilities,
        circuit=info.get("circuit"),  # entries of earlier versions: the first enabled one
    )

    async def close() -> None:
        account.remove_user(subentry_id)
        await source.close()
        await client.close()

    return CreatedSource(source, account.budget, close, COUNTERS)


def _store_token(hass: HomeAssistant, entry: ConfigEntry, subentry_id: str, token: Token) -> None:
    """Store a refresh token that Viessmann renewed."""
    subentry = entry.subentries.get(subentry_id)
    if subentry is not None and subentry.data.get(CONF_REFRESH_TOKEN) != token.refresh:
        hass.config_entries.async_update_subentry(
            entry, subentry, data={**subentry.data, CONF_REFRESH_TOKEN: token.refresh}
        )


def device(data: Mapping[str, Any], source: HeatSource) -> DeviceInfo:
    """Describe the heat pump."""
    info = data[CONF_INFO]
    return {**device_from_info(data, source), "manufacturer": "Viessmann", "model": info["device"].get("model")}


def budget_key(data: Mapping[str, Any]) -> str:
    """Return the key of the account's stored call budget."""
    return account_key(data[CONF_CLIENT_ID], data[CONF_INFO].get("api_url", API_URL))


def form_name(data: Mapping[str, Any]) -> str:
    """Return the form with which a source was added: sign-in at the website, or a password."""
    return SIGN_IN if CONF_AUTH_IMPLEMENTATION in data else KEY


def as_entered(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored data as the form would: with the address of a server that is not the manufacturer's."""
    api_url = data[CONF_INFO].get("api_url")
    return dict(data) if api_url in (None, API_URL) else {**data, CONF_HOST: api_url.removesuffix(_API_PATH)}


SOURCE_TYPE: Final = SourceType(
    key=KEY,
    menu_order=20,
    forms={
        SIGN_IN: SourceForm(
            sign_in_schema,
            connect_signed_in,
            {"": CONF_CLIENT_ID, "limited": CONF_DAY_LIMIT},
            sign_in_form=SIGN_IN,
        ),
        KEY: SourceForm(
            schema,
            connect,
            {"": CONF_CLIENT_ID, "invalid_auth": CONF_PASSWORD, "limited": CONF_DAY_LIMIT},
            (CONF_USERNAME, CONF_PASSWORD),
            sign_in_form=SIGN_IN,
        ),
    },
    form_name=form_name,
    create=create,
    secrets=frozenset({CONF_PASSWORD, CONF_REFRESH_TOKEN, CONF_USERNAME}),
    redacted=frozenset({CONF_AUTH_IMPLEMENTATION, CONF_CLIENT_ID, CONF_HOST, "gateway", "installation", "serial"}),
    required_secrets=(CONF_REFRESH_TOKEN,),
    sensors=(
        RETURN_TEMPERATURE,
        *reading_sensors({key: UNITS.get(key) for key in HEAT_PUMP_READINGS}),
    ),
    device=device,
    budget_key=budget_key,
    as_entered=as_entered,
)
