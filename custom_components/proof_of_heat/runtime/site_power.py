"""The power of the home without its heat sources, from the site meter."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant

from .._lib.heat_source import Health
from ..engine.snapshot import NAN
from ..engine.staleness import ReportRhythm, StaleRule
from ..inputs.states import power
from ..sources.managed_source import ManagedSource

METER_RULE: Final = StaleRule(usual_s=400.0, longest_s=1800.0, steady=50.0, steady_share=0.05)
"""The load of a home hardly ever is constant. A meter of this integration with a constant value is written every five
minutes, with the next reading."""


class SitePower:
    """The load of the home without its heat sources; the site meter measures both."""

    def __init__(self, hass: HomeAssistant, meter: str | None, sources: Collection[ManagedSource]) -> None:
        self._hass = hass
        self._meter = meter
        self._sources = sources
        self._rhythm = ReportRhythm(METER_RULE)

    def other_load_w(self, now: datetime, now_s: float) -> float:
        """Return the other loads in W: NaN while the meter does not report, 0 without a meter."""
        if self._meter is None:
            return 0.0
        reading = power(self._hass, self._meter)
        if not reading.known or self._rhythm.is_stale(reading.value, reading.age_s, now_s):
            return NAN
        own = (managed.power_w(now) for managed in self._sources if _is_current(managed))
        return max(0.0, reading.value - sum(watts for watts in own if watts is not None))


def _is_current(managed: ManagedSource) -> bool:
    """Return whether its power is a present one: an old one would hide as much of the other loads."""
    return managed.source.state.health != Health.LIMITED
