"""History rows of the engine from the series of a home."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import math

import numpy as np

from .._lib.heat_source import SourceKind
from ..engine.arrays import Array
from ..engine.config import SourceConfig
from ..engine.input_validation import OUTDOOR_RANGE_C, WATER_RANGE_C, is_valid_temperature
from ..engine.model.history import Row, mean_water_c
from ..engine.snapshot import SourceSnapshot
from ..engine.sources import heat_output_w
from .grid import Samples, at_ends, counter_means, means, without_jumps

RUNNING_W = 150.0
HEATED_ROOM_C = (0.0, 45.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSeries:
    """What the recorder has of a source."""

    config: SourceConfig
    power_w: Samples = ()
    energy_kwh: Samples = ()
    heat_w: Samples = ()
    heat_kwh: Samples = ()
    flow_c: Samples = ()
    return_c: Samples = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeSeries:
    """What the recorder has of a home."""

    rooms_c: Sequence[Samples]
    outdoor_c: Samples = ()
    clouds: Samples = ()
    """Cloud cover, 0..1."""
    sources: tuple[SourceSeries, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a source drew and delivered per step."""

    config: SourceConfig
    power_w: Array
    heat_w: Array
    level: Array
    flow_c: Array
    return_c: Array

    @classmethod
    def of(cls, source: SourceSeries, ends: Array, outdoor_c: Array) -> Delivered:
        """Return input and heat of a source per step; NaN where neither was measured."""
        config = source.config
        power = means(source.power_w, ends)
        by_counter = counter_means(source.energy_kwh, ends)
        power = np.where(np.isfinite(power), power, by_counter)
        heat, flow = means(source.heat_w, ends), at_ends(_valid(source.flow_c, WATER_RANGE_C), ends)
        heat = np.where(np.isfinite(heat), heat, counter_means(source.heat_kwh, ends))
        if config.fuel_kwh_price is None:
            for place in np.flatnonzero(np.isfinite(power) & ~np.isfinite(heat)).tolist():
                runs = config.kind != SourceKind.HEAT_PUMP or power[place] > RUNNING_W
                seen = SourceSnapshot(source_id=config.source_id, power_w=power[place], flow_c=flow[place])
                heat[place] = heat_output_w(config, seen, outdoor_c[place]) if runs else 0.0
        level = power / config.nominal_power_w if config.nominal_power_w else np.zeros(len(ends))
        return cls(config, power, heat, level, flow, at_ends(_valid(source.return_c, WATER_RANGE_C), ends))


@dataclass(frozen=True, slots=True)
class HomeSteps:
    """A home on a grid of steps; NaN where something was not measured."""

    ends: Array
    local_s: Array
    rooms_c: Array
    """By zone and step."""
    outdoor_c: Array
    solar_w_m2: Array
    sources: tuple[Delivered, ...]

    @classmethod
    def of(cls, home: HomeSeries, ends: Array, local_s: Array, clear_sky_w_m2: Array, usual_clouds: float) -> HomeSteps:
        """Return the steps of a home's series."""
        measured = [_valid(samples, HEATED_ROOM_C) for samples in home.rooms_c]
        outdoor = means(_valid(home.outdoor_c, OUTDOOR_RANGE_C), ends)
        clouds = means(home.clouds, ends)
        clouds = np.where(np.isfinite(clouds), clouds, usual_clouds)
        return cls(
            ends=ends,
            local_s=local_s,
            rooms_c=np.array([without_jumps(at_ends(samples, ends)) for samples in measured]).reshape(-1, len(ends)),
            outdoor_c=outdoor,
            solar_w_m2=clear_sky_w_m2 * (1.0 - 0.75 * np.clip(clouds, 0.0, 1.0) ** 3.4),
            sources=tuple(Delivered.of(source, ends, outdoor) for source in home.sources),
        )

    def rows(self) -> list[Row]:
        """Return the rows of the steps in which room, outdoor temperature and all sources were measured."""
        room, outdoor, steps = _mean_of_all(self.rooms_c), self.outdoor_c, len(self.ends)
        pump = next((item for item in self.sources if item.config.has_performance_map), None)
        heat = sum((item.heat_w for item in self.sources), np.zeros(steps)) if self.sources else np.full(steps, np.nan)
        rows = []
        for place in np.flatnonzero(np.isfinite(room) & np.isfinite(outdoor) & np.isfinite(heat)).tolist():
            runs = heat[place] > 1.0
            first = pump or self.sources[0]
            flow, returned = float(first.flow_c[place]), float(first.return_c[place])
            rows.append(
                Row(
                    time_s=float(self.local_s[place]),
                    room_c=float(room[place]),
                    outdoor_c=float(outdoor[place]),
                    solar_w_m2=float(self.solar_w_m2[place]),
                    people=0.0,
                    heat_w=float(heat[place]),
                    power_w=float(first.power_w[place]),
                    level=float(first.level[place]),
                    water_c=mean_water_c(flow, returned) if runs else math.nan,
                    flow_c=flow if runs else math.nan,
                    pump_heat_w=float(pump.heat_w[place]) if pump else 0.0,
                )
            )
        return rows


def rows_of(home: HomeSeries, ends: Array, local_s: Array, clear_sky_w_m2: Array, usual_clouds: float) -> list[Row]:
    """Return the rows of the steps in which room, outdoor temperature and all sources were measured."""
    return HomeSteps.of(home, ends, local_s, clear_sky_w_m2, usual_clouds).rows()


def _valid(samples: Samples, valid_c: tuple[float, float]) -> Samples:
    """Return temperatures without the fault values of sensors, from which on there is none."""
    return [(at, value if is_valid_temperature(value, *valid_c) else math.nan) for at, value in samples]


def _mean_of_all(rooms: Array) -> Array:
    """Return the mean of the rooms in the steps in which all of them were measured: a missing one shifts the mean."""
    if not len(rooms):
        return np.full(rooms.shape[1], np.nan)
    result: Array = rooms.mean(axis=0)
    return result
