"""Settings of the heating curve: its type, and how it is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .._lib.heating_curve import PointsCurve
from ..const import (
    CONF_ADVANCED,
    CONF_COEFFICIENT,
    CONF_CURVE_POINTS,
    CONF_CURVE_TYPE,
    CONF_CURVE_VALUE,
    CONF_DAMPING,
    CONF_DESIGN_FLOW,
    CONF_DESIGN_OUTDOOR,
    CONF_DESIGN_RETURN,
    CONF_EXPONENT,
    CONF_HEATING_LIMIT,
    CONF_MIN_EXTERNAL,
    CONF_ROOM_CORRECTION,
)

CURVE_TYPES: Final = ("slope", "radiator", "points", "value", "sat")
_DESIGN: Final = {"underfloor": (38.0, 32.0, 1.1), "radiator": (55.0, 45.0, 1.3)}
"""Flow and return temperature at the design outdoor temperature, and the exponent, by heat emitters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveSettings:
    """The settings; see engine.config.CurveConfig."""

    kind: str = "slope"
    points: tuple[tuple[float, float], ...] = ()
    """Outdoor and flow temperature in °C, coldest first."""
    value: float = 50.0
    min_external_c: float = -15.0
    design_outdoor_c: float = -10.0
    design_flow_c: float = 38.0
    design_return_c: float = 32.0
    exponent: float = 1.1
    coefficient: float = 2.0
    damping_h: float = 3.0
    heating_limit_k: float = 4.0
    room_correction: float = 4.0


class CurveError(ValueError):
    """The settings do not describe a curve; ``key`` names the text."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def points_of(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], ...]:
    """Return the points of a curve, coldest first; raises CurveError."""
    try:
        points = tuple(sorted((float(row["outdoor"]), float(row["flow"])) for row in rows))
        PointsCurve(points)
    except (KeyError, TypeError, ValueError) as err:
        raise CurveError("curve_points_invalid") from err
    if len(points) < 2:
        raise CurveError("curve_points_invalid")
    return points


def check(values: Mapping[str, Any]) -> None:
    """Check the advanced settings of a form; raises CurveError."""
    kind = values.get(CONF_CURVE_TYPE, "slope")
    if kind == "points" or values.get(CONF_CURVE_POINTS):
        points_of(values.get(CONF_CURVE_POINTS, ()))
    defaults = CurveSettings()
    flow = float(values.get(CONF_DESIGN_FLOW, 200.0 if CONF_DESIGN_RETURN not in values else defaults.design_flow_c))
    if kind == "radiator" and float(values.get(CONF_DESIGN_RETURN, 0.0)) >= flow:
        raise CurveError("design_disordered")


def read(values: Mapping[str, Any], emitter: str) -> CurveSettings:
    """Return the settings of stored options; invalid points are the curve by slope and level."""
    advanced: Mapping[str, Any] = values.get(CONF_ADVANCED, {})
    flow_c, return_c, exponent = _DESIGN.get(emitter, _DESIGN["underfloor"])
    flow_c = float(advanced.get(CONF_DESIGN_FLOW, flow_c))
    kind = str(advanced.get(CONF_CURVE_TYPE, "slope"))
    points: tuple[tuple[float, float], ...] = ()
    if kind == "points":
        try:
            points = points_of(advanced.get(CONF_CURVE_POINTS, ()))
        except CurveError:
            kind = "slope"
    usual = CurveSettings()
    return CurveSettings(
        kind=kind if kind in CURVE_TYPES else "slope",
        points=points,
        value=float(advanced.get(CONF_CURVE_VALUE, usual.value)),
        min_external_c=float(advanced.get(CONF_MIN_EXTERNAL, usual.min_external_c)),
        design_outdoor_c=float(advanced.get(CONF_DESIGN_OUTDOOR, usual.design_outdoor_c)),
        design_flow_c=flow_c,
        design_return_c=float(advanced.get(CONF_DESIGN_RETURN, min(return_c, flow_c - 5))),
        exponent=float(advanced.get(CONF_EXPONENT, exponent)),
        coefficient=float(advanced.get(CONF_COEFFICIENT, usual.coefficient)),
        damping_h=float(advanced.get(CONF_DAMPING, usual.damping_h)),
        heating_limit_k=float(advanced.get(CONF_HEATING_LIMIT, usual.heating_limit_k)),
        room_correction=float(advanced.get(CONF_ROOM_CORRECTION, usual.room_correction)),
    )
