"""Sequence numbers: duplicates and lost messages."""

from typing import Final

_REMEMBERED: Final = 256
_SAME_WITHIN_S: Final = 60.0
# A jump further than this is a restart of the device, not loss.
_LARGEST_GAP: Final = 1000


class SequenceTracker:
    """Follows the sequence numbers of one device."""

    __slots__ = ("_last", "_missing", "_modulus", "_most_missing", "_seen", "duplicates", "is_late", "lost")

    def __init__(self, modulus: int | None = None) -> None:
        """`modulus`: after which the numbers begin again at zero; None: never."""
        self._modulus = modulus
        # Recent numbers with the time of their arrival, oldest first.
        self._seen: dict[int, float] = {}
        # Skipped numbers that may still come: a redelivery, a value that was stored while there was no network.
        self._missing: dict[int, None] = {}
        # Tags store nothing, and a gateway relays only some of their messages: skipped numbers do not come.
        self._most_missing = _LARGEST_GAP if modulus is None else 200
        self._last: int | None = None
        self.duplicates = 0
        self.lost = 0
        self.is_late = False
        """Whether a newer message came before the last one: the device stored that one while it had no connection."""

    def is_duplicate(self, seq: int, now: float) -> bool:
        """Count a number; return True if it came within the last minute (a redelivery, a second gateway)."""
        seen = self._seen
        self.is_late = False
        if (at := seen.pop(seq, None)) is not None and now - at < _SAME_WITHIN_S:
            seen[seq] = at
            self.duplicates += 1
            return True
        if len(seen) >= _REMEMBERED:
            del seen[next(iter(seen))]
        seen[seq] = now
        if seq in self._missing:
            # A late message: it was counted as lost when the next one came.
            del self._missing[seq]
            self.is_late = True
            self.lost -= 1
        else:
            self._count_gap(seq)
        return False

    def _count_gap(self, seq: int) -> None:
        last, self._last = self._last, seq
        if last is None:
            return
        ahead = seq - last if self._modulus is None else (seq - last) % self._modulus
        if ahead == 1:
            return
        if 1 < ahead <= _LARGEST_GAP:
            numbers = range(last + 1, last + ahead)
            skipped = numbers if self._modulus is None else [number % self._modulus for number in numbers]
            missing = [number for number in skipped if number not in self._seen]
            self.lost += len(missing)
            self._missing |= dict.fromkeys(missing)
            while len(self._missing) > self._most_missing:
                del self._missing[next(iter(self._missing))]
        else:
            # The device has restarted: numbers that it skipped before will not come.
            self._missing.clear()
