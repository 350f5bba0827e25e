"""The time in which Home Assistant could receive calls: only silence in this time proves anything about a device."""

MAX_TICK_S = 10.0
"""Ticks are a second apart. After a longer pause nothing was received meanwhile: the machine was suspended or busy."""


class Listening:
    """Since when calls can be received without interruption."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._last_tick: float | None = None

    def gap_s(self, now: float) -> float:
        """Return how long nothing could be received before now; negative if the time went back."""
        if self._last_tick is None:
            return 0.0
        elapsed_s = now - self._last_tick
        return 0.0 if 0 <= elapsed_s < MAX_TICK_S else elapsed_s

    def restart(self, now: float) -> None:
        """Begin again after a gap."""
        self._last_tick = now
        if self._since is not None:
            self._since = now

    def tick(self, now: float, *, listening: bool) -> None:
        """Record that the time passes, and whether calls can be received."""
        self._last_tick = now
        if not listening:
            self._since = None
        elif self._since is None:
            self._since = now

    def silence_s(self, last_seen: float | None, now: float) -> float:
        """Return how long a device was silent while its calls could be received; None: it was never seen."""
        if self._last_tick is None:
            return 0.0 if last_seen is None else now - last_seen
        if self._since is None:
            return 0.0
        return now - (self._since if last_seen is None else max(last_seen, self._since))
