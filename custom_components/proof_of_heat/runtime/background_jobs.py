"""The engine's slow work (learning, planning) in another thread, and a watchdog over it.

Whatever goes wrong there, the cycle goes on by the curve: a job that raises is told to the engine, logged once and
tried again ever later; one that takes longer than the cycle can wait is taken in when it is done; one that never ends
is given up.
"""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant

from ..engine.engine import Engine, JobResult
from ..engine.snapshot import Snapshot

_LOGGER = logging.getLogger(__name__)

WAIT_S: Final = 5.0
GIVEN_UP_S: Final = 600.0
RETRY_S: Final = 120.0
RETRY_MAX_S: Final = 3600.0
JOBS_PER_CYCLE: Final = 2


class SlowWork:
    """At most one job at a time."""

    def __init__(self, hass: HomeAssistant, engine: Engine, name: str) -> None:
        self.failures = 0
        self.given_up = 0
        self._hass = hass
        self._engine = engine
        self._name = name
        self._running: asyncio.Future[JobResult] | None = None
        self._late: asyncio.Future[JobResult] | None = None
        self._began: datetime | None = None
        self._not_before: datetime | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        return self._running is not None

    async def run(self, snapshot: Snapshot, now: datetime) -> None:
        """Do what is due, as far as it is done within some seconds."""
        for _ in range(JOBS_PER_CYCLE):
            if self._running is None and not self._start(snapshot, now):
                return
            if not await self._wait(now):
                return

    def _start(self, snapshot: Snapshot, now: datetime) -> bool:
        if self._not_before is not None and now < self._not_before:
            return False
        if self._late is not None and not self._late.done():
            return False  # a thread cannot be ended: one that hangs is enough
        job = self._engine.job(snapshot)
        if job is None:
            return False
        self._running, self._began = asyncio.ensure_future(self._hass.async_add_executor_job(job)), now
        return True

    async def _wait(self, now: datetime) -> bool:
        """Whether the job came to its end."""
        running, began = self._running, self._began
        assert running is not None
        assert began is not None
        done, _ = await asyncio.wait({running}, timeout=WAIT_S)
        if not done:
            if (now - began).total_seconds() >= GIVEN_UP_S:
                self.given_up += 1
                running.add_done_callback(_forget)
                self._late = running
                self._failed(now, f"no end within {GIVEN_UP_S:.0f} s, given up")
            return False
        self._running = None
        if running.cancelled():
            self._failed(now, "cancelled")
        elif (error := running.exception()) is not None:
            self._failed(now, f"{type(error).__name__}: {error}", error)
        else:
            self._adopt(running.result(), now)
        return True

    def _adopt(self, result: JobResult, now: datetime) -> None:
        try:
            self._engine.adopt(result)
        except Exception as err:  # noqa: BLE001  whatever was found cannot be used: go on without
            self._failed(now, f"{type(err).__name__}: {err}", err)
            return
        if self.failures:
            _LOGGER.info("%s: learning and planning work again", self._name)
        self.failures, self._not_before = 0, None

    def _failed(self, now: datetime, why: str, error: BaseException | None = None) -> None:
        self._running = None
        self.failures += 1
        self._engine.job_failed()
        pause_s = min(RETRY_S * 2 ** min(self.failures - 1, 8), RETRY_MAX_S)
        self._not_before = now + timedelta(seconds=pause_s)
        if self.failures == 1:
            _LOGGER.warning(
                "%s: learning or planning failed, the curve goes on: %s",
                self._name,
                why,
                exc_info=error if isinstance(error, Exception) else None,
            )


def _forget(late: asyncio.Future[JobResult]) -> None:
    """What was given up may end one day: look at its error so that nobody else complains of it."""
    if not late.cancelled():
        late.exception()
