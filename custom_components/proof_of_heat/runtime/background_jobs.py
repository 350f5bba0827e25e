"""Runs the engine's slow work (learning, planning) in another thread, with a watchdog.

If one fails, control continues by the heating curve: a job that raises is reported to the engine, logged once
and retried with increasing delay; the result of a job that outlasts the cycle is applied when it is done; a job that
does not end is abandoned.
"""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant

from .._lib.backoff import RetryPolicy
from ..engine.engine import Engine
from ..engine.jobs import JobResult
from ..engine.snapshot import Snapshot

_LOGGER = logging.getLogger(__name__)

WAIT_S: Final = 5.0
"""How long a cycle waits for a job."""
ABANDON_S: Final = 600.0
RETRY: Final = RetryPolicy(first_s=120.0, max_s=3600.0)
JOBS_PER_CYCLE: Final = 2


class BackgroundJobs:
    """Runs at most one job at a time."""

    def __init__(self, hass: HomeAssistant, engine: Engine, name: str) -> None:
        self.failures = 0
        self.abandoned = 0
        self._hass = hass
        self._engine = engine
        self._name = name
        self._running: asyncio.Future[JobResult] | None = None
        self._hanging: asyncio.Future[JobResult] | None = None
        self._began: datetime | None = None
        self._not_before: datetime | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a job is running."""
        return self._running is not None

    async def run(self, snapshot: Snapshot, now: datetime) -> None:
        """Run the jobs that are due, and wait some seconds for them."""
        for _ in range(JOBS_PER_CYCLE):
            if self._running is None and not self._start(snapshot, now):
                return
            if not await self._wait(now):
                return

    def _start(self, snapshot: Snapshot, now: datetime) -> bool:
        if self._not_before is not None and now < self._not_before:
            return False
        if self._hanging is not None and not self._hanging.done():
            return False  # a thread cannot be ended, so no further one is risked
        job = self._engine.job(snapshot)
        if job is None:
            return False
        self._running, self._began = asyncio.ensure_future(self._hass.async_add_executor_job(job)), now
        return True

    async def _wait(self, now: datetime) -> bool:
        """Wait for the job; return whether it ended."""
        running, began = self._running, self._began
        assert running is not None
        assert began is not None
        done, _ = await asyncio.wait({running}, timeout=WAIT_S)
        if not done:
            if (now - began).total_seconds() >= ABANDON_S:
                self.abandoned += 1
                running.add_done_callback(_retrieve_error)
                self._hanging = running
                self._on_failure(now, f"timed out after {ABANDON_S:.0f} s")
            return False
        self._running = None
        if running.cancelled():
            self._on_failure(now, "cancelled")
        elif (error := running.exception()) is not None:
            self._on_failure(now, f"{type(error).__name__}: {error}", error)
        else:
            self._adopt(running.result(), now)
        return True

    def _adopt(self, result: JobResult, now: datetime) -> None:
        try:
            self._engine.adopt(result)
        except Exception as err:  # noqa: BLE001  an unusable result must not stop control
            self._on_failure(now, f"{type(err).__name__}: {err}", err)
            return
        if self.failures:
            _LOGGER.info("%s: learning and planning work again", self._name)
        self.failures, self._not_before = 0, None

    def _on_failure(self, now: datetime, reason: str, error: BaseException | None = None) -> None:
        self._running = None
        self.failures += 1
        self._engine.job_failed()
        self._not_before = now + timedelta(seconds=RETRY.delay_s(self.failures))
        if self.failures == 1:
            _LOGGER.warning(
                "%s: learning or planning failed, control continues by the heating curve: %s",
                self._name,
                reason,
                exc_info=error if isinstance(error, Exception) else None,
            )


def _retrieve_error(future: asyncio.Future[JobResult]) -> None:
    """Retrieve the error of an abandoned job, so that asyncio does not log it."""
    if not future.cancelled():
        future.exception()
