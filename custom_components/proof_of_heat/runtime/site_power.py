"""The power of the home without its heat sources, from the site meter."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
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


_LEAST_W: Final = 500.0
"""A thousandth of less is a load that a home can have."""
_THOUSANDTH: Final = (1 / 2000, 1 / 500)
"""Of a load that changes a little meanwhile."""


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
        self._site = (meter, ReportRhythm(METER_RULE), _UnitJump())
        self._phases = tuple((entity_id, ReportRhythm(METER_RULE), _UnitJump()) for entity_id in phase_meters)

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
        self, meter: tuple[str | None, ReportRhythm, _UnitJump], now_s: float, own: Sequence[tuple[float, float]]
    ) -> float:
        entity_id, rhythm, unit_jump = meter
        if entity_id is None:
            return 0.0
        reading = power(self._hass, entity_id)
        if not reading.known or rhythm.is_stale(reading.value, reading.age_s, now_s):
            return NAN
        if not unit_jump.accept(reading.value):
            return NAN
        return max(0.0, reading.value - sum(watts * share for watts, share in own))


def _is_current(managed: ManagedSource) -> bool:
    """Return whether its power is a present one: an old one would hide as much of the other loads."""
    return managed.source.state.health != Health.LIMITED


@dataclass(slots=True)
class _UnitJump:
    """A meter that suddenly shows a thousandth: its value is in kW already, its unit is W yet."""

    _last_w: float = 0.0

    def accept(self, watts: float) -> bool:
        """Return whether a power can be meant; one that was doubted is accepted with the next other value."""
        low, high = (part * abs(self._last_w) for part in _THOUSANDTH)
        if abs(self._last_w) >= _LEAST_W and low <= abs(watts) <= high:
            return False
        self._last_w = watts
        return True
