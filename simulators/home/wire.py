"""What arrives of the home's measured values: real sensors have gaps, are late, and show nonsense at times.

All of it follows from the name of the sensor and the time, so that the same hour is the same every time it is lived.
"""

from collections import deque
from datetime import datetime, timedelta
import random
from typing import Final

GAPS: Final = ("living_room", "bedroom", "outdoor", "humidity", "heat_pump_power")
"""Sensors on a radio, whose messages get lost or arrive late at times."""
OUTLIERS: Final = {"living_room": 85.0, "bedroom": 85.0, "outdoor": -127.0, "heat_pump_power": 65535.0}
"""What the sensor shows when it has just started (a DS18B20: 85 °C) or lost its probe (-127 °C), or a full register."""
RESTARTING: Final = ("heat_pump_energy",)
"""Meters that count from zero again after they lost their supply."""
SINGLE_ZEROS: Final = ("solar_energy",)
"""Counters that show zero for a moment when the inverter wakes up."""

_GAP_PERIOD: Final = timedelta(minutes=10)
_GAP_SHARE: Final = 0.12
_LATE_SHARE: Final = 0.12
_LATE: Final = timedelta(seconds=60)
_RARE_PERIOD: Final = timedelta(hours=6)
_MOMENT: Final = timedelta(seconds=2)


def _drawn(key: str, what: str, when: datetime, period: timedelta) -> tuple[random.Random, timedelta]:
    """Return the random numbers of a period, and how much of it has passed."""
    number, passed = divmod(when.timestamp(), period.total_seconds())
    return random.Random(f"{key} {what} {number:.0f}"), timedelta(seconds=passed)


def is_silent(key: str, when: datetime) -> bool:
    """Whether the sensor's messages are lost at this time: for two to six minutes, about once in an hour and a half."""
    if key not in GAPS:
        return False
    rng, passed = _drawn(key, "gap", when, _GAP_PERIOD)
    begin = timedelta(minutes=rng.uniform(0, 4))
    return rng.random() < _GAP_SHARE and begin <= passed < begin + timedelta(minutes=rng.uniform(2, 6))


def is_late(key: str, when: datetime) -> bool:
    """Whether the sensor's messages arrive a minute late at this time."""
    if key not in GAPS:
        return False
    rng, _ = _drawn(key, "late", when, _GAP_PERIOD)
    return rng.random() < _LATE_SHARE


def nonsense(key: str, when: datetime, lasts: timedelta = _MOMENT) -> float | None:
    """Return what the sensor shows in place of its value: once in six hours, for the time of one message."""
    shown = 0.0 if key in SINGLE_ZEROS else OUTLIERS.get(key)
    if shown is None:
        return None
    rng, passed = _drawn(key, "nonsense", when, _RARE_PERIOD)
    begin = _RARE_PERIOD * rng.uniform(0.1, 0.9)
    return shown if begin <= passed < begin + lasts else None


def restarts(key: str, before: datetime, now: datetime) -> bool:
    """Whether a meter lost its supply between two times: once a day."""
    if key not in RESTARTING:
        return False
    day = timedelta(days=1)
    rng, passed = _drawn(key, "restart", now, day)
    at = now - passed + day * rng.uniform(0.05, 0.95)
    return before < at <= now


class Line:
    """The way of one sensor's values to Home Assistant."""

    def __init__(self, key: str, now: datetime) -> None:
        self.key = key
        self._now = now
        self._lost_kwh = 0.0
        self._has_sent = False
        self._recent: deque[tuple[datetime, float]] = deque()

    def restart(self, value: float) -> None:
        """Count from zero again; ``value``: what the meter has counted in truth."""
        self._lost_kwh = value

    def arrives(self, now: datetime, value: float) -> float | None:
        """Return what is received at a time of which the true value is given; None: nothing."""
        before, self._now = self._now, now
        if restarts(self.key, before, now):
            self.restart(value)
        value -= self._lost_kwh
        self._recent.append((now, value))
        while now - self._recent[0][0] > _LATE and len(self._recent) > 1:
            self._recent.popleft()
        if not self._has_sent:  # what a device sends when it joins
            self._has_sent = True
            return value
        if is_silent(self.key, now):
            return None
        if (shown := nonsense(self.key, now, max(_MOMENT, now - before))) is not None:
            return shown
        return self._recent[0][1] if is_late(self.key, now) else value
