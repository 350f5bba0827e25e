"""Demand without prediction: heating curve, damped outdoor temperature, heating limit, room trim, zones -> one flow.

The trim is a PI on the room. Its integral stops while the flow is at a limit or a window is open, and it goes by the
time that passed, not by readings, so that a sensor that reports only changes trims as well as one that reports always.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from .config import CurveConfig
from .curves import curve_of
from .messages import Message, MessageCode, message
from .snapshot import BAND_STEP_H, ComfortBand, ZoneSnapshot
from .zones import weights_of

OFF_FLOW_C = 20.0

LOOK_AHEAD_H = 12.0


@dataclass(frozen=True, slots=True)
class Demand:
    """What the house asks for now."""

    flow_c: float
    share: float
    """Of the design heat load, 0..1."""
    heating: bool
    trim_k: float
    damped_outdoor_c: float
    zone_id: str
    """The zone that sets the flow."""
    reason: Message


@dataclass(slots=True)
class OutdoorDamping:
    """A first-order mean of the outdoor temperature over some hours."""

    time_constant_s: float
    value_c: float = math.nan

    def update(self, outdoor_c: float, elapsed_s: float) -> float:
        """The damped temperature."""
        if math.isfinite(outdoor_c):
            if math.isnan(self.value_c) or self.time_constant_s <= 0:
                self.value_c = outdoor_c
            else:
                share = 1 - math.exp(-max(elapsed_s, 0.0) / self.time_constant_s)
                self.value_c += share * (outdoor_c - self.value_c)
        return self.value_c


@dataclass(slots=True)
class RoomTrim:
    """PI on a room's error, in kelvin of flow temperature."""

    gain_k_per_k: float
    integral_s: float
    limit_k: float
    integral_k: float = 0.0

    def update(self, error_k: float, elapsed_s: float, *, frozen: bool) -> float:
        """The trim for a room error (positive: too cold). ``frozen`` holds the integral."""
        wanted = self.gain_k_per_k * error_k + self.integral_k
        held = frozen or (wanted > self.limit_k and error_k > 0) or (wanted < -self.limit_k and error_k < 0)
        if not held and self.integral_s > 0:
            change = self.gain_k_per_k * error_k * elapsed_s / self.integral_s
            self.integral_k = min(self.limit_k, max(-self.limit_k, self.integral_k + change))
        return min(self.limit_k, max(-self.limit_k, self.gain_k_per_k * error_k + self.integral_k))


class DemandControl:
    """Keeps the damped outdoor temperature, the heating limit's state and one trim per zone."""

    def __init__(self, config: CurveConfig) -> None:
        self.config = config
        self.damping = OutdoorDamping(config.damping_h * 3600)
        self.trims: dict[str, RoomTrim] = {}
        self.heating = True

    def update(
        self, zones: Sequence[ZoneSnapshot], outdoor_c: float, elapsed_s: float, preheat_k: Sequence[float] = ()
    ) -> Demand:
        """The demand now: the flow of the zone that needs the hottest, the heat of all zones by their weights.

        ``outdoor_c`` is a number, whatever had to stand in for the sensor (see plausible.py). ``ahead_k`` raises each
        zone's target for what comes later.
        """
        damped = self.damping.update(outdoor_c, elapsed_s)
        more_k = [max(0.0, more) for more in preheat_k] or [0.0] * len(zones)
        targets = [zone.target_c + more for zone, more in zip(zones, more_k, strict=True)]
        wanted = [target for zone, target in zip(zones, targets, strict=True) if zone.wants_heat]
        self._heating_limit(damped, max(wanted, default=0.0))
        flows: dict[float, tuple[float, float]] = {}
        best: tuple[float, float, str, bool] | None = None
        asked = 0.0
        for zone, target, weight in zip(zones, targets, weights_of(zones), strict=True):
            if target not in flows:
                flows[target] = self._by_curve(target, damped)
            flow, share, trim_k = self._zone(zone, target, flows[target], elapsed_s)
            asked += weight * share
            if not math.isnan(flow) and (best is None or flow > best[0]):
                best = flow, trim_k, zone.zone_id, zone.room.known
        if best is None or not self.heating:
            why = MessageCode.NO_ZONE_ASKS if self.heating else MessageCode.WARM_OUTSIDE
            return Demand(OFF_FLOW_C, 0.0, False, 0.0, damped, "", message(why))
        flow, trim_k, name, known = best
        reason = MessageCode.CURVE_AND_ROOM if known else MessageCode.CURVE_ONLY
        return Demand(max(flow, OFF_FLOW_C), asked, True, trim_k, damped, name, message(reason))

    def _heating_limit(self, damped_c: float, target_c: float) -> None:
        off_above = target_c - self.config.heating_limit_below_k
        if damped_c > off_above + self.config.heating_limit_hysteresis_k:
            self.heating = False
        elif damped_c < off_above:
            self.heating = True

    def _by_curve(self, target_c: float, damped_c: float) -> tuple[float, float]:
        """The curve's flow now and at the design temperature."""
        curve = curve_of(self.config, target_c)
        return curve.flow_c(damped_c), curve.flow_c(self.config.design_outdoor_c)

    def _zone(
        self, zone: ZoneSnapshot, target_c: float, by_curve: tuple[float, float], elapsed_s: float
    ) -> tuple[float, float, float]:
        """Flow (NaN while it asks for none), share of the design load, trim."""
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
        if zone.window_open:
            return math.nan, 0.0, 0.0
        if not known:
            trim_k = trim.integral_k
        flow = by_curve[0] + trim_k
        span = max(by_curve[1] - target_c, 1.0)
        return flow, min(1.0, max(0.0, (flow - target_c) / span)), trim_k

    def state(self) -> dict[str, object]:
        """What survives a restart."""
        return {
            "damped_c": None if math.isnan(self.damping.value_c) else self.damping.value_c,
            "heating": self.heating,
            "trims": {zone: trim.integral_k for zone, trim in self.trims.items()},
        }

    def restore(self, saved: dict[str, object]) -> None:
        """Take over a saved state; what is not usable is left as it was."""
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
    """By how much to hold each zone warmer now so that its coming bounds are met in time, where there is no plan.

    Each bound is asked for earlier by the time that the house takes to rise.
    """
    steps = int(LOOK_AHEAD_H / BAND_STEP_H)
    hours = np.arange(steps) * BAND_STEP_H
    known: dict[int, float] = {}
    for band in bands:
        if id(band) not in known:
            lower = band.lower_c[:steps]
            known[id(band)] = float((lower - ramp_k_h * hours[: len(lower)]).max() - lower[0])
    return [known[id(band)] for band in bands]
