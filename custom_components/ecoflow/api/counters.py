"""Energy counters that never decrease, on top of `_lib.counters`."""

from collections.abc import Mapping
from typing import Any, Final

from .._lib.counters import EnergyMeter, PowerIntegrator as _Power

# A longer gap between two powers is not integrated, unless values arrive at a slower rate anyway.
MAX_GAP_S = 300.0
# The most that a station, an inverter or a panel can carry: faster growth of a counter is not consumption.
DEFAULT_MAX_KW: Final = 30.0


class PowerIntegrator:
    """The integral of a power over time by the trapezoidal rule, in kWh."""

    def __init__(self, kwh: float = 0.0) -> None:
        """Continue at `kwh`."""
        self._power = _Power(max_gap_s=MAX_GAP_S)
        self._power.total = kwh

    @property
    def kwh(self) -> float:
        """The energy in kWh."""
        return self._power.total

    def add(self, power_w: float | None, at: float, max_gap_s: float = MAX_GAP_S) -> float:
        """Add a power at a time in s and return the energy in kWh.

        A negative power counts as 0. None interrupts the integration, as does a gap longer than `max_gap_s`.
        """
        self._power.max_gap_s = max_gap_s
        self._power.update(None if power_w is None else max(0.0, power_w), at)
        return self._power.total


class MonotonicCounter:
    """A device's own counter in kWh, without what counters do wrong.

    Devices repeat an older value, read 0 once, restart, and stop counting while energy flows. The power that belongs to
    the counter bridges such times; it is not counted twice when the counter continues. The total starts at the first
    reading, which is the energy since the device was made.
    """

    def __init__(self, shown: float = 0.0, raw: float | None = None, max_kw: float = DEFAULT_MAX_KW) -> None:
        """Continue at a total and a reading of an earlier version."""
        self._meter = EnergyMeter(max_kw=max_kw, max_gap_s=MAX_GAP_S, hold=False)
        self._base = shown
        if raw is not None:
            # When it was read is not known: as long ago as it may be.
            self._meter.counter.restore({"reading": raw, "at": 0.0, "changed_at": 0.0})

    @property
    def shown(self) -> float:
        """The total in kWh."""
        return self._base + self._meter.total

    @property
    def raw(self) -> float | None:
        """The last reading that was accepted."""
        return self._meter.counter.accepted

    def update(self, raw: float | None, at: float, power_w: float | None = None) -> float:
        """Add a reading of the device's counter and its power at a time in s, and return the total."""
        if self.raw is None and raw is not None and not self._base:
            self._base = raw
        self._meter.update(at, counter_kwh=raw, power_w=None if power_w is None else max(0.0, power_w))
        return self.shown

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        shown, raw = self.shown, self.raw
        return {
            "shown": shown,
            "raw": raw,
            "offset": 0.0 if raw is None else shown - raw,
            "base": self._base,
            "meter": self._meter.as_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> MonotonicCounter:
        """Return the counter from its stored form, also from that of an earlier version."""
        meter = stored.get("meter")
        if not isinstance(meter, Mapping):
            return cls(float(stored["shown"]), stored["raw"])
        counter = cls(float(stored["base"]))
        counter._meter.restore(meter)
        return counter
