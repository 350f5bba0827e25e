"""The engine's input of a cycle. Temperatures in degC, power in W, money in the user's currency."""

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
    """A measured value with its age; NaN without one."""

    value: float = NAN
    age_s: float = 0.0

    @property
    def known(self) -> bool:
        """Whether the value is finite."""
        return math.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class ComfortBand:
    """Comfort bounds in steps of 15 minutes from the snapshot's time on."""

    lower_c: Array
    upper_c: Array
    reasons: Sequence[str] = ()
    """Reason of the bounds per step ("schedule", "home again by calendar"); may be empty or shorter."""
    zones: Sequence[str] = ()
    """Zone that determines the bounds, per step, if several zones have a band."""

    @property
    def now(self) -> tuple[float, float]:
        """The present bounds, lower and upper."""
        return float(self.lower_c[0]), float(self.upper_c[0])

    def why(self, step: int) -> str:
        """Return the reason of a step; empty without one."""
        return self.reasons[step] if step < len(self.reasons) else ""

    def next_rise(self) -> SetpointRise | None:
        """Return the next rise of the lower bound above the present one; None without any."""
        warmer = np.flatnonzero(self.lower_c > self.lower_c[0] + WARMER_K)
        if not len(warmer):
            return None
        step = int(warmer[0])
        whose = self.zones[step] if step < len(self.zones) else ""
        return SetpointRise(float(self.lower_c[step]), step * BAND_STEP_H, self.why(step), whose)


@dataclass(frozen=True, slots=True)
class SetpointRise:
    """The next rise of the lower comfort bound above the present one."""

    lower_c: float
    in_h: float
    reason: str = ""
    zone_id: str = ""
    """The zone that requires it, if there are several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSnapshot:
    """The present state of a heated zone."""

    zone_id: str
    room: SensorReading
    target_c: float
    window_open: bool = False
    wants_heat: bool = True
    """False while its valve is closed or it is switched off."""
    band: ComfortBand | None = None
    """Its comfort band; None: that of the home applies."""
    weight: float = 1.0
    """Its weight in the home's mean temperature and heat demand, e.g. its floor area; only ratios matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSnapshot:
    """The present state of a heat source. ``heat_w`` and ``power_w`` are means since the last cycle if metered."""

    source_id: str
    available: bool = True
    steerable: bool = True
    """False for a read-only source (which is then unavailable)."""
    was_read: bool = True
    """False until it is read for the first time after a start: it is unavailable, but not faulty."""
    write_deferred: bool = False
    """Whether the last command was not sent: write interval, call budget."""
    on: bool | None = None
    level: float = NAN
    """Modulation 0..1; NaN if not reported."""
    power_w: float = NAN
    heat_w: float = NAN
    flow_c: float = NAN
    return_c: float = NAN
    circuit_c: float = NAN
    """Temperature in its heating circuit, if that has a sensor of its own."""
    hot_water: bool = False
    """Whether it heats domestic hot water now: its temperatures are not those of the heating circuit."""
    size_share: float = 1.0
    """The share of its size that it has now: a miner without one of its hash boards gives less at each of its steps."""
    settled: bool = True
    """False while an earlier command is not yet visible in the readings (a miner that reboots)."""
    running: bool | None = None
    """Whether it delivers heat now (its compressor runs); None if not reported."""
    power_estimated: bool = False
    """``power_w`` is the device's own estimate, not a measurement."""
    counts: bool = False
    """Its electricity is counted, by the device or a linked meter, although ``counted_w`` may not be known yet."""
    counted_w: float = NAN
    """Recent mean electric input by the counter."""
    counted_heat_w: float = NAN
    """Recent mean heat output by the device's heat counter."""
    counted_enough: bool = False
    """Whether the counter moved by enough counts for ``counted_w`` to be accurate."""
    counted_heat_enough: bool = False
    consumed_kwh: float = NAN
    """Electricity since the last snapshot, counted."""
    hashrate_ths: float = NAN
    """Hash rate that a miner reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Forecasts from the snapshot's time on, in steps of ``step_s``.

    Series may be empty or differ in length: missing steps are filled from the history (see horizon.py).
    """

    step_s: float
    outdoor_c: Sequence[float] | Array = ()
    solar_w_m2: Sequence[float] | Array = ()
    people: Sequence[float] | Array = ()
    price_kwh: Sequence[float] | Array = ()
    emission_kg_kwh: Sequence[float] | Array = ()
    surplus_w: Sequence[float] | Array = ()
    """Surplus of the home's own generation after all other loads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All inputs of a cycle."""

    now_s: float
    """POSIX time."""
    local_s: float
    """Seconds of local standard time since any midnight, for the position of the sun; without daylight saving jumps."""
    zones: tuple[ZoneSnapshot, ...]
    outdoor: SensorReading
    band: ComfortBand
    """Comfort band of the home; the bands of zones take precedence."""
    solar: SensorReading = SensorReading()
    people: float = 0.0
    sources: tuple[SourceSnapshot, ...] = ()
    price_kwh: float = NAN
    paid_kwh: float = NAN
    """Mean price since the last snapshot, where it changed in between; NaN: that of the last snapshot."""
    price_assumed: bool = False
    """Whether it is the tariff or the fixed price, because the selected price sensor has none."""
    emission_kg_kwh: float = 0.0
    forecast: Forecast | None = None
    surplus_w: float = 0.0
    """Present surplus of the home's own generation after all other loads."""
    surplus_price_kwh: float = 0.0
    """Feed-in price of a kWh of surplus."""
    other_load_w: float = 0.0
    """Present power of all other loads, for the site's power limit; NaN: unknown (see site_load.py)."""
    other_phase_load_w: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """The same per phase."""
    quiet: bool = False
    """Whether the noise limits apply now."""
    quiet_schedule: Array = field(default_factory=lambda: np.zeros(0))
    """1 in steps of 15 minutes in which noise limits apply; empty: never."""
    hashprice_ph_day: float = NAN
    """Mining revenue per PH/s and day (see economics.py); NaN: unknown, no revenue is assumed."""
    revision: str = ""
    """ID of the cycle, for the record."""
    active: bool = True
    """False: control is off and commands are not sent. Savings and minimum times then ignore the decisions."""
