"""How long commands count as the consequence of a change by a user."""

from collections.abc import Callable
import math
from typing import Final

WINDOW_S: Final = 180.0
"""So long after a change, commands are marked as its consequence."""
DAILY_S: Final = 2 * 3600.0
"""So long on a day at most: an automation that changes a setting all the time must not wear out a device."""
_DAY_S: Final = 86_400.0


class UserChange:
    """The changes of one heating system. `clock`: seconds that do not jump."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = self._day_began = -math.inf
        self._spent_s = 0.0

    @property
    def is_recent(self) -> bool:
        """Whether commands follow from a change by a user."""
        return self._clock() < self._until

    def begin(self) -> None:
        """Count a change; without effect after the day's share is spent."""
        now = self._clock()
        if now - self._day_began >= _DAY_S:
            self._day_began, self._spent_s = now, 0.0
        more_s = now + WINDOW_S - max(now, self._until)
        if self._spent_s + more_s <= DAILY_S:
            self._spent_s += more_s
            self._until = now + WINDOW_S
