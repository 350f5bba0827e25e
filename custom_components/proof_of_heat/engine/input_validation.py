"""Believable inputs: what a sensor says, whether it can be, and what stands in for it when it cannot.

Room gone: curve only. Outdoor gone: forecast, then the last day's mean, then a seasonal constant. Both gone: a fixed
flow.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum
import math

from .config import SafetyLimits
from .messages import Message, MessageCode, message
from .snapshot import NAN, SensorReading, Snapshot, ZoneSnapshot

POWER_ON_C = 85.0
"""What a DS18B20 says after power-up, before it has measured."""
DISCONNECTED_C = -127.0
ROOM_RANGE_C = (-30.0, 60.0)
OUTDOOR_RANGE_C = (-60.0, 60.0)
WATER_RANGE_C = (-40.0, 110.0)
JUMP_FORGIVEN_S = 900.0
"""A jump that lasts this long is believed."""
STEADY_K = 1.0
SILENCE_MORE, SILENCE_KEPT = 1.25, 0.98
DAY_S = 86400.0


class OutdoorSource(StrEnum):
    """Where the outdoor temperature comes from."""

    SENSOR = "sensor"
    FORECAST = "forecast"
    DAY_MEAN = "day_mean"
    SEASONAL = "seasonal"


def is_valid_temperature(value: float, low: float, high: float) -> bool:
    """Whether a temperature can be one: finite, within the range, no known fault value."""
    if not math.isfinite(value):
        return False
    return low <= value <= high and value not in {POWER_ON_C, DISCONNECTED_C}


@dataclass(slots=True)
class JumpFilter:
    """Refuses values that are further from the last good one than physics allows, unless they stay."""

    per_minute_k: float
    good: float = NAN
    good_s: float = NAN
    odd: float = NAN
    odd_since_s: float = NAN

    def accept(self, value: float, now_s: float) -> bool:
        """Whether the value is believed."""
        if math.isnan(self.good):
            return self._take(value, now_s)
        minutes = max(now_s - self.good_s, 0.0) / 60
        if abs(value - self.good) <= self.per_minute_k * max(minutes, 1.0):
            return self._take(value, now_s)
        if math.isnan(self.odd) or abs(value - self.odd) > self.per_minute_k:
            self.odd, self.odd_since_s = value, now_s
        if now_s - self.odd_since_s >= JUMP_FORGIVEN_S:
            return self._take(value, now_s)
        return False

    def _take(self, value: float, now_s: float) -> bool:
        self.good, self.good_s, self.odd, self.odd_since_s = value, now_s, NAN, NAN
        return True


@dataclass(slots=True)
class ReportInterval:
    """How long a sensor may be silent: one that reports only changes has nothing to say of a steady room.

    What it was silent for before it went on about where it had been is believed again, up to a limit.
    """

    longest_s: float = 0.0
    reported_s: float = NAN
    value: float = NAN

    def allowed_s(self, value: float, age_s: float, now_s: float, limits: SafetyLimits) -> float:
        """The age up to which its value counts."""
        reported_s = now_s - age_s
        if not reported_s <= self.reported_s + 1.0:
            gap_s = reported_s - self.reported_s
            if abs(value - self.value) <= STEADY_K:
                self.longest_s = max(gap_s, SILENCE_KEPT * self.longest_s)
            self.reported_s, self.value = reported_s, value
        return min(
            max(limits.room_stale_s, SILENCE_MORE * self.longest_s), max(limits.room_stale_max_s, limits.room_stale_s)
        )


@dataclass(frozen=True, slots=True)
class ValidatedInputs:
    """The inputs as the engine believes them."""

    zones: tuple[ZoneSnapshot, ...]
    """With the room reading unknown where it is not believed."""
    room_c: float
    """Mean of the believed rooms, NaN without one."""
    coldest_c: float
    outdoor_c: float
    outdoor_from: OutdoorSource
    flow_c: float
    return_c: float
    notes: tuple[Message, ...] = ()

    @property
    def blind(self) -> bool:
        """Neither a room nor the outdoor temperature is measured or forecast."""
        return math.isnan(self.room_c) and self.outdoor_from in {OutdoorSource.DAY_MEAN, OutdoorSource.SEASONAL}


@dataclass
class InputValidator:
    """Remembers what was last believed, per sensor."""

    limits: SafetyLimits
    _filters: dict[str, JumpFilter] = field(default_factory=dict)
    _report_intervals: dict[str, ReportInterval] = field(default_factory=dict)
    _day: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=1500))

    def update(self, snapshot: Snapshot) -> ValidatedInputs:
        """Judge a snapshot's readings."""
        notes: list[Message] = []
        zones = tuple(self._zone(zone, snapshot.now_s, notes) for zone in snapshot.zones)
        rooms = [zone.room.value for zone in zones if zone.room.known]
        outdoor, origin = self._outdoor(snapshot, notes)
        flows = [s.flow_c for s in snapshot.sources if is_valid_temperature(s.flow_c, *WATER_RANGE_C)]
        returns = [s.return_c for s in snapshot.sources if is_valid_temperature(s.return_c, *WATER_RANGE_C)]
        return ValidatedInputs(
            zones=zones,
            room_c=sum(rooms) / len(rooms) if rooms else NAN,
            coldest_c=min(rooms, default=NAN),
            outdoor_c=outdoor,
            outdoor_from=origin,
            flow_c=max(flows, default=NAN),
            return_c=max(returns, default=NAN),
            notes=tuple(notes),
        )

    def _zone(self, zone: ZoneSnapshot, now_s: float, notes: list[Message]) -> ZoneSnapshot:
        room, why = zone.room, None
        if not is_valid_temperature(room.value, *ROOM_RANGE_C):
            why = MessageCode.ROOM_IMPLAUSIBLE
        elif room.age_s > self._report_interval(zone.zone_id).allowed_s(room.value, room.age_s, now_s, self.limits):
            why = MessageCode.ROOM_STALE
        elif not self._filter(f"zone {zone.zone_id}").accept(room.value, now_s - room.age_s):
            why = MessageCode.ROOM_JUMPS
        if why is None:
            return zone
        notes.append(message(why, zone=zone.zone_id))
        return replace(zone, room=SensorReading())

    def _outdoor(self, snapshot: Snapshot, notes: list[Message]) -> tuple[float, OutdoorSource]:
        reading, now_s = snapshot.outdoor, snapshot.now_s
        good = is_valid_temperature(reading.value, *OUTDOOR_RANGE_C) and reading.age_s <= self.limits.outdoor_stale_s
        if good and self._filter("outdoor").accept(reading.value, now_s - reading.age_s):
            self._remember(reading.value, now_s)
            return reading.value, OutdoorSource.SENSOR
        notes.append(message(MessageCode.OUTDOOR_LOST))
        if snapshot.forecast is not None and len(snapshot.forecast.outdoor_c):
            first = float(snapshot.forecast.outdoor_c[0])
            if is_valid_temperature(first, *OUTDOOR_RANGE_C):
                return first, OutdoorSource.FORECAST
        recent = [value for at, value in self._day if now_s - at <= DAY_S]
        if recent:
            return sum(recent) / len(recent), OutdoorSource.DAY_MEAN
        return self.limits.seasonal_outdoor_c, OutdoorSource.SEASONAL

    def _remember(self, value: float, now_s: float) -> None:
        if not self._day or now_s - self._day[-1][0] >= 60.0:
            self._day.append((now_s, value))

    def _filter(self, name: str) -> JumpFilter:
        known = self._filters.get(name)
        if known is None:
            known = self._filters[name] = JumpFilter(self.limits.jump_k_min)
        return known

    def _report_interval(self, name: str) -> ReportInterval:
        known = self._report_intervals.get(name)
        if known is None:
            known = self._report_intervals[name] = ReportInterval()
        return known
