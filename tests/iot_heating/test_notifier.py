"""Work for many controllers in short sliced_loop, told to entities no more than once a second."""

import asyncio
from datetime import UTC, datetime, timedelta
import time

from custom_components.iot_heating.protocol.fields import OUTDOOR, SUPPLY
from custom_components.iot_heating.runtime.controller import ALL_TOPICS, Controller
from custom_components.iot_heating.runtime.notifier import Notifier, SlicedLoop

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_long_work_lets_the_loop_breathe() -> None:
    done: list[int] = []
    finished = asyncio.Event()

    def work(number: int) -> None:
        time.sleep(0.001)
        done.append(number)

    SlicedLoop(asyncio.get_running_loop(), 0.003).run(range(20), work, finished.set)
    assert 0 < len(done) < 10, "only a first piece is done at once"
    await finished.wait()
    assert done == list(range(20))


async def test_short_work_is_done_at_once() -> None:
    done: list[int] = []
    SlicedLoop(asyncio.get_running_loop(), 0.003).run(range(20), done.append, lambda: done.append(-1))
    assert done == [*range(20), -1]


async def test_stopped_work_is_dropped() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        time.sleep(0.004)
        done.append(number)

    sliced_loop = SlicedLoop(asyncio.get_running_loop(), 0.003)
    sliced_loop.run(range(20), work)
    sliced_loop.stop()
    await asyncio.sleep(0.05)
    assert len(done) == 1


def controller(told: list[str]) -> Controller:
    one = Controller("ESP32-001", "sub", 1, "Cellar")
    for topic in ALL_TOPICS:
        one.subscribe(topic, lambda topic=topic: told.append(topic))  # type: ignore[misc]
    return one


async def test_what_changes_again_within_a_second_is_told_together_when_it_is_over() -> None:
    told: list[str] = []
    one, loop = controller(told), asyncio.get_running_loop()
    notifier = Notifier(loop, SlicedLoop(loop, 0.003))
    notifier.notify(one, [SUPPLY], NOON)
    assert told == [SUPPLY]
    notifier.notify(one, [SUPPLY], NOON + timedelta(seconds=0.2))
    notifier.notify(one, [SUPPLY, OUTDOOR], NOON + timedelta(seconds=0.4))
    assert told == [SUPPLY]
    async with asyncio.timeout(30):
        while len(told) == 1:  # noqa: ASYNC110 - it is a second, or more on a busy machine
            await asyncio.sleep(0.05)
    assert sorted(told[1:]) == [SUPPLY, OUTDOOR]
    notifier.stop()


async def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    told: list[str] = []
    one, loop = controller(told), asyncio.get_running_loop()
    notifier = Notifier(loop, SlicedLoop(loop, 0.003))
    notifier.notify(one, [SUPPLY], NOON)
    notifier.notify(one, [SUPPLY], NOON - timedelta(hours=1))
    assert told == [SUPPLY] * 2
    notifier.stop()
