"""The COP ledgers of a home's heat pumps, and their sums. No Home Assistant here."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from .cop import CopLedger, Sums, total


class CopBook:
    """A ledger per heat pump: each has counters of its own, so that edges and resets are nobody else's."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._ledgers: dict[str, CopLedger] = {}

    def of(self, key: str) -> CopLedger:
        """The ledger of a heat pump."""
        return self._ledgers.setdefault(key, CopLedger(self._zone))

    def window(self, now: datetime, length: timedelta) -> Sums | None:
        """Sums of late; None where less than an hour is known of each."""
        found = [sums for ledger in self._ledgers.values() if (sums := ledger.window(now, length)) is not None]
        return total(found) if found else None

    def day(self, which: date) -> Sums:
        """Sums of a local day."""
        return total(ledger.day(which) for ledger in self._ledgers.values())

    def month(self, today: date) -> Sums:
        """Sums of the month so far."""
        return total(ledger.month(today) for ledger in self._ledgers.values())

    def season(self, today: date) -> Sums:
        """Sums of the last 365 days: the seasonal performance factor."""
        return total(ledger.season(today) for ledger in self._ledgers.values())

    def dump(self) -> dict[str, Any]:
        """For the store."""
        dumps = {key: ledger.dump() for key, ledger in self._ledgers.items()}
        return {"ledgers": {key: dump for key, dump in dumps.items() if dump["days"]}}

    def load(self, data: Mapping[str, Any]) -> None:
        """From the store. One ledger for all (as stored by 0.1.0) stays as one that grows no more."""
        ledgers = data.get("ledgers")
        if "days" in data:
            self.of("").load(data)
        for key, ledger in ledgers.items() if isinstance(ledgers, Mapping) else ():
            if isinstance(ledger, Mapping):
                self.of(str(key)).load(ledger)
