"""Planning heat over the next two days: least cost for the comfort that was asked for.

The room's answer to heat is linear in the learned house, so the plan is a linear program (program.py) over the heat in
each cell of the grid. A source that cannot be cheap at every level (a heat pump's fans and pumps cost the same at a
third of its load) enters by the convex hull of what it can do: a share of time at its best level, and more above it.
The hull depends on flow temperature, that on the emitter, that on the plan: the last plan's emitter is used.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import Array
from ..house.network import GAIN_ROOM, HEAT, HouseParameters, STATES, discretise, inputs
from ..house.observer import FADE_H, HouseState
from ..house.pump_map import PumpMap
from .grid import STEP_S, Grid, grid
from .program import Program, Solution, solve

LEVELS = 13


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is coming, per 15-minute step from now; all of one length."""

    start_s: float
    """Local standard time."""
    outdoor_c: Array
    solar_w_m2: Array
    people: Array
    lower_c: Array
    upper_c: Array
    price_kwh: Array


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a plan weighs and must keep."""

    margin_k: float = 0.1
    """Distance to keep from the comfort bounds, for what the model does not know."""
    discomfort_price_kh: float = 2.0
    """Money that one kelvin-hour outside the comfort band is worth."""
    upper_price_share: float = 0.5
    """Being too warm counts this much of being too cold."""
    power_limit_w: float = np.inf
    lowest_level: float = 0.25
    highest_level: float = 1.0
    flow_limit_c: float = 45.0
    stored_heat_share: float = 0.6
    """What heat left in the house at the end of the plan is worth, of its cost."""


@dataclass(frozen=True, slots=True)
class Hull:
    """Per cell: best level with its heat and power, and what more there is at the highest allowed level."""

    level: Array
    heat_w: Array
    power_w: Array
    more_level: Array
    more_heat_w: Array
    more_power_w: Array


@dataclass(frozen=True, slots=True)
class Plan:
    """Heat per cell, and what it does."""

    grid: Grid
    duty: Array
    """Share of time at the best level."""
    more: Array
    """Share of the way from the best to the highest level."""
    hull: Hull
    heat_w: Array
    power_w: Array
    room_c: Array
    """At each cell's end."""
    emitter_c: Array
    objective: float
    shadow_kh: Array
    """Per cell: what one more kelvin of comfort at its end would cost."""


class ResponseModel:
    """What is the same for all plans of one house: the answers to heat on a grid."""

    def __init__(self, house: HouseParameters, steps: int) -> None:
        self.house = house
        self.grid = grid(steps)
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
        capacity = np.array([house.emitter_j_k, house.room_j_k, house.mass_j_k]) / 3.6e6
        self.stored_kwh_k = capacity
        stored = self.grid.cumulated(pulse @ capacity)
        self.stored_kwh_per_w = stored[-1]

    @cached_property
    def fade(self) -> Array:
        """How the unknown heat fades over the steps."""
        return np.exp(-np.arange(self.grid.steps) * (STEP_S / 3600 / FADE_H))

    def unheated(self, state: HouseState, outlook: Outlook) -> Array:
        """States at each cell's end without any heat."""
        n = self.grid.steps
        drive = inputs(
            self.house.vector[None],
            outlook.start_s + STEP_S * np.arange(1, n + 1),
            np.zeros(n),
            outlook.outdoor_c[:n],
            outlook.solar_w_m2[:n],
            outlook.people[:n],
        )[0]
        drive[:, GAIN_ROOM] += state.unknown_w * self.fade
        kicks = drive @ self.b.T
        now = state.temperatures
        states = np.empty((n, STATES))
        for k in range(n):
            now = self.a @ now + kicks[k]
            states[k] = now
        return states[self.grid.end - 1]


def comfort_on(cells: Grid, outlook: Outlook) -> tuple[Array, Array]:
    """Bounds at each cell's end: the stricter of just before and just after, and of half a cell around."""
    lower, upper = outlook.lower_c, outlook.upper_c
    half = (cells.end - cells.begin) // 2
    low, high = lower[cells.end - 1].copy(), upper[cells.end - 1].copy()
    last = len(lower) - 1
    for offset in range(-int(half.max()), int(half.max()) + 1):
        inside = (np.abs(offset) <= half) | (offset == 0)
        at = np.clip(cells.end + offset, 0, last)
        low = np.where(inside, np.maximum(low, lower[at]), low)
        high = np.where(inside, np.minimum(high, upper[at]), high)
    return low, high


def hull_of(pump: PumpMap, house: HouseParameters, emitter_c: Array, outdoor_c: Array, wishes: Wishes) -> Hull:
    """The source's hull at the emitter temperatures expected."""
    levels = np.linspace(wishes.lowest_level, wishes.highest_level, LEVELS)[None, :]
    outdoor, emitter = outdoor_c[:, None], emitter_c[:, None]
    flow = emitter + 5.0 * levels
    for _ in range(3):
        heat, power = pump.at(levels, flow, outdoor)
        # Flow lies above the mean water temperature by about as much as that above the emitter.
        flow = emitter + 1.5 * house.water_k_w * heat
    allowed = (power <= wishes.power_limit_w) & (flow <= wishes.flow_limit_c)
    allowed[:, 0] = True
    efficiency = np.where(allowed, heat / power, -1.0)
    rows = np.arange(len(emitter_c))
    best = efficiency.argmax(axis=1)
    top = LEVELS - 1 - allowed[:, ::-1].argmax(axis=1)
    more_heat = heat[rows, top] - heat[rows, best]
    more_power = power[rows, top] - power[rows, best]
    return Hull(
        level=levels[0, best],
        heat_w=heat[rows, best],
        power_w=power[rows, best],
        more_level=levels[0, top],
        more_heat_w=np.maximum(more_heat, 0.0),
        more_power_w=np.maximum(more_power, 0.0),
    )


class Planner:
    """Plans for one learned house and source; made anew when either is learned anew."""

    def __init__(self, house: HouseParameters, pump: PumpMap, steps: int = 192) -> None:
        self.model = ResponseModel(house, steps)
        self.pump = pump

    def plan(self, state: HouseState, outlook: Outlook, wishes: Wishes, emitter_c: Array | None = None) -> "Planning":
        """A planning session at this moment. ``emitter_c``: the last plan's, per cell."""
        return Planning(self, state, outlook, wishes, emitter_c)


class Planning:
    """One moment's program, which can be solved with the first cells left free or fixed."""

    def __init__(
        self, planner: Planner, state: HouseState, outlook: Outlook, wishes: Wishes, emitter_c: Array | None
    ) -> None:
        self.model, self.wishes = planner.model, wishes
        cells = self.model.grid
        free = self.model.unheated(state, outlook)
        self.free_room, self.free_emitter = free @ self.model.sensor, free[:, 0]
        outdoor = cells.mean(outlook.outdoor_c)
        price = cells.mean(outlook.price_kwh)
        if emitter_c is None:
            emitter_c = np.full(len(cells), state.emitter_c + 3.0)
        self.hull = hull = hull_of(planner.pump, self.model.house, emitter_c, outdoor, wishes)
        kwh = cells.hours / 1000
        stored_price = wishes.stored_heat_share * float(
            np.average(price, weights=kwh) * hull.power_w.mean() / hull.heat_w.mean()
        )
        end_value = stored_price * self.model.stored_kwh_per_w
        self.heat = np.concatenate([hull.heat_w, hull.more_heat_w])
        self.cost = np.concatenate(
            [
                price * kwh * hull.power_w - end_value * hull.heat_w,
                price * kwh * hull.more_power_w - end_value * hull.more_heat_w,
            ]
        )
        self.used = np.concatenate([np.ones(len(cells), bool), hull.more_heat_w > 0.02 * hull.heat_w])
        low, high = comfort_on(cells, outlook)
        margin = np.minimum(wishes.margin_k, np.maximum(high - low, 0.0) / 2)
        room = np.concatenate([self.model.room_per_w, self.model.room_per_w], axis=1) * self.heat
        reach = room.sum(axis=1)
        penalty = wishes.discomfort_price_kh * cells.hours
        cold = self.free_room < low + margin
        warm = self.free_room + reach > high - margin
        self.rows = np.concatenate([room[cold], -room[warm]])
        self.low = np.concatenate([(low + margin - self.free_room)[cold], (self.free_room - high + margin)[warm]])
        self.penalty = np.concatenate([penalty[cold], wishes.upper_price_share * penalty[warm]])
        self.cold = cold

    def solve(self, first: tuple[tuple[float, float], ...] = ()) -> Plan:
        """The cheapest plan, with (duty, more) of the first cells given."""
        cells, count = self.model.grid, len(first)
        amounts = np.zeros(2 * len(cells))
        for k, (duty, more) in enumerate(first):
            amounts[k], amounts[len(cells) + k] = duty, more
        open_ = self.used.copy()
        open_[:count] = open_[len(cells) : len(cells) + count] = False
        fixed_cost = float(self.cost @ amounts)
        result: Solution = solve(
            Program(
                cost=self.cost[open_],
                most=np.ones(int(open_.sum())),
                rows=np.ascontiguousarray(self.rows[:, open_]),
                low=self.low - self.rows @ amounts,
                penalty=self.penalty,
            )
        )
        amounts[open_] = result.amounts
        return self._plan(amounts, result, fixed_cost)

    def _plan(self, amounts: Array, result: Solution, fixed_cost: float) -> Plan:
        n, hull = len(self.model.grid), self.hull
        duty, more = amounts[:n], amounts[n:]
        heat = duty * hull.heat_w + more * hull.more_heat_w
        shadow = np.zeros(n)
        shadow[self.cold] = result.shadow[: int(self.cold.sum())]
        return Plan(
            grid=self.model.grid,
            duty=duty,
            more=more,
            hull=hull,
            heat_w=heat,
            power_w=duty * hull.power_w + more * hull.more_power_w,
            room_c=self.free_room + self.model.room_per_w @ heat,
            emitter_c=self.free_emitter + self.model.emitter_per_w @ heat,
            objective=result.objective + fixed_cost,
            shadow_kh=shadow,
        )
