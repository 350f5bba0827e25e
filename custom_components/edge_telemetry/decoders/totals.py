"""Totals that fall: Home Assistant takes a fall for a restart and counts the whole total again as consumption."""

from typing import Final

# Home Assistant's own limit: a total below this share of the one before has started again.
_RESTARTED_BELOW: Final = 0.9


class TotalFilter:
    """Withholds the first reading of a fall of each total, until a second one confirms that it has started again."""

    __slots__ = ("_accepted", "_fallen")

    def __init__(self) -> None:
        self._accepted: dict[str, float] = {}
        self._fallen: dict[str, float] = {}

    def check(self, key: str, value: float) -> float | None:
        """Return a reading; None for one that may be wrong."""
        accepted, fallen = self._accepted.get(key), self._fallen.pop(key, None)
        if accepted is not None and 0 <= value < accepted * _RESTARTED_BELOW and (fallen is None or value < fallen):
            self._fallen[key] = value
            return None
        self._accepted[key] = value
        return value

    def forget(self, key: str) -> None:
        """Forget a total that was removed."""
        self._accepted.pop(key, None)
        self._fallen.pop(key, None)
