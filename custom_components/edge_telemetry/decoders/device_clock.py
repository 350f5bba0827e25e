"""A device's clock, compared with the time at which its messages arrive."""

from typing import Final

from .timestamps import MAX_AHEAD_S

# The offset of a clock that is merely wrong stays the same; of values that were stored it differs with each message.
_SAME_WITHIN_S: Final = 5.0
_STEADY_AFTER_S: Final = 60.0


class DeviceClock:
    """Follows the offset of one device's clock.

    What is current never depends on it: the newest arrival is. It decides only whether the device's time is good enough
    for the archive.
    """

    __slots__ = ("_reference", "_since", "offset_s")

    def __init__(self) -> None:
        self.offset_s: float | None = None
        """Seconds by which the device's clock is ahead; None: unknown."""
        self._reference = 0.0
        self._since: float | None = None

    def compare(self, device: float, arrival: float, now: float) -> None:
        """Note the time of a message, when it arrived (both epoch seconds) and the monotonic time."""
        self.offset_s = offset = device - arrival
        if self._since is None or abs(offset - self._reference) > _SAME_WITHIN_S:
            self._reference, self._since = offset, now

    def is_wrong(self, now: float) -> bool:
        """Return whether the clock is off by the same time for long enough that its values are not stored ones."""
        if self._since is None or now - self._since < _STEADY_AFTER_S:
            return False
        return abs(self._reference) > MAX_AHEAD_S
