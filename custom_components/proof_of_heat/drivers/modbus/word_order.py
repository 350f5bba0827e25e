"""The word order of a device whose firmware determines it, found by its counters.

Of a counter in two registers, the high word is small and hardly ever changes; the low word changes with each reading.
One reading can be misleading shortly after the low word restarted: the majority of the last readings counts.
"""

from collections import deque
from typing import Final

_READINGS: Final = 15
_GROWTH_WEIGHT: Final = 3
_EXTREMES: Final = ([0, 0x8000], [0x7FFF, 0xFFFF], [0xFFFF, 0xFFFF])


class WordOrder:
    """Collects the evidence of all counters of one device."""

    def __init__(self) -> None:
        self._votes: deque[int] = deque(maxlen=_READINGS)
        self._last: dict[str, list[int]] = {}

    def judge(self, key: str, words: list[int]) -> bool | None:
        """Return whether the low word is first; None without evidence."""
        first, second = words
        if is_placeholder(words):
            return self._order()
        last = self._last.get(key)
        self._last[key] = words
        if last is not None and (first != last[0]) != (second != last[1]):
            self._votes.extend([1 if first != last[0] else -1] * _GROWTH_WEIGHT)
        elif first != second:
            self._votes.append(1 if first > second else -1)
        return self._order()

    def _order(self) -> bool | None:
        total = sum(self._votes)
        return None if total == 0 else total > 0


def is_placeholder(words: list[int]) -> bool:
    """Return whether two registers hold the extreme value of a data type, in either order."""
    return sorted(words) in _EXTREMES
