"""How long a controller has been silent while Home Assistant could receive its calls."""

from dataclasses import dataclass
from math import inf
from typing import Final

MAX_PAUSE_S: Final = 30.0
"""A longer time between two checks means that Home Assistant itself was stopped, blocked or suspended."""


@dataclass(slots=True)
class Listening:
    """Since when Home Assistant has been listening without an interruption, in seconds of a steady clock.

    A start, a blocked event loop and a suspended machine are no fault of controllers: their silence counts from the
    moment at which calls can be received again.
    """

    since_s: float = inf
    _checked_s: float = -inf
    _was_paused: bool = False

    def check(self, now_s: float, *, is_listening: bool = True) -> None:
        """Update at each check whether Home Assistant accepts calls."""
        if not is_listening:
            self.since_s = inf
        else:
            is_paused = now_s - self._checked_s > MAX_PAUSE_S
            # Where every check is late, lateness is not an interruption.
            if self.since_s == inf or (is_paused and not self._was_paused):
                self.since_s = now_s
            self._was_paused = is_paused
        self._checked_s = now_s

    def silence_s(self, heard_s: float | None, now_s: float) -> float:
        """Return the time since the last call of a controller, as far as Home Assistant was listening."""
        since_s = self.since_s if heard_s is None else max(heard_s, self.since_s)
        return max(0.0, now_s - since_s)
