"""Consumption from counters with the faults of real meters."""

from dataclasses import dataclass
from typing import Any

from hypothesis import example, given, settings, strategies as st
import pytest

from lib.counters import Counter, EnergyMeter, PowerIntegrator

MAX_KW = 12.0


def total_of(*readings: float | None, interval_s: float = 60.0, max_per_hour: float = MAX_KW) -> float:
    counter = Counter(max_per_hour=max_per_hour)
    for index, reading in enumerate(readings):
        counter.update(reading, index * interval_s)
    return counter.total


@pytest.mark.parametrize(
    ("readings", "total"),
    [
        pytest.param((240.788, 240.789, 240.788, 240.790), 0.002, id="core#105441"),
        pytest.param((30.7, 23.1, 30.7), 0.0, id="core#23351"),
        ((30.7, 23.1, 23.1, 30.7), 0.0),
        pytest.param((100.78, 0.0, 100.79), 0.01, id="core#159661"),
        ((100.78, 0.0, 0.0, 100.79), 0.01),
        ((100.78, 0.0, 0.0, 0.0, 0.0, 0.0, 100.79, 100.80), 0.02),
        ((100.78, None, float("nan"), float("inf"), -1.0, 100.79), 0.01),
        ((5.0, 5.1, 0.0, 0.05, 0.1), 0.2),
        ((5.0, 5.1, 0.05, 0.1), 0.2),
        ((5.0, 9000.0, 5.1), 0.1),
        ((5.0, 9000.0, 9000.0, 5.1), 0.1),
        ((5.0, 9000.0, 9000.0, 9000.0, 9000.0, 9000.1, 9000.2), 0.2),
        ((5.0, 9000.0, 9000.0, 9000.0, 9000.0, 9000.0, *[9000.0] * 3000), 0.0),
        ((700.0, 90.0, 90.1, 90.2, 90.3, 90.4, 90.5), 0.5),
        ((5.0, 5.05, 5.05 + 0.15, 5.06, 5.07, 5.08, 5.3), 0.3),
        ((0.0, 0.0, 0.0), 0.0),
        # Relatives: falls that repeat, a first reading of zero, a wrong sign, a lost digit, a meter that was exchanged.
        ((10.0, 10.002, 10.001, 10.002, 10.001, 10.003), 0.003),
        ((30.7, 23.1, 30.7, 23.1, 30.7), 0.0),
        ((0.0, 100.78, 100.79, 100.80, 100.81, 100.82), 0.04),
        ((None, 100.78, 0, 0, 100.79), 0.01),
        ((100.78, 100.78, 0.0, 100.78, 0.0, 100.79), 0.01),
        ((100.78, -100.79, 100.79), 0.01),
        ((100.78, 10.078, 100.79), 0.01),
        ((100.0, 1000.1, 100.1, 100.2), 0.2),
        ((1.0, 1.1, 0.001, 0.002, 0.003), 0.103),
        ((99999.9, 99999.95, 0.0, 0.05, 0.1), 0.15),
        ((5.0, 5.1, 5.1, 5.1, 4.9, 5.2), 0.2),
    ],
)
def test_readings_of_real_meters(readings: tuple[float | None, ...], total: float) -> None:
    assert total_of(*readings) == pytest.approx(total, abs=1e-6)


def test_the_unit_of_a_counter_does_not_matter() -> None:
    """core#105441 with a counter in Wh."""
    assert total_of(240_788, 240_789, 240_788, 240_790, max_per_hour=MAX_KW * 1000) == 2.0


def test_no_consumption_is_known_while_a_reading_is_doubted() -> None:
    counter = Counter(max_per_hour=MAX_KW)
    doubted = []
    for at, reading in ((0, 100.78), (30, 0.0), (60, 100.79)):
        grown = counter.update(reading, at)
        assert (grown is None) == counter.doubted
        doubted.append(counter.doubted)
    assert doubted == [False, True, False]
    assert counter.total == pytest.approx(0.01)
    assert counter.incomplete == 0


def test_a_counter_that_stood_still_catches_up() -> None:
    counter = Counter(max_per_hour=3.0)
    counter.update(50.0, 0)
    counter.update(50.01, 60)
    for minute in range(2, 180):
        assert counter.update(50.01, minute * 60) == 0.0
    assert counter.update(56.0, 180 * 60) is None
    assert counter.update(56.0, 181 * 60) == pytest.approx(5.99)
    assert counter.incomplete == 0


def test_a_long_gap_is_counted_once_a_second_reading_confirms_it() -> None:
    counter = Counter(max_per_hour=3.0)
    counter.update(50.0, 0)
    week = 7 * 86400.0
    assert counter.update(350.0, week) is None
    assert counter.update(350.01, week + 60) == pytest.approx(300.01)


def test_the_end_of_the_digits() -> None:
    counter = Counter(max_per_hour=MAX_KW, digits_end=65536.0)
    for index, reading in enumerate((65535.9, 65535.95, 0.02, 0.05)):
        counter.update(reading, index * 60.0)
    assert counter.total == pytest.approx(0.15)


def test_a_clock_that_was_set_back_loses_nothing() -> None:
    counter = Counter(max_per_hour=MAX_KW)
    counter.update(10.0, 7200)
    counter.update(10.05, 3600)
    counter.update(10.2, 3660)
    assert counter.total == pytest.approx(0.2)


def test_a_stored_counter_continues() -> None:
    counter = Counter(max_per_hour=MAX_KW)
    counter.update(10.0, 0)
    counter.update(10.1, 60)
    again = Counter(max_per_hour=MAX_KW)
    again.restore(counter.as_dict())
    again.update(0.0, 120)
    again.update(10.3, 3600)
    assert again.total == pytest.approx(0.3)


@pytest.mark.parametrize("stored", [{}, {"reading": "x", "total": None}, {"reading": True, "at": float("nan")}])
def test_an_invalid_stored_state_is_a_new_counter(stored: dict[str, Any]) -> None:
    counter = Counter()
    counter.restore(stored)
    assert counter.update(5.0, 0) == 0.0
    assert counter.total == 0.0


def test_a_limit_of_zero_is_rejected() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Counter(max_per_hour=0)


@dataclass(frozen=True)
class Step:
    """One reading: the time since the last one, the true consumption in it, and what the meter makes of it."""

    seconds: float
    load: float
    fault: str
    size: float


STEPS = st.builds(
    Step,
    seconds=st.floats(5.0, 900.0),
    load=st.floats(0.0, 0.9),
    fault=st.sampled_from(["none"] * 6 + ["zero", "fall", "level", "jump", "missing", "frozen", "restart"]),
    size=st.floats(0.0, 1.0),
)
VALUE_FAULTS = {"zero", "fall", "level", "jump"}


def _with_room(steps: list[Step]) -> list[Step]:
    """Leave three good readings after a wrong one, a missing one or a restart: single faults, in any order."""
    found, good = [], 0
    for step in [Step(60, 0.3, "none", 0.0), *steps, *[Step(60, 0.3, "none", 0.0)] * 6]:
        fault = step.fault if good == 0 else "none"
        good = 3 if fault != "none" else max(0, good - 1)
        found.append(Step(step.seconds, step.load, fault, step.size))
    return found


def _shown(step: Step, shown: float) -> float | None:
    match step.fault:
        case "zero":
            return 0.0
        case "fall":
            return max(0.0, shown - 0.02 * step.size)
        case "level":
            return shown * (0.2 + 0.7 * step.size)
        case "jump":
            return shown + 50.0 + 9000.0 * step.size
        case "missing":
            return None
    return shown


@settings(max_examples=300, deadline=None)
@given(start=st.floats(5.0, 90_000.0), steps=st.lists(STEPS, max_size=40))
@example(start=240.788, steps=[Step(10, 0.1, "fall", 0.05), Step(10, 0.1, "zero", 0.0)])
@example(
    start=5.0,
    steps=[
        *(Step(5.0, 0.0, fault, 0.0) for fault in ("restart", "none", "none")),
        Step(5.0, 0.5, "none", 0.0),
        Step(5.0, 0.0, "restart", 0.0),
    ],
)
def test_the_total_is_right_or_the_rest_is_marked_as_unknown(start: float, steps: list[Step]) -> None:
    counter = Counter(max_per_hour=MAX_KW)
    at, shown, true, unseen, lost, frozen = 0.0, start, 0.0, 0.0, 0.0, None
    before: float | None = None
    counter.update(shown, at)
    for step in _with_room(steps):
        at += step.seconds
        consumed = step.load * MAX_KW * step.seconds / 3600
        true += consumed
        shown += consumed
        if before is not None:
            # 0.008, 0, 0.06 kWh: a restart that shows more again at once looks like a single zero.
            lost += before if shown >= before else 0.0
            before = None
        if step.fault == "restart":
            # What was consumed since the last good reading is lost, and the counter begins again at 0.
            lost += consumed + unseen
            before, shown = shown - consumed, 0.0
        frozen = (shown - consumed if frozen is None else frozen) if step.fault == "frozen" else None
        reading = frozen if frozen is not None else _shown(step, shown)
        unseen = 0.0 if step.fault in ("none", "restart") else unseen + consumed
        counter.update(reading, at)
        assert counter.total <= true * 1.01 + 1e-6
    assert counter.total >= (true - lost) * 0.99 - 1e-6
    if counter.incomplete == 0:
        assert counter.total == pytest.approx(true, rel=0.01, abs=1e-6)


class TestEnergyMeter:
    """A counter and a power sensor of the same load."""

    @staticmethod
    def run(minutes: int, *, away: range = range(0), power_w: float = 2000.0, frozen: range = range(0)) -> EnergyMeter:
        meter = EnergyMeter(max_kw=MAX_KW)
        shown = 100.0
        for minute in range(minutes + 1):
            true = 100.0 + minute * power_w / 60_000
            if minute not in frozen:
                shown = true
            meter.update(minute * 60.0, counter_kwh=None if minute in away else shown, power_w=power_w)
        return meter

    def test_a_gap_is_not_counted_twice(self) -> None:
        assert self.run(30, away=range(10, 20)).total == pytest.approx(1.0)

    def test_a_counter_that_stays_away_is_replaced_by_the_power(self) -> None:
        assert self.run(30, away=range(10, 31)).total == pytest.approx(1.0)

    def test_a_counter_that_appears_late_counts_from_there(self) -> None:
        assert self.run(30, away=range(10)).total == pytest.approx(1.0)

    def test_a_frozen_counter_is_replaced_by_the_power(self) -> None:
        assert self.run(240, frozen=range(20, 241)).total == pytest.approx(8.0, rel=0.01)

    def test_a_frozen_counter_that_catches_up_is_not_counted_twice(self) -> None:
        assert self.run(240, frozen=range(20, 200)).total == pytest.approx(8.0, rel=0.01)

    def test_what_is_estimated_is_marked(self) -> None:
        meter = EnergyMeter(max_kw=MAX_KW)
        assert meter.update(0.0, power_w=600.0) is None
        added = [
            meter.update(60.0, power_w=600.0),
            meter.update(120.0, counter_kwh=5.0, power_w=600.0),
            meter.update(180.0, counter_kwh=5.02, power_w=600.0),
        ]
        assert [found and (round(found.kwh, 6), found.estimated) for found in added] == [
            (0.01, True),
            (0.01, True),
            (0.02, False),
        ]

    def test_an_estimate_that_was_too_high_is_settled(self) -> None:
        meter = EnergyMeter(max_kw=MAX_KW)
        meter.update(0.0, counter_kwh=10.0, power_w=3000.0)
        for minute in range(1, 11):
            meter.update(minute * 60.0, power_w=3000.0)
        for minute in range(11, 61):
            meter.update(minute * 60.0, counter_kwh=10.0 + minute / 60, power_w=3000.0)
        assert meter.total == pytest.approx(1.0)

    def test_a_stored_meter_continues(self) -> None:
        meter = self.run(15, away=range(10, 16))
        again = EnergyMeter(max_kw=MAX_KW)
        again.restore(meter.as_dict())
        again.update(20 * 60.0, counter_kwh=100.0 + 20 / 30)
        assert again.total == pytest.approx(20 / 30)

    @pytest.mark.parametrize("stored", [{}, {"total": "x", "counter": []}])
    def test_an_invalid_stored_state_is_a_new_meter(self, stored: dict[str, Any]) -> None:
        meter = EnergyMeter()
        meter.restore(stored)
        assert meter.total == 0.0


class TestPowerIntegrator:
    """Energy from a power."""

    def test_the_mean_of_two_readings(self) -> None:
        meter = PowerIntegrator()
        meter.update(1000.0, 0)
        assert meter.update(3000.0, 180) == pytest.approx(0.1)

    def test_a_commanded_power_applies_until_the_next(self) -> None:
        meter = PowerIntegrator(hold=True)
        meter.update(1000.0, 0)
        meter.update(0.0, 180)
        meter.update(None, 240)
        assert meter.total == pytest.approx(0.05)

    @pytest.mark.parametrize("gap", [None, float("nan")])
    def test_an_unknown_power_is_not_counted(self, gap: float | None) -> None:
        meter = PowerIntegrator()
        for at, power_w in ((0, 1000.0), (60, gap), (120, 1000.0), (1000, 1000.0), (900, 1000.0)):
            assert meter.update(power_w, at) is None
        assert meter.total == 0.0
