"""The state in which learning continues: sizes of sources, errors and heat losses. It survives a restart.

The house itself is learned again from the history. The size of a source is not in the history once a power limit has
throttled it for two months, nor is the drift of the heat loss.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
import math
from typing import Any, Self, TypeIs

import numpy as np

from .model.house_fit import HouseFit
from .model.performance_map import KEPT_SIZE, TERMS, PerformanceMap

MAX_W = 1e6
"""A stored size above it is invalid."""
MAX_SAMPLES = 10**6
LARGEST = 1e12
ONE_DAY_S = 86400.0


@dataclass(frozen=True)
class LearningState:
    """What the next learning needs of the last ones."""

    pump: PerformanceMap | None = None
    """Performance map of the first modulating source."""
    others: Mapping[str, PerformanceMap] = field(default_factory=dict)
    errors_k: tuple[float, ...] = ()
    """12-hour errors of the last backtests, newest last."""
    losses_w_k: tuple[float, ...] = ()
    trusted: bool = False
    fitted: HouseFit | None = None
    """Where the fit begins; None after a restart."""
    at_s: float = -math.inf
    """Time of the newest row of the last learning."""

    def dump(self, pump_id: str | None) -> dict[str, Any]:
        """Return the state as JSON values. ``pump_id``: the first modulating source."""
        maps = dict(self.others)
        if pump_id is not None and self.pump is not None:
            maps[pump_id] = self.pump
        return {
            "maps": {source_id: _dump_map(found) for source_id, found in maps.items()},
            "errors_k": [round(error, 4) if math.isfinite(error) else None for error in self.errors_k],
            "losses_w_k": [round(loss, 3) for loss in self.losses_w_k],
            "trusted": self.trusted,
            "at_s": self.at_s if math.isfinite(self.at_s) else None,
        }

    @classmethod
    def restored(cls, saved: Mapping[str, Any], pump_id: str | None) -> Self:
        """Return what ``dump`` returned; invalid parts are omitted."""
        stored = saved.get("maps")
        maps = {str(name): _read_map(found) for name, found in (stored if isinstance(stored, dict) else {}).items()}
        known = {name: found for name, found in maps.items() if found is not None}
        at_s = saved.get("at_s")
        return cls(
            pump=known.pop(pump_id, None) if pump_id is not None else None,
            others=known,
            errors_k=tuple(math.inf if value is None else value for value in _numbers(saved.get("errors_k"))),
            losses_w_k=tuple(value for value in _numbers(saved.get("losses_w_k")) if value is not None and value > 0),
            trusted=saved.get("trusted") is True,
            at_s=float(at_s) if _is_number(at_s) else -math.inf,
        )

    def before(self, newest_s: float) -> LearningState:
        """Return the state before a learning up to a row.

        After a restart, the house is learned again at once: a learning of the same day is repeated, not added to.
        """
        if self.fitted is not None or newest_s - self.at_s >= ONE_DAY_S:
            return self
        return replace(
            self,
            pump=None if self.pump is None else _younger(self.pump),
            others={name: _younger(found) for name, found in self.others.items()},
            errors_k=self.errors_k[:-1],
            losses_w_k=self.losses_w_k[:-1],
        )


class LearningMemory:
    """The learning state of an engine, and what is stored of it."""

    def __init__(self, pump_id: str | None) -> None:
        self.last = LearningState()
        self._pump_id = pump_id

    def forget_home(self, source_ids: Collection[str], *, pump: bool) -> None:
        """Keep what is true for a home that is measured otherwise: the maps of the sources that have not changed."""
        others = {name: found for name, found in self.last.others.items() if name not in source_ids}
        self.last = LearningState(None if pump else self.last.pump, others)

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return self.last.dump(self._pump_id)

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore what ``dump`` returned; invalid parts are skipped."""
        self.last = LearningState.restored(saved, self._pump_id)


def _younger(found: PerformanceMap) -> PerformanceMap:
    """Return the map as it was before the last learning made its size smaller."""
    return replace(found, largest_w=found.largest_w / KEPT_SIZE)


def _dump_map(found: PerformanceMap) -> dict[str, Any]:
    return {
        "heat": [round(value, 4) for value in found.heat.tolist()],
        "power": [round(value, 4) for value in found.power.tolist()],
        "samples": found.samples,
        "error": round(found.error, 5),
        "largest_w": round(found.largest_w, 3) if math.isfinite(found.largest_w) else None,
    }


def _read_map(saved: object) -> PerformanceMap | None:
    """Return a stored map; None if it is invalid."""
    if not isinstance(saved, dict):
        return None
    heat, power = _numbers(saved.get("heat")), _numbers(saved.get("power"))
    samples, error, largest_w = saved.get("samples"), saved.get("error"), saved.get("largest_w")
    if len(heat) != TERMS or len(power) != TERMS or None in heat or None in power:
        return None
    if not isinstance(samples, int) or not 0 <= samples <= MAX_SAMPLES or not _is_number(error):
        return None
    if largest_w is not None and not (_is_number(largest_w) and 0 < largest_w <= MAX_W):
        return None
    size_w = math.inf if largest_w is None else float(largest_w)
    return PerformanceMap(np.array(heat, dtype=float), np.array(power, dtype=float), samples, float(error), size_w)


def _numbers(saved: object) -> list[float | None]:
    """Return a list of finite numbers, or null, of a stored value; empty if it is anything else."""
    if not isinstance(saved, list) or not all(value is None or _is_number(value) for value in saved):
        return []
    return [None if value is None else float(value) for value in saved]


def _is_number(value: object) -> TypeIs[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
