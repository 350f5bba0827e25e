"""The surplus of the home's own solar power: what it would export without its heat sources."""

from collections.abc import Collection
from datetime import datetime
from functools import partial
import math
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..engine.snapshot import NAN
from ..inputs.pv_forecast import INTERVAL_S, Power, fetch_forecast, surplus_w
from ..inputs.states import power
from ..sources.managed_source import ManagedSource
from ..system_config import SystemConfig
from .background_query import BackgroundQuery

MAX_AGE_S: Final = 900.0
"""An older reading is not a present surplus."""


class Surplus:
    """The present and the forecast surplus."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, config: SystemConfig, sources: Collection[ManagedSource]
    ) -> None:
        self._hass = hass
        self._config = config
        self._sources = sources
        self._forecast: BackgroundQuery[list[Power]] = BackgroundQuery(
            hass,
            entry,
            "solar forecast",
            partial(fetch_forecast, hass, config.solar.forecast),
            interval_s=INTERVAL_S,
        )

    def refresh_if_due(self, now: datetime) -> None:
        """Update the forecast."""
        if self._config.solar.forecast:
            self._forecast.refresh_if_due(now)

    def present_w(self, now: datetime) -> float:
        """Return the present surplus; NaN if nothing measures it."""
        solar = self._config.solar
        entity_id, sign = (
            (solar.export_meter, 1.0) if solar.export_meter is not None else (self._config.site_meter, -1.0)
        )
        if not solar.is_used:
            return NAN
        reading = power(self._hass, entity_id)
        if not reading.known or reading.age_s > MAX_AGE_S:
            return NAN
        own = sum(watts for managed in self._sources if (watts := managed.power_w(now)) is not None)
        return max(0.0, sign * reading.value + own)

    def forecast_w(self, now: datetime, steps: int) -> list[float]:
        """Return the forecast surplus in steps of 15 minutes; it begins with the measured one."""
        found = surplus_w(self._forecast.value or (), self._config.solar.usual_load_w, now, steps)
        present = self.present_w(now)
        if found and math.isfinite(present):
            found[0] = present
        return found
