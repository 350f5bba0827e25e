"""What the engine is told each cycle. All temperatures in degC, power in W, money in the user's currency."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import math

import numpy as np

from .arrays import Array

NAN = math.nan
BAND_STEP_H = 0.25
WARMER_K = 0.3


@dataclass(frozen=True, slots=True)
class SensorReading:
    """A measured value with its age; NaN where there is none."""

    value: float = NAN
    age_s: float = 0.0

    @property
    def known(self) -> bool:
        """Whether it is a number at all."""
        return math.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class ComfortBand:
    """Comfort bounds in steps of 15 minutes from the snapshot's time on."""

    lower_c: Array
    upper_c: Array
    reasons: Sequence[str] = ()
    """Why the bounds are as they are, per step ("schedule", "home again by calendar"); may be empty or shorter."""
    zones: Sequence[str] = ()
    """Whose bounds they are, per step, where several zones have some."""

    @property
    def now(self) -> tuple[float, float]:
        """The bounds that count now."""
        return float(self.lower_c[0]), float(self.upper_c[0])

    def why(self, step: int) -> str:
        """The reason of a step, empty where none was given."""
        return self.reasons[step] if step < len(self.reasons) else ""

    def next_rise(self) -> SetpointRise | None:
        """The next step that wants it warmer than now, None if none does."""
        warmer = np.flatnonzero(self.lower_c > self.lower_c[0] + WARMER_K)
        if not len(warmer):
            return None
        step = int(warmer[0])
        whose = self.zones[step] if step < len(self.zones) else ""
        return SetpointRise(float(self.lower_c[step]), step * BAND_STEP_H, self.why(step), whose)


@dataclass(frozen=True, slots=True)
class SetpointRise:
    """The next time that is to be warmer than now."""

    lower_c: float
    in_h: float
    reason: str = ""
    zone_id: str = ""
    """Whose time it is, where there are several zones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSnapshot:
    """One heated zone, now."""

    zone_id: str
    room: SensorReading
    target_c: float
    window_open: bool = False
    wants_heat: bool = True
    """False where its valve is closed or it is switched off."""
    band: ComfortBand | None = None
    """Its own bounds for the time to come; None: those of the whole home count for it."""
    weight: float = 1.0
    """Its part in the home's mean and heat demand (floor area, say); only the ratio to the other zones counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSnapshot:
    """One heat source, now. ``heat_w`` and ``power_w`` are means since the last cycle where the meter allows."""

    source_id: str
    available: bool = True
    steerable: bool = True
    """False for one that can only be read (it is not available then)."""
    on: bool | None = None
    level: float = NAN
    """Modulation 0..1 where the source tells it."""
    power_w: float = NAN
    heat_w: float = NAN
    flow_c: float = NAN
    return_c: float = NAN
    settled: bool = True
    """False while an earlier command has not yet shown (a miner that reboots)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is known of the hours to come, from the snapshot's time on, in steps of ``step_s``.

    Each may be empty or shorter than the others: what lacks is made up from the past (see outlook.py).
    """

    step_s: float
    outdoor_c: Sequence[float] | Array = ()
    solar_w_m2: Sequence[float] | Array = ()
    people: Sequence[float] | Array = ()
    price_kwh: Sequence[float] | Array = ()
    emission_kg_kwh: Sequence[float] | Array = ()
    surplus_w: Sequence[float] | Array = ()
    """Power of the home's own generation that nobody else will use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything the engine may use in one cycle."""

    now_s: float
    """POSIX time."""
    local_s: float
    """Seconds of local standard time since any midnight: where the sun stands. Does not jump with summer time."""
    zones: tuple[ZoneSnapshot, ...]
    outdoor: SensorReading
    band: ComfortBand
    """Of the home as a whole; zones that have a band of their own go before."""
    solar: SensorReading = SensorReading()
    people: float = 0.0
    sources: tuple[SourceSnapshot, ...] = ()
    price_kwh: float = NAN
    emission_kg_kwh: float = 0.0
    forecast: Forecast | None = None
    surplus_w: float = 0.0
    """Power of the home's own generation that nobody else uses now."""
    surplus_price_kwh: float = 0.0
    """What a kWh of surplus would earn otherwise (feed-in)."""
    other_load_w: float = 0.0
    """What the rest of the home draws now, for the site's power limit."""
    other_phase_load_w: tuple[float, float, float] = (0.0, 0.0, 0.0)
    quiet: bool = False
    """Whether the noise limits count now."""
    quiet_schedule: Array = field(default_factory=lambda: np.zeros(0))
    """1 where noise limits count, in steps of 15 minutes; empty: never."""
    hashprice_ph_day: float = NAN
    """What mining earns per PH/s and day (see economics.py); NaN: unknown, counts as nothing."""
    revision: str = ""
    """Id of the cycle, for the record."""
    active: bool = True
    """False: what is decided is not commanded (control is off). Then neither savings nor minimum times count it."""
