"""A sensor that reports only changes is not stale while its room is steady; one that has failed is found."""

import math

import pytest

from custom_components.proof_of_heat.engine.staleness import ReportRhythm, StaleRule

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0
RULE = StaleRule(usual_s=30 * MINUTE_S, longest_s=3 * HOUR_S, steady=0.15)


class Sensor:
    """A sensor with the times of its reports, read every five minutes."""

    def __init__(self) -> None:
        self.rhythm = ReportRhythm(RULE)
        self.now_s = self.reported_s = 0.0
        self.stale_s = 0.0

    def wait(self, seconds: float, value: float) -> None:
        """Let the time until the next report pass; the value is still that of the last one."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            if self.rhythm.is_stale(value, self.now_s - self.reported_s, self.now_s):
                self.stale_s += 5 * MINUTE_S
            self.now_s += 5 * MINUTE_S
        self.reported_s = self.now_s


def test_the_interval_of_a_steady_hour_is_accepted_on_the_next_days() -> None:
    """By day, a room changes every ten minutes; at night, its sensor reports once an hour."""
    sensor = Sensor()
    sensor.wait(HOUR_S, 21.0)
    sensor.wait(5 * MINUTE_S, 21.1)
    assert sensor.stale_s == 25 * MINUTE_S, "the rhythm is not known yet"
    for day in range(7):
        for step in range(138):
            sensor.wait(10 * MINUTE_S, 21.1 + 0.1 * (step % 5))
        sensor.wait(HOUR_S, 21.1)
        assert sensor.stale_s == 25 * MINUTE_S, day


def test_a_rhythm_that_does_not_return_is_forgotten() -> None:
    sensor = Sensor()
    sensor.wait(2 * HOUR_S, 21.0)
    sensor.wait(5 * MINUTE_S, 21.0)
    assert sensor.rhythm.allowed_s == pytest.approx(2.5 * HOUR_S)
    for _ in range(6 * 24 * 8):
        sensor.wait(10 * MINUTE_S, 21.0)
    assert sensor.rhythm.allowed_s == pytest.approx(2.5 * HOUR_S / 4, rel=0.01), "eight days: two half-lives"
    for _ in range(6 * 24 * 8):
        sensor.wait(10 * MINUTE_S, 21.0)
    assert sensor.rhythm.allowed_s == RULE.usual_s


@pytest.mark.parametrize(("silent_h", "is_stale"), [(2.9, False), (3.1, True)])
def test_no_reading_is_used_for_longer_than_the_longest_time(silent_h: float, is_stale: bool) -> None:
    sensor = Sensor()
    for _ in range(3):
        sensor.wait(12 * HOUR_S, 21.0)
    assert sensor.rhythm.is_stale(21.0, silent_h * HOUR_S, sensor.now_s + silent_h * HOUR_S) is is_stale


def test_a_long_interval_with_another_value_afterwards_is_a_gap() -> None:
    """The room became colder by a kelvin meanwhile: the sensor had failed."""
    rhythm = ReportRhythm(RULE)
    assert not rhythm.is_stale(21.0, 0.0, 0.0)
    assert not rhythm.is_stale(20.0, 0.0, 2 * HOUR_S)
    assert rhythm.allowed_s == RULE.usual_s
    assert math.isclose(rhythm.longest_gap_s, 0.0)
