"""Slow queries in the background: timeout, back-off, the last result is kept."""

import asyncio
from datetime import UTC, datetime, timedelta

from homeassistant.core import CoreState, HomeAssistant
import pytest

from custom_components.proof_of_heat.runtime.background_query import BackgroundQuery

from .ha import system

NOW = datetime(2027, 1, 10, 6, 0, tzinfo=UTC)


class Fetch:
    """Returns its next result; an error is raised; None never returns."""

    def __init__(self, *results: object) -> None:
        self.results = list(results)
        self.calls = 0

    async def __call__(self) -> object:
        self.calls += 1
        result = self.results.pop(0)
        if result is None:
            await asyncio.sleep(3600)
        if isinstance(result, Exception):
            raise result
        return result


def create(hass: HomeAssistant, fetch: Fetch, **options: float) -> BackgroundQuery[object]:
    return BackgroundQuery(hass, system(), "query", fetch, **{"interval_s": 900.0, **options}, jitter=lambda: 0.0)  # type: ignore[arg-type]


async def cycle(hass: HomeAssistant, query: BackgroundQuery[object], minutes: float) -> None:
    query.refresh_if_due(NOW + timedelta(minutes=minutes))
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_fetches_at_its_interval_and_keeps_the_result(hass: HomeAssistant) -> None:
    fetch = Fetch("one", "two")
    query = create(hass, fetch)
    for minute in range(15):
        await cycle(hass, query, minute)
    assert (query.value, fetch.calls) == ("one", 1)
    assert query.age_s(NOW + timedelta(minutes=15)) == 900
    await cycle(hass, query, 15)
    assert (query.value, fetch.calls) == ("two", 2)


async def test_failure_keeps_the_last_result_and_is_retried_with_increasing_delay(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    fetch = Fetch("good", *[OSError("down")] * 20)
    query = create(hass, fetch)
    attempts = []
    for minute in range(90):
        before = fetch.calls
        await cycle(hass, query, minute)
        attempts += [minute] * (fetch.calls - before)
    assert query.value == "good"
    assert attempts[:7] == [0, 15, 16, 18, 22, 30, 45]
    assert len([r for r in caplog.records if r.levelname == "WARNING" and "down" in r.message]) == 1


async def test_failures_while_home_assistant_starts_are_not_news(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    query = create(hass, Fetch(OSError("starting"), OSError("down"), OSError("down"), "good"))
    hass.set_state(CoreState.starting)
    await cycle(hass, query, 0)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    hass.set_state(CoreState.running)
    for minute in (2, 5):
        await cycle(hass, query, minute)
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "Home, query: update failed, keeping the last result: down"
    ]


async def test_query_without_a_result_times_out(hass: HomeAssistant) -> None:
    query = create(hass, Fetch(None, "late"), timeout_s=0.01)
    query.refresh_if_due(NOW)
    assert query.is_running
    query.refresh_if_due(NOW + timedelta(hours=1))  # never twice at once
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (query.value, query.failures, query.age_s(NOW)) == (None, 1, None)
    await cycle(hass, query, 2)
    assert (query.value, query.failures) == ("late", 0)


async def test_invalidate_and_restore(hass: HomeAssistant) -> None:
    fetch = Fetch("new", "newer")
    query = create(hass, fetch)
    query.restore("old", NOW - timedelta(hours=1))
    assert (query.value, query.age_s(NOW)) == ("old", 3600)
    await cycle(hass, query, 0)
    query.invalidate()
    await cycle(hass, query, 1)
    assert (query.value, fetch.calls) == ("newer", 2)
