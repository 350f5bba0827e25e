"""Heat pumps and boilers: the Viessmann cloud, Modbus."""

from contextlib import AsyncExitStack
from dataclasses import asdict
from textwrap import shorten
from typing import Any, Final

from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SerialPortSelector,
    TextSelector,
)
import probatio as vol

from ..const import (
    CONF_ADDRESS,
    CONF_BAUDRATE,
    CONF_CAPABILITIES,
    CONF_CLIENT_ID,
    CONF_DAY_LIMIT,
    CONF_FUEL_PRICE,
    CONF_INFO,
    CONF_METER,
    CONF_NOMINAL_HEAT,
    CONF_NOMINAL_POWER,
    CONF_PARITY,
    CONF_REFRESH_TOKEN,
    CONF_SHORT_LIMIT,
    CONF_STOPBITS,
    CONF_TEMPLATE,
    CONF_UNIT_ID,
    DEFAULT_DAY_LIMIT,
    DEFAULT_SHORT_LIMIT,
)
from ..drivers.capabilities import capabilities_to_dict
from ..drivers.errors import UnreachableError
from ..drivers.modbus.connection import AddressError
from ..drivers.modbus.source import ModbusSource
from ..drivers.viessmann.client import API_URL, IAM_URL, TokenStore, ViessmannClient, sign_in
from ..drivers.viessmann.features import ViessmannReading
from ..drivers.viessmann.source import capabilities_of as viessmann_capabilities
from ..sources.call_budgets import async_ledger
from ..sources.registry import PARITIES, async_templates, limits_of, modbus_params
from .fields import FUEL_PRICE, PORT, POWER_METER, SECRET, WATTS, number, select
from .form import Choice, FieldError

BAUDRATES: Final = ["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"]
DEFAULT_BAUDRATE: Final = "9600"
_TOLD: Final = 240
_BOILER: Final = {
    vol.Optional(CONF_UNIT_ID): number(0, 255),  # empty: what the maker sets, as the template says
    vol.Optional(CONF_NOMINAL_HEAT): WATTS,
    vol.Optional(CONF_NOMINAL_POWER): WATTS,
    vol.Optional(CONF_FUEL_PRICE): FUEL_PRICE,
    vol.Optional(CONF_METER): POWER_METER,
}


async def viessmann_schema(_: HomeAssistant) -> vol.Schema:
    """Its form."""
    return vol.Schema(
        {
            vol.Required(CONF_CLIENT_ID): TextSelector(),
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_PASSWORD): SECRET,
            vol.Required(CONF_DAY_LIMIT, default=DEFAULT_DAY_LIMIT): number(100, 100_000),
            vol.Required(CONF_SHORT_LIMIT, default=DEFAULT_SHORT_LIMIT): number(10, 10_000),
            vol.Optional(CONF_NOMINAL_HEAT): WATTS,
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
            vol.Optional(CONF_METER): POWER_METER,
            vol.Optional(CONF_HOST): TextSelector(),
        }
    )


async def viessmann(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    """Signs in with the password and forgets it; two calls of the budget for one device, counted in its ledger."""
    if data.get(CONF_SHORT_LIMIT, 0) > data.get(CONF_DAY_LIMIT, DEFAULT_DAY_LIMIT):
        raise FieldError(CONF_SHORT_LIMIT, "short_above_day")
    if CONF_PASSWORD not in data or CONF_USERNAME not in data:
        return [_unchanged(data)]
    host = data.get(CONF_HOST)
    iam_url = f"{host}/idp/v3" if host else IAM_URL
    api_url = f"{host}/iot/v2" if host else API_URL
    token = await hass.async_add_executor_job(
        sign_in, data[CONF_CLIENT_ID], data[CONF_USERNAME], data[CONF_PASSWORD], iam_url
    )
    keeper = TokenStore(data[CONF_CLIENT_ID], token, iam_url=iam_url)

    ledger = await async_ledger(hass, data[CONF_CLIENT_ID], api_url, limits_of(data))
    client = ViessmannClient(keeper, ledger.budget, ledger.save, api_url)
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


def _unchanged(data: dict[str, Any]) -> Choice:
    """A change without credentials: the account stays, nothing is asked."""
    info = data.get(CONF_INFO)
    if info is None or CONF_REFRESH_TOKEN not in data or (CONF_HOST in data and not _is_at(info, data[CONF_HOST])):
        raise FieldError(CONF_PASSWORD, "password_needed")
    device = info["device"]
    stored = {key: value for key, value in data.items() if key not in (CONF_PASSWORD, CONF_USERNAME, CONF_HOST)}
    return Choice(device["model"], f"viessmann_{device['gateway']}_{device['id']}", stored)


def _is_at(info: dict[str, Any], host: str) -> bool:
    return bool(info.get("api_url") == f"{host}/iot/v2")


def _takes(reading: ViessmannReading) -> dict[str, Any]:
    return {
        "modes": list(reading.modes),
        "dhw_separate": reading.dhw_separate,
        "slope_step": reading.slope_step,
        "level_step": reading.level_step,
    }


async def modbus_schema(hass: HomeAssistant) -> vol.Schema:
    """Over TCP, with the templates that are there."""
    return vol.Schema(
        {
            vol.Required(CONF_TEMPLATE): await _templates(hass),
            vol.Required(CONF_ADDRESS): TextSelector(),
            vol.Required(CONF_PORT, default=502): PORT,
            **_BOILER,
        }
    )


async def serial_schema(hass: HomeAssistant) -> vol.Schema:
    """Over a serial line (RTU)."""
    return vol.Schema(
        {
            vol.Required(CONF_TEMPLATE): await _templates(hass),
            vol.Required(CONF_DEVICE): SerialPortSelector(),
            vol.Required(CONF_BAUDRATE, default=DEFAULT_BAUDRATE): select(BAUDRATES),
            vol.Required(CONF_PARITY, default="none"): select(list(PARITIES), "parity"),
            vol.Required(CONF_STOPBITS, default="1"): select(["1", "2"]),
            **_BOILER,
        }
    )


async def _templates(hass: HomeAssistant) -> SelectSelector:
    templates, _ = await async_templates(hass)
    rows = sorted(templates.items(), key=lambda item: item[1].name.casefold())
    return select([SelectOptionDict(value=key, label=template.name) for key, template in rows])


async def broken_templates(hass: HomeAssistant) -> str:
    """The user's files that cannot be offered, and why; empty where all are good."""
    _, mistakes = await async_templates(hass)
    return "; ".join(shorten(text, _TOLD, placeholder=" …") for text in mistakes)


async def modbus(hass: HomeAssistant, data: dict[str, Any]) -> list[Choice]:
    """Reads it once by the template."""
    from homeassistant.components.modbus import async_get_temporary_unit

    templates, _ = await async_templates(hass)
    if (template := templates.get(data[CONF_TEMPLATE])) is None:
        raise FieldError(CONF_TEMPLATE, "template_gone")
    unit_id = int(data.get(CONF_UNIT_ID, template.unit_id))
    stored = {**data, CONF_UNIT_ID: unit_id}
    if CONF_BAUDRATE in data:
        stored[CONF_ADDRESS] = end = str(stored[CONF_DEVICE]).strip()
    else:
        stored[CONF_ADDRESS], stored[CONF_PORT] = str(data[CONF_ADDRESS]).strip(), int(data[CONF_PORT])
        end = f"{stored[CONF_ADDRESS]}_{stored[CONF_PORT]}"
    try:
        params = modbus_params(stored, template)
    except AddressError as err:
        raise FieldError(CONF_DEVICE if CONF_BAUDRATE in data else CONF_ADDRESS, "address_invalid") from err
    async with AsyncExitStack() as stack:
        try:
            link = async_get_temporary_unit(hass, params, unit_id)
            unit = await stack.enter_async_context(link)
        except HomeAssistantError as err:
            raise FieldError(CONF_BAUDRATE if CONF_BAUDRATE in data else CONF_PORT, "link_in_use") from err
        unit.require_timeout(template.timeout_s)
        source = ModbusSource("flow:modbus", template.name, unit, template)
        state = await source.refresh()
    if state.health == "failing":
        raise UnreachableError(state.detail)
    stored[CONF_CAPABILITIES] = capabilities_to_dict(source.capabilities)
    return [Choice(template.name, f"modbus_{end}_{unit_id}", stored)]
