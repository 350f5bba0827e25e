"""Heat demand without prediction, by heating curve, damped outdoor temperature, heating limit, room trim and zones.

The trim is a PI controller on the room temperature. Its integral is frozen at a limit and while a window is open. It
uses the time that passed, not the number of reports, so that it also works with sensors that report only changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from .config import CurveConfig
from .curves import curve_of
from .decision_record import ControlMode
from .messages import Message, MessageCode, message
from .snapshot import BAND_STEP_H, ComfortBand, ZoneSnapshot
from .zones import weights_of

OFF_FLOW_C = 20.0

LOOK_AHEAD_H = 12.0


@dataclass(frozen=True, slots=True)
class Demand:
    """The heat demand of the house now."""

    flow_c: float
    share: float
    """Share of the design heat load, 0..1."""
    heating: bool
    trim_k: float
    damped_outdoor_c: float
    zone_id: str
    """The zone that determines the flow temperature."""
    reason: Message


@dataclass(frozen=True, slots=True)
class Target:
    """What the sources are asked for in a cycle, and why."""

    control_mode: ControlMode
    heat_w: float
    flow_c: float
    messages: tuple[Message, ...]
    demand_w: float | None = None
    """The heat demand, if the sources are asked for another heat in this cycle to meet it on average."""


@dataclass(slots=True)
class OutdoorDamping:
    """A first-order low-pass filter of the outdoor temperature."""

    time_constant_s: float
    value_c: float = math.nan

    def update(self, outdoor_c: float, elapsed_s: float) -> float:
        """Return the damped temperature after ``elapsed_s`` at ``outdoor_c``; NaN leaves it unchanged."""
        if math.isfinite(outdoor_c):
            if math.isnan(self.value_c) or self.time_constant_s <= 0:
                self.value_c = outdoor_c
            else:
                share = 1 - math.exp(-max(elapsed_s, 0.0) / self.time_constant_s)
                self.value_c += share * (outdoor_c - self.value_c)
        return self.value_c


@dataclass(slots=True)
class RoomTrim:
    """A PI controller on the control error of a room; its output is in kelvin of flow temperature."""

    gain_k_per_k: float
    integral_s: float
    limit_k: float
    integral_k: float = 0.0

    def update(self, error_k: float, elapsed_s: float, *, frozen: bool) -> float:
        """Return the trim for a control error (positive: too cold). ``frozen`` holds the integral."""
        wanted = self.gain_k_per_k * error_k + self.integral_k
        held = frozen or (wanted > self.limit_k and error_k > 0) or (wanted < -self.limit_k and error_k < 0)
        if not held and self.integral_s > 0:
            change = self.gain_k_per_k * error_k * elapsed_s / self.integral_s
            self.integral_k = min(self.limit_k, max(-self.limit_k, self.integral_k + change))
        return min(self.limit_k, max(-self.limit_k, self.gain_k_per_k * error_k + self.integral_k))


class DemandControl:
    """Determines the demand; holds the damped outdoor temperature, the heating limit and a trim per zone."""

    def __init__(self, config: CurveConfig) -> None:
        self.config = config
        self.damping = OutdoorDamping(config.damping_h * 3600)
        self.trims: dict[str, RoomTrim] = {}
        self.heating = True

    def update(
        self, zones: Sequence[ZoneSnapshot], outdoor_c: float, elapsed_s: float, preheat_k: Sequence[float] = ()
    ) -> Demand:
        """Return the demand: the highest flow temperature of all zones, and the weighted sum of their heat.

        ``outdoor_c`` is always a number (see the fallbacks in input_validation.py). ``preheat_k`` raises the target of
        each zone, in the order of ``zones``.
        """
        damped = self.damping.update(outdoor_c, elapsed_s)
        offsets_k = [max(0.0, more) for more in preheat_k] or [0.0] * len(zones)
        targets = [zone.target_c + more for zone, more in zip(zones, offsets_k, strict=True)]
        wanted = [target for zone, target in zip(zones, targets, strict=True) if zone.wants_heat]
        self._heating_limit(damped, max(wanted, default=0.0))
        flows: dict[float, tuple[float, float]] = {}
        best: tuple[float, float, str, bool] | None = None
        total_share = 0.0
        for zone, target, weight in zip(zones, targets, weights_of(zones), strict=True):
            if target not in flows:
                flows[target] = self._curve_flow(target, damped)
            flow, share, trim_k = self._zone_demand(zone, target, flows[target], elapsed_s)
            total_share += weight * share
            if not math.isnan(flow) and (best is None or flow > best[0]):
                best = flow, trim_k, zone.zone_id, zone.room.known
        if best is None or not self.heating:
            why = MessageCode.NO_ZONE_ASKS if self.heating else MessageCode.WARM_OUTSIDE
            return Demand(OFF_FLOW_C, 0.0, False, 0.0, damped, "", message(why))
        flow, trim_k, name, known = best
        reason = MessageCode.CURVE_AND_ROOM if known else MessageCode.CURVE_ONLY
        return Demand(max(flow, OFF_FLOW_C), total_share, True, trim_k, damped, name, message(reason))

    def _heating_limit(self, damped_c: float, target_c: float) -> None:
        off_above = target_c - self.config.heating_limit_below_k
        if damped_c > off_above + self.config.heating_limit_hysteresis_k:
            self.heating = False
        elif damped_c < off_above:
            self.heating = True

    def _curve_flow(self, target_c: float, damped_c: float) -> tuple[float, float]:
        """Return the curve's flow temperature now and at the design outdoor temperature."""
        curve = curve_of(self.config, target_c)
        return curve.flow_c(damped_c), curve.flow_c(self.config.design_outdoor_c)

    def _zone_demand(
        self, zone: ZoneSnapshot, target_c: float, by_curve: tuple[float, float], elapsed_s: float
    ) -> tuple[float, float, float]:
        """Return flow temperature (NaN without demand), share of the design load, and trim of a zone."""
        if not zone.wants_heat:
            return math.nan, 0.0, 0.0
        cfg = self.config
        trim = self.trims.get(zone.zone_id)
        if trim is None:
            trim = RoomTrim(cfg.trim_k_per_k, cfg.trim_integral_s, cfg.trim_limit_k)
            self.trims[zone.zone_id] = trim
        known = zone.room.known
        error = target_c - zone.room.value if known else 0.0
        trim_k = trim.update(error, elapsed_s if known else 0.0, frozen=zone.window_open or not known)
        if zone.window_open or error < -cfg.too_warm_k:
            return math.nan, 0.0, 0.0
        if not known:
            trim_k = trim.integral_k
        flow = by_curve[0] + trim_k
        span = max(by_curve[1] - target_c, 1.0)
        return flow, min(1.0, max(0.0, (flow - target_c) / span)), trim_k

    def dump(self) -> dict[str, object]:
        """Return the state that survives a restart, as JSON values."""
        return {
            "damped_c": None if math.isnan(self.damping.value_c) else self.damping.value_c,
            "heating": self.heating,
            "trims": {zone: trim.integral_k for zone, trim in self.trims.items()},
        }

    def restore(self, saved: dict[str, object]) -> None:
        """Restore what ``dump`` returned; invalid entries are ignored."""
        damped, trims = saved.get("damped_c"), saved.get("trims")
        if isinstance(damped, int | float) and math.isfinite(damped):
            self.damping.value_c = float(damped)
        self.heating = saved.get("heating") is not False
        if isinstance(trims, dict):
            for zone, integral in trims.items():
                if isinstance(integral, int | float) and math.isfinite(integral):
                    limit = self.config.trim_limit_k
                    self.trims[str(zone)] = RoomTrim(
                        self.config.trim_k_per_k,
                        self.config.trim_integral_s,
                        limit,
                        min(limit, max(-limit, float(integral))),
                    )


def preheat_offsets_k(bands: Sequence[ComfortBand], ramp_k_h: float) -> list[float]:
    """Return by how many kelvin to raise each zone now so that its next bounds are met in time, without a plan.

    Each bound is moved earlier by the time that the house takes to warm up at ``ramp_k_h`` (K per hour).
    """
    steps = int(LOOK_AHEAD_H / BAND_STEP_H)
    hours = np.arange(steps) * BAND_STEP_H
    known: dict[int, float] = {}
    for band in bands:
        if id(band) not in known:
            lower = band.lower_c[:steps]
            known[id(band)] = float((lower - ramp_k_h * hours[: len(lower)]).max() - lower[0])
    return [known[id(band)] for band in bands]
