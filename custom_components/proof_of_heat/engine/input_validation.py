"""Input validation: rejects implausible and stale readings, and falls back to other inputs.

Without a room temperature the curve is used alone. The outdoor temperature falls back to the forecast, to the mean of
the last day, to a seasonal constant. Without both, the flow temperature is fixed.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum
import math

from .config import SafetyLimits
from .messages import Message, MessageCode, message
from .sensor_resolution import SensorResolution
from .snapshot import NAN, SensorReading, Snapshot, ZoneSnapshot
from .staleness import ReportRhythm, StaleRule

POWER_ON_C = 85.0
"""Value of a DS18B20 after power-up, before its first measurement."""
DISCONNECTED_C = -127.0
ROOM_RANGE_C = (-30.0, 60.0)
OUTDOOR_RANGE_C = (-60.0, 60.0)
WATER_RANGE_C = (-40.0, 110.0)
JUMP_FORGIVEN_S = 900.0
"""A jump that lasts this long is accepted."""
STEADY_K = 1.0
DAY_S = 86400.0


class OutdoorSource(StrEnum):
    """Origin of the outdoor temperature."""

    SENSOR = "sensor"
    FORECAST = "forecast"
    DAY_MEAN = "day_mean"
    SEASONAL = "seasonal"


def is_valid_temperature(value: float, low: float, high: float) -> bool:
    """Return whether a temperature in degC is finite, within the range, and no known fault value."""
    if not math.isfinite(value):
        return False
    return low <= value <= high and value not in {POWER_ON_C, DISCONNECTED_C}


@dataclass(slots=True)
class JumpFilter:
    """Rejects values that differ from the last valid one by more than is physically possible, unless they persist."""

    per_minute_k: float
    last_valid: float = NAN
    last_valid_s: float = NAN
    suspect: float = NAN
    suspect_since_s: float = NAN

    def accept(self, value: float, now_s: float) -> bool:
        """Return whether the value is accepted."""
        if math.isnan(self.last_valid):
            return self._accept_value(value, now_s)
        minutes = max(now_s - self.last_valid_s, 0.0) / 60
        if abs(value - self.last_valid) <= self.per_minute_k * max(minutes, 1.0):
            return self._accept_value(value, now_s)
        if math.isnan(self.suspect) or abs(value - self.suspect) > self.per_minute_k:
            self.suspect, self.suspect_since_s = value, now_s
        if now_s - self.suspect_since_s >= JUMP_FORGIVEN_S:
            return self._accept_value(value, now_s)
        return False

    def _accept_value(self, value: float, now_s: float) -> bool:
        self.last_valid, self.last_valid_s, self.suspect, self.suspect_since_s = value, now_s, NAN, NAN
        return True


@dataclass(frozen=True, slots=True)
class ValidatedInputs:
    """The inputs after validation."""

    zones: tuple[ZoneSnapshot, ...]
    """Rejected room temperatures are NaN."""
    room_c: float
    """Mean of the valid room temperatures; NaN without any."""
    coldest_c: float
    outdoor_c: float
    outdoor_from: OutdoorSource
    flow_c: float
    return_c: float
    room_doubt_k: float = 0.0
    """By how much a room may be colder or warmer than its reading, by the steps of its sensor."""
    notes: tuple[Message, ...] = ()

    @property
    def lost_zones(self) -> frozenset[str]:
        """The zones whose room temperature is not valid."""
        return frozenset(zone.zone_id for zone in self.zones if not zone.room.known)

    @property
    def outdoor_is_lost(self) -> bool:
        """Whether the outdoor sensor has no valid temperature."""
        return self.outdoor_from is not OutdoorSource.SENSOR

    @property
    def blind(self) -> bool:
        """Whether neither a room nor the outdoor temperature is measured or forecast."""
        return math.isnan(self.room_c) and self.outdoor_from in {OutdoorSource.DAY_MEAN, OutdoorSource.SEASONAL}


@dataclass
class InputValidator:
    """Validates snapshots; holds the last valid value of each sensor."""

    limits: SafetyLimits
    _filters: dict[str, JumpFilter] = field(default_factory=dict)
    _rhythms: dict[str, ReportRhythm] = field(default_factory=dict)
    _resolutions: dict[str, SensorResolution] = field(default_factory=dict)
    _day: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=1500))

    def validate(self, snapshot: Snapshot) -> ValidatedInputs:
        """Return the validated inputs of a snapshot."""
        notes: list[Message] = []
        zones = tuple(self._zone(zone, snapshot.now_s, notes) for zone in snapshot.zones)
        rooms = [zone.room.value for zone in zones if zone.room.known]
        outdoor, origin = self._outdoor(snapshot, notes)
        heating = [source for source in snapshot.sources if not source.hot_water]
        flows = [s.flow_c for s in heating if is_valid_temperature(s.flow_c, *WATER_RANGE_C)]
        returns = [s.return_c for s in heating if is_valid_temperature(s.return_c, *WATER_RANGE_C)]
        return ValidatedInputs(
            zones=zones,
            room_c=sum(rooms) / len(rooms) if rooms else NAN,
            coldest_c=min(rooms, default=NAN),
            outdoor_c=outdoor,
            outdoor_from=origin,
            flow_c=max(flows, default=NAN),
            return_c=max(returns, default=NAN),
            room_doubt_k=max([self._resolutions[zone.zone_id].doubt_k for zone in zones if zone.room.known], default=0),
            notes=tuple(notes),
        )

    def _zone(self, zone: ZoneSnapshot, now_s: float, notes: list[Message]) -> ZoneSnapshot:
        room, why = zone.room, None
        if not is_valid_temperature(room.value, *ROOM_RANGE_C):
            why = MessageCode.ROOM_IMPLAUSIBLE
        elif self._rhythm(f"zone {zone.zone_id}").is_stale(room.value, room.age_s, now_s):
            why = MessageCode.ROOM_STALE
        elif not self._filter(f"zone {zone.zone_id}").accept(room.value, now_s - room.age_s):
            why = MessageCode.ROOM_JUMPS
        if why is None:
            self._resolutions.setdefault(zone.zone_id, SensorResolution()).add(room.value)
            return zone
        notes.append(message(why, zone=zone.zone_id))
        return replace(zone, room=SensorReading())

    def _outdoor(self, snapshot: Snapshot, notes: list[Message]) -> tuple[float, OutdoorSource]:
        reading, now_s = snapshot.outdoor, snapshot.now_s
        is_plausible = is_valid_temperature(reading.value, *OUTDOOR_RANGE_C)
        is_valid = is_plausible and not self._rhythm("outdoor").is_stale(reading.value, reading.age_s, now_s)
        if is_valid and self._filter("outdoor").accept(reading.value, now_s - reading.age_s):
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

    def _rhythm(self, name: str) -> ReportRhythm:
        known = self._rhythms.get(name)
        if known is None:
            limits = self.limits
            rule = StaleRule(limits.room_stale_s, limits.room_stale_max_s, STEADY_K)
            if name == "outdoor":
                rule = StaleRule(limits.outdoor_stale_s, limits.outdoor_stale_max_s, STEADY_K)
            known = self._rhythms[name] = ReportRhythm(rule)
        return known
