"""The poller of a source: backoff, a watchdog for hanging reads, commands in the background of the cycle."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.sources.poller import SourcePoller
from lib.heat_source import Command, CommandResult, Health, Outcome, SourceState

from .ha import system

REPORT = SourceState(at=datetime.now(UTC), health=Health.OK)


class Device:
    """A third-party source whose behavior a test sets."""

    source_id = name = "device"

    def __init__(self) -> None:
        self.does: Callable[[], Any] = lambda: REPORT
        self.reads = 0
        self.applied: list[Command] = []
        self.released = 0

    async def refresh(self) -> SourceState:
        self.reads += 1
        return await self._do()

    async def apply(self, command: Command) -> CommandResult:
        await self._do()
        self.applied.append(command)
        return CommandResult(command_id=command.id, outcome=Outcome.APPLIED)

    async def release(self) -> CommandResult:
        await self._do()
        self.released += 1
        return CommandResult(command_id="release", outcome=Outcome.APPLIED)

    async def _do(self) -> Any:
        found = self.does()
        return await found if asyncio.iscoroutine(found) else found


def raises() -> Any:
    raise KeyError("third party")


async def hangs() -> None:
    await asyncio.sleep(3600)


@pytest.fixture
async def parts(hass: HomeAssistant) -> AsyncGenerator[tuple[Device, SourcePoller, MockConfigEntry]]:
    entry = system()
    entry.add_to_hass(hass)
    device = Device()
    poller = SourcePoller(hass, device, 10.0, timeout_s=0.02, jitter=lambda: 0.5)  # type: ignore[arg-type]
    yield device, poller, entry
    for task in entry._background_tasks:
        task.cancel()
    await asyncio.gather(*entry._background_tasks, return_exceptions=True)


type Parts = tuple[Device, SourcePoller, MockConfigEntry]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not holds():  # noqa: ASYNC110 there is no event to wait for
            await asyncio.sleep(0.005)


async def test_reads_at_once_and_on_request(parts: Parts) -> None:
    device, poller, entry = parts
    poller.start(entry)
    await until(lambda: device.reads == 1 and not poller.is_busy)
    poller.poll_soon()
    await until(lambda: device.reads == 2)
    assert poller.failures == 0
    assert poller.delay_s() == pytest.approx(10.5)


async def test_pause_grows_with_failures_up_to_five_minutes(parts: Parts) -> None:
    _, poller, _ = parts
    pauses = []
    for poller.failures in range(12):
        pauses.append(round(poller.delay_s() / 1.05))
    assert pauses == [10, 20, 40, 80, 160, *[300] * 7]


async def test_after_a_start_an_answer_is_asked_for_soon(parts: Parts, hass: HomeAssistant) -> None:
    """Home Assistant may be up before the network: until a device has answered, it is not given up for minutes."""
    device, _, entry = parts
    poller = SourcePoller(hass, device, 30.0, jitter=lambda: 0.0)  # type: ignore[arg-type]
    pauses = []
    for poller.failures in range(1, 7):
        pauses.append(poller.pause_s())
    assert pauses == [10, 20, 40, 80, 160, 300]
    poller.start(entry)
    await until(lambda: device.reads == 1 and not poller.is_busy)
    poller.failures = 1
    assert poller.pause_s() == 60, "an outage after that is asked at the usual pace"


@pytest.mark.parametrize("does", [raises, hangs, lambda: SourceState(at=datetime.now(UTC), health=Health.AUTH)])
async def test_every_failure_counts_until_a_successful_read(parts: Parts, does: Callable[[], Any]) -> None:
    device, poller, entry = parts
    device.does = does
    poller.start(entry)
    for count in (1, 2):
        await until(lambda count=count: poller.failures == count)
        await until(lambda: not poller.is_busy)
        poller.poll_soon()
    assert (poller.restarts > 1) is (does is hangs)
    device.does = lambda: REPORT
    poller.poll_soon()
    await until(lambda: poller.failures == 0)


async def test_exception_is_logged_once(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    device, poller, entry = parts
    device.does = raises
    poller.start(entry)
    for count in (1, 2, 3):
        await until(lambda count=count: poller.failures == count)
        await until(lambda: not poller.is_busy)
        poller.poll_soon()
    assert (
        len([record for record in caplog.records if record.message == "device: unexpected error during the update"])
        == 1
    )


async def test_one_command_at_a_time(parts: Parts) -> None:
    device, poller, entry = parts
    done: list[CommandResult] = []
    gate = asyncio.Event()
    device.does = gate.wait
    assert poller.command(entry, Command(id="1"), done.append)
    assert not poller.command(entry, Command(id="2"), done.append)
    gate.set()
    await until(lambda: len(done) == 1)
    assert [command.id for command in device.applied] == ["1"]
    assert poller.command(entry, Command(id="3"), done.append)
    await until(lambda: len(done) == 2)


@pytest.mark.parametrize("does", [raises, hangs])
async def test_failed_command_does_not_block_the_next(parts: Parts, does: Callable[[], Any]) -> None:
    device, poller, entry = parts
    done: list[CommandResult] = []
    device.does = does
    assert poller.command(entry, Command(id="1"), done.append)
    await until(lambda: not poller.is_busy)
    assert done == []
    device.does = lambda: REPORT
    assert poller.command(entry, Command(id="2"), done.append)
    await until(lambda: len(done) == 1)


async def test_release_cancels_a_running_command(parts: Parts) -> None:
    device, poller, entry = parts
    device.does = hangs
    assert poller.command(entry, Command(id="1"), lambda _: None)
    await asyncio.sleep(0)
    device.does = lambda: REPORT
    await poller.release()
    assert (device.released, device.applied) == (1, [])


@pytest.mark.parametrize(
    ("does", "text"), [(raises, "unexpected error during the release"), (hangs, "release timed out")]
)
async def test_failed_release_is_logged(
    parts: Parts, does: Callable[[], Any], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    device, poller, _ = parts
    device.does = does
    await poller.release()
    assert text in caplog.text
