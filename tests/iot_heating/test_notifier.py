"""Entities are notified of reports at most once a second per controller."""

import asyncio
from datetime import UTC, datetime, timedelta

from custom_components.iot_heating._lib.slices import Slicer
from custom_components.iot_heating.protocol.fields import OUTDOOR, SUPPLY
from custom_components.iot_heating.runtime.controller import ALL_TOPICS, Controller
from custom_components.iot_heating.runtime.notifier import Notifier

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def controller(notified: list[str]) -> Controller:
    one = Controller("ESP32-001", "sub", 1, "Cellar")
    for topic in ALL_TOPICS:
        one.subscribe(topic, lambda topic=topic: notified.append(topic))  # type: ignore[misc]
    return one


async def test_changes_within_a_second_are_notified_together() -> None:
    notified: list[str] = []
    one, loop = controller(notified), asyncio.get_running_loop()
    notifier = Notifier(loop, Slicer(loop))
    notifier.notify(one, [SUPPLY], NOON)
    assert notified == [SUPPLY]
    notifier.notify(one, [SUPPLY], NOON + timedelta(seconds=0.2))
    notifier.notify(one, [SUPPLY, OUTDOOR], NOON + timedelta(seconds=0.4))
    assert notified == [SUPPLY]
    async with asyncio.timeout(120):
        while len(notified) == 1:  # noqa: ASYNC110 - a second, or more on a busy machine
            await asyncio.sleep(0.05)
    assert sorted(notified[1:]) == [SUPPLY, OUTDOOR]
    notifier.stop()


async def test_a_clock_that_was_set_back_delays_nothing() -> None:
    notified: list[str] = []
    one, loop = controller(notified), asyncio.get_running_loop()
    notifier = Notifier(loop, Slicer(loop))
    notifier.notify(one, [SUPPLY], NOON)
    notifier.notify(one, [SUPPLY], NOON - timedelta(hours=1))
    assert notified == [SUPPLY] * 2
    notifier.stop()
