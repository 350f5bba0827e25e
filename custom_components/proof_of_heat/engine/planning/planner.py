"""The heat plan of the next two days: lowest cost for the requested comfort.

The room's response to heat is linear in the learned house. The plan is therefore a linear program (linear_program.py)
over the use of each source's segments in each cell of the time grid.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import Array, Index, Mask
from ..model.network import GAIN_ROOM, HEAT, STATES, HouseParameters, discretise, inputs
from ..model.observer import FADE_H, HouseState
from .block_system import BlockForm
from .linear_program import LinearProgram, Solution, solve
from .segments import Segment
from .time_grid import STEP_S, TimeGrid, time_grid

OVERLOAD_PRICE_KW = 50.0
"""Penalty per kW and hour above a power limit, high enough that it is never exceeded for comfort."""
OWN_W = 1.0
"""Surplus below this is ignored."""
NEGLIGIBLE_HEAT_W = 20.0
LARGE = 120
"""From this number of amounts on, the block form is used."""
SOON_H = 12.0
MINOR_SHARE = 0.2
"""Segments with less than this share of the largest one's heat are ignored for the usual cost of heat."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """Series per 15-minute step from now on, all of the same length."""

    start_s: float
    """Local standard time."""
    outdoor_c: Array
    solar_w_m2: Array
    people: Array
    lower_c: Array
    upper_c: Array

    def __len__(self) -> int:
        return len(self.outdoor_c)


@dataclass(frozen=True, slots=True)
class PowerLimit:
    """A limit of the electric power of some segments together."""

    shares: Array
    """Share of each segment's power that counts (a third for one phase of a three-phase source)."""
    most_w: float


@dataclass(frozen=True, slots=True)
class Surplus:
    """Surplus power per cell, and the saving per kWh compared with grid power (0 if feed-in pays more)."""

    power_w: Array
    saves_kwh: Array


@dataclass(frozen=True, slots=True)
class PlanCriteria:
    """The criteria of a plan: comfort, value of stored heat, and limits."""

    margin_k: float = 0.05
    """Distance to the comfort bounds, for the model error."""
    sun_doubt: float = 0.15
    """Share of the forecast solar gain that is not relied on, neither for heating nor for overheating."""
    discomfort_price_kh: float = 2.0
    """Penalty per kelvin-hour outside the comfort band."""
    upper_price_share: float = 0.25
    """Penalty for being too warm, as a share of that for being too cold. A cold morning is not the price of an
    afternoon that a forecast may be wrong about, and a source that is on or off not replaced by a dearer one."""
    stored_heat_share: float = 0.6
    """Value of the heat stored in the house at the end of the plan, as a share of its cost."""
    limits: tuple[PowerLimit, ...] = ()
    surplus: Surplus | None = None


type Fixed = Mapping[int, Sequence[float]]
"""Given use of segments (by index) in the first cells."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The use of each segment per cell, and its effect."""

    grid: TimeGrid
    segments: tuple[Segment, ...]
    use: Array
    """Shares 0..1, (segments, cells)."""
    heat_w: Array
    power_w: Array
    room_c: Array
    """Room temperature at each cell's end."""
    emitter_c: Array
    lower_c: Array
    objective: float
    shortfall_kh: float
    """Unavoidable discomfort by cold, without the margin."""
    near_shortfall_kh: float
    """Its part in the next hours, which later plans cannot avoid either."""
    near_doubt_kh: float
    """The same with the margin: what errors of model and forecast would make discomfort."""
    heat_value_kwh: float
    """Money that another kWh of heat now would save later."""
    surplus_savings_h: Array
    """Money per hour that surplus saves in each cell; the segments' costs are those of grid power."""


class ResponseModel:
    """The responses of a house to heat on the time grid; the same for all its plans."""

    def __init__(self, house: HouseParameters, steps: int) -> None:
        self.house = house
        self.grid = time_grid(steps)
        a, b = discretise(house.vector[None], STEP_S)
        self.a, self.b = a[0], b[0]
        share = house.sensor_mass_share
        self.sensor = np.array([0.0, 1 - share, share])
        pulse = np.empty((self.grid.steps, STATES))
        now = self.b[:, HEAT]
        for k in range(self.grid.steps):
            pulse[k] = now
            now = self.a @ now
        self.room_per_w = self.grid.cumulated(pulse @ self.sensor)
        self.emitter_per_w = self.grid.cumulated(pulse[:, 0])
        stored_kwh_k = np.array([house.emitter_j_k, house.room_j_k, house.mass_j_k]) / 3.6e6
        self.stored_kwh_per_w = self.grid.cumulated(pulse @ stored_kwh_k)[-1]

    @cached_property
    def fade(self) -> Array:
        """Decay of the unknown heat over the steps."""
        result: Array = np.exp(-np.arange(self.grid.steps) * (STEP_S / 3600 / FADE_H))
        return result

    def unheated(self, state: HouseState, horizon: Horizon, sun_doubt: float) -> tuple[Array, Array]:
        """Return at each cell's end, without heating: the states, and the room's temperature loss by doubted sun."""
        n = self.grid.steps
        time_s = horizon.start_s + STEP_S * np.arange(1, n + 1)
        series = (time_s, np.zeros(n), horizon.outdoor_c[:n], horizon.solar_w_m2[:n], horizon.people[:n])
        drive = inputs(self.house.vector[None], *series)[0]
        dark = inputs(self.house.vector[None], *series[:3], np.zeros(n), series[4])[0]
        drive[:, GAIN_ROOM] += state.unknown_w * self.fade
        kicks = np.concatenate([drive @ self.b.T, (drive[:, 2:] - dark[:, 2:]) @ self.b[:, 2:].T], axis=1)
        kicks[:, STATES + 1] -= state.unknown_w * self.fade * self.b[1, GAIN_ROOM]
        both, faded = np.zeros((2, STATES)), np.empty((2, STATES))
        both[0] = state.temperatures
        a_t = self.a.T
        states = np.empty((n, 2, STATES))
        for kick, following in zip(kicks.reshape(n, 2, STATES), states, strict=True):
            np.matmul(both, a_t, out=faded)
            both = np.add(faded, kick, out=following)
        at_ends = states[self.grid.end - 1]
        return at_ends[:, 0], sun_doubt * np.maximum(at_ends[:, 1] @ self.sensor, 0.0)


def comfort_on(cells: TimeGrid, horizon: Horizon) -> tuple[Array, Array]:
    """Return the bounds at each cell's end: the strictest within half a cell before and after."""
    lower, upper = horizon.lower_c, horizon.upper_c
    half = (cells.end - cells.begin) // 2
    offset = np.arange(-int(half.max()), int(half.max()) + 1)[:, None]
    inside = np.abs(offset) <= half
    at = np.clip(cells.end + offset, 0, len(lower) - 1)
    low = np.where(inside, lower[at], -np.inf).max(axis=0)
    high = np.where(inside, upper[at], np.inf).min(axis=0)
    return np.maximum(low, lower[cells.end - 1]), np.minimum(high, upper[cells.end - 1])


class PlanProblem:
    """The program of a plan; it can be solved with the use in the first cells free or given."""

    def __init__(
        self,
        model: ResponseModel,
        state: HouseState,
        horizon: Horizon,
        criteria: PlanCriteria,
        segments: Sequence[Segment],
    ) -> None:
        self.model, self.criteria, self.segments = model, criteria, tuple(segments)
        cells = model.grid
        free, doubt_k = model.unheated(state, horizon, criteria.sun_doubt)
        self.free_room, self.free_emitter = free @ model.sensor, free[:, 0]
        self.heat = np.concatenate([segment.heat_w for segment in segments])
        self.power = np.concatenate([segment.power_w for segment in segments])
        heat_value_kwh = criteria.stored_heat_share * self._usual_cost_kwh()
        end_value = np.tile(heat_value_kwh * model.stored_kwh_per_w, len(segments)) * self.heat
        hours = np.tile(cells.hours, len(segments))
        self.spend = np.concatenate([segment.cost_h for segment in segments]) * hours
        own, own_kw, own_gain = self._own_power()
        self.cost = np.concatenate([self.spend - end_value, -own_gain])
        self.used = np.concatenate([self.heat > NEGLIGIBLE_HEAT_W, np.ones(len(own), dtype=bool)])
        self.lower, self.upper = comfort_on(cells, horizon)
        self._rows(doubt_k, own, own_kw)

    def _usual_cost_kwh(self) -> float:
        """Return the mean cost of a kWh of heat from the cheapest segment of sufficient size."""
        sums = [(float(segment.cost_h.sum()), float(segment.heat_w.sum())) for segment in self.segments]
        least = MINOR_SHARE * max((heat for _, heat in sums), default=0.0)
        means = [1000 * cost / heat for cost, heat in sums if heat > 0 and heat >= least]
        return max(0.0, min(means, default=0.0))

    def _own_power(self) -> tuple[Index, Array, Array]:
        """Return the cells in which surplus saves money, its power in kW, and the saving if all of it is used."""
        surplus = self.criteria.surplus
        if surplus is None:
            return np.zeros(0, dtype=np.intp), np.zeros(0), np.zeros(0)
        power = self.power.reshape(len(self.segments), -1).sum(axis=0)
        usable = np.minimum(surplus.power_w, power)
        cells = np.flatnonzero((usable > OWN_W) & (surplus.saves_kwh > 0))
        kilowatt = usable[cells] / 1000
        return cells, kilowatt, kilowatt * surplus.saves_kwh[cells] * self.model.grid.hours[cells]

    def _power_rows(self, own: Index, own_kw: Array) -> Iterator[tuple[Array, Array, Array]]:
        """Yield rows for limits that could be exceeded, and for surplus: counted surplus must be consumed."""
        hours = self.model.grid.hours
        power = self.power.reshape(len(self.segments), -1) / 1000
        for limit in self.criteria.limits:
            counted = power * limit.shares[:, None]
            over = counted.sum(axis=0) > limit.most_w / 1000
            if over.any():
                rows = -self._consumed(counted, np.flatnonzero(over))
                yield rows, np.full(len(rows), -limit.most_w / 1000), OVERLOAD_PRICE_KW * hours[over]
        if len(own) and self.criteria.surplus is not None:
            rows = self._consumed(power, own)
            rows[:, len(self.heat) :] = -np.diag(own_kw)
            dear = 2 * float(self.criteria.surplus.saves_kwh[own].max())
            yield rows, np.zeros(len(own)), dear * hours[own]

    def _consumed(self, power: Array, at: Index) -> Array:
        """Return a row for each of these cells: the power (segments, cells) that each amount takes in it."""
        rows = np.zeros((len(at), len(self.cost)))
        by_segment = rows[:, : power.size].reshape(len(at), *power.shape)
        by_segment[np.arange(len(at)), :, at] = power[:, at].T
        return rows

    def _rows(self, doubt_k: Array, own: Index, own_kw: Array) -> None:
        """Build the soft rows of comfort (too cold, too warm) and power; rows that cannot be violated are omitted."""
        criteria, cells = self.criteria, self.model.grid
        low, high = self.lower, self.upper
        margin = np.minimum(criteria.margin_k, np.maximum(high - low, 0.0) / 2)
        self.cell = np.concatenate([np.tile(np.arange(len(cells)), len(self.segments)), own])
        self.weight = np.concatenate([self.heat, np.zeros(len(own))])
        room = self.model.room_per_w.take(self.cell, axis=1) * self.weight
        penalty = criteria.discomfort_price_kh * cells.hours
        wanted = low + margin + np.minimum(doubt_k, np.maximum(high - low - 2 * margin, 0.0))
        self.wanted = wanted
        cold = self.free_room < wanted
        warm = self.free_room + room[:, : len(self.heat)].sum(axis=1) > high - margin
        too_warm_k = self.free_room - high + margin - doubt_k
        parts = [
            (room[cold], (wanted - self.free_room)[cold], penalty[cold]),
            (-room[warm], too_warm_k[warm], criteria.upper_price_share * penalty[warm]),
        ]
        parts += self._power_rows(own, own_kw)
        self.comfort = np.concatenate([self.model.room_per_w[cold], -self.model.room_per_w[warm]])
        self.rows, self.low, self.penalty = (np.concatenate([part[i] for part in parts]) for i in range(3))
        self.cold = cold

    def solve(self, first: Fixed | None = None) -> Plan:
        """Return the cheapest plan, optionally with given use of some segments in the first cells."""
        cells = len(self.model.grid)
        use = np.zeros(len(self.cost))
        free = self.used.copy()
        for place, shares in (first or {}).items():
            for k, share in enumerate(shares):
                use[place * cells + k] = share
                free[place * cells + k] = False
        rows = self.rows.take(np.flatnonzero(free), axis=1)
        result: Solution = solve(
            LinearProgram(
                cost=self.cost[free],
                most=np.ones(int(free.sum())),
                rows=rows,
                low=self.low - self.rows @ use,
                penalty=self.penalty,
                cells=self._form(free, rows),
            )
        )
        objective = result.objective + float(self.cost @ use)
        use[free] = result.amounts
        return self._plan(use[: len(self.heat)], result, objective)

    def _form(self, free: Mask, rows: Array) -> BlockForm | None:
        """Return the block form of a large program; None for a small one."""
        if int(free.sum()) < LARGE:
            return None
        comfort = len(self.comfort)
        return BlockForm.of(self.cell[free], self.weight[free], self.comfort, rows[comfort:])

    def _plan(self, use: Array, result: Solution, objective: float) -> Plan:
        table = use.reshape(len(self.segments), -1)
        heat = (use * self.heat).reshape(table.shape).sum(axis=0)
        room = self.free_room + self.model.room_per_w @ heat
        hours = self.model.grid.hours
        count = int(self.cold.sum())
        gain = self.model.room_per_w[self.cold, 0] @ result.shadow[:count]
        power = (use * self.power).reshape(table.shape).sum(axis=0)
        cold_kh = np.maximum(self.lower - room, 0.0) * hours
        soon = np.cumsum(hours) <= SOON_H
        surplus = self.criteria.surplus
        own = np.minimum(power, surplus.power_w) * np.maximum(surplus.saves_kwh, 0.0) if surplus else 0 * power
        return Plan(
            grid=self.model.grid,
            segments=self.segments,
            use=table,
            heat_w=heat,
            power_w=power,
            room_c=room,
            emitter_c=self.free_emitter + self.model.emitter_per_w @ heat,
            lower_c=self.lower,
            objective=objective,
            shortfall_kh=float(cold_kh.sum()),
            near_shortfall_kh=float(cold_kh[soon].sum()),
            near_doubt_kh=float((np.maximum(self.wanted - room, 0.0) * hours)[soon].sum()),
            heat_value_kwh=float(gain / (hours[0] / 1000)),
            surplus_savings_h=own / 1000,
        )
