"""The thermal network of a house: emitter, room and mass.

Heat enters the emitter (floor slab, or radiators with their water), flows to the room and from there to the mass
(walls, furniture). Room and mass lose heat to the outdoors. Sun and people heat room and mass. Hourly data of a home
can identify three temperatures (Bacher and Madsen 2011, "Identifying suitable models for the heat dynamics of
buildings", Energy and Buildings 43); more states only fit noise.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
import math
from typing import Self

import numpy as np

from ..arrays import Array
from ..thread_yield import no_yield

STATES = 3
EMITTER, ROOM, MASS = range(STATES)
SUN_FULL_W_M2 = 500.0
"""Radiation at which the factor of HouseParameters.sun_clear applies once."""

DAY_S = 86400.0
PACE_EVERY = 8

INPUTS = 4
HEAT, OUTDOOR, GAIN_ROOM, GAIN_MASS = range(INPUTS)


@dataclass(frozen=True)
class HouseParameters:
    """The parameters of the network, in SI units."""

    emitter_w_k: float
    """Conductance from emitter to room."""
    mass_w_k: float
    """Conductance from room to mass."""
    loss_w_k: float
    """Loss from room to outdoors."""
    mass_loss_w_k: float
    """Loss from mass to outdoors."""
    emitter_j_k: float
    room_j_k: float
    mass_j_k: float
    sun_room_m2: float
    """Heat to the room per W/m2 of global radiation."""
    sun_mass_m2: float
    sun_clear: float
    """Additional solar gain with a clear sky: factor 1 + sun_clear * radiation / 500 W/m2."""
    sun_noon: float
    """Orientation of the windows: factor 1 + sun_noon * cos(hour angle) + sun_late * sin(hour angle)."""
    sun_late: float
    person_w: float
    """Heat per person, including the appliances they use."""
    base_w: float
    """Constant heat gain (fridge, neighboring apartments), less the loss to the ground."""
    sensor_mass_share: float
    """Share of the mass's temperature in the room sensor's reading, 0..1 (radiation from the walls)."""
    water_k_w: float
    """Mean water temperature above the emitter's, per W of heat."""

    @classmethod
    def of(cls, vector: Array) -> Self:
        """Return the parameters of a vector in field order."""
        return cls(*(float(value) for value in vector))

    @cached_property
    def vector(self) -> Array:
        """All parameters in field order."""
        return np.array([getattr(self, field.name) for field in fields(self)])

    @property
    def total_loss_w_k(self) -> float:
        """Steady-state heat loss per kelvin between room and outdoors."""
        series = self.mass_w_k * self.mass_loss_w_k / (self.mass_w_k + self.mass_loss_w_k)
        return self.loss_w_k + series


NAMES = tuple(field.name for field in fields(HouseParameters))
COUNT = len(NAMES)


def exponential(matrices: Array) -> Array:
    """Return the matrix exponentials of a stack of small matrices, by scaling and squaring a Taylor series."""
    norm = float(np.abs(matrices).sum(axis=-1).max())
    squarings = max(0, int(np.ceil(np.log2(max(norm, 1e-12)))) + 1)
    scaled = matrices / 2.0**squarings
    eye = np.eye(matrices.shape[-1])
    result = np.broadcast_to(eye, matrices.shape) + scaled
    term = scaled
    for order in range(2, 11):
        term = term @ scaled / order
        result = result + term
    for _ in range(squarings):
        result = result @ result
    return result


def discretise(parameters: Array, step_s: float) -> tuple[Array, Array]:
    """Return state and input matrices (P, 3, 3) and (P, 3, 4) of parameters (P, COUNT), for inputs held for a step."""
    p = dict(zip(NAMES, np.atleast_2d(parameters).T, strict=True))
    count = len(p["base_w"])
    m = np.zeros((count, STATES + INPUTS, STATES + INPUTS))
    m[:, 0, 0] = -p["emitter_w_k"]
    m[:, 0, 1] = p["emitter_w_k"]
    m[:, 0, 3 + HEAT] = 1.0
    m[:, 1, 0] = p["emitter_w_k"]
    m[:, 1, 1] = -(p["emitter_w_k"] + p["mass_w_k"] + p["loss_w_k"])
    m[:, 1, 2] = p["mass_w_k"]
    m[:, 1, 3 + OUTDOOR] = p["loss_w_k"]
    m[:, 1, 3 + GAIN_ROOM] = 1.0
    m[:, 2, 1] = p["mass_w_k"]
    m[:, 2, 2] = -(p["mass_w_k"] + p["mass_loss_w_k"])
    m[:, 2, 3 + OUTDOOR] = p["mass_loss_w_k"]
    m[:, 2, 3 + GAIN_MASS] = 1.0
    for row, name in enumerate(("emitter_j_k", "room_j_k", "mass_j_k")):
        m[:, row] *= (step_s / p[name])[:, None]
    whole = exponential(m)
    return whole[:, :STATES, :STATES], whole[:, :STATES, STATES:]


def inputs(  # noqa: PLR0917
    parameters: Array, time_s: Array, heat_w: Array, outdoor_c: Array, solar_w_m2: Array, people: Array
) -> Array:
    """Return the network's inputs (P, T, 4) for parameter vectors (P, COUNT) and series of length T.

    ``time_s`` is the end of each step in local standard time; the time of day gives the position of the sun.
    """
    p = dict(zip(NAMES, np.atleast_2d(parameters).T[:, :, None], strict=True))
    angle = (time_s / DAY_S - 0.5) * (2 * np.pi)
    towards = 1.0 + p["sun_noon"] * np.cos(angle) + p["sun_late"] * np.sin(angle)
    sun = solar_w_m2 * (1.0 + p["sun_clear"] * solar_w_m2 / SUN_FULL_W_M2) * np.maximum(towards, 0.0)
    result = np.empty((len(sun), len(heat_w), INPUTS))
    result[:, :, HEAT] = heat_w
    result[:, :, OUTDOOR] = outdoor_c
    result[:, :, GAIN_ROOM] = p["base_w"] + p["person_w"] * people + p["sun_room_m2"] * sun
    result[:, :, GAIN_MASS] = p["sun_mass_m2"] * sun
    return result


def simulate(
    parameters: Array, start_c: Array, drive: Array, step_s: float, yield_thread: Callable[[], None] = no_yield
) -> Array:
    """Return the states (P, T + 1, 3) from the initial states (P, 3) with inputs (P, T, 4).

    The steps are split into blocks that are simulated in parallel from zero and then joined. This takes about sqrt(T)
    numpy calls instead of T. ``yield_thread`` is called between them.
    """
    a, b = discretise(parameters, step_s)
    count, steps = drive.shape[:2]
    length = max(1, math.isqrt(steps))
    blocks = -(-steps // length)
    kicks = np.zeros((count, blocks * length, STATES))
    kicks[:, :steps] = drive @ b.transpose(0, 2, 1)
    kicks = kicks.reshape(count, blocks, length, STATES)
    a_t = np.ascontiguousarray(a.transpose(0, 2, 1))
    powers = np.empty((length, count, STATES, STATES))
    apart = np.empty((count, blocks, length, STATES))
    now, power = np.zeros((count, blocks, STATES)), np.broadcast_to(np.eye(STATES), a_t.shape)
    for j in range(length):
        now = now @ a_t + kicks[:, :, j]
        apart[:, :, j] = now
        power = power @ a_t
        powers[j] = power
        if j % PACE_EVERY == 0:
            yield_thread()
    begins = np.empty((count, blocks, STATES))
    begin = start_c
    for block in range(blocks):
        begins[:, block] = begin
        begin = (begin[:, None, :] @ power)[:, 0] + apart[:, block, -1]
    yield_thread()
    joined = apart + (begins[None] @ powers).transpose(1, 2, 0, 3)
    states = joined.reshape(count, blocks * length, STATES)[:, :steps]
    return np.concatenate([start_c[:, None, :], states], axis=1)


def sensor_c(parameters: Array, states: Array) -> Array:
    """Return the temperature that the room sensor shows, for states (P, T, 3)."""
    share = np.atleast_2d(parameters)[:, NAMES.index("sensor_mass_share")][:, None]
    result: Array = states[:, :, ROOM] + share * (states[:, :, MASS] - states[:, :, ROOM])
    return result
