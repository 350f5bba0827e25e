"""Several zones as one house: their mean, how each stands to it, and what the mean has to be so that each is served.

The learned house has one room temperature. A zone that usually is a kelvin colder than the others needs them to be
asked for a kelvin more: its bounds are moved by how it stands. A zone that is not believed or has a window open
counts as it usually stands, so that the mean does not jump when a sensor or a window does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from .arrays import Array
from .model.history import STEP_S
from .snapshot import NAN, ComfortBand, ZoneSnapshot

USUAL_S = 48 * 3600.0
NOW_S = 1800.0
FADE_S = 3 * 3600.0
"""A stand that differs from the usual one (a zone set back) goes back to it in about this time."""
MOST_K = 2.5
LEAST_WIDTH_K = 0.5


@dataclass(slots=True)
class ZoneOffset:
    """How far a zone is above the mean, usually and now."""

    usual_k: float = 0.0
    now_k: float = 0.0


class ZoneOffsets:
    """Remembers how each zone stands to the mean of all."""

    def __init__(self) -> None:
        self._stands: dict[str, ZoneOffset] = {}
        self._seen_s = 0.0

    def room_c(self, zones: Sequence[ZoneSnapshot], elapsed_s: float) -> float:
        """The mean of all zones by their weights, NaN while none is known."""
        counted = [zone for zone in zones if zone.room.known and not zone.window_open]
        counted = counted or [zone for zone in zones if zone.room.known]
        if not counted:
            return NAN
        weights = weights_of(counted)
        stands = [self._stands.setdefault(zone.zone_id, ZoneOffset()) for zone in counted]
        parts = zip(counted, stands, weights, strict=True)
        mean = sum(weight * (zone.room.value - stand.usual_k) for zone, stand, weight in parts)
        if len(zones) > 1:
            self._learn(counted, stands, mean, elapsed_s)
        return mean

    def _learn(
        self, zones: Sequence[ZoneSnapshot], stands: Sequence[ZoneOffset], mean_c: float, elapsed_s: float
    ) -> None:
        """All stands go on by the same share, so that their weighted sum stays nothing."""
        self._seen_s = min(self._seen_s + max(elapsed_s, 1.0), USUAL_S)
        usual, now = -math.expm1(-elapsed_s / self._seen_s), -math.expm1(-elapsed_s / NOW_S)
        for zone, stand in zip(zones, stands, strict=True):
            above = zone.room.value - mean_c
            stand.usual_k += usual * (above - stand.usual_k)
            stand.now_k += now * (above - stand.now_k)

    def band(self, zones: Sequence[ZoneSnapshot], whole: ComfortBand) -> ComfortBand:
        """What the mean has to be: at each step the zone that needs most counts. ``whole`` where no zone says its own.

        Zones that want no heat or have a window open ask for nothing.
        """
        served = [zone for zone in zones if zone.band is not None and zone.wants_heat and not zone.window_open]
        bands = [zone.band for zone in served if zone.band is not None]
        if not bands:
            return whole
        if len(zones) == 1:
            return bands[0]
        steps = min(len(band.lower_c) for band in bands)
        stand = self._ahead([zone.zone_id for zone in served], steps)
        lows = np.stack([band.lower_c[:steps] for band in bands]) - stand
        highs = np.stack([band.upper_c[:steps] for band in bands]) - stand
        lower: Array = lows.max(axis=0)
        upper: Array = np.maximum(np.array(weights_of(served)) @ highs, lower + LEAST_WIDTH_K)
        neediest = [served[place] for place in lows.argmax(axis=0).tolist()]
        why = tuple(zone.band.why(step) if zone.band is not None else "" for step, zone in enumerate(neediest))
        return ComfortBand(lower, upper, why, tuple(zone.zone_id for zone in neediest))

    def _ahead(self, names: Sequence[str], steps: int) -> Array:
        """How each zone will stand at each step."""
        stands = [self._stands.get(name, ZoneOffset()) for name in names]
        usual = np.array([stand.usual_k for stand in stands])[:, None]
        now = np.array([stand.now_k for stand in stands])[:, None]
        fade = np.exp(-np.arange(steps) * (STEP_S / FADE_S))
        ahead: Array = np.clip(usual + (now - usual) * fade, -MOST_K, MOST_K)
        return ahead

    def dump(self) -> dict[str, Any]:
        """As JSON values."""
        stands = {name: [round(stand.usual_k, 3), round(stand.now_k, 3)] for name, stand in self._stands.items()}
        return {"seen_s": self._seen_s, "stands": stands}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take over what ``dump`` gave; what cannot be read is left out."""
        seen, stands = saved.get("seen_s"), saved.get("stands")
        if isinstance(seen, int | float) and 0 <= seen <= USUAL_S:
            self._seen_s = float(seen)
        for name, pair in stands.items() if isinstance(stands, dict) else ():
            if isinstance(pair, list) and len(pair) == 2 and all(_is_stand(value) for value in pair):
                self._stands[str(name)] = ZoneOffset(float(pair[0]), float(pair[1]))


def weights_of(zones: Sequence[ZoneSnapshot]) -> list[float]:
    """The zones' parts in their sum; equal ones where no weight can be used."""
    weights = [zone.weight if zone.weight > 0 and math.isfinite(zone.weight) else 0.0 for zone in zones]
    total = sum(weights)
    return [weight / total if total > 0 else 1 / len(zones) for weight in weights]


def _is_stand(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= 20
