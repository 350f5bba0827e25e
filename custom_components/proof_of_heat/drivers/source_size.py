"""What a source of a certain size can report.

A small heat pump draws no 100 kW, although other devices do: a wrong word order, a value in another unit and the
placeholder of a data type look like that. With a rated size, more than a multiple of it is refused. Without one, a
usual size is assumed, and more than a multiple of that is doubted until the device has reported it for ten minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from .._lib.heat_source import SourceState
from .value_ranges import state_in_range

MARGIN_FACTOR: Final = 3.0
MARGIN_W: Final = 10_000.0
"""Heater rods and wrong ratings: only what is clearly impossible is refused."""
USUAL_W: Final = 10_000.0
"""Assumed of a source without a rated size."""
CONFIRMED_AFTER: Final = timedelta(minutes=10)
LITERS_PER_WH: Final = 1 / 1.163
"""Water that takes up a Wh of heat while it becomes 1 K warmer: no heating circuit has less of a spread."""
_POWER_KEYS: Final = frozenset({"power_heating", "power_dhw", "inverter_power"})
_HEAT_KEYS: Final = frozenset({"heat_power_heating", "heat_power_dhw"})
_FLOW_KEYS: Final = frozenset({"volume_flow", "dhw_flow"})


def limit_w(rated_w: float) -> float:
    """Return the power in W that a source of a rated power cannot exceed."""
    return MARGIN_FACTOR * rated_w + MARGIN_W


@dataclass(slots=True)
class PowerBound:
    """The bound of one power of a source; `rated_w` None: its size is not known."""

    rated_w: float | None = None
    _seen_w: float = USUAL_W
    """The size that it was seen to have."""
    _doubted_since: datetime | None = None

    @property
    def limit_w(self) -> float:
        """The power in W that it cannot exceed."""
        return limit_w(self._seen_w if self.rated_w is None else self.rated_w)

    def accept(self, watts: float, at: datetime) -> bool:
        """Return whether a power that was reported at a time can be meant."""
        if abs(watts) <= self.limit_w:
            self._doubted_since = None
            return True
        if self.rated_w is not None:
            return False
        since = self._doubted_since
        if since is None or at < since:
            self._doubted_since = at
        elif at - since >= CONFIRMED_AFTER:
            self._seen_w, self._doubted_since = abs(watts), None
            return True
        return False


@dataclass(slots=True)
class SourceSize:
    """The bounds of what a source reports."""

    power: PowerBound = field(default_factory=PowerBound)
    heat: PowerBound = field(default_factory=PowerBound)

    def set_rated(self, power_w: float | None, heat_w: float | None) -> None:
        """Set the rated electric input and heat output in W; None where they are not known."""
        self.power.rated_w, self.heat.rated_w = power_w, heat_w

    def checked(self, state: SourceState) -> SourceState:
        """Return a report without values that the source cannot have."""
        state = state_in_range(state)
        wrong: dict[str, Any] = {}
        if state.power_w is not None and not self.power.accept(state.power_w, state.at):
            wrong["power_w"] = None
        if state.heat_w is not None and not self.heat.accept(state.heat_w, state.at):
            wrong["heat_w"] = None
        refused = {key: None for key, limit in self._limits(state.extra) if not abs(_number(state.extra[key])) <= limit}
        if refused:
            wrong["extra"] = {**state.extra, **refused}
        return replace(state, **wrong) if wrong else state

    def _limits(self, extra: Mapping[str, object]) -> list[tuple[str, float]]:
        """Return the limits of further readings that are bound by the size."""
        by_key = (
            (_POWER_KEYS, self.power.limit_w),
            (_HEAT_KEYS, self.heat.limit_w),
            (_FLOW_KEYS, self.heat.limit_w * LITERS_PER_WH),
        )
        return [(key, limit) for keys, limit in by_key for key in keys & extra.keys()]


def _number(value: object) -> float:
    """Return a number; 0 for what is none and needs no bound."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return float(value)
