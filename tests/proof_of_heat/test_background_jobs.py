"""Learning and planning in another thread: failures there do not stop the control cycle."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import logging
import threading
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.engine.jobs import JobResult
from custom_components.proof_of_heat.runtime import background_jobs as slow_work
from custom_components.proof_of_heat.runtime.background_jobs import BackgroundJobs

NOW = datetime(2027, 1, 10, 6, 0, tzinfo=UTC)
SNAPSHOT: Any = object()


class FakeEngine:
    """Hands out the jobs it was given, as the engine does: none while one is under way."""

    def __init__(self, *jobs: Callable[[], Any]) -> None:
        self.jobs = list(jobs)
        self.busy = False
        self.failed = 0
        self.adopted: list[Any] = []

    def job(self, snapshot: Any) -> Callable[[], Any] | None:
        if self.busy or not self.jobs:
            return None
        self.busy = True
        return self.jobs.pop(0)

    def adopt(self, result: Any) -> None:
        self.busy = False
        if result == "unusable":
            raise KeyError(result)
        self.adopted.append(result)

    def job_failed(self) -> None:
        self.busy = False
        self.failed += 1


def raises(error: BaseException) -> Callable[[], Any]:
    def job() -> Any:
        raise error

    return job


def work(hass: HomeAssistant, engine: FakeEngine) -> BackgroundJobs:
    return BackgroundJobs(hass, engine, "Home")  # type: ignore[arg-type]


async def test_learning_and_planning_run_in_one_cycle(hass: HomeAssistant) -> None:
    first, second = JobResult(), JobResult()
    engine = FakeEngine(lambda: first, lambda: second)
    await work(hass, engine).run(SNAPSHOT, NOW)
    assert engine.adopted == [first, second]


@pytest.mark.parametrize("error", [KeyError("gap"), IndexError(), TypeError("None"), MemoryError(), ValueError("few")])
async def test_failed_job_releases_the_engine(hass: HomeAssistant, error: Exception) -> None:
    engine = FakeEngine(raises(error))
    slow = work(hass, engine)
    await slow.run(SNAPSHOT, NOW)
    assert (engine.failed, engine.busy, slow.failures) == (1, False, 1)


async def test_failure_is_logged_once_and_retried_with_increasing_delay(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    engine = FakeEngine(*[raises(RuntimeError("bad model"))] * 50)
    slow, tried = work(hass, engine), []
    for minute in range(600):
        before = engine.failed
        await slow.run(SNAPSHOT, NOW + timedelta(minutes=minute))
        tried += [minute] * (engine.failed - before)
    assert tried[:5] == [0, 2, 6, 14, 30]
    assert max(b - a for a, b in pairwise(tried)) == 60
    assert len([r for r in caplog.records if r.levelno == logging.WARNING and "bad model" in r.message]) == 1


async def test_recovery_is_logged_and_resets_the_backoff(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    engine = FakeEngine(raises(RuntimeError()), JobResult)
    slow = work(hass, engine)
    await slow.run(SNAPSHOT, NOW)
    await slow.run(SNAPSHOT, NOW + timedelta(minutes=5))
    assert len(engine.adopted) == 1
    assert slow.failures == 0
    assert "work again" in caplog.text


async def test_unusable_result_is_a_failure(hass: HomeAssistant) -> None:
    engine = FakeEngine(lambda: "unusable")
    slow = work(hass, engine)
    await slow.run(SNAPSHOT, NOW)
    assert (slow.failures, engine.failed) == (1, 1)


async def test_long_job_does_not_delay_the_cycle_and_its_result_is_adopted(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_work, "WAIT_S", 0.01)
    gate, result = threading.Event(), JobResult()

    def job() -> JobResult:
        gate.wait(10)
        return result

    engine = FakeEngine(job)
    slow = work(hass, engine)
    await slow.run(SNAPSHOT, NOW)
    assert engine.busy
    assert not engine.adopted
    gate.set()
    assert slow._running is not None
    await asyncio.wait({slow._running})
    await slow.run(SNAPSHOT, NOW + timedelta(minutes=1))
    assert engine.adopted == [result]


async def test_hanging_job_is_abandoned_and_its_late_result_ignored(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_work, "WAIT_S", 0.01)
    gate = threading.Event()

    def job() -> JobResult:
        gate.wait(10)
        raise RuntimeError("late")

    engine = FakeEngine(job)
    slow = work(hass, engine)
    await slow.run(SNAPSHOT, NOW)
    await slow.run(SNAPSHOT, NOW + timedelta(minutes=9))
    assert engine.busy
    await slow.run(SNAPSHOT, NOW + timedelta(minutes=11))
    assert (slow.abandoned, engine.failed, engine.busy) == (1, 1, False)
    engine.jobs.append(JobResult)
    await slow.run(SNAPSHOT, NOW + timedelta(minutes=30))
    assert not engine.busy, "no second thread while the first one hangs"
    gate.set()
    assert slow._hanging is not None
    await asyncio.wait({slow._hanging})
    monkeypatch.setattr(slow_work, "WAIT_S", 5.0)
    await slow.run(SNAPSHOT, NOW + timedelta(minutes=31))
    assert len(engine.adopted) == 1
