"""Several zones as one house: their mean, each zone's offset from it, and the mean that meets all their bounds.

The learned house has one room temperature. If a zone is usually one kelvin colder than the mean, the mean has to be one
kelvin warmer than that zone's setpoint: the zone's bounds are shifted by its offset. A zone without a valid reading or
with an open window counts with its usual offset, so that the mean does not jump.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from .arrays import Array
from .model.history import STEP_S
from .snapshot import NAN, ComfortBand, ZoneSnapshot

LONG_TERM_S = 48 * 3600.0
SHORT_TERM_S = 1800.0
FADE_S = 3 * 3600.0
"""An offset that differs from the usual one (a zone at setback) returns to it with this time constant."""
MAX_OFFSET_K = 2.5
MIN_WIDTH_K = 0.5


@dataclass(slots=True)
class ZoneOffset:
    """By how many kelvin a zone is above the mean, usually and now. It starts with the first difference seen."""

    usual_k: float = 0.0
    now_k: float = 0.0


class ZoneOffsets:
    """The offsets of all zones from their mean."""

    def __init__(self) -> None:
        self._offsets: dict[str, ZoneOffset] = {}
        self._observed_s = 0.0

    def room_c(self, zones: Sequence[ZoneSnapshot], elapsed_s: float) -> float:
        """Return the weighted mean of all zones in degC; NaN while no room temperature is valid."""
        counted = [zone for zone in zones if zone.room.known and not zone.window_open]
        counted = counted or [zone for zone in zones if zone.room.known]
        if not counted:
            return NAN
        mean = self._mean_c([zone for zone in counted if zone.zone_id in self._offsets] or counted)
        for zone in counted:
            if zone.zone_id not in self._offsets:
                above = zone.room.value - mean if len(zones) > 1 else 0.0
                self._offsets[zone.zone_id] = ZoneOffset(above, above)
        mean = self._mean_c(counted)
        if len(zones) > 1:
            self._learn(counted, [self._offsets[zone.zone_id] for zone in counted], mean, elapsed_s)
        return mean

    def _mean_c(self, zones: Sequence[ZoneSnapshot]) -> float:
        """Return the weighted mean of the zones without their usual offsets; a new zone has none."""
        usual = [self._offsets.get(zone.zone_id, ZoneOffset()).usual_k for zone in zones]
        parts = zip(zones, usual, weights_of(zones), strict=True)
        return sum(weight * (zone.room.value - above) for zone, above, weight in parts)

    def _learn(
        self, zones: Sequence[ZoneSnapshot], offsets: Sequence[ZoneOffset], mean_c: float, elapsed_s: float
    ) -> None:
        """Update all offsets by the same share, so that their weighted sum stays zero."""
        self._observed_s = min(self._observed_s + max(elapsed_s, 1.0), LONG_TERM_S)
        usual, now = -math.expm1(-elapsed_s / self._observed_s), -math.expm1(-elapsed_s / SHORT_TERM_S)
        for zone, offset in zip(zones, offsets, strict=True):
            above = zone.room.value - mean_c
            offset.usual_k += usual * (above - offset.usual_k)
            offset.now_k += now * (above - offset.now_k)

    def band(self, zones: Sequence[ZoneSnapshot], whole: ComfortBand) -> ComfortBand:
        """Return the bounds of the mean: at each step those of the zone with the highest need.

        Zones without demand or with an open window are ignored. Without any zone's band, ``whole`` is returned.
        """
        served = [zone for zone in zones if zone.band is not None and zone.wants_heat and not zone.window_open]
        bands = [zone.band for zone in served if zone.band is not None]
        if not bands:
            return whole
        if len(zones) == 1:
            return bands[0]
        steps = min(len(band.lower_c) for band in bands)
        offset = self._future_offsets([zone.zone_id for zone in served], steps)
        lows = np.stack([band.lower_c[:steps] for band in bands]) - offset
        highs = np.stack([band.upper_c[:steps] for band in bands]) - offset
        lower: Array = lows.max(axis=0)
        upper: Array = np.maximum(np.array(weights_of(served)) @ highs, lower + MIN_WIDTH_K)
        neediest = [served[place] for place in lows.argmax(axis=0).tolist()]
        why = tuple(zone.band.why(step) if zone.band is not None else "" for step, zone in enumerate(neediest))
        return ComfortBand(lower, upper, why, tuple(zone.zone_id for zone in neediest))

    def _future_offsets(self, names: Sequence[str], steps: int) -> Array:
        """Return the expected offset of each zone at each step."""
        offsets = [self._offsets.get(name, ZoneOffset()) for name in names]
        usual = np.array([offset.usual_k for offset in offsets])[:, None]
        now = np.array([offset.now_k for offset in offsets])[:, None]
        fade = np.exp(-np.arange(steps) * (STEP_S / FADE_S))
        ahead: Array = np.clip(usual + (now - usual) * fade, -MAX_OFFSET_K, MAX_OFFSET_K)
        return ahead

    def dump(self) -> dict[str, Any]:
        """Return the offsets as JSON values."""
        offsets = {name: [round(offset.usual_k, 3), round(offset.now_k, 3)] for name, offset in self._offsets.items()}
        return {"seen_s": self._observed_s, "stands": offsets}

    def restore(self, saved: dict[str, Any]) -> None:
        """Restore what ``dump`` returned; invalid entries are skipped."""
        seen, offsets = saved.get("seen_s"), saved.get("stands")
        if isinstance(seen, int | float) and 0 <= seen <= LONG_TERM_S:
            self._observed_s = float(seen)
        for name, pair in offsets.items() if isinstance(offsets, dict) else ():
            if isinstance(pair, list) and len(pair) == 2 and all(_is_offset(value) for value in pair):
                self._offsets[str(name)] = ZoneOffset(float(pair[0]), float(pair[1]))


def weights_of(zones: Sequence[ZoneSnapshot]) -> list[float]:
    """Return the zones' weights, with a sum of 1; equal weights if none is usable."""
    weights = [zone.weight if zone.weight > 0 and math.isfinite(zone.weight) else 0.0 for zone in zones]
    total = sum(weights)
    return [weight / total if total > 0 else 1 / len(zones) for weight in weights]


def _is_offset(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= 20
