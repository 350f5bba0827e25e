"""The end of a lease releases control; this is repeated until it succeeds, or until a new command."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from custom_components.proof_of_heat._lib.backoff import RetryPolicy
from custom_components.proof_of_heat._lib.heat_source import CommandResult, Outcome
from custom_components.proof_of_heat.drivers.lease import Lease

AWHILE_S = 0.01


class Source:
    """Releases with the given outcomes, and "applied" after them."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.asked = 0
        self.calls: asyncio.Queue[int] = asyncio.Queue()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.commands: Lease | None = None
        self._outcomes = list(outcomes)

    async def release(self) -> CommandResult:
        self.asked += 1
        self.calls.put_nowait(self.asked)
        await self.may_answer.wait()
        if self.commands is not None:
            self.commands.start(60.0)
        outcome = self._outcomes.pop(0) if self._outcomes else Outcome.APPLIED
        if isinstance(outcome, Exception):
            raise outcome
        return CommandResult(command_id="release", outcome=outcome, detail="the connection is lost")

    async def was_asked(self, times: int = 1) -> None:
        async with asyncio.timeout(120):
            while await self.calls.get() < times:
                pass


@asynccontextmanager
async def lease_of(source: Source) -> AsyncGenerator[Lease]:
    lease = Lease("burner", source.release, retry=RetryPolicy(first_s=0.001, max_s=900.0, jitter=(1.0, 1.0)))
    yield lease
    await lease.close()
    assert not lease.active


@pytest.mark.parametrize("failure", [Outcome.FAILED, Outcome.PENDING, KeyError("watts")])
async def test_release_is_repeated_until_it_succeeds(
    failure: Outcome | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    source = Source(failure, failure, Outcome.UNCHANGED)
    async with lease_of(source) as lease:
        lease.start(0.0)
        assert lease.active
        await source.was_asked(3)
        await asyncio.sleep(AWHILE_S)
        assert (source.asked, lease.active) == (3, False)
    reason = repr(failure) if isinstance(failure, Exception) else "the connection is lost"
    logged = [(record.levelname, record.getMessage()) for record in caplog.records if record.levelname != "DEBUG"]
    assert logged == [
        ("WARNING", "burner: lease ended, control is released"),
        ("WARNING", f"burner: releasing control failed, it is retried: {reason}"),
        ("INFO", "burner: control is released, after 2 failed attempts"),
    ]


async def test_a_release_that_succeeds_at_once_logs_no_recovery(caplog: pytest.LogCaptureFixture) -> None:
    source = Source()
    async with lease_of(source) as lease:
        lease.start(0.0)
        await source.was_asked()
        await asyncio.sleep(AWHILE_S)
    assert "failed" not in caplog.text


async def test_a_device_that_is_off_for_days_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    source = Source(*[Outcome.FAILED] * 1000)
    async with lease_of(source) as lease:
        lease.start(0.0)
        await source.was_asked(5)
    assert sum("failed" in record.message for record in caplog.records if record.levelname == "WARNING") == 1


async def test_lease_ended_in_time_does_not_release_control() -> None:
    source = Source()
    async with lease_of(source) as lease:
        lease.start(0.0)
        lease.end()
        await asyncio.sleep(AWHILE_S)
        assert (source.asked, lease.active) == (0, False)


async def test_a_new_command_cancels_a_pending_release() -> None:
    source = Source(Outcome.FAILED)
    source.may_answer.clear()
    async with lease_of(source) as lease:
        lease.start(0.0)
        await source.was_asked()
        lease.start(60.0)
        source.may_answer.set()
        await asyncio.sleep(AWHILE_S)
        assert (source.asked, lease.active) == (1, True)


async def test_a_source_with_an_internal_command_is_not_released_again() -> None:
    """The command comes from the task of the release itself, which must not be canceled."""
    source = Source(Outcome.FAILED)
    async with lease_of(source) as lease:
        source.commands = lease
        lease.start(0.0)
        await source.was_asked()
        await asyncio.sleep(AWHILE_S)
        assert (source.asked, lease.active) == (1, True)


async def test_closing_cancels_a_pending_release() -> None:
    source = Source(*[Outcome.FAILED] * 1000)
    async with lease_of(source) as lease:
        lease.start(0.0)
        await source.was_asked(2)
        await lease.close()
        asked = source.asked
        await asyncio.sleep(AWHILE_S)
        assert source.asked == asked
