"""Learns the network's parameters from the home's own data.

It is an output-error method: the network is simulated over the recorded days, and its parameters are adjusted until
room and water temperatures agree. This is what a planner needs: accuracy over a day, not over one step. Priors hold
parameters that the data cannot identify at typical values. They scale with the house, so that they are not specific
to a building. The solver is Gauss-Newton with Levenberg-Marquardt damping; it also gives the covariance of the
parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..thread_yield import no_yield
from .history import STEP_S, Series
from .network import COUNT, EMITTER, MASS, NAMES, ROOM, HouseParameters, inputs, sensor_c, simulate

ROOM_SIGMA_K = 0.15
WATER_SIGMA_K = 0.8
CORRELATED_STEPS = 8
"""Successive residuals are correlated: this many count as one."""
MINIMUM_STEPS = 40
MINIMUM_PART_STEPS = 24
"""A part of the history between two gaps that is shorter than six hours shows little."""
MAX_PARTS = 10
MEMBERS_AT_ONCE = 6
"""Variations of the parameters that are simulated together: more need more memory and longer slices."""
LINEAR = frozenset({"base_w", "sun_clear", "sun_noon", "sun_late", "sensor_mass_share"})
_IS_LINEAR = np.array([name in LINEAR for name in NAMES])


@dataclass(frozen=True)
class HouseFit:
    """A fitted house model with its uncertainty."""

    parameters: HouseParameters
    covariance: Array
    """Covariance of the parameters in the fit's coordinates (logarithms, except for the linear ones)."""
    room_rmse_k: float
    mass_c: float
    steps: int

    def relative_error(self, name: str) -> float:
        """Return the relative standard deviation of a logarithmic parameter."""
        place = NAMES.index(name)
        return float(np.sqrt(self.covariance[place, place]))


def prior_for(series: Series) -> tuple[Array, Array]:
    """Return a typical house with this heat loss, and standard deviations around it, in the fit's coordinates."""
    lift = float(np.mean(series.room_c - series.outdoor_c))
    heat = float(np.mean(series.heat_w))
    loss = min(2000.0, max(30.0, heat / max(lift, 3.0)))
    largest = max(float(series.heat_w.max()), 20.0 * loss)
    guess = {
        "emitter_w_k": (largest / 12.0, 0.7),
        "mass_w_k": (6.0 * loss, 0.7),
        "loss_w_k": (0.75 * loss, 0.5),
        "mass_loss_w_k": (0.25 * loss, 0.7),
        "emitter_j_k": (largest / 12.0 * 2.0 * 3600, 0.9),
        "room_j_k": (loss * 5.0 * 3600, 0.8),
        "mass_j_k": (loss * 45.0 * 3600, 0.7),
        "sun_room_m2": (loss / 40.0, 0.8),
        "sun_mass_m2": (loss / 40.0, 0.8),
        "sun_clear": (0.3, 0.5),
        "sun_noon": (0.0, 0.5),
        "sun_late": (0.0, 0.5),
        "person_w": (80.0, 0.5),
        "base_w": (0.0, 0.8 * loss),
        "sensor_mass_share": (0.15, 0.1),
        "water_k_w": (4.0 / largest, 0.7),
    }
    values = np.array([guess[name][0] for name in NAMES])
    sigma = np.array([guess[name][1] for name in NAMES])
    return _to_fit(values), sigma


def _to_fit(values: Array) -> Array:
    return np.where(_IS_LINEAR, values, np.log(np.where(_IS_LINEAR, 1.0, values)))


def _from_fit(coordinates: Array) -> Array:
    return np.where(_IS_LINEAR, coordinates, np.exp(np.clip(coordinates, -30, 30)))


class _Problem:
    """The residuals of a fit.

    Behind the parameters, the unknowns are the initial temperatures of mass and emitter of each part of the series.
    """

    def __init__(self, series: Series, yield_thread: Callable[[], None]) -> None:
        self._yield_thread = yield_thread
        self.parts = [part for part in map(_Part, _parts(series)) if len(part.series) >= 2]
        self.prior, self.sigma = prior_for(series)
        self.start = np.concatenate([self.prior, *(part.start for part in self.parts)])
        self.prior_all = self.start.copy()
        self.sigma_all = np.append(self.sigma, [1.0, 2.0] * len(self.parts))
        self.weight = 1.0 / np.sqrt(CORRELATED_STEPS)

    def jacobian(self, around: Array, residuals: Array) -> Array:
        """Return the derivatives of the residuals (R, P) at unknowns with these residuals (R)."""
        size, step = len(around), 1e-4
        result = np.empty((len(residuals), size))
        for first in range(0, size, MEMBERS_AT_ONCE):
            varied = around + step * np.eye(size)[first : first + MEMBERS_AT_ONCE]
            result[:, first : first + len(varied)] = (self.residuals(varied)[0] - residuals).T / step
        return result

    def residuals(self, unknowns: Array) -> tuple[Array, Array]:
        """Return weighted residuals (P, R) and room errors (P, T) of vectors of unknowns (P, COUNT + 2)."""
        values = _from_fit(unknowns[:, :COUNT])
        found = []
        for place, part in enumerate(self.parts):
            found.append(
                part.errors(values, unknowns[:, COUNT + 2 * place : COUNT + 2 * place + 2], self._yield_thread)
            )
            self._yield_thread()
        room = np.concatenate([room for room, _ in found], axis=1)
        water = np.concatenate([water for _, water in found], axis=1)
        residuals = [
            room * (self.weight / ROOM_SIGMA_K),
            water * (self.weight / WATER_SIGMA_K),
            (unknowns - self.prior_all) / self.sigma_all,
        ]
        return np.concatenate(residuals, axis=1), room


class _Part:
    """A part of the series without a long gap."""

    def __init__(self, series: Series) -> None:
        self.series = series
        room, water = float(series.room_c[0]), float(series.water_c[0])
        self.start = np.array([room, room + 1.0 if np.isnan(water) else water])
        self._has_water = np.isfinite(series.water_c[1:]) & series.running[1:]

    def errors(self, values: Array, begin: Array, yield_thread: Callable[[], None]) -> tuple[Array, Array]:
        """Return the errors of room and water temperature for parameters (P, COUNT) and starts (P, 2)."""
        s = self.series
        start = np.empty((len(values), 3))
        start[:, MASS], start[:, EMITTER] = begin[:, 0], begin[:, 1]
        share = values[:, NAMES.index("sensor_mass_share")]
        start[:, ROOM] = (s.room_c[0] - share * start[:, MASS]) / (1 - share)
        drive = inputs(values, s.time_s[1:], s.heat_w[1:], s.outdoor_c[1:], s.solar_w_m2[1:], s.people[1:])
        yield_thread()
        states = simulate(values, start, drive, STEP_S, yield_thread)[:, 1:]
        room = sensor_c(values, states) - s.room_c[1:]
        water_k_w = values[:, NAMES.index("water_k_w")][:, None]
        water = states[:, :, EMITTER] + water_k_w * s.heat_w[1:] - s.water_c[1:]
        return room, water[:, self._has_water]


def _parts(series: Series) -> list[Series]:
    """Return the newest parts that are long enough to show how the house responds; the longest one if none is."""
    whole = [series.until(end).since(begin) for begin, end in series.parts]
    long = [part for part in whole if len(part) >= MINIMUM_PART_STEPS]
    return long[-MAX_PARTS:] or [max(whole, key=len)]


def fit_house(
    series: Series,
    before: HouseFit | None = None,
    rounds: int = 12,
    yield_thread: Callable[[], None] = no_yield,
) -> HouseFit:
    """Return the house that explains the series best, starting from the fit ``before`` if given.

    ``yield_thread`` is called between pieces of work of a millisecond or two.

    Raises:
        ValueError: the series is shorter than ten hours.
    """
    if len(series) < MINIMUM_STEPS:
        raise ValueError(
            f"the history of {len(series)} steps is too short to learn from, at least {MINIMUM_STEPS} are needed"
        )
    problem = _Problem(series, yield_thread)
    unknowns = problem.start.copy()
    if before is not None:
        unknowns[:COUNT] = _to_fit(before.parameters.vector)
    damping, normal = 1e-2, np.eye(len(unknowns))
    residual, room = problem.residuals(unknowns[None])
    loss = float(residual[0] @ residual[0])
    for _ in range(rounds):
        jacobian = problem.jacobian(unknowns, residual[0])
        normal = jacobian.T @ jacobian
        gradient = jacobian.T @ residual[0]
        improved = False
        for _ in range(4):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -gradient)
            candidate = unknowns + np.clip(step, -1.5, 1.5)
            candidate_residual, candidate_room = problem.residuals(candidate[None])
            new = float(candidate_residual[0] @ candidate_residual[0])
            if new < loss:
                improved = True
                break
            damping *= 8
        if not improved:
            break
        gained = (loss - new) / loss
        unknowns, loss, room, damping = candidate, new, candidate_room, damping / 5
        residual = candidate_residual
        if gained < 1e-4:
            break
    covariance = np.linalg.inv(normal)[:COUNT, :COUNT]
    return HouseFit(
        parameters=HouseParameters.of(_from_fit(unknowns[:COUNT])),
        covariance=covariance,
        room_rmse_k=float(np.sqrt(np.mean(room[0] ** 2))),
        mass_c=float(unknowns[COUNT]),
        steps=len(series),
    )


def draw_parameters(fitted: HouseFit, count: int, seed: int) -> Array:
    """Return parameter vectors (count, COUNT) drawn within the fit's uncertainty; the first is the best estimate."""
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(fitted.covariance)
    spread = vectors * np.sqrt(np.maximum(values, 0.0))
    draws = rng.standard_normal((count, COUNT)) @ spread.T
    draws[0] = 0.0
    coordinates = _to_fit(fitted.parameters.vector) + draws
    result = _from_fit(coordinates)
    for name, low, high in (("sensor_mass_share", 0.0, 0.6), ("sun_clear", -0.5, 5.0)):
        place = NAMES.index(name)
        result[:, place] = np.clip(result[:, place], low, high)
    return result
