"""Shadow mode: until control is turned on for the first time, it is simulated, and its savings are reported.

Nothing is commanded: this part has no access to the sources.
"""

from collections.abc import Callable
from datetime import datetime
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..engine.engine import Engine
from ..engine.savings import FirstDay
from ..engine.shadow.home import ShadowHome
from ..engine.shadow.savings import ShadowReport
from ..engine.snapshot import Snapshot
from .background_jobs import BackgroundJobs
from .user_settings import UserSettings

_LOGGER = logging.getLogger(__name__)

WEEK_DAYS: Final = 7


class ShadowMode:
    """The simulated control of one heating system."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, engine: Engine, settings: UserSettings) -> None:
        self._title = entry.title
        self._settings = settings
        self.home = ShadowHome(engine)
        self._jobs = BackgroundJobs(hass, self.home.engine, f"{entry.title} (simulation)")
        self._failed = False
        self.past: Callable[[int], ShadowReport | None] = lambda last_days: None
        """What control would have saved over the last days of the history, before it was installed."""

    @property
    def is_on(self) -> bool:
        """Whether control has never been on."""
        return self._settings.is_shadow

    async def async_run(self, snapshot: Snapshot, now: datetime) -> None:
        """Simulate the time since the last cycle, and decide for the simulated home."""
        if not self.is_on:
            return
        try:
            await self._async_simulate(snapshot, now)
        except Exception:  # a fault of the simulation must not reach the real home
            if not self._failed:
                _LOGGER.exception("%s: the simulation of the control failed", self._title)
            self._failed = True

    async def _async_simulate(self, snapshot: Snapshot, now: datetime) -> None:
        copy = self.home.observe(snapshot)
        if copy is None:
            return
        await self._jobs.run(copy, now)
        self.home.decide(copy)
        self._failed = False

    def report(self, last_days: int = WEEK_DAYS) -> ShadowReport | None:
        """Return the simulated savings over the last whole days; None without any or after control was turned on."""
        return self.home.report(last_days) if self.is_on else None

    def first_day(self, local_s: float) -> FirstDay | None:
        """Return how far the first whole day is; None while nothing is simulated."""
        return self.home.first_day(local_s)

    @property
    def is_offered(self) -> bool:
        """Whether a whole week shows that control saves, with 95 % certainty and no colder rooms."""
        report = self.report()
        return report is not None and report.days >= WEEK_DAYS and report.is_convincing
