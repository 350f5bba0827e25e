"""A lease that ends hands its source back, again and again until it is settled, unless somebody commands anew."""

import asyncio

import pytest

from custom_components.proof_of_heat.drivers.lease import Lease
from lib.heat_source import CommandResult, Outcome


class Source:
    """Hands back as often as it is asked; what comes of it is given."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.asked = 0
        self.let_go = asyncio.Event()
        self.held: asyncio.Event | None = None

    async def release(self) -> CommandResult:
        self.asked += 1
        if self.held is not None:
            await self.held.wait()
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome.APPLIED
        if not self.outcomes:
            self.let_go.set()
        return CommandResult(command_id="release", outcome=outcome, detail="the wire is cut")


async def test_it_is_handed_back_until_it_is_settled() -> None:
    source = Source(Outcome.FAILED, Outcome.FAILED, Outcome.APPLIED)
    lease = Lease("burner", source.release, retry_s=0.001)
    lease.start(0.0)
    assert lease.active
    async with asyncio.timeout(5):
        await source.let_go.wait()
    assert source.asked == 3
    assert not lease.active
    await lease.close()


async def test_a_driver_that_breaks_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    asked = 0

    async def release() -> CommandResult:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise KeyError("watts")
        return CommandResult(command_id="release", outcome=Outcome.UNCHANGED)

    lease = Lease("burner", release, retry_s=0.001)
    lease.start(0.0)
    async with asyncio.timeout(5):
        while asked < 3:
            await asyncio.sleep(0.001)
    await lease.close()
    assert "burner: could not hand control back: KeyError('watts')" in caplog.text


async def test_one_that_is_ended_in_time_hands_nothing_back() -> None:
    source = Source()
    lease = Lease("burner", source.release)
    lease.start(0.0)
    lease.end()
    await asyncio.sleep(0.01)
    assert (source.asked, lease.active) == (0, False)


async def test_a_new_command_gives_up_what_was_being_handed_back() -> None:
    source = Source(Outcome.FAILED, Outcome.FAILED)
    source.held = asyncio.Event()
    lease = Lease("burner", source.release, retry_s=0.001)
    lease.start(0.0)
    while not source.asked:
        await asyncio.sleep(0)
    lease.start(60.0)
    source.held.set()
    await asyncio.sleep(0.01)
    assert (source.asked, lease.active) == (1, True)
    await lease.close()
    assert not lease.active


async def test_a_source_that_commands_itself_while_it_is_handed_back_is_not_asked_again() -> None:
    """The command comes from the task that hands back, so nobody cancels that."""
    asked = 0

    async def release() -> CommandResult:
        nonlocal asked
        asked += 1
        lease.start(60.0)
        return CommandResult(command_id="release", outcome=Outcome.FAILED, detail="commanded meanwhile")

    lease = Lease("burner", release, retry_s=0.001)
    lease.start(0.0)
    while not asked:
        await asyncio.sleep(0)
    await asyncio.sleep(0.02)
    assert asked == 1
    assert lease.active
    await lease.close()


async def test_closing_ends_what_is_being_handed_back(caplog: pytest.LogCaptureFixture) -> None:
    source = Source(*[Outcome.FAILED] * 1000)
    lease = Lease("burner", source.release, retry_s=0.001)
    lease.start(0.0)
    while source.asked < 2:
        await asyncio.sleep(0.001)
    await lease.close()
    asked = source.asked
    await asyncio.sleep(0.01)
    assert source.asked == asked
    assert "could not hand control back: the wire is cut" in caplog.text
