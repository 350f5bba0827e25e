"""The heating curve that fits the learned house: slope and level with their standard deviations.

In the steady state, each outdoor temperature requires a certain heat and with it a flow temperature. The curve is
fitted to these. The same calculation with parameters drawn within the fit's uncertainty gives the standard
deviations.
"""

from dataclasses import dataclass

import numpy as np

from ..._lib.heating_curve import curve_shape
from ..arrays import Array
from .house_fit import HouseFit, draw_parameters
from .network import NAMES

OUTDOOR_C = np.arange(-15.0, 15.1, 2.5)
MEMBERS = 40
FLOW_OVER_MEAN = 1.5
SLOPE_STEP, LEVEL_STEP = 0.1, 1.0
"""Steps of the settings of typical devices."""
SURE_SLOPE, SURE_LEVEL_K = 0.15, 1.5


@dataclass(frozen=True, slots=True)
class CurveSuggestion:
    """Slope and level, with standard deviations."""

    slope: float
    level_k: float
    slope_sd: float
    level_sd_k: float
    room_c: float

    @property
    def settable(self) -> tuple[float, float]:
        """Slope and level, rounded to the steps of typical devices."""
        return round(round(self.slope / SLOPE_STEP) * SLOPE_STEP, 2), round(self.level_k / LEVEL_STEP) * LEVEL_STEP

    @property
    def confidence(self) -> float:
        """0..1: near 1 if the standard deviations are far below a step of the device."""
        return float(1.0 / (1.0 + (self.slope_sd / SURE_SLOPE) ** 2) / (1.0 + (self.level_sd_k / SURE_LEVEL_K) ** 2))


def suggest(fitted: HouseFit, room_c: float, people: float = 1.0, seed: int = 7) -> CurveSuggestion:
    """Return the curve for a room setpoint in degC, without sun, with the usual number of people."""
    vectors = draw_parameters(fitted, MEMBERS, seed)
    flows = _flows(vectors, room_c, people)
    shape = np.array([curve_shape(float(out), room_c) for out in OUTDOOR_C])
    columns = np.stack([shape, np.ones_like(shape)], axis=1)
    solved = np.linalg.lstsq(columns, (flows - room_c).T, rcond=None)[0]
    slopes, levels = solved
    return CurveSuggestion(
        slope=float(slopes[0]),
        level_k=float(levels[0]),
        slope_sd=float(np.std(slopes[1:], ddof=1)),
        level_sd_k=float(np.std(levels[1:], ddof=1)),
        room_c=room_c,
    )


def _flows(vectors: Array, room_c: float, people: float) -> Array:
    """Return the flow temperatures (members, outdoor temperatures) that hold the room in the steady state."""
    p = dict(zip(NAMES, vectors.T[:, :, None], strict=True))
    loss = p["loss_w_k"] + p["mass_w_k"] * p["mass_loss_w_k"] / (p["mass_w_k"] + p["mass_loss_w_k"])
    heat = np.maximum(loss * (room_c - OUTDOOR_C) - p["base_w"] - p["person_w"] * people, 0.0)
    result: Array = room_c + heat / p["emitter_w_k"] + FLOW_OVER_MEAN * p["water_k_w"] * heat
    return result
