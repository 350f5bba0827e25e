"""The power of the home without its heat sources, from the site meter."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant

from .._lib.heat_source import Health
from ..engine.config import SourceConfig
from ..engine.snapshot import NAN
from ..engine.staleness import ReportRhythm, StaleRule
from ..inputs.states import power
from ..sources.managed_source import ManagedSource

METER_RULE: Final = StaleRule(usual_s=400.0, longest_s=1800.0, steady=50.0, steady_share=0.05)
"""The load of a home hardly ever is constant. A meter of this integration with a constant value is written every five
minutes, with the next reading."""


class SitePower:
    """The load of the home without its heat sources, in total and per phase; the meters measure both."""

    def __init__(
        self,
        hass: HomeAssistant,
        meter: str | None,
        sources: Collection[ManagedSource],
        phase_meters: Sequence[str | None] = (None, None, None),
    ) -> None:
        self._hass = hass
        self._sources = sources
        self._site = (meter, ReportRhythm(METER_RULE))
        self._phases = tuple((entity_id, ReportRhythm(METER_RULE)) for entity_id in phase_meters)

    def other_load_w(self, now: datetime, now_s: float) -> float:
        """Return the other loads in W: NaN while the meter does not report, 0 without a meter."""
        return self._other_w(self._site, now_s, [(watts, 1.0) for watts, _ in self._own(now)])

    def other_phase_load_w(self, now: datetime, now_s: float) -> tuple[float, float, float]:
        """Return the same for each phase."""
        own = list(self._own(now))
        one, two, three = (
            self._other_w(meter, now_s, [(watts, config.on_phase(phase)) for watts, config in own])
            for phase, meter in enumerate(self._phases)
        )
        return one, two, three

    def _own(self, now: datetime) -> Iterator[tuple[float, SourceConfig]]:
        """Yield the power of each source that is known now, with its configuration."""
        for managed in self._sources:
            if _is_current(managed) and (watts := managed.power_w(now)) is not None:
                yield watts, managed.config

    def _other_w(
        self, meter: tuple[str | None, ReportRhythm], now_s: float, own: Sequence[tuple[float, float]]
    ) -> float:
        entity_id, rhythm = meter
        if entity_id is None:
            return 0.0
        reading = power(self._hass, entity_id)
        if not reading.known or rhythm.is_stale(reading.value, reading.age_s, now_s):
            return NAN
        return max(0.0, reading.value - sum(watts * share for watts, share in own))


def _is_current(managed: ManagedSource) -> bool:
    """Return whether its power is a present one: an old one would hide as much of the other loads."""
    return managed.source.state.health != Health.LIMITED
