"""The present state of the house: a Kalman filter over emitter, room, mass and an unknown heat flow.

The fourth state is an unknown heat flow to the room (visitors, a stove, a wrong solar forecast, a model error). It
decays over hours. With it, a prediction starts without an offset.
"""

from dataclasses import dataclass
import math

import numpy as np

from ..arrays import Array
from .history import STEP_S, Row
from .network import STATES, HouseParameters, discretise, inputs

FADE_H = 8.0
MAX_GAP_S = 4.5 * STEP_S
EARLY_S = 60.0
ROOM_NOISE_K = 0.03
WATER_NOISE_K = 0.6
STATE_NOISE_K = np.array([0.06, 0.02, 0.01])
UNKNOWN_STEP_W_PER_W_K = 0.25
"""Standard deviation of the unknown heat's change in a step, per W/K of the house's loss."""


@dataclass(frozen=True, slots=True)
class HouseState:
    """Estimated temperatures in degC, and the unknown heat in W."""

    emitter_c: float
    room_c: float
    mass_c: float
    unknown_w: float
    innovation_k: float = 0.0
    """Difference between the room temperature and its prediction one step before."""

    @property
    def temperatures(self) -> Array:
        """The network's state vector."""
        return np.array([self.emitter_c, self.room_c, self.mass_c])


def emitter_after(house: HouseParameters, state: HouseState, heat_w: float, seconds: float) -> float:
    """Return the emitter temperature after ``seconds`` with this heat in a constant room; never lower than now."""
    rest_c = state.room_c + heat_w / house.emitter_w_k
    left = math.exp(-seconds * house.emitter_w_k / house.emitter_j_k)
    return max(state.emitter_c, rest_c + (state.emitter_c - rest_c) * left)


class Observer:
    """A Kalman filter that estimates the state of the house step by step."""

    def __init__(
        self, parameters: HouseParameters, start: HouseState, step_s: float = STEP_S, last_s: float = math.inf
    ) -> None:
        self.parameters = parameters
        self._step_s = step_s
        a, b = discretise(parameters.vector[None], step_s)
        self._a, self._b = np.eye(4), b[0]
        self._a[:3, :3] = a[0]
        self._a[:3, 3] = b[0][:, 2]
        self._a[3, 3] = math.exp(-step_s / 3600 / FADE_H)
        unknown = UNKNOWN_STEP_W_PER_W_K * parameters.total_loss_w_k
        self._noise = np.diag(np.append(STATE_NOISE_K, unknown) ** 2) * (step_s / STEP_S)
        share = parameters.sensor_mass_share
        self._room_row = np.array([0.0, 1 - share, share, 0.0])
        self._x = np.append(start.temperatures, start.unknown_w)
        self._p = np.diag([1.0, 0.1, 0.5, 4 * unknown]) ** 2
        self._start_p = self._p
        self._innovation_k = 0.0
        self._last_s = last_s

    def _restart(self, row: Row) -> None:
        """Forget the state before a gap; the mass changes slowly."""
        begin = first_state(self.parameters, row.room_c, row.water_c)
        self._x = np.array([begin.emitter_c, begin.room_c, (begin.mass_c + self._x[2]) / 2, 0.0])
        self._p = self._start_p

    @property
    def state(self) -> HouseState:
        """The present estimate."""
        emitter, room, mass, unknown = (float(value) for value in self._x)
        return HouseState(emitter, room, mass, unknown, self._innovation_k)

    def at(self, row: Row) -> HouseState:
        """Return the state at the end of a row that is not complete yet, or the first after a gap."""
        elapsed_s = row.time_s - self._last_s
        if not EARLY_S < elapsed_s < math.inf:
            return self.state
        step_s = elapsed_s if elapsed_s <= MAX_GAP_S else STEP_S
        then = Observer(self.parameters, self.state, step_s, self._last_s)
        then._p = self._p
        return then.update(row)

    def update(self, row: Row) -> HouseState:
        """Process a row: predict with its inputs, correct with its room and water temperature."""
        missing_s, steps = row.time_s - self._last_s, 1
        if missing_s > MAX_GAP_S:
            self._restart(row)
        elif missing_s > 0:
            steps = max(1, round(missing_s / self._step_s))
        self._last_s = row.time_s
        one = (np.array([v]) for v in (row.time_s, row.heat_w, row.outdoor_c, row.solar_w_m2, row.people))
        drive = np.nan_to_num(inputs(self.parameters.vector[None], *one)[0, 0])
        x, p = self._x, self._p
        for _ in range(steps):
            x = self._a @ x
            x[:STATES] += self._b @ drive
            p = self._a @ p @ self._a.T + self._noise
        x, p, self._innovation_k = _corrected(x, p, self._room_row, row.room_c, ROOM_NOISE_K)
        if math.isfinite(row.water_c):
            emitter = row.water_c - self.parameters.water_k_w * drive[0]
            x, p, _ = _corrected(x, p, np.array([1.0, 0.0, 0.0, 0.0]), emitter, WATER_NOISE_K)
        self._x, self._p = x, p
        return self.state


def _corrected(x: Array, p: Array, row: Array, seen: float, noise: float) -> tuple[Array, Array, float]:
    if not math.isfinite(seen):
        return x, p, 0.0
    gain = p @ row / (row @ p @ row + noise**2)
    surprise = float(seen - row @ x)
    return x + gain * surprise, p - np.outer(gain, row @ p), surprise


def first_state(parameters: HouseParameters, room_c: float, water_c: float) -> HouseState:
    """Return an initial state: everything at room temperature."""
    emitter = water_c if math.isfinite(water_c) else room_c
    return HouseState(emitter, room_c, room_c, 0.0)
