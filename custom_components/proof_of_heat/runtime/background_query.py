"""Slow queries (forecasts, calendars, an address) that run in the background; the cycle never waits for them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import logging
import random
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CoreState, HomeAssistant, callback

from .._lib.backoff import RetryPolicy
from ..const import DOMAIN

_LOGGER = logging.getLogger(__name__)

TIMEOUT_S: Final = 30.0
RETRY_S: Final = 60.0


class BackgroundQuery[T]:
    """One query. The last result is kept with its time; failures are retried with increasing delay."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        name: str,
        fetch: Callable[[], Awaitable[T]],
        *,
        interval_s: float,
        timeout_s: float = TIMEOUT_S,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.value: T | None = None
        self.updated_at: datetime | None = None
        self.failures = 0
        self._is_reported = False
        self._hass = hass
        self._entry = entry
        self._name = f"{entry.title}, {name}"
        self._fetch = fetch
        self._interval_s = interval_s
        self._retry = RetryPolicy(min(RETRY_S, interval_s), interval_s)
        self._timeout_s = timeout_s
        self._jitter = jitter
        self._asked_at = datetime.min.replace(tzinfo=UTC)
        self._due: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    @callback
    def refresh_if_due(self, now: datetime) -> None:
        """Start the query if it is due; called in each cycle."""
        is_waiting = self._due is not None and self._asked_at <= now < self._due  # not after the clock was set back
        if self.is_running or is_waiting:
            return
        self._asked_at = now
        self._due = now + timedelta(seconds=self._interval_s)
        self._task = self._entry.async_create_background_task(self._hass, self._run(now), f"{DOMAIN} {self._name}")

    @property
    def is_running(self) -> bool:
        """Whether the query is running."""
        return self._task is not None and not self._task.done()

    @callback
    def invalidate(self) -> None:
        """Make the query due at the next cycle."""
        self._due = None

    def age_s(self, now: datetime) -> float | None:
        """Return the age of the last result; None without one."""
        return None if self.updated_at is None else max(0.0, (now - self.updated_at).total_seconds())

    def restore(self, value: T, updated_at: datetime) -> None:
        """Restore a result from before a restart."""
        self.value, self.updated_at = value, updated_at

    async def _run(self, now: datetime) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                value = await self._fetch()
        except Exception as err:  # noqa: BLE001  any integration or server may be queried
            self.failures += 1
            self._due = now + timedelta(seconds=self._retry.delay_s(self.failures, self._jitter()))
            # While Home Assistant starts, the integration that is queried may not be ready yet.
            is_news = not self._is_reported and self._hass.state is CoreState.running
            self._is_reported |= is_news
            level = logging.WARNING if is_news else logging.DEBUG
            _LOGGER.log(level, "%s: update failed, keeping the last result: %s", self._name, _reason(err))
            return
        if self._is_reported:
            _LOGGER.info("%s: updates work again", self._name)
        self.failures, self._is_reported = 0, False
        self.value, self.updated_at = value, now


def _reason(err: Exception) -> str:
    return str(err) or type(err).__name__
