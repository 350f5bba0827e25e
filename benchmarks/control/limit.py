"""The limit: the cheapest operation in a window of the twin with perfect foresight.

A linear program over the scored days with the twin's equations. It is solved repeatedly until the floor temperature,
on which the heat pump's efficiency depends, no longer changes. It may switch the heat pump without minimum on time,
so that it is a bound and not a schedule. For a fair comparison it starts from the state that the controller had at
the start of the scored days, leaves at least as much heat in the house, and has no more discomfort.

It needs scipy and uses the twin's internal parameters; the engine has neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

STEP_H = 0.25
KELVIN = 273.15
ROUNDS = 5
UNAVOIDABLE_EUR_KH = 100.0
"""Penalty of additional discomfort that is physically unavoidable (a hot day in April)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The result with perfect foresight; KPIs per m2 of floor area."""

    cost_eur_m2: float
    energy_kwh_m2: float
    discomfort_kh: float
    peak_w_m2: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """The conditions of the limit, taken from a controller's run."""

    start_c: np.ndarray
    end_c: np.ndarray
    discomfort_kh: float
    peak_w_m2: float | None = None


class House:
    """The linear part of the twin; heat and power of its heat pump are linear in the floor temperature."""

    def __init__(self, twin: ModuleType, scale: dict[str, float]) -> None:
        self.twin, self.plant = twin, twin.Twin(scale)
        p = self.plant
        g_fz, g_zm, g_zo, g_mo, g_fg = (
            getattr(p, f"_g_{name}") for name in ("floor_zone", "zone_mass", "zone_out", "mass_out", "floor_ground")
        )
        conduct = np.array(
            [[-(g_fz + g_fg), g_fz, 0.0], [g_fz, -(g_fz + g_zm + g_zo), g_zm], [0.0, g_zm, -(g_zm + g_mo)]]
        )
        self.capacity = np.array([getattr(p, f"_c_{name}") for name in ("floor", "zone", "mass")])
        # Inputs: heat, outdoor, ground, gain to zone, gain to mass.
        inputs = np.array([[1, 0, g_fg, 0, 0], [0, g_zo, 0, 1, 0], [0, g_mo, 0, 0, 1]], float)
        dt = twin.STEP_S / twin.SUB_STEPS
        one, into = np.eye(3) + dt * conduct / self.capacity[:, None], dt * inputs / self.capacity[:, None]
        self.a5, self.b5 = np.eye(3), np.zeros((3, 5))
        for _ in range(twin.SUB_STEPS):
            self.a5, self.b5 = one @ self.a5, one @ self.b5 + into
        share = p._mass_share  # noqa: SLF001
        self.room_row = np.array([0.0, 1 - share, share])

    def drift(self, index: np.ndarray) -> np.ndarray:
        """Return the change of the states by weather and people per 15 minutes."""
        b, p = self.plant.boundary, self.plant
        zone = p._sun_zone * b.window_sun_w_m2[index] + p._internal * b.gains_w[index]  # noqa: SLF001
        mass = p._sun_mass * b.window_sun_w_m2[index] + p._sun_roof * b.solar_w_m2[index]  # noqa: SLF001
        ground = np.full(len(index), p._t_ground - KELVIN)  # noqa: SLF001
        drive = np.stack([np.zeros(len(index)), b.t_out_c[index], ground, zone, mass], axis=1)
        kicks = (drive @ self.b5.T).reshape(-1, 3, 3)
        return kicks[:, 0] @ (self.a5 @ self.a5).T + kicks[:, 1] @ self.a5.T + kicks[:, 2]

    def lines(self, level: np.ndarray, t_out_c: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return q0, q1, p0, p1 of heat q0 + q1 Tf and power p0 + p1 Tf at a level."""
        h, w, x = self.plant._heat, self.plant._power, t_out_c - 3  # noqa: SLF001
        heat_30, heat_slope = h[0] + h[2] * x + level * (h[3] + h[5] * x), h[1] + level * h[4]
        power_30, power_slope = w[0] + w[2] * x + level * (w[3] + w[5] * x), w[1] + level * w[4]
        to_floor = self.plant._water_to_floor  # noqa: SLF001
        gain = 1 / (1 - heat_slope / to_floor)
        q0, q1 = (heat_30 - 30 * heat_slope) * gain, heat_slope * gain
        p0 = power_30 + power_slope * (q0 / to_floor - 30) + self.twin.FAN_AND_PUMP_W
        return q0, q1, p0, power_slope * (1 + q1 / to_floor)

    def level_under(self, cap_w: float | None, floor_c: np.ndarray, t_out_c: np.ndarray) -> np.ndarray:
        """Return the maximum level within a power cap."""
        if cap_w is None:
            return np.ones(len(floor_c))
        low, high = np.zeros(len(floor_c)), np.ones(len(floor_c))
        for _ in range(30):
            middle = (low + high) / 2
            _, _, p0, p1 = self.lines(middle, t_out_c)
            over = p0 + p1 * floor_c > cap_w
            low, high = np.where(over, low, middle), np.where(over, middle, high)
        return low


class Rows:
    """Collects the rows of a sparse matrix."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._right: list[np.ndarray] = []
        self.count = 0

    def add(
        self, entries: Sequence[tuple[np.ndarray, np.ndarray | float]], right: np.ndarray, *, skip: int = 0
    ) -> None:
        """Add a block of rows: (columns, values) pairs; ``skip`` omits the first rows of a pair's block."""
        for columns, values in entries:
            lead = skip if len(columns) < len(right) else 0
            rows = self.count + lead + np.arange(len(columns))
            self._parts.append((rows, columns, np.broadcast_to(values, len(columns))))
        self._right.append(right)
        self.count += len(right)

    def add_sum(self, entries: Sequence[tuple[np.ndarray, np.ndarray | float]], right: float) -> None:
        """Add one row with a sum."""
        for columns, values in entries:
            rows = np.full(len(columns), self.count)
            self._parts.append((rows, columns, np.broadcast_to(values, len(columns))))
        self._right.append(np.array([right]))
        self.count += 1

    def matrix(self, width: int) -> sparse.csr_matrix:
        """Return the matrix."""
        rows, columns, values = (np.concatenate([part[i] for part in self._parts]) for i in range(3))
        return sparse.csr_matrix((values, (rows, columns)), shape=(self.count, width))

    @property
    def right(self) -> np.ndarray:
        """The right-hand side."""
        return np.concatenate(self._right)


def solve(
    twin: ModuleType, index: np.ndarray, price: str, bounds: Bounds, scale: dict[str, float] | None = None
) -> Limit:
    """Return the cheapest operation over ``index`` (5-minute steps).

    Raises:
        RuntimeError: the solver finds no solution.
    """
    house, b = House(twin, scale or {}), twin.boundary()
    n = len(index) // 3
    t_out, tariff = b.t_out_c[index].reshape(n, 3).mean(1), b.price_eur_kwh[price][index].reshape(n, 3).mean(1)
    # Comfort is evaluated every 15 minutes, with the bounds of the last five minutes.
    low, high = b.lower_c[index].reshape(n, 3)[:, 2], b.upper_c[index].reshape(n, 3)[:, 2]
    columns = _Columns(n)
    equal = _dynamics(house, house.drift(index), bounds.start_c, columns)
    cap_w = None if bounds.peak_w_m2 is None else bounds.peak_w_m2 * twin.FLOOR_AREA_M2
    floor, heat = np.full(n, bounds.start_c[0]), np.zeros(n)
    for _ in range(ROUNDS):
        q0, q1, p0, p1 = house.lines(house.level_under(cap_w, floor, t_out), t_out)
        q_on, p_on = q0 + q1 * floor, p0 + p1 * floor
        cost = np.zeros(columns.width)
        cost[columns.heat] = tariff * STEP_H / 1000 * p_on / q_on
        slope = (p1 * q_on - p_on * q1) / q_on**2
        cost[columns.floor[:-1]] += (tariff * STEP_H / 1000 * heat * slope)[1:]
        cost[-1] = UNAVOIDABLE_EUR_KH
        below = _inequalities(house, columns, low, high, q0, q1, bounds)
        answer = linprog(  # type: ignore[call-overload]  # its stubs know no sparse matrices
            cost,
            A_ub=below.matrix(columns.width),
            b_ub=below.right,
            A_eq=equal.matrix(columns.width),
            b_eq=equal.right,
            bounds=[(None, None)] * (3 * n) + [(0, None)] * (3 * n + 1),
            method="highs-ipm",
        )
        if answer.status != 0:
            raise RuntimeError(f"the solver found no solution: {answer.message}")
        heat = answer.x[columns.heat]
        floor = np.concatenate([bounds.start_c[:1], answer.x[columns.floor[:-1]]])
    power = heat * (p0 + p1 * floor) / (q0 + q1 * floor)
    area = twin.FLOOR_AREA_M2
    return Limit(
        cost_eur_m2=float((power * tariff).sum() * STEP_H / 1000 / area),
        energy_kwh_m2=float(power.sum() * STEP_H / 1000 / area),
        discomfort_kh=float((answer.x[columns.below] + answer.x[columns.above]).sum() * STEP_H),
        peak_w_m2=float(np.where(heat > 1, p0 + p1 * floor, 0).max() / area),
    )


class _Columns:
    """Columns of the unknowns: states after each step, heat, too cold, too warm, unavoidable discomfort."""

    def __init__(self, n: int) -> None:
        k = np.arange(n)
        self.floor, self.zone, self.mass = 3 * k, 3 * k + 1, 3 * k + 2
        self.heat, self.below, self.above = 3 * n + k, 4 * n + k, 5 * n + k
        self.width = 6 * n + 1


def _dynamics(house: House, drift: np.ndarray, start_c: np.ndarray, columns: _Columns) -> Rows:
    """x(k + 1) - A x(k) - b q(k) = drift, one block per state."""
    a5 = house.a5
    a, heat_in = a5 @ a5 @ a5, (a5 @ a5 + a5 + np.eye(3)) @ house.b5[:, 0]
    states = (columns.floor, columns.zone, columns.mass)
    rows = Rows()
    for i, state in enumerate(states):
        right = drift[:, i].copy()
        right[0] += a[i] @ start_c
        entries: list[tuple[np.ndarray, np.ndarray | float]] = [(state, 1.0), (columns.heat, -heat_in[i])]
        entries += [(other[:-1], -a[i, j]) for j, other in enumerate(states)]
        rows.add(entries, right, skip=1)
    return rows


def _inequalities(  # noqa: PLR0917
    house: House, columns: _Columns, low: np.ndarray, high: np.ndarray, q0: np.ndarray, q1: np.ndarray, bounds: Bounds
) -> Rows:
    zone, mass = house.room_row[1:]
    rows = Rows()
    rows.add([(columns.zone, -zone), (columns.mass, -mass), (columns.below, -1.0)], -low)
    rows.add([(columns.zone, zone), (columns.mass, mass), (columns.above, -1.0)], high)
    most = q0.copy()
    most[0] += q1[0] * bounds.start_c[0]
    rows.add([(columns.heat, 1.0), (columns.floor[:-1], -q1[1:])], most, skip=1)
    last = np.array([columns.width - 1])
    discomfort = [(columns.below, STEP_H), (columns.above, STEP_H), (last, -1.0)]
    rows.add_sum(discomfort, bounds.discomfort_kh)
    per_kwh = house.capacity / 3.6e6
    ends = np.array([columns.floor[-1], columns.zone[-1], columns.mass[-1]])
    rows.add_sum([(ends, -per_kwh)], -float(per_kwh @ bounds.end_c))
    return rows
