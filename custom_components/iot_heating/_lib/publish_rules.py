# Generated from lib/publish_rules.py by scripts/build: edit that file, not this one.
"""When a value is worth a Home Assistant state: pure rules, no Home Assistant in here.

A state write is a recorder row. A value is therefore written at once when it moved by a significant amount,
but at most every `min_interval_s`; a smaller movement waits until `max_interval_s` after the last write.
The first value after none (a state that shows "unknown") is never delayed: a user may be waiting for it.

On/off, modes and problems are never delayed by what was written before: an automation may be waiting for them. The same
holds for a value that passes a limit (the `key` of an offer). Only an entity that changes all the time is slowed down,
to one such write per `state_interval_s` after `state_burst` of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from math import inf, isnan
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Pace:
    """How often one entity may be, and has to be, written."""

    min_interval_s: float = 10.0
    max_interval_s: float = 300.0
    state_interval_s: float = 1.0
    state_burst: int = 10
    falls_at_once: bool = False
    """Whether a significant fall does not wait: of a sum, it is a correction or the start of another day."""


CREEPING_S: Final = 60.0
"""Minimum time between two writes of a value that rises slowly or wavers: a sum (energy, cost, a count), or a reading
about the device itself (signal strength, its own temperature)."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The movement that counts as significant: the larger of an absolute and a relative part.

    `absolute` is in the unit of the value (seconds for points in time), `relative` is a fraction of the last
    written value. Both zero: every change is significant.
    """

    absolute: float = 0.0
    relative: float = 0.0

    def scaled(self, factor: float) -> Threshold:
        """The same threshold for a value in another unit (`factor` of that unit make one of this)."""
        return Threshold(self.absolute * factor, self.relative)


ANY_CHANGE: Final = Threshold()
# Numbers of which nothing is known.
DEFAULT_THRESHOLD: Final = Threshold(relative=0.02)


def _in_units(base: Threshold, factors: Mapping[str, float]) -> dict[str | None, Threshold]:
    """One row of the table: `base` as it is (no unit given), and scaled for each unit."""
    return {None: base} | {unit: base.scaled(factor) for unit, factor in factors.items()}


# Quantity (a sensor device class) -> unit -> threshold. A row without units holds for any unit.
THRESHOLDS: Final[Mapping[str, Mapping[str | None, Threshold]]] = MappingProxyType(
    {
        "apparent_power": _in_units(Threshold(5.0, 0.02), {"VA": 1, "kVA": 0.001}),
        "atmospheric_pressure": _in_units(Threshold(0.5), {"hPa": 1, "mbar": 1, "Pa": 100, "kPa": 0.1}),
        "battery": _in_units(Threshold(1.0), {}),
        "carbon_dioxide": _in_units(Threshold(20.0, 0.02), {}),
        "current": _in_units(Threshold(0.05, 0.02), {"A": 1, "mA": 1000}),
        "duration": _in_units(Threshold(300.0), {"s": 1, "ms": 1000, "min": 1 / 60, "h": 1 / 3600, "d": 1 / 86400}),
        "energy": _in_units(Threshold(0.05), {"kWh": 1, "Wh": 1000, "MWh": 0.001, "MJ": 3.6, "kJ": 3600}),
        "energy_storage": _in_units(Threshold(0.05), {"kWh": 1, "Wh": 1000, "MWh": 0.001}),
        "frequency": _in_units(Threshold(0.05, 0.001), {"Hz": 1, "kHz": 0.001, "MHz": 1e-6}),
        "humidity": _in_units(Threshold(1.0), {}),
        "monetary": _in_units(Threshold(0.01, 0.001), {}),
        "illuminance": _in_units(Threshold(10.0, 0.1), {}),
        "moisture": _in_units(Threshold(1.0), {}),
        "power": _in_units(Threshold(5.0, 0.02), {"W": 1, "mW": 1000, "kW": 0.001, "MW": 1e-6}),
        "power_factor": _in_units(Threshold(0.02), {"%": 100}),
        # Air in hPa, water in bar: what matters differs with the unit that a device chose.
        "pressure": {
            "bar": Threshold(0.05),
            "kPa": Threshold(0.5),
            **_in_units(Threshold(0.5), {"hPa": 1, "mbar": 1, "Pa": 100}),
        },
        "reactive_power": _in_units(Threshold(5.0, 0.02), {"var": 1, "kvar": 0.001}),
        "signal_strength": _in_units(Threshold(5.0), {}),
        "temperature": _in_units(Threshold(0.2), {"°C": 1, "K": 1, "°F": 1.8}),
        "temperature_delta": _in_units(Threshold(0.2), {"°C": 1, "K": 1, "°F": 1.8}),
        "timestamp": _in_units(Threshold(300.0), {}),
        "voltage": _in_units(Threshold(0.05, 0.01), {"V": 1, "mV": 1000}),
        "volume_flow_rate": _in_units(Threshold(relative=0.05), {}),
    }
)


def threshold_for(device_class: str | None, unit: str | None) -> Threshold:
    """Look up what is significant for a quantity; `DEFAULT_THRESHOLD` where the table does not know it."""
    if device_class is None or (units := THRESHOLDS.get(str(device_class))) is None:
        return DEFAULT_THRESHOLD
    if len(units) == 1:
        return units[None]
    return units.get(unit, DEFAULT_THRESHOLD)


def _is_fall(old: object, new: object) -> bool:
    return isinstance(old, int | float) and isinstance(new, int | float) and new < old


class _Unset(Enum):
    """The value of an entity that was never written."""

    UNSET = 0


UNSET: Final = _Unset.UNSET


def is_significant(old: object, new: object, threshold: Threshold) -> bool:
    """Whether going from `old` to `new` is more than a small movement.

    Numbers and points in time are measured against the threshold; anything else, and any change of kind
    (unknown, on/off, text, not-a-number), is significant as soon as it differs.
    """
    if isinstance(old, bool) or isinstance(new, bool):
        return old is not new
    if isinstance(old, int | float) and isinstance(new, int | float):
        distance = abs(new - old)
        if isnan(distance):
            return isnan(old) is not isnan(new)
        return distance > 0 and distance >= max(threshold.absolute, threshold.relative * abs(old)) * _ROUNDING
    if isinstance(old, datetime) and isinstance(new, datetime):
        return old != new and abs((new - old).total_seconds()) >= threshold.absolute
    return old != new


# 21.0 -> 21.2 is 0.1999... in binary; a threshold of 0.2 is meant to see it.
_ROUNDING: Final = 1 - 1e-9


type StatePart = Callable[[object], object]
"""The part of a value whose changes never wait."""


def state_part(value: object) -> object:
    """Return a value without what is measured: of a tuple all except numbers and times, of a number nothing.

    An unknown number and a number are the same state; an unknown switch is another state than "off".
    """
    if isinstance(value, tuple):
        return tuple(state_part(item) for item in value)
    if isinstance(value, int | float | datetime) and not isinstance(value, bool):
        return None
    return value


def whole_value(value: object) -> object:
    """Return the value itself: of a setting every change counts."""
    return value


class Track:
    """What one entity was last written with, what it was last offered, and when the next write is due.

    `state_of` returns the part of a value whose changes never wait; without it these are changes from or to a boolean.
    """

    __slots__ = (
        "_full_at",
        "_state_of",
        "available",
        "key",
        "offered",
        "pace",
        "threshold",
        "written",
        "written_at",
        "written_available",
        "written_key",
    )

    def __init__(self, threshold: Threshold, pace: Pace, state_of: StatePart | None = None) -> None:
        self.threshold = threshold
        self.pace = pace
        self.offered: object = UNSET
        self.available = True
        self.key: object = UNSET
        self.written: object = UNSET
        self.written_available = True
        self.written_key: object = UNSET
        self.written_at = -inf
        self._state_of = state_of
        # When all of `state_burst` is available again.
        self._full_at = -inf

    def offer(self, value: object, now: float, *, available: bool = True, key: object = UNSET) -> float:
        """Take the newest value; return when to write: `now` or earlier for at once, `inf` for not at all.

        A change of `key` never waits; an offer without one leaves it as it is.
        """
        self.offered = value
        self.available = available
        if key is not UNSET:
            self.key = key
        due = self.due()
        # An unchanged value is confirmed now and then, so that `last_reported` shows that its source is alive;
        # only by an offer, never by a timer: a dead source must not look alive.
        if due == inf and now - self.written_at >= self.pace.max_interval_s:
            return now
        return due

    def due(self) -> float:
        """When the offered value has to be written (`-inf`: at once; `inf`: it needs no write)."""
        if self.available is not self.written_available:
            return -inf
        if not self.available:
            return inf
        if self.key != self.written_key:
            return self._state_due()
        if self.offered is self.written:
            return inf
        if self.written is None:
            return -inf
        if self._is_other_state():
            return self._state_due()
        if is_significant(self.written, self.offered, self.threshold):
            if self.pace.falls_at_once and _is_fall(self.written, self.offered):
                return -inf
            return self.written_at + self.pace.min_interval_s
        return inf if self.offered == self.written else self.written_at + self.pace.max_interval_s

    def _is_other_state(self) -> bool:
        written, offered = self.written, self.offered
        if isinstance(written, bool) or isinstance(offered, bool):
            return written is not offered
        return self._state_of is not None and self._state_of(written) != self._state_of(offered)

    def _state_due(self) -> float:
        """When the next change of a state may be written: at once, unless too many were written lately."""
        return self._full_at - (self.pace.state_burst - 1) * self.pace.state_interval_s

    def mark_written(self, now: float) -> None:
        """Remember that the state now shows what was offered last."""
        if self.key != self.written_key or self._is_other_state():
            self._full_at = max(self._full_at, now) + self.pace.state_interval_s
        self.written = self.offered
        self.written_available = self.available
        self.written_key = self.key
        self.written_at = now
