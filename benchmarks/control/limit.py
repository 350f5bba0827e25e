"""The limit: the cheapest way to run a twin window with everything known beforehand.

A linear program over the scored days on the twin's own equations, solved again until the floor temperature,
which the heat pump's efficiency depends on, no longer moves. It may duty-cycle the heat pump without any
minimum run time, so it is a bound and not a schedule. To keep it fair it starts from the state that the
controller had reached at the start of the scored days and must leave no less heat in the house.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

STEP_S = 900
KELVIN = 273.15
UNAVOIDABLE_EUR_KH = 100.0


@dataclass(frozen=True, slots=True)
class Limit:
    """What perfect foresight reaches: KPIs in the twin's units, per m2 of floor."""

    cost_eur_m2: float
    energy_kwh_m2: float
    discomfort_kh: float
    peak_w_m2: float
    room_c: np.ndarray
    power_w: np.ndarray


class _House:
    """The twin's linear part at 15 min, and its heat pump at full or capped power."""

    def __init__(self, twin_module: Any, scale: dict[str, float] | None) -> None:
        self.t = twin_module
        plant = twin_module.Twin(scale)
        self.p = plant
        g_fz, g_zm = plant._g_floor_zone, plant._g_zone_mass
        g_zo, g_mo, g_fg = plant._g_zone_out, plant._g_mass_out, plant._g_floor_ground
        dt = twin_module.STEP_S / twin_module.SUB_STEPS
        conduct = np.array(
            [
                [-(g_fz + g_fg), g_fz, 0.0],
                [g_fz, -(g_fz + g_zm + g_zo), g_zm],
                [0.0, g_zm, -(g_zm + g_mo)],
            ]
        )
        per_j = np.array([1 / plant._c_floor, 1 / plant._c_zone, 1 / plant._c_mass])
        self.capacity = 1 / per_j
        # Inputs: heat, outdoor, ground, gain to zone, gain to mass.
        inputs = np.array([[1, 0, g_fg, 0, 0], [0, g_zo, 0, 1, 0], [0, g_mo, 0, 0, 1]], float)
        one = np.eye(3) + dt * per_j[:, None] * conduct
        into = dt * per_j[:, None] * inputs
        a, b = np.eye(3), np.zeros((3, 5))
        for _ in range(twin_module.SUB_STEPS):
            a, b = one @ a, one @ b + into
        self.a5, self.b5 = a, b
        self.room_row = np.array([0.0, 1 - plant._mass_share, plant._mass_share])

    def disturbance(self, index: np.ndarray) -> np.ndarray:
        """The five inputs without heat, per 5-minute step."""
        b, p = self.p.boundary, self.p
        sun, glo = b.window_sun_w_m2[index], b.solar_w_m2[index]
        zone = p._sun_zone * sun + p._internal * b.gains_w[index]
        mass = p._sun_mass * sun + p._sun_roof * glo
        return np.stack(
            [np.zeros(len(index)), b.t_out_c[index], np.full(len(index), p._t_ground - KELVIN), zone, mass], axis=1
        )

    def full_power(self, modulation: np.ndarray, t_out_c: np.ndarray) -> tuple[np.ndarray, ...]:
        """Heat and power as lines over the floor temperature: q = q0 + q1 Tf, p = p0 + p1 Tf."""
        h, w, x = self.p._heat, self.p._power, t_out_c - 3
        y = modulation
        h30, hs = h[0] + h[2] * x + y * (h[3] + h[5] * x), h[1] + y * h[4]
        w30, ws = w[0] + w[2] * x + y * (w[3] + w[5] * x), w[1] + y * w[4]
        g = self.p._water_to_floor
        gain = 1 / (1 - hs / g)
        q0, q1 = (h30 - 30 * hs) * gain, hs * gain
        p0 = w30 + ws * (q0 / g - 30) + self.t.FAN_AND_PUMP_W
        p1 = ws * (1 + q1 / g)
        return q0, q1, p0, p1


def _modulation_under(house: _House, cap_w: float, floor_c: np.ndarray, t_out: np.ndarray) -> np.ndarray:
    """The highest modulation whose power stays under the cap."""
    low, high = np.zeros(len(floor_c)), np.ones(len(floor_c))
    for _ in range(30):
        mid = (low + high) / 2
        _, _, p0, p1 = house.full_power(mid, t_out)
        over = p0 + p1 * floor_c > cap_w
        low, high = np.where(over, low, mid), np.where(over, mid, high)
    return high if cap_w > 1e5 else low


def solve(
    twin_module: Any,
    index: np.ndarray,
    price: str,
    start_c: np.ndarray,
    end_c: np.ndarray | None,
    discomfort_kh: float,
    peak_w_m2: float | None = None,
    scale: dict[str, float] | None = None,
    rounds: int = 6,
) -> Limit:
    """The cheapest run over ``index`` (5-minute steps) from ``start_c`` (floor, zone, mass) with at most this discomfort."""
    house, b = _House(twin_module, scale), twin_module.boundary()
    n5, n = len(index), len(index) // 3
    d5 = house.disturbance(index) @ house.b5.T
    d5 = d5.reshape(n, 3, 3)
    a5 = house.a5
    a = a5 @ a5 @ a5
    drift = np.array([a5 @ a5 @ d[0] + a5 @ d[1] + d[2] for d in d5])
    heat_in = (a5 @ a5 + a5 + np.eye(3)) @ house.b5[:, 0]
    t_out = b.t_out_c[index].reshape(n, 3).mean(1)
    tariff = b.price_eur_kwh[price][index].reshape(n, 3).mean(1)
    lower = b.lower_c[index].reshape(n, 3)
    upper = b.upper_c[index].reshape(n, 3)
    # The deviation of a 15-minute step is judged at its end, against the bounds of its last 5 minutes.
    lo, hi = lower[:, 2], upper[:, 2]
    cap_w = 1e9 if peak_w_m2 is None else peak_w_m2 * twin_module.FLOOR_AREA_M2
    floor = np.full(n, start_c[0])
    heat = np.zeros(n)
    # Variables: x (3n, after each step), q (n), below (n), above (n).
    nx, iq, ib, ia = 3 * n, 3 * n, 4 * n, 5 * n
    size = 6 * n + 1  # the last: discomfort beyond the wanted, where physics leaves no choice
    rows, cols, vals = [], [], []
    rhs = drift.reshape(-1).copy()
    rhs[:3] += a @ start_c
    for k in range(n):
        for i in range(3):
            r = 3 * k + i
            rows += [r, r]
            cols += [r, iq + k]
            vals += [1.0, -heat_in[i]]
            if k:
                for j in range(3):
                    rows.append(r)
                    cols.append(3 * (k - 1) + j)
                    vals.append(-a[i, j])
    a_eq = sparse.csr_matrix((vals, (rows, cols)), shape=(nx, size))
    kk = np.arange(n)
    result = None
    for _ in range(rounds):
        y = np.ones(n) if cap_w > 1e5 else _modulation_under(house, cap_w, floor, t_out)
        q0, q1, p0, p1 = house.full_power(y, t_out)
        q_on, p_on = q0 + q1 * floor, p0 + p1 * floor
        ratio = p_on / q_on
        slope = (p1 * q_on - p_on * q1) / q_on**2
        cost = np.zeros(size)
        scale_eur = tariff * 0.25 / 1000
        cost[iq : iq + n] = scale_eur * ratio
        cost[-1] = UNAVOIDABLE_EUR_KH
        before = 3 * (kk - 1)
        cost[before[1:]] += (scale_eur * heat * slope)[1:]
        ub_rows, ub_cols, ub_vals, ub_rhs = [], [], [], []

        def add(row_cols, row_vals, bound, offset):
            for c, v in zip(row_cols, row_vals, strict=True):
                ub_rows.append(offset + kk[: len(c)])
                ub_cols.append(c)
                ub_vals.append(np.broadcast_to(v, len(c)))
            ub_rhs.append(np.broadcast_to(bound, n))

        z, m = house.room_row[1], house.room_row[2]
        add([3 * kk + 1, 3 * kk + 2, ib + kk], [-z, -m, -1.0], -lo, 0)
        add([3 * kk + 1, 3 * kk + 2, ia + kk], [z, m, -1.0], hi, n)
        # q <= q0 + q1 Tf(before)
        bound = q0.copy()
        bound[0] += q1[0] * start_c[0]
        add([iq + kk], [1.0], bound, 2 * n)
        ub_rows.append(2 * n + kk[1:])
        ub_cols.append(before[1:])
        ub_vals.append(-q1[1:])
        extra = [(ib + kk, np.full(n, 0.25)), (ia + kk, np.full(n, 0.25))]
        for c, v in extra:
            ub_rows.append(np.full(n, 3 * n))
            ub_cols.append(c)
            ub_vals.append(v)
        ub_rows.append(np.array([3 * n]))
        ub_cols.append(np.array([size - 1]))
        ub_vals.append(np.array([-1.0]))
        ub_rhs.append(np.array([discomfort_kh]))
        count = 3 * n + 1
        if end_c is not None:
            ub_rows.append(np.full(3, count))
            ub_cols.append(np.arange(3 * (n - 1), 3 * n))
            ub_vals.append(-house.capacity / 3.6e6)
            ub_rhs.append(np.array([-(house.capacity @ end_c) / 3.6e6]))
            count += 1
        a_ub = sparse.csr_matrix(
            (np.concatenate(ub_vals), (np.concatenate(ub_rows), np.concatenate(ub_cols))), shape=(count, size)
        )
        bounds = [(None, None)] * nx + [(0, None)] * (3 * n + 1)
        result = linprog(
            cost, A_ub=a_ub, b_ub=np.concatenate(ub_rhs), A_eq=a_eq, b_eq=rhs, bounds=bounds, method="highs-ipm"
        )
        if result.status != 0:
            msg = f"limit not solvable: {result.message}"
            raise RuntimeError(msg)
        states = result.x[:nx].reshape(n, 3)
        heat = result.x[iq : iq + n]
        floor = np.concatenate([[start_c[0]], states[:-1, 0]])
    q_on, p_on = q0 + q1 * floor, p0 + p1 * floor
    power = heat * p_on / q_on
    area = twin_module.FLOOR_AREA_M2
    return Limit(
        cost_eur_m2=float((power * tariff).sum() * 0.25 / 1000 / area),
        energy_kwh_m2=float(power.sum() * 0.25 / 1000 / area),
        discomfort_kh=float(result.x[ib:-1].sum() * 0.25),
        peak_w_m2=float(np.where(heat > 1, p_on, 0).max() / area),
        room_c=states @ house.room_row,
        power_w=power,
    )
