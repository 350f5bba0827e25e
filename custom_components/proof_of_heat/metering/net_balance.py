"""Counters of a meter whose phases are balanced, as utility meters of Germany and other countries bill.

While one phase feeds in and another one draws, only the difference counts. A device that counts each phase on its own
shows both. Its counters give the difference exactly, also over a gap; the power decides which part of it was drawn and
which was fed in. Where both disagree, the counters are right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._lib.counters import Counter, PowerIntegrator
from ..drivers.meter.reading import MeterReading
from ..drivers.values import number


@dataclass(slots=True)
class NetBalance:
    """The balanced counters of one meter; they begin with the values of the device."""

    imported_kwh: float | None = None
    exported_kwh: float | None = None
    _imports: Counter = field(default_factory=Counter)
    _exports: Counter = field(default_factory=Counter)
    _drawn: PowerIntegrator = field(default_factory=lambda: PowerIntegrator(hold=True))
    _fed: PowerIntegrator = field(default_factory=lambda: PowerIntegrator(hold=True))
    _counted_at: float | None = None
    _pending: float = 0.0
    """Net energy that only one of the two counters has reported so far."""

    def balanced(self, reading: MeterReading) -> MeterReading:
        """Return a reading with balanced counters; they are unknown until the device has reported both of its own."""
        at = reading.at.timestamp()
        power = reading.power_w
        self._drawn.update(None if power is None else max(0.0, power), at)
        self._fed.update(None if power is None else max(0.0, -power), at)
        counted = None if reading.counted_at is None else reading.counted_at.timestamp()
        if counted is not None and counted != self._counted_at:
            self._counted_at = counted
            self._count(reading, at)
        return replace(reading, imported_kwh=_rounded(self.imported_kwh), exported_kwh=_rounded(self.exported_kwh))

    def _count(self, reading: MeterReading, at: float) -> None:
        if reading.imported_kwh is None or reading.exported_kwh is None:
            return
        imported = self._imports.update(reading.imported_kwh, at)
        exported = self._exports.update(reading.exported_kwh, at)
        if self.imported_kwh is None or self.exported_kwh is None:
            self.imported_kwh, self.exported_kwh = reading.imported_kwh, reading.exported_kwh
            self._drawn.total = self._fed.total = 0.0
            return
        self._pending += (imported or 0.0) - (exported or 0.0)
        if imported is None or exported is None:
            return  # one of them is doubted: the next reading confirms or corrects it
        drawn, fed = _split(self._pending, self._drawn.total, self._fed.total)
        self.imported_kwh += drawn
        self.exported_kwh += fed
        self._pending = self._drawn.total = self._fed.total = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the state to store."""
        return {
            "imported_kwh": self.imported_kwh,
            "exported_kwh": self.exported_kwh,
            "pending": self._pending,
            "imports": self._imports.as_dict(),
            "exports": self._exports.as_dict(),
        }

    def restore(self, stored: object) -> None:
        """Continue from a stored state; an invalid one is ignored."""
        if not isinstance(stored, Mapping):
            return
        imported, exported = number(stored.get("imported_kwh")), number(stored.get("exported_kwh"))
        imports, exports = stored.get("imports"), stored.get("exports")
        if imported is None or exported is None or not isinstance(imports, Mapping) or not isinstance(exports, Mapping):
            return
        self.imported_kwh, self.exported_kwh = imported, exported
        self._pending = number(stored.get("pending")) or 0.0
        self._imports.restore(imports)
        self._exports.restore(exports)


def _split(net: float, drawn: float, fed: float) -> tuple[float, float]:
    """Return what was drawn and fed in, whose difference is `net`: as the power shows it, corrected in proportion."""
    total, error = drawn + fed, net - (drawn - fed)
    if total <= 0:
        return max(net, 0.0), max(-net, 0.0)
    drawn, fed = drawn + error * drawn / total, fed - error * fed / total
    shift = max(-drawn, -fed, 0.0)
    return drawn + shift, fed + shift


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


class NetCounters:
    """The balanced counters of all meters of a config entry, by subentry."""

    def __init__(self) -> None:
        self._meters: dict[str, NetBalance] = {}
        self._stored: dict[str, Any] = {}

    def of(self, subentry_id: str) -> NetBalance:
        """Return the counters of a meter, as they were stored."""
        if subentry_id not in self._meters:
            self._meters[subentry_id] = found = NetBalance()
            found.restore(self._stored.pop(subentry_id, None))
        return self._meters[subentry_id]

    def dump(self) -> dict[str, Any]:
        """Return the state to store."""
        return {subentry_id: meter.as_dict() for subentry_id, meter in self._meters.items()}

    def load(self, stored: object) -> None:
        """Keep a stored state for the meters that are created later."""
        self._stored = dict(stored) if isinstance(stored, Mapping) else {}
