"""Power out of a counter."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.proof_of_heat.metering.counter_power import OWN_SPAN, OWN_STALE, CounterPower

NOW = datetime(2027, 1, 10, 6, 0, tzinfo=UTC)


def fed(watts: list[float], minutes: float, resolution: float) -> tuple[CounterPower, datetime]:
    """A counter that is read every minute while the load is what it is, for `minutes` each."""
    power, truth, at = CounterPower(), 100.0, NOW
    for load in watts:
        for _ in range(round(minutes)):
            truth += load / 60 / 1000
            at += timedelta(minutes=1)
            power.feed(at, round(truth / resolution) * resolution)
    return power, at


@pytest.mark.parametrize(("resolution", "near"), [(0.001, 0.03), (0.01, 0.2), (0.1, 0.6)])
def test_steady_load(resolution: float, near: float) -> None:
    power, at = fed([2000.0], 20, resolution)
    assert power.power_w(at) == pytest.approx(2000, rel=near)


def test_stop_shows_within_minutes() -> None:
    power, at = fed([2000.0], 20, 0.01)
    for minute in range(1, 6):
        still = power._counter.accepted
        assert still is not None
        power.feed(at + timedelta(minutes=minute), still)
    assert power.power_w(at + timedelta(minutes=5)) <= 400


def test_change_of_load_shows_soon() -> None:
    power, at = fed([500.0, 3000.0], 10, 0.001)
    assert power.power_w(at) == pytest.approx(3000, rel=0.05)


def test_unknown_without_readings_with_one_or_after_ten_minutes_of_silence() -> None:
    power = CounterPower()
    assert power.power_w(NOW) is None
    power.feed(NOW, 5.0)
    assert power.power_w(NOW) is None
    power.feed(NOW + timedelta(minutes=1), 5.02)
    assert power.power_w(NOW + timedelta(minutes=2)) == pytest.approx(1200)
    assert power.power_w(NOW + timedelta(minutes=12)) is None


def test_reset_and_readings_out_of_order() -> None:
    power, at = fed([2000.0], 20, 0.01)
    power.feed(at - timedelta(minutes=3), 0.0)
    assert power.power_w(at) == pytest.approx(2000, rel=0.2)
    power.feed(at + timedelta(minutes=1), 0.0)
    assert power.power_w(at + timedelta(minutes=1)) is None


def test_a_load_that_runs_is_unknown_until_its_counter_moves() -> None:
    """The counter was at rest for most of the time, so that its mean does not describe a load that has just started."""
    power, at = fed([2000.0], 20, 0.01)
    assert power.running_w(at) == power.power_w(at)
    still = power._counter.accepted
    assert still is not None
    for minutes in (8, 20):
        power.feed(at + timedelta(minutes=minutes), still)
        now = at + timedelta(minutes=minutes)
        bound = power.power_w(now)
        assert bound is not None
        assert bound < 100
        assert power.running_w(now) is None
    power.feed(at + timedelta(minutes=21), still + 0.05)
    assert power.running_w(at + timedelta(minutes=21)) == pytest.approx(0.05 * 60e3 / 21, rel=0.05)
    assert CounterPower().running_w(NOW) is None


def test_memory_is_bounded() -> None:
    power = CounterPower()
    for second in range(5000):
        power.feed(NOW + timedelta(seconds=second), second / 1000)
    assert len(power._edges) <= 200


@pytest.mark.parametrize(
    ("increases", "step"),
    [
        ([0.786, 0.522, 0.441, 0.392, 0.359], 0.001),
        ([0.2, 0.3, 0.1, 0.2], 0.1),
        ([0.25, 0.5, 0.75], 0.25),
        ([2.778, 5.556, 2.777], 2.778),  # a heat meter in steps of 0.01 GJ
        ([3.0, 2.0, 1.0], 1.0),
    ],
)
def test_the_resolution_is_the_step_of_which_all_increases_are_multiples(increases: list[float], step: float) -> None:
    power, at, reading = CounterPower(OWN_SPAN, OWN_STALE), NOW, 100.0
    power.feed(at, reading)
    for kwh in increases:
        at, reading = at + timedelta(minutes=5), reading + kwh
        power.feed(at, round(reading, 4))
    assert power._step_kwh == pytest.approx(step, rel=0.01, abs=0.002)


def test_standby_after_a_load_is_not_the_mean_of_both() -> None:
    """A heat pump of 900 W that rests with 8 W, by a counter in steps of 0.001 kWh that is read every five minutes."""
    power, at, truth = CounterPower(), NOW, 100.0
    for watts in (*[900.0] * 6, *[8.0] * 3):
        at, truth = at + timedelta(minutes=5), truth + watts / 12_000
        power.feed(at, round(truth, 3))
    shown = power.power_w(at)
    assert shown is not None
    assert shown < 30
    assert not power.is_accurate(at)


def test_a_fine_counter_that_is_read_every_five_minutes_is_accurate() -> None:
    power, at, reading = CounterPower(OWN_SPAN, OWN_STALE), NOW, 100.0
    for kwh in (0.786, 0.522, 0.441, 0.392, 0.359, 0.275):
        at, reading = at + timedelta(minutes=5), reading + kwh
        power.feed(at, round(reading, 3))
    assert power.is_accurate(at)
    assert power.power_w(at) == pytest.approx(0.275 * 12_000, rel=0.01)
