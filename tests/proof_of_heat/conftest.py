"""Loopback addresses for devices whose ports are fixed, sessions, quick timing."""

from collections.abc import AsyncGenerator, Callable
import itertools
import os
import socket

import aiohttp
import pytest
import pytest_socket

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
