"""Shadow mode over days that are past: what control would have saved before it was installed.

The days are divided into blocks. Each block is simulated with a model that was learned from other days only, in the
simulation that also runs parallel to the real home. Steps in which something was not measured, or the price is not
known, are omitted; a day counts only as a whole, as in the running simulation.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
import math
from typing import Final, override

import numpy as np

from ..arrays import Array, Mask
from ..config import EngineConfig
from ..engine import Engine
from ..jobs import JobResult
from ..learning import FIT_DAYS, LearnedModel, learn
from ..model.history import STEP_S, History, Row
from ..model.observer import first_state
from ..model.reference_house import MEMBERS
from ..snapshot import NAN, ComfortBand, Forecast, SensorReading, Snapshot, SourceSnapshot, ZoneSnapshot
from ..thread_yield import no_yield
from .home import DAY_S, ShadowHome
from .savings import ShadowDay, ShadowReport, report
from .sources import Output, is_shared

BAND_STEPS: Final = 192
REPLAY_DAYS: Final = 30
"""The newest days that are simulated: a report covers a month at most."""
BLOCK_DAYS: Final = 5
FEWEST_DAYS: Final = 4
"""Whole days: half of them are simulated with what was learned from the other half."""
WHOLE_STEPS: Final = 95
"""A day counts with this many measured steps: 23.75 hours."""
PLAN_EVERY_S: Final = 1800.0
"""Plans are made at each half hour, where prices change: plans for each step hardly change the result."""
_DAY_STEPS: Final = 96
_WARM_UP_DAYS: Final = 2


class TooFewDaysError(ValueError):
    """Too few days are completely measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSource:
    """What a source drew and delivered: means of each step, in W; water temperatures at its end."""

    source_id: str
    power_w: Array
    heat_w: Array
    flow_c: Array
    return_c: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class PastZone:
    """A zone: its temperature at the end of each step, and its setpoint from there on, two days further."""

    zone_id: str
    room_c: Array
    target_c: Array
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastHome:
    """A home in steps of 15 minutes without a gap in time; NaN where something was not measured or is not known."""

    time_s: Array
    """POSIX time of the end of each step."""
    local_s: Array
    """The same in seconds of local standard time."""
    outdoor_c: Array
    solar_w_m2: Array
    price_kwh: Array
    """Mean price of each step."""
    known_steps: Array
    """How many of the following steps had a known price at the end of each step."""
    zones: tuple[PastZone, ...]
    sources: tuple[PastSource, ...]
    below_k: float
    above_k: float
    quiet: Array
    """Whether noise limits apply in each step from its end on, two days further; empty: never."""
    surplus_w: Array | None = None
    surplus_price_kwh: float = 0.0
    hashprice_ph_day: float = NAN
    has_forecast: bool = False
    """Whether the home has a weather forecast: else the plan repeats the day before."""

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def measured(self) -> Mask:
        """The steps in which everything that a simulation needs is known."""
        needed = [self.outdoor_c, self.price_kwh, *(zone.room_c for zone in self.zones)]
        needed += [zone.target_c[: len(self)] for zone in self.zones]
        needed += [source.heat_w for source in self.sources]
        needed += [] if self.surplus_w is None else [self.surplus_w]
        result: Mask = np.logical_and.reduce([np.isfinite(values) for values in needed])
        return result

    @property
    def day(self) -> Array:
        """The number of each step's day, in local standard time."""
        result: Array = np.floor((self.local_s - STEP_S / 2) / DAY_S)
        return result

    def whole_days(self) -> list[int]:
        """Return the days that are completely measured, oldest first."""
        days, count = np.unique(self.day[self.measured], return_counts=True)
        return [int(day) for day in days[count >= WHOLE_STEPS]]

    def snapshots(self, first: int, last: int) -> Iterator[Snapshot]:
        """Yield what the home showed at the end of the measured steps from ``first`` up to ``last``, exclusive."""
        measured = self.measured
        warmest = {
            zone.zone_id: np.lib.stride_tricks.sliding_window_view(zone.target_c, BAND_STEPS).max(axis=1)
            for zone in self.zones
        }
        for step in range(first, last):
            if measured[step]:
                yield self._snapshot(step, [float(warmest[zone.zone_id][step]) for zone in self.zones])

    def _snapshot(self, step: int, warmest_c: Sequence[float]) -> Snapshot:
        zones = tuple(
            ZoneSnapshot(
                zone_id=zone.zone_id,
                room=SensorReading(float(zone.room_c[step])),
                target_c=float(zone.target_c[step]),
                weight=zone.weight,
                band=ComfortBand(
                    zone.target_c[step : step + BAND_STEPS] - self.below_k, np.full(BAND_STEPS, most + self.above_k)
                ),
            )
            for zone, most in zip(self.zones, warmest_c, strict=True)
        )
        bands = [zone.band for zone in zones if zone.band is not None]
        following = slice(step + 1, step + 1 + BAND_STEPS)
        prices = self.price_kwh[step + 1 : step + 1 + int(self.known_steps[step])]
        missing = np.flatnonzero(~np.isfinite(prices))
        return Snapshot(
            now_s=float(self.time_s[step]),
            local_s=float(self.local_s[step]),
            zones=zones,
            outdoor=SensorReading(float(self.outdoor_c[step])),
            band=ComfortBand(
                np.mean([band.lower_c for band in bands], axis=0), np.mean([band.upper_c for band in bands], axis=0)
            ),
            solar=SensorReading(float(self.solar_w_m2[step])),
            sources=tuple(_reading(source, step) for source in self.sources),
            price_kwh=float(self.price_kwh[min(step + 1, len(self) - 1)]),
            paid_kwh=float(self.price_kwh[step]),
            forecast=Forecast(
                step_s=STEP_S,
                outdoor_c=_known(self.outdoor_c[following]) if self.has_forecast else (),
                solar_w_m2=_known(self.solar_w_m2[following]) if self.has_forecast else (),
                price_kwh=prices[: int(missing[0])] if len(missing) else prices,
            ),
            surplus_w=0.0 if self.surplus_w is None else float(self.surplus_w[step]),
            surplus_price_kwh=self.surplus_price_kwh,
            quiet=bool(len(self.quiet) and self.quiet[step]),
            quiet_schedule=self.quiet[step : step + BAND_STEPS],
            hashprice_ph_day=self.hashprice_ph_day,
            active=False,
        )


def _known(values: Array) -> Array:
    """Return a forecast up to its first gap."""
    missing = np.flatnonzero(~np.isfinite(values))
    return values[: int(missing[0])] if len(missing) else values


def _reading(source: PastSource, step: int) -> SourceSnapshot:
    power_w = float(source.power_w[step])
    return SourceSnapshot(
        source_id=source.source_id,
        power_w=power_w,
        heat_w=float(source.heat_w[step]),
        flow_c=float(source.flow_c[step]),
        return_c=float(source.return_c[step]),
        counts=math.isfinite(power_w),
        consumed_kwh=power_w * STEP_S / 3.6e6,
    )


@dataclass(frozen=True, slots=True)
class Replayed:
    """The simulated days, and the relative error of the electric input per member of the ensemble."""

    days: tuple[ShadowDay, ...]
    map_error: Array

    def report(self, last_days: int | None = None) -> ShadowReport | None:
        """Return the simulated savings over the last whole days; None without any."""
        return report(self.days, self.map_error, last_days)


class ReplayedHome(ShadowHome):
    """The simulated home in steps of 15 minutes, each with its own consumption: prices change in between."""

    @property
    def map_error(self) -> Array:
        """The relative error of the electric input, per member."""
        return self._map_error

    @override
    def _copy(self, snapshot: Snapshot, made: Mapping[str, Output], emitter_c: float) -> Snapshot:
        copy = super()._copy(snapshot, made, emitter_c)
        sources = tuple(
            source if is_shared(source) else replace(source, counts=True, consumed_kwh=source.power_w * STEP_S / 3.6e6)
            for source in copy.sources
        )
        return replace(copy, sources=sources)


class Replay:
    """The simulation of a home's past, a block of days after the other. It takes seconds: call it in another thread.

    ``rows``: the history of the home, from which the models are learned. ``yield_thread`` is called every few
    milliseconds.

    Raises:
        TooFewDaysError: Fewer than four days are completely measured.
    """

    def __init__(
        self,
        config: EngineConfig,
        past: PastHome,
        rows: Sequence[Row],
        yield_thread: Callable[[], None] = no_yield,
    ) -> None:
        self._config = replace(config, commission=False)
        self._past = past
        self._rows = rows
        self._yield_thread = yield_thread
        days = past.whole_days()[-REPLAY_DAYS:]
        if len(days) < FEWEST_DAYS:
            raise TooFewDaysError(f"{len(days)} days are completely measured")
        parts = np.array_split(np.array(days), max(2, math.ceil(len(days) / BLOCK_DAYS)))
        self.blocks = [[int(day) for day in part] for part in parts]
        self._days: list[ShadowDay] = []
        self._map_error = np.zeros(MEMBERS)
        self.untrusted_blocks = 0

    def run(self, block: Sequence[int]) -> None:
        """Simulate a block of days; nothing is added if no model that was learned from other days can be trusted."""
        model = self._learned(block)
        if model is None:
            self.untrusted_blocks += 1
            return
        day = self._past.day
        first = int(np.searchsorted(day, block[0] - _WARM_UP_DAYS))
        begin = int(np.searchsorted(day, block[0] - _WARM_UP_DAYS + 1))
        real, home = Engine(self._config), None
        for snapshot in self._past.snapshots(first, int(np.searchsorted(day, block[-1] + 1))):
            if real.learned is None:
                room_c = float(np.mean([zone.room.value for zone in snapshot.zones]))
                state = first_state(model.fitted.parameters, room_c, NAN)
                real.adopt(JobResult(learned=replace(model, state=state, at_rows=snapshot.local_s - STEP_S)))
                home = ReplayedHome(real)
            real.observe(snapshot)
            self._yield_thread()
            if home is not None and snapshot.local_s > self._past.local_s[begin] - STEP_S:
                self._simulate(home, snapshot)
        if home is not None:
            self._days += [found for found in home.days if found.day in block and found.is_whole]
            if home.map_error.std() > self._map_error.std():
                self._map_error = home.map_error

    def result(self) -> Replayed:
        """Return what was simulated so far."""
        return Replayed(tuple(self._days), self._map_error)

    def _simulate(self, home: ShadowHome, snapshot: Snapshot) -> None:
        copy = home.observe(snapshot)
        self._yield_thread()
        if copy is None:
            return
        is_due = home.engine.plan is None or copy.local_s % PLAN_EVERY_S < STEP_S / 2
        if is_due and (job := home.engine.job(copy)) is not None:
            home.engine.adopt(job())
            self._yield_thread()
        home.decide(copy)
        self._yield_thread()

    def _learned(self, block: Sequence[int]) -> LearnedModel | None:
        """Return a trusted model that was learned from the nearest days outside of a block; None without one."""
        begin_s, end_s = block[0] * DAY_S, (block[-1] + 1) * DAY_S
        others = [row for row in self._rows if not begin_s < row.time_s <= end_s]
        middle_s = (begin_s + end_s) / 2
        nearest = sorted(others, key=lambda row: abs(row.time_s - middle_s))[: FIT_DAYS * _DAY_STEPS]
        history = History(sorted(nearest, key=lambda row: row.time_s))
        try:
            model = learn(
                history.series(), None, self._config.prediction_error_limit_k, yield_thread=self._yield_thread
            )
        except ValueError, IndexError:
            return None
        return model if model.trusted else None
