"""The COP of a home: the sums of all its heat pumps. Without Home Assistant."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from .cop import CopCalculator, Sums, total


class SystemCop:
    """One calculator per heat pump, because each has its own counters with their own edges and resets."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._calculators: dict[str, CopCalculator] = {}

    def of(self, key: str) -> CopCalculator:
        """Return the calculator of a heat pump."""
        return self._calculators.setdefault(key, CopCalculator(self._zone))

    def window(self, now: datetime, length: timedelta) -> Sums | None:
        """Return recent sums; None where less than an hour is known of each heat pump."""
        found = [
            sums for calculator in self._calculators.values() if (sums := calculator.window(now, length)) is not None
        ]
        return total(found) if found else None

    def is_enough(self, sums: Sums) -> bool:
        """Return whether a ratio of these sums means something, by the counters of all heat pumps."""
        return all(calculator.is_enough(sums) for calculator in self._calculators.values())

    def day(self, which: date) -> Sums:
        """Return the sums of a local day."""
        return total(calculator.day(which) for calculator in self._calculators.values())

    def month(self, today: date) -> Sums:
        """Return the sums of the month so far."""
        return total(calculator.month(today) for calculator in self._calculators.values())

    def season(self, today: date) -> Sums:
        """Return the sums of the last 365 days, for the seasonal performance factor."""
        return total(calculator.season(today) for calculator in self._calculators.values())

    def dump(self) -> dict[str, Any]:
        """Return the stored form."""
        dumps = {key: calculator.dump() for key, calculator in self._calculators.items()}
        return {"ledgers": {key: dump for key, dump in dumps.items() if dump["days"]}}

    def load(self, data: Mapping[str, Any]) -> None:
        """Restore from the stored form. A common one of all heat pumps (0.1.0) is kept and does not grow."""
        rows = data.get("ledgers")
        if "days" in data:
            self.of("").load(data)
        for key, row in rows.items() if isinstance(rows, Mapping) else ():
            if isinstance(row, Mapping):
                self.of(str(key)).load(row)
