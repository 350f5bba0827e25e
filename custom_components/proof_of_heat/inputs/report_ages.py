"""How long ago entities reported, by a clock that does not jump.

The wall clock only dates a report when it is first seen. From then on its age is counted on the monotonic clock:
setting the clock or daylight saving makes no sensor silent, nor a silent one alive. Home Assistant keeps states in
memory, so that no report is older than its start: silence while it was away never counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
import time

from homeassistant.core import State
from homeassistant.util import dt as dt_util


def _monotonic() -> float:
    return time.monotonic()  # looked up at each call: a test may freeze it


def _wall() -> datetime:
    return dt_util.utcnow()


@dataclass(slots=True)
class _Report:
    at: datetime
    """By the wall clock, as the state has it."""
    received_s: float
    """By the monotonic clock."""
    seen_s: float
    """When it was last looked at, by the monotonic clock."""


class ReportAges:
    """The ages of the last reports of all entities that a heating system reads."""

    def __init__(self, monotonic: Callable[[], float] = _monotonic, wall: Callable[[], datetime] = _wall) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._reports: dict[str, _Report] = {}

    def age_s(self, state: State) -> float:
        """Return the seconds since the last report of an entity, also of an unchanged value."""
        now_s = self._monotonic()
        report = self._reports.get(state.entity_id)
        if report is None or report.at != state.last_reported:
            # A new report is younger than the last look at the entity, and than the machine's start.
            longest_s = now_s if report is None else now_s - report.seen_s
            wall_age_s = (self._wall() - state.last_reported).total_seconds()
            age_s = min(max(wall_age_s, 0.0), max(longest_s, 0.0))
            report = self._reports[state.entity_id] = _Report(state.last_reported, now_s - age_s, now_s)
        report.seen_s = now_s
        return max(0.0, now_s - report.received_s)
