"""Sequence numbers: what came twice, and what never came."""

from collections import deque
from typing import Final

_REMEMBERED: Final = 32
_SAME_WITHIN_S: Final = 60.0
# A jump further than this is a restart of the device, not loss.
_LARGEST_GAP: Final = 1000


class SequenceTracker:
    """Follows the sequence numbers of one device."""

    __slots__ = ("_last", "_modulus", "_recent", "_seen", "duplicates", "lost")

    def __init__(self, modulus: int | None = None) -> None:
        """`modulus`: after which the numbers begin again at zero; None: never."""
        self._modulus = modulus
        self._recent: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)
        self._seen: dict[int, float] = {}
        self._last: int | None = None
        self.duplicates = 0
        self.lost = 0

    def is_duplicate(self, seq: int, now: float) -> bool:
        """Note a number; True where it came already within the last minute (a redelivery, a second gateway)."""
        if (at := self._seen.get(seq)) is not None and now - at < _SAME_WITHIN_S:
            self.duplicates += 1
            return True
        if len(self._recent) == _REMEMBERED:
            old, noted = self._recent[0]
            if self._seen.get(old) == noted:
                del self._seen[old]
        self._recent.append((seq, now))
        self._seen[seq] = now
        self._count_gap(seq)
        return False

    def _count_gap(self, seq: int) -> None:
        last, self._last = self._last, seq
        if last is None:
            return
        ahead = seq - last if self._modulus is None else (seq - last) % self._modulus
        if 1 < ahead <= _LARGEST_GAP:
            self.lost += ahead - 1
        elif -_REMEMBERED < ahead <= 0:
            # A straggler: it was counted as lost when its follower came.
            self.lost = max(0, self.lost - 1)
            self._last = last
