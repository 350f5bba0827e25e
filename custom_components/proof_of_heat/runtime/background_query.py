"""Slow questions (forecasts, calendars, an address) asked beside the cycle, which never waits for them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import logging
import random
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN

_LOGGER = logging.getLogger(__name__)

TIMEOUT_S: Final = 30.0
RETRY_S: Final = 60.0


class Beside[T]:
    """One question. The last good answer stays, with its time; failures are retried ever later, up to `every_s`."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        name: str,
        ask: Callable[[], Awaitable[T]],
        *,
        every_s: float,
        timeout_s: float = TIMEOUT_S,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.value: T | None = None
        self.answered_at: datetime | None = None
        self.failures = 0
        self._hass = hass
        self._entry = entry
        self._name = name
        self._ask = ask
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._jitter = jitter
        self._due: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    @callback
    def look(self, now: datetime) -> None:
        """Ask where it is time; to be called each cycle."""
        if self.asking or (self._due is not None and now < self._due):
            return
        self._due = now + timedelta(seconds=self._every_s)
        self._task = self._entry.async_create_background_task(self._hass, self._run(now), f"{DOMAIN} {self._name}")

    @property
    def asking(self) -> bool:
        """Whether a question is under way."""
        return self._task is not None and not self._task.done()

    @callback
    def soon(self) -> None:
        """Ask at the next look, whatever the time."""
        self._due = None

    def age_s(self, now: datetime) -> float | None:
        """Age of the answer that stands; None where there is none."""
        return None if self.answered_at is None else max(0.0, (now - self.answered_at).total_seconds())

    def restore(self, value: T, answered_at: datetime) -> None:
        """Take over an answer from before a restart."""
        self.value, self.answered_at = value, answered_at

    async def _run(self, now: datetime) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                value = await self._ask()
        except Exception as err:  # noqa: BLE001  any integration and any server may be on the other side
            self.failures += 1
            pause_s = min(RETRY_S * 2 ** min(self.failures - 1, 8), self._every_s) * (1 + 0.1 * self._jitter())
            self._due = now + timedelta(seconds=pause_s)
            level = logging.WARNING if self.failures == 1 else logging.DEBUG
            _LOGGER.log(level, "%s: no answer, the last one stays: %s", self._name, str(err) or type(err).__name__)
            return
        if self.failures:
            _LOGGER.info("%s: answers again", self._name)
        self.failures = 0
        self.value, self.answered_at = value, now
