"""NerdQAxe: shut down and started as off and on, and one-time passwords."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest

from custom_components.proof_of_heat.drivers.errors import AuthError
from custom_components.proof_of_heat.drivers.miner.client_factory import create_client
from custom_components.proof_of_heat.drivers.miner.operations import operations_of
from custom_components.proof_of_heat.drivers.miner.probe import probe
from custom_components.proof_of_heat.drivers.miner.source import MinerSource
from custom_components.proof_of_heat.drivers.operations import Operation
from custom_components.proof_of_heat.drivers.totp import one_time_password
from lib.heat_source import Command, Control, FaultReason, Health, Outcome
from simulators.bitaxe.miner import Bitaxe
from simulators.framework import running

from .test_miner_sources import QUICK

SECRET: Final = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@asynccontextmanager
async def nerdqaxe(
    host: str, session: aiohttp.ClientSession, *argv: str, password: str | None = None
) -> AsyncGenerator[tuple[Any, MinerSource]]:
    async with running(Bitaxe, ["--host", host, "--nerd", "--firmware", "v1.0.36", *argv]) as device:
        client = create_client(await probe(session, host), session, password)
        info = await client.identify()
        source = MinerSource(
            "proof_of_heat:n", "n", client, await client.capabilities(), operations=operations_of(info)
        )
        source.timing = QUICK
        yield device, source
        await source.close()


@pytest.mark.parametrize(
    ("at_s", "code"),
    # RFC 6238, appendix B: the last six digits of the SHA-1 column.
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_one_time_passwords_are_those_of_the_rfc(at_s: int, code: str) -> None:
    assert one_time_password(SECRET, at_s) == code
    assert one_time_password(f" {SECRET[:16].lower()}-{SECRET[16:]}==", at_s) == code


def test_a_secret_that_is_none() -> None:
    with pytest.raises(AuthError):
        one_time_password("no secret 189", 0)


async def test_off_and_on_are_shutdown_and_restart(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with nerdqaxe(loopback(), session) as (device, source):
        assert source.capabilities.controls == {Control.ON_OFF, Control.MODE}
        assert source.operations == {Operation.REBOOT}
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
        assert (source.state.on, source.state.health, device.writes) == (False, Health.OK, ["shutdown"])
        assert (await source.apply(Command(id="b", on=False))).outcome == Outcome.UNCHANGED
        assert (await source.apply(Command(id="c", on=True))).outcome == Outcome.APPLIED
        assert (source.state.on, device.writes) == (True, ["shutdown", "restart"])


async def test_writes_with_one_time_passwords(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    argv = ("--otp-secret", SECRET)
    async with nerdqaxe(loopback(), session, *argv, password=SECRET) as (device, source):
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
        assert (await source.apply(Command(id="b", on=True))).outcome == Outcome.APPLIED
        assert len(device.minted) == 1, "a session lives a day"
        device.sessions.clear()  # the device was restarted
        assert (await source.apply(Command(id="c", on=False))).outcome == Outcome.APPLIED
        assert len(device.minted) == 2


@pytest.mark.parametrize(
    ("password", "outcome", "reason"),
    [
        (None, Outcome.REFUSED, FaultReason.REJECTED),
        ("GEZDGNBVGY3TQOJR", Outcome.FAILED, FaultReason.INVALID_AUTH),
        ("not base32 1", Outcome.FAILED, FaultReason.INVALID_AUTH),
    ],
)
async def test_without_the_secret_writes_fail_and_reading_works(
    password: str | None,
    outcome: Outcome,
    reason: FaultReason,
    port_80: None,
    loopback: Callable[[], str],
    session: aiohttp.ClientSession,
) -> None:
    async with nerdqaxe(loopback(), session, "--otp-secret", SECRET, password=password) as (device, source):
        result = await source.apply(Command(id="a", on=False))
        assert (result.outcome, result.reason) == (outcome, reason)
        assert device.machine.running
        assert (await source.refresh()).health == Health.OK
