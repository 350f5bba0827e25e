"""Energy of a source or meter as it is shown, by counters and power together. Without Home Assistant.

A report is read again and again until the next one arrives. Each reading of a counter is used once: a wrong one must
not confirm itself.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
import math
from typing import Any, Final

from .._lib.counters import DEFAULT_MAX_PER_HOUR, Consumed, Counter, EnergyMeter, PowerIntegrator
from .._lib.heat_source import SourceKind
from ..drivers.source_size import limit_w
from ..engine.config import SourceConfig

_HEAT_PER_POWER: Final = 8.0
_MAX_GAP_S: Final = 600.0
_ALIVE: Final = timedelta(minutes=15)
"""A counter that reported within this time counts the present consumption as well."""
_NEXT_POWER: Final = timedelta(seconds=0.9 * _MAX_GAP_S)
"""A device that is polled reports its power again within this time, also if it does not change."""


def max_electric_kw(config: SourceConfig) -> float:
    """Return the electric power in kW that a source cannot exceed."""
    return _limit_kw(rated_power_w(config))


def max_heat_kw(config: SourceConfig) -> float:
    """Return the heat output in kW that a source cannot exceed."""
    return _limit_kw(rated_heat_w(config))


def rated_power_w(config: SourceConfig) -> float | None:
    """Return the maximum electric input in W by what is configured; None without any size."""
    return _size(max(config.steps_w, default=0.0) or config.nominal_power_w or config.nominal_heat_w)


def rated_heat_w(config: SourceConfig) -> float | None:
    """Return the maximum heat output in W by what is configured; None without any size."""
    if (heat_w := _size(config.nominal_heat_w)) is not None:
        return heat_w
    power_w = _size(max(config.steps_w, default=0.0) or config.nominal_power_w)
    is_pump = config.kind == SourceKind.HEAT_PUMP
    return power_w * _HEAT_PER_POWER if power_w is not None and is_pump else power_w


def _size(rated_w: float | None) -> float | None:
    return rated_w if rated_w and math.isfinite(rated_w) else None


def _limit_kw(rated_w: float | None) -> float:
    return DEFAULT_MAX_PER_HOUR if rated_w is None else limit_w(rated_w) / 1000


class CountedEnergy:
    """A device's own counter as it is shown: it begins at the device's value and then grows by what was consumed."""

    def __init__(self, max_kw: float = DEFAULT_MAX_PER_HOUR) -> None:
        self._counter = Counter(max_per_hour=max_kw)
        self._base: float | None = None
        self._fed_at: datetime | None = None

    @property
    def value(self) -> float | None:
        """The energy in kWh; None before the first reading."""
        return None if self._base is None else round(self._base + self._counter.total, 5)

    def feed(self, at: datetime, reading_kwh: float | None) -> None:
        """Add a reading; one that was added before changes nothing."""
        if reading_kwh is None or (self._fed_at is not None and at <= self._fed_at):
            return
        self._fed_at = at
        is_first = self._counter.accepted is None
        if self._counter.update(reading_kwh, at.timestamp()) is not None and is_first:
            self._base = reading_kwh

    def as_dict(self) -> dict[str, Any]:
        """Return the state to store."""
        return {"base": self._base, "counter": self._counter.as_dict()}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Continue from a stored state; an invalid one is ignored."""
        base, counter = stored.get("base"), stored.get("counter")
        if isinstance(base, (int, float)) and isinstance(counter, Mapping):
            self._counter.restore(counter)
            self._base = float(base) if self._counter.accepted is not None else None


class SourceMeter:
    """What a source consumes: by its counter, and by its power where the counter reports nothing."""

    def __init__(self, max_kw: float = DEFAULT_MAX_PER_HOUR) -> None:
        self._max_kw = max_kw
        self._meter = EnergyMeter(max_kw=max_kw, max_gap_s=_MAX_GAP_S, hold=False)
        self._fed_at: datetime | None = None
        self._power_fed_at: datetime | None = None

    @property
    def total_kwh(self) -> float:
        """The energy counted so far."""
        return self._meter.total

    def update(
        self,
        now: datetime,
        *,
        counter_kwh: float | None,
        read_at: datetime | None,
        power_w: float | None,
        power_at: datetime | None = None,
    ) -> Consumed | None:
        """Add the last reading of the counter, made at `read_at`, and the power; return what they add.

        `power_at`: when a device that is polled measured the power. What it drew since then is known with its next
        report. Without it, the power is the present one: that of a meter which reports changes only.

        None if neither reports anything. A counter that will report again is not anticipated by the power.
        """
        counter = self._meter.counter
        if counter_kwh is not None and read_at == self._fed_at and counter.accepted is not None:
            is_alive = read_at is not None and now - read_at <= _ALIVE
            if is_alive and not counter.doubted:
                return Consumed(0.0)
            counter_kwh = None
        elif counter_kwh is not None:
            self._fed_at = read_at
        if power_w is not None and not abs(power_w) <= self._max_kw * 1000:
            power_w = None
        if power_w is None or power_at is None or counter_kwh is not None:
            return self._meter.update(now.timestamp(), counter_kwh=counter_kwh, power_w=power_w)
        if power_at == self._power_fed_at:
            if now - power_at <= _NEXT_POWER:
                return Consumed(0.0, estimated=True)
            return self._meter.update(now.timestamp(), power_w=power_w)
        self._power_fed_at = power_at
        return self._meter.update(min(now, power_at).timestamp(), power_w=power_w)

    def as_dict(self) -> dict[str, Any]:
        """Return the state to store."""
        return self._meter.as_dict()

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Continue from a stored state; invalid parts are ignored."""
        self._meter.restore(stored)

    def start_at(self, total_kwh: float) -> None:
        """Continue from a total that was stored without its readings."""
        self._meter.total = total_kwh


class HeatMeter:
    """Heat from a heat output: between two values that are at most ten minutes apart, their mean applies."""

    def __init__(self, max_kw: float = DEFAULT_MAX_PER_HOUR) -> None:
        self._max_kw = max_kw
        self._power = PowerIntegrator(max_gap_s=_MAX_GAP_S)
        self._fed_at: datetime | None = None

    @property
    def total_kwh(self) -> float:
        """The energy counted so far."""
        return self._power.total

    def update(self, at: datetime, heat_w: float | None) -> None:
        """Add the heat output at a time; None: unknown, as is one that the source cannot have.

        The same report again changes nothing.
        """
        if heat_w is not None and at == self._fed_at:
            return
        self._fed_at = at
        is_possible = heat_w is not None and abs(heat_w) <= self._max_kw * 1000
        self._power.update(heat_w if is_possible else None, at.timestamp())

    def start_at(self, total_kwh: float) -> None:
        """Continue from a stored total."""
        self._power.total = total_kwh
