"""Heating curves of two more types: by radiator exponent, and that of SAT. The others are in _lib/heating_curve.py."""

from dataclasses import dataclass
from typing import Protocol

from .._lib.heating_curve import HeatingCurve, PointsCurve
from .config import CurveConfig

SAT_BASE_RADIATOR_C = 27.2
SAT_BASE_UNDERFLOOR_C = 20.0


class Curve(Protocol):
    """A function from outdoor temperature to flow temperature."""

    def flow_c(self, outdoor_c: float) -> float:
        """Return the flow temperature in degC at an outdoor temperature in degC."""


@dataclass(frozen=True, slots=True)
class RadiatorCurve:
    """The curve of a radiator by EN 442: its heat grows with the n-th power of its excess temperature.

    It is exact for a house with linear heat loss. Typical exponents: 1.3 for radiators, 1.1 for floor heating.
    """

    room_c: float
    design_outdoor_c: float
    design_flow_c: float
    design_return_c: float
    exponent: float = 1.3

    def flow_c(self, outdoor_c: float) -> float:
        """Return the flow temperature in degC at an outdoor temperature in degC."""
        load = max(0.0, (self.room_c - outdoor_c) / (self.room_c - self.design_outdoor_c))
        excess = (self.design_flow_c + self.design_return_c) / 2 - self.room_c
        spread = self.design_flow_c - self.design_return_c
        result: float = self.room_c + excess * load ** (1 / self.exponent) + load * spread / 2
        return result


@dataclass(frozen=True, slots=True)
class SatCurve:
    """The curve of the Smart Autotune Thermostat (SAT) project: a parabola around 20 degC outdoors, by coefficient."""

    room_c: float
    coefficient: float = 2.0
    underfloor: bool = False

    def flow_c(self, outdoor_c: float) -> float:
        """Return the flow temperature in degC at an outdoor temperature in degC; constant above 20 degC outdoors."""
        lift = min(outdoor_c, 20.0) - 20.0
        base = SAT_BASE_UNDERFLOOR_C if self.underfloor else SAT_BASE_RADIATOR_C
        return base + self.coefficient / 4 * (4 * (self.room_c - 20) + 0.03 * lift * lift - 0.4 * lift)


def curve_of(config: CurveConfig, room_c: float) -> Curve:
    """Return the configured curve for a room setpoint in degC.

    Raises:
        ValueError: the configured type is unknown.
    """
    match config.kind:
        case "points":
            return PointsCurve(config.points)
        case "value":
            return HeatingCurve.from_value(config.curve_value or 0.0, config.min_external_c, room_c)
        case "radiator":
            return RadiatorCurve(
                room_c,
                config.design_outdoor_c,
                config.design_flow_c,
                config.design_return_c,
                config.exponent,
            )
        case "sat":
            return SatCurve(room_c, config.coefficient, config.underfloor)
        case "slope":
            return HeatingCurve(config.slope, config.level_k, room_c)
        case other:
            raise ValueError(f"unknown heating curve type: {other!r}")
