"""The coordinator of a heating system: runs the control cycle every minute."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ._lib.steady_clock import SteadyClock
from .const import DOMAIN
from .runtime.cycle import ControlCycle, CycleData
from .runtime.persistence import StateStore
from .runtime.shadow_mode import ShadowMode
from .runtime.user_settings import UserSettings
from .sources.supervisor import SourceSupervisor
from .system_config import SystemConfig

_LOGGER = logging.getLogger(__name__)

CYCLE_INTERVAL: Final = timedelta(seconds=60)


class HeatCoordinator(DataUpdateCoordinator[CycleData]):
    """Runs the cycle, sends its commands and stores what has to survive a restart."""

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        cycle: ControlCycle,
        supervisor: SourceSupervisor,
        store: StateStore,
        *,
        shadow: ShadowMode,
        user_settings: UserSettings,
        config: SystemConfig,
        read_only_s: float,
        check_health: Callable[[datetime], None],
        check_offer: Callable[[], None],
    ) -> None:
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} {entry.title}", update_interval=CYCLE_INTERVAL
        )
        self.cycle = cycle
        self._supervisor = supervisor
        self._store = store
        self._shadow = shadow
        self._user_settings = user_settings
        self._config = config
        self._read_only_s = read_only_s
        self.check_health = check_health
        self._check_offer = check_offer
        self._lock = asyncio.Lock()
        self._clock = SteadyClock()
        self._started, self._started_s = dt_util.utcnow(), self._clock()

    @override
    async def _async_update_data(self) -> CycleData:
        """Run one cycle; a refresh requested while a cycle waits for a plan follows after it."""
        async with self._lock:
            now = dt_util.utcnow()
            data = await self.cycle.async_run(now)
            await self._shadow.async_run(data.snapshot, now)
            self.check_health(now)
            self._check_offer()
            if self._user_settings.active and self._is_warmed_up(now):
                await self._store.async_save_cycling()
                self._supervisor.send_commands(data.cycle_id, data.decision, data.snapshot, self._config.slope)
            await self._store.async_save_if_due(now)
            return data

    def _is_warmed_up(self, now: datetime) -> bool:
        """Return whether the read-only first minute is over, in which sensors and sources become available."""
        elapsed_s, by_wall_s = self._clock() - self._started_s, (now - self._started).total_seconds()
        # A wall clock that was set back after the start, as by NTP, must not keep the sources uncontrolled.
        return (min(elapsed_s, by_wall_s) if by_wall_s >= 0 else elapsed_s) >= self._read_only_s
