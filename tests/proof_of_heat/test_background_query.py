"""Slow questions asked beside the cycle: time limit, back-off, the last answer stays."""

import asyncio
from datetime import UTC, datetime, timedelta

from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.runtime.background_query import Beside

from .ha import system

NOW = datetime(2027, 1, 10, 6, 0, tzinfo=UTC)


class Asked:
    """Answers with its next word; an error is raised; None never answers."""

    def __init__(self, *words: object) -> None:
        self.words = list(words)
        self.times = 0

    async def __call__(self) -> object:
        self.times += 1
        word = self.words.pop(0)
        if word is None:
            await asyncio.sleep(3600)
        if isinstance(word, Exception):
            raise word
        return word


def question(hass: HomeAssistant, asked: Asked, **options: float) -> Beside[object]:
    return Beside(hass, system(), "question", asked, **{"every_s": 900.0, **options}, jitter=lambda: 0.0)  # type: ignore[arg-type]


async def look(hass: HomeAssistant, beside: Beside[object], minutes: float) -> None:
    beside.look(NOW + timedelta(minutes=minutes))
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_asks_at_its_own_pace_and_keeps_the_answer(hass: HomeAssistant) -> None:
    asked = Asked("one", "two")
    beside = question(hass, asked)
    for minute in range(15):
        await look(hass, beside, minute)
    assert (beside.value, asked.times) == ("one", 1)
    assert beside.age_s(NOW + timedelta(minutes=15)) == 900
    await look(hass, beside, 15)
    assert (beside.value, asked.times) == ("two", 2)


async def test_failure_keeps_the_last_answer_and_is_retried_ever_later(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    asked = Asked("good", *[OSError("down")] * 20)
    beside = question(hass, asked)
    tried = []
    for minute in range(90):
        before = asked.times
        await look(hass, beside, minute)
        tried += [minute] * (asked.times - before)
    assert beside.value == "good"
    assert tried[:7] == [0, 15, 16, 18, 22, 30, 45]
    assert len([r for r in caplog.records if r.levelname == "WARNING" and "down" in r.message]) == 1


async def test_question_without_an_answer_ends_in_time(hass: HomeAssistant) -> None:
    beside = question(hass, Asked(None, "late"), timeout_s=0.01)
    beside.look(NOW)
    assert beside.asking
    beside.look(NOW + timedelta(hours=1))  # never twice at once
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (beside.value, beside.failures, beside.age_s(NOW)) == (None, 1, None)
    await look(hass, beside, 2)
    assert (beside.value, beside.failures) == ("late", 0)


async def test_soon_and_restored(hass: HomeAssistant) -> None:
    asked = Asked("new", "newer")
    beside = question(hass, asked)
    beside.restore("old", NOW - timedelta(hours=1))
    assert (beside.value, beside.age_s(NOW)) == ("old", 3600)
    await look(hass, beside, 0)
    beside.soon()
    await look(hass, beside, 1)
    assert (beside.value, asked.times) == ("newer", 2)
