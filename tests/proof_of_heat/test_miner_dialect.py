"""Braiins OS before 25.05, and entries that were stored before its dialect, or a newer firmware, was known."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.proof_of_heat.const import CONF_CAPABILITIES, CONF_INFO, DOMAIN
from custom_components.proof_of_heat.drivers.errors import AuthError, BadReplyError, RefusedError
from custom_components.proof_of_heat.drivers.miner.braiins import BraiinsClient
from custom_components.proof_of_heat.drivers.miner.braiins_graphql import decode_graphql, decode_graphql_info
from custom_components.proof_of_heat.drivers.operations import Operation
from simulators.braiins.miner import Braiins
from simulators.framework import running

from . import ha
from .wire import web_saying

UNAVAILABLE = {"message": "Miner is not running", "extensions": {"code": "UNAVAILABLE"}}


async def old_client(
    session: aiohttp.ClientSession, loopback: Callable[[], str], password: str, *argv: str
) -> tuple[Any, BraiinsClient]:
    device = running(Braiins, ["--host", (host := loopback()), "--port", "8080", "--release", "24.09", *argv])
    return device, BraiinsClient(session, host, password, 8080)


@pytest.mark.parametrize(("set_up", "entered"), [("secret", "secret"), ("", "root"), ("root", "root")])
async def test_an_old_release_is_commanded_with_its_password_or_without_one(
    loopback: Callable[[], str], session: aiohttp.ClientSession, set_up: str, entered: str
) -> None:
    context, client = await old_client(session, loopback, entered, "--password", set_up, "--boot-s", "60")
    async with context as device:
        info = await client.identify()
        assert (info.variant, info.model, info.firmware) == (
            "graphql",
            "Antminer S19j Pro",
            "2024-10-17-0-51mu1a7e-24.09-plus",
        )
        assert {str(control) for control in (await client.capabilities()).controls} == {"on_off", "power"}
        await client.set_power(2400.4)
        reading = await client.read()
        assert (reading.mining, reading.power_limit_w, reading.inlet_c) == (True, 2400.0, 24.0)
        await client.set_running(False)
        reading = await client.read()
        assert (reading.mining, reading.power_w, reading.power_limit_w, reading.hashrate_ths) == (
            *(False, None, 2400.0, None),
        )
        assert (await client.identify()).model == "Antminer S19j Pro", "a stopped miner is identified, too"
        await client.set_running(True)
        reading = await client.read()
        assert (reading.mining, reading.hashrate_ths) == (True, 0.0), "it starts"
        device.faults.set("token_expired")
        await client.operate(Operation.RESTART_MINING)
        with pytest.raises(RefusedError, match="50 is out of range"):
            await client.set_power(50)
        assert device.state()["writes"] == ["power-target 2400", "stop", "start", "restart"]


async def test_a_wrong_password_of_an_old_release_is_an_auth_error(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    context, client = await old_client(session, loopback, "wrong")
    async with context as device:
        await client.identify()
        assert (await client.read()).power_w, "reading needs no password"
        for call in (client.capabilities(), client.set_running(False)):
            with pytest.raises(AuthError, match="Invalid username or password"):
                await call
        assert device.state()["writes"] == []


async def test_an_old_release_that_is_read_with_a_login_only(session: aiohttp.ClientSession) -> None:
    """The login that it asks for is tried, and its failure is one of the password."""
    for refusal in ({"errors": [{"message": "Unauthorized access"}]}, 401):
        async with web_saying({"/graphql": refusal}) as port:
            with pytest.raises(AuthError):
                await BraiinsClient(session, "127.0.0.1", "x", port).identify()


@pytest.mark.parametrize(
    ("reply", "error", "match"),
    [
        ({"data": {"bosminer": {"stop": {"message": "busy"}}}}, RefusedError, "busy"),
        ({"data": {"bosminer": {"stop": {"__typename": "BosminerError"}}}}, RefusedError, "BosminerError"),
        ({"data": {"bosminer": {"stop": {"__typename": "X", "message": ""}}}}, RefusedError, "X"),
        ({"data": None, "errors": [{"message": "no field stop"}]}, RefusedError, "no field stop"),
        ({"data": None}, BadReplyError, "no result"),
        ({"errors": [{"message": "unauthenticated"}]}, AuthError, "unauthenticated"),
    ],
)
async def test_a_refused_command_is_named(
    session: aiohttp.ClientSession, reply: Any, error: type[Exception], match: str
) -> None:
    async with web_saying({"/graphql": (200, reply, {"Set-Cookie": "session_id=abc; Path=/"})}) as port:
        client = BraiinsClient(session, "127.0.0.1", "x", port)
        client._info = decode_graphql_info({"data": {"bos": {}}})
        client._graphql._session = "abc"
        with pytest.raises(error, match=match):
            await client.set_running(False)


@pytest.mark.parametrize(
    "reply",
    [
        {"data": None, "errors": [UNAVAILABLE]},
        {"data": {"bos": {"faultLight": False}, "bosminer": {"info": None}}, "errors": [UNAVAILABLE]},
        {"data": {"bosminer": {"info": {"summary": None, "workSolver": None}}}},
    ],
)
def test_a_stopped_miner_without_statistics_is_paused_not_broken(reply: dict[str, Any]) -> None:
    config = {"data": {"bosminer": {"config": {"autotuning": {"mode": "POWER_TARGET", "powerTarget": 900}}}}}
    reading = decode_graphql(reply, config)
    assert (reading.mining, reading.power_w, reading.power_limit_w, reading.boards) == (False, None, 900.0, None)


def test_other_errors_are_errors_and_a_hashrate_target_is_not_a_power_limit() -> None:
    error = {"message": "database is locked", "extensions": {"code": "INTERNAL"}}
    with pytest.raises(BadReplyError, match="database is locked INTERNAL"):
        decode_graphql({"data": {"bosminer": None}, "errors": [error]})
    config = {"data": {"bosminer": {"config": {"autotuning": {"mode": "HASHRATE_TARGET", "powerTarget": 900}}}}}
    assert decode_graphql({"errors": [UNAVAILABLE]}, config).power_limit_w is None


@pytest.mark.usefixtures("port_80")
@pytest.mark.parametrize(
    ("release", "stored", "learned"),
    [("24.09", "", "graphql"), ("25.07", "graphql", "rest"), ("25.07", "rest", "rest")],
)
async def test_an_entry_learns_what_its_miner_offers_now(
    hass: HomeAssistant, loopback: Callable[[], str], release: str, stored: str, learned: str
) -> None:
    """It was added before the dialect was stored, or before the firmware was updated."""
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    host = loopback()
    async with running(Braiins, ["--host", host, "--release", release, "--boot-s", "0"]):
        values = {"address": host, "password": "root", "port": 80, "idle_on_release": True}
        source = await ha.source(hass, "miner", values)
        data = {**source.data, CONF_INFO: {**source.data[CONF_INFO], "variant": stored}}
        if stored != learned:
            data[CONF_CAPABILITIES] = {**source.data[CONF_CAPABILITIES], "controls": []}
        object.__setattr__(source, "data", data)
        entry = ha.system(source)
        await ha.start(hass, entry)
        subentry, unit = await learned_by(hass, entry, learned)
        assert set(subentry.data[CONF_CAPABILITIES]["controls"]) == {"on_off", "power"}
        assert (dict(subentry.data) == data) is (stored == learned), "nothing is stored where nothing differs"
        registry = er.async_get(hass)
        assert registry.async_get_entity_id("button", DOMAIN, f"{unit.subentry_id}_reboot") is not None
        again = entry.runtime_data
        await unit.source.refresh()
        await hass.async_block_till_done()
        assert entry.runtime_data is again, "and only once"
        await hass.config_entries.async_unload(entry.entry_id)


async def learned_by(hass: HomeAssistant, entry: Any, variant: str) -> tuple[Any, Any]:
    """Return subentry and source as soon as the entry is loaded with what the miner offers."""
    async with asyncio.timeout(60):
        while True:
            await hass.async_block_till_done()
            (subentry,) = [item for item in entry.subentries.values() if item.subentry_type == "source"]
            is_stored = subentry.data[CONF_INFO]["variant"] == variant
            if is_stored and entry.state is ConfigEntryState.LOADED:
                (unit,) = entry.runtime_data.sources.values()
                if unit.source.capabilities.controls:
                    return subentry, unit
            elif entry.state is ConfigEntryState.LOADED:
                (unit,) = entry.runtime_data.sources.values()
                await unit.source.refresh()
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("port_80")
async def test_what_cannot_be_determined_is_not_stored(hass: HomeAssistant, loopback: Callable[[], str]) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    host = loopback()
    async with running(Braiins, ["--host", host, "--release", "24.09"]) as device:
        values = {"address": host, "password": "root", "port": 80, "idle_on_release": True}
        source = await ha.source(hass, "miner", values)
        object.__setattr__(source, "data", {**source.data, CONF_INFO: {**source.data[CONF_INFO], "variant": ""}})
        device.graphql._password = "another"
        entry = ha.system(source)
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        assert (await unit.source.refresh()).on is True, "it is still read"
        await hass.async_block_till_done()
        (subentry,) = [item for item in entry.subentries.values() if item.subentry_type == "source"]
        assert subentry.data[CONF_INFO]["variant"] == ""
        await hass.config_entries.async_unload(entry.entry_id)
