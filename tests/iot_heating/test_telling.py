"""Work for many controllers in short pieces, told to entities no more than once a second."""

import asyncio
from datetime import UTC, datetime, timedelta
import time

import pytest

from custom_components.iot_heating.controller import Controller, Topic
from custom_components.iot_heating.telling import Pieces, Teller

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def told_in_one_slice() -> None:
    """Here they are several."""


async def test_long_work_lets_the_loop_breathe() -> None:
    done: list[int] = []
    finished = asyncio.Event()

    def work(number: int) -> None:
        time.sleep(0.001)
        done.append(number)

    Pieces(asyncio.get_running_loop()).each(range(20), work, finished.set)
    assert 0 < len(done) < 10, "only a first piece is done at once"
    await finished.wait()
    assert done == list(range(20))


async def test_short_work_is_done_at_once() -> None:
    done: list[int] = []
    Pieces(asyncio.get_running_loop()).each(range(20), done.append, lambda: done.append(-1))
    assert done == [*range(20), -1]


async def test_stopped_work_is_dropped() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        time.sleep(0.004)
        done.append(number)

    pieces = Pieces(asyncio.get_running_loop())
    pieces.each(range(20), work)
    pieces.stop()
    await asyncio.sleep(0.05)
    assert len(done) == 1


def controller(told: list[Topic]) -> Controller:
    one = Controller("ESP32-001", "sub", 1, "Cellar")
    for topic in Topic:
        one.follow(topic, lambda topic=topic: told.append(topic))  # type: ignore[misc]
    return one


async def test_what_changes_again_within_a_second_is_told_together_when_it_is_over() -> None:
    told: list[Topic] = []
    one, loop = controller(told), asyncio.get_running_loop()
    teller = Teller(loop, Pieces(loop))
    teller.tell(one, [Topic.SUPPLY], NOON)
    assert told == [Topic.SUPPLY]
    teller.tell(one, [Topic.SUPPLY], NOON + timedelta(seconds=0.2))
    teller.tell(one, [Topic.SUPPLY, Topic.OUTDOOR], NOON + timedelta(seconds=0.4))
    assert told == [Topic.SUPPLY]
    async with asyncio.timeout(30):
        while len(told) == 1:  # noqa: ASYNC110 - it is a second, or more on a busy machine
            await asyncio.sleep(0.05)
    assert sorted(told[1:]) == [Topic.OUTDOOR, Topic.SUPPLY]
    teller.stop()


async def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    told: list[Topic] = []
    one, loop = controller(told), asyncio.get_running_loop()
    teller = Teller(loop, Pieces(loop))
    teller.tell(one, [Topic.SUPPLY], NOON)
    teller.tell(one, [Topic.SUPPLY], NOON - timedelta(hours=1))
    assert told == [Topic.SUPPLY] * 2
    teller.stop()
