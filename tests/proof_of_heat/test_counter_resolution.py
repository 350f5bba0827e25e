"""The resolution of energy counters, and when their COP is shown."""

from datetime import UTC, datetime, timedelta
import struct
from zoneinfo import ZoneInfo

import pytest

from custom_components.proof_of_heat.metering.cop import CopCalculator
from custom_components.proof_of_heat.metering.counter_resolution import CounterResolution

ROME = ZoneInfo("Europe/Rome")
START = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)


def _readings(step: float, minutes: int, kw: float = 2.0, begin: float = 0.0) -> list[float]:
    """Return what a counter in steps shows in 24 readings of a load that varies a little."""
    total, shown = begin, []
    for index in range(24):
        total += kw * (1 + 0.13 * (index * index % 7 - 3)) * minutes / 60
        shown.append(step * int(total / step + 1e-9))
    return shown


def _single(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _learned(readings: list[float]) -> CounterResolution:
    found, last = CounterResolution(), readings[0]
    for reading in readings[1:]:
        found.add(reading - last, reading)
        last = reading
    return found


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        (_readings(0.1, 10), 0.1),
        (_readings(0.1, 10, kw=7.0), 0.1),
        (_readings(0.1, 2), 0.1),
        (_readings(1.0, 10), 1.0),
        (_readings(1.0, 45, kw=7.0), 1.0),
        (_readings(0.01, 10), 0.01),
        (_readings(1 / 3.6, 10, kw=9.0), 1 / 3.6),  # MJ
        (_readings(1 / 75, 10), 1 / 75),  # pulses of a Ferraris meter
        (_readings(0.5, 10, kw=7.0), 0.5),
        ([_single(value) for value in _readings(0.1, 10, begin=12_345.0)], 0.1),
        ([_single(value) for value in _readings(0.1, 10, begin=80_000.0)], 0.1),
        ([round(value * 1000) / 1000 for value in _readings(0.1, 10, begin=4000.0)], 0.1),
        # Updated by the device every 15 minutes, read every minute: the digits promise too much.
        ([4.0 + 0.487 * (minute // 15) + 0.003 * (minute // 30) for minute in range(120)], 0.487),
    ],
)
def test_resolution_is_the_step_of_the_counter(readings: list[float], expected: float) -> None:
    assert _learned(readings).kwh == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("digits", [0.001, 1e-6])
def test_fine_counter_is_fine(digits: float) -> None:
    assert 0 < _learned([value * 1.0137 for value in _readings(digits, 10)]).kwh <= 0.01


def _run(minutes: float, step: float, spacing_min: float, cop: float = 3.5) -> float | None:
    """Return after how many hours the COP of the day means something; None: not in this time."""
    ledger, at = CopCalculator(ROME), START
    while at < START + timedelta(minutes=minutes):
        index, hours = int((at - START) / timedelta(minutes=spacing_min)), (at - START).total_seconds() / 3600
        total = 2.0 * hours + 0.02 * (index * index % 7)
        ledger.feed_electricity(at, step * int((100 + total) / step + 1e-9))
        ledger.feed_heat(at, step * int((500 + cop * total) / step + 1e-9))
        sums = ledger.day(START.date())
        if ledger.is_enough(sums):
            assert sums.cop == pytest.approx(cop, rel=0.1)
            return hours
        at += timedelta(minutes=spacing_min)
    return None


@pytest.mark.parametrize(
    ("step", "spacing_min", "by_h"),
    [(0.1, 10.0, 1.5), (0.1, 2.0, 1.5), (0.01, 10.0, 1.5), (0.001, 12.0, 1.5), (0.1, 0.5, 1.5)],
)
def test_cop_appears_as_soon_as_it_means_something(step: float, spacing_min: float, by_h: float) -> None:
    shown = _run(360, step, spacing_min)
    assert shown is not None
    assert 1.0 <= shown <= by_h


@pytest.mark.parametrize(("step", "hours"), [(1.0, 10.0), (0.5, 5.0)])
def test_coarse_counters_need_twenty_steps(step: float, hours: float) -> None:
    shown = _run(15 * 60, step, 10.0)
    assert shown is not None
    assert hours <= shown <= hours + 1.5


def test_a_restart_does_not_forget_the_resolution() -> None:
    ledger = CopCalculator(ROME)
    for index in range(12):
        at = START + timedelta(minutes=10 * index)
        ledger.feed_electricity(at, 100 + 0.3 * index)
        ledger.feed_heat(at, 500 + 1.0 * index)
    before = ledger.day(START.date())
    again = CopCalculator(ROME)
    again.load(ledger.dump())
    assert not ledger.is_enough(before)
    assert not again.is_enough(before)
