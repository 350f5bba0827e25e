"""The learned house in numbers that a person knows, each with its standard deviation."""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from .house_fit import HouseFit, draw_parameters
from .network import NAMES

MEMBERS = 60
SEED = 11


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its standard deviation."""

    value: float
    sd: float


@dataclass(frozen=True, slots=True)
class HouseReport:
    """The learned house."""

    loss_w_k: Estimate
    """Heat loss per kelvin between room and outdoors."""
    time_constant_h: Estimate
    """Time in which an unheated house loses two thirds of its excess temperature."""
    solar_gain_m2: Estimate
    """Heat gain per W/m2 of global radiation: the area of a perfect window."""


def house_report(fitted: HouseFit) -> HouseReport:
    """Return the learned house; the standard deviations are those of the fit."""
    vectors = draw_parameters(fitted, MEMBERS, SEED)
    p = dict(zip(NAMES, vectors.T, strict=True))
    loss = p["loss_w_k"] + p["mass_w_k"] * p["mass_loss_w_k"] / (p["mass_w_k"] + p["mass_loss_w_k"])
    stored = p["emitter_j_k"] + p["room_j_k"] + p["mass_j_k"]
    return HouseReport(
        loss_w_k=_estimate(loss),
        time_constant_h=_estimate(stored / loss / 3600),
        solar_gain_m2=_estimate(p["sun_room_m2"] + p["sun_mass_m2"]),
    )


def _estimate(members: Array) -> Estimate:
    """Return the best estimate with the spread of the others; robust, because the parameters are logarithmic."""
    low, high = np.quantile(members[1:], (0.16, 0.84))
    return Estimate(float(members[0]), float(high - low) / 2)
