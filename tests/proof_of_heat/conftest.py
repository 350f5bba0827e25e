"""Loopback addresses for devices whose ports are fixed, sessions, quick timing."""

from collections.abc import AsyncGenerator, Callable
import itertools
import os
from pathlib import Path
import socket
import time

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
import pytest_socket

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.base import SourceBase
from simulators.framework import running
from simulators.gas_boiler.boiler import GasBoiler
from simulators.viessmann_cloud.cloud import ViessmannCloud
from simulators.whatsminer.miner import Whatsminer

from .winter import START, Winter, set_up, write_template

_NUMBERS = itertools.count(1)
# Of this process alone: another run of the tests on the same machine has others.
_NET = 64 + os.getpid() % 180
_HOSTS = [f"127.{_NET}.{third}.{fourth}" for third in (1, 2) for fourth in range(1, 255)]


@pytest.fixture
def loopback(socket_enabled: None) -> Callable[[], str]:
    """A loopback address of one's own at each call: miners' ports (80, 4028, 4433) cannot be chosen."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", *_HOSTS])
    return lambda: _HOSTS[next(_NUMBERS) % len(_HOSTS)]


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[aiohttp.ClientSession]:
    """A client session."""
    async with aiohttp.ClientSession() as opened:
        yield opened


def _binds_port_80() -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((f"127.{_NET}.3.254", 80))
        except OSError:
            return False
    return True


@pytest.fixture
def port_80(loopback: Callable[[], str]) -> None:
    """Skip where an unprivileged process cannot be a web server on port 80 (stock Antminer)."""
    if not _binds_port_80():
        pytest.skip("port 80 cannot be bound here: a stock Antminer cannot be simulated")


@pytest.fixture
async def winter(
    request: pytest.FixtureRequest,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loopback: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Winter]:
    """A home in winter under control (see winter.py); not under control with the parameter ``False``."""
    freezer.move_to(START)
    await hass.config.async_set_time_zone("Europe/Rome")
    hass.config.latitude, hass.config.longitude = 45.0, 8.0
    hass.config.config_dir = str(tmp_path)
    write_template(tmp_path)
    hass.loop.set_debug(False)  # half of the time went into tracebacks of every callback
    # Drivers measure with the machine's clock; here that is the test's.
    monkeypatch.setitem(SourceBase.__init__.__kwdefaults__, "clock", time.monotonic)
    assert await async_setup_component(hass, DOMAIN, {})
    host = loopback()
    async with (
        running(Whatsminer, ["--host", host, "--boot-s", "120"]) as miner,
        running(ViessmannCloud, ["--port", "0"]) as cloud,
        running(GasBoiler, ["--port", "0"]) as boiler,
    ):
        made = await set_up(hass, freezer, miner, cloud, boiler, active=getattr(request, "param", True))
        yield made
        if made.entry.state is ConfigEntryState.LOADED:  # not after a kill
            await made.quiet()
            await made.hass.config_entries.async_unload(made.entry.entry_id)
        await hass.async_block_till_done()
