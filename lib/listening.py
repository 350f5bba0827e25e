"""A device is offline only if Home Assistant could have received its calls.

    listening = Listening()
    listening.check(clock(), is_listening=hass.state is CoreState.running)   # at each regular check
    if listening.silence_s(device.received_s, clock()) > limit_s: ...

A start, a blocked event loop and a suspended machine are not faults of the devices: their timeout is measured from the
moment at which calls can be received again. All times are seconds of a steady clock.
"""

from dataclasses import dataclass
from math import inf
from typing import Final

MAX_PAUSE_S: Final = 30.0
"""A longer time between two checks means that Home Assistant itself was stopped, blocked or suspended."""


@dataclass(slots=True)
class Listening:
    """Since when calls can be received without an interruption.

    Attributes:
        max_pause_s: The usual time between two checks must be well below it.
        since_s: Begin of the uninterrupted time; infinite while calls cannot be received.
    """

    max_pause_s: float = MAX_PAUSE_S
    since_s: float = inf
    _checked_s: float | None = None
    _was_paused: bool = False

    def gap_s(self, now_s: float) -> float:
        """Return how long nothing could be received before now; 0 without a pause, negative if the time went back."""
        if self._checked_s is None:
            return 0.0
        elapsed_s = now_s - self._checked_s
        return 0.0 if 0 <= elapsed_s < self.max_pause_s else elapsed_s

    def restart(self, now_s: float) -> None:
        """Begin again after a gap."""
        self._checked_s = now_s
        if self.since_s != inf:
            self.since_s = now_s

    def check(self, now_s: float, *, is_listening: bool = True) -> None:
        """Update at each check whether Home Assistant accepts calls."""
        if not is_listening:
            self.since_s = inf
        else:
            gap_s = self.gap_s(now_s)
            if self.since_s == inf or gap_s < 0 or (gap_s and not self._was_paused):
                self.since_s = now_s
            elif gap_s:
                # Of a pause that follows another, the usual time counts: where every check is late, an offline
                # device is noticed later, but it is noticed.
                self.since_s += gap_s - self.max_pause_s
            self._was_paused = gap_s != 0
        self._checked_s = now_s

    def silence_s(self, received_s: float | None, now_s: float) -> float:
        """Return how long a device has not called although its calls could be received; None: it has never called."""
        if self._checked_s is None:
            return 0.0 if received_s is None else max(0.0, now_s - received_s)
        since_s = self.since_s if received_s is None else max(received_s, self.since_s)
        return max(0.0, now_s - since_s)
