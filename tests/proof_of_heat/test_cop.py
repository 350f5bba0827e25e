"""COP by summed energies over the edges of the slow readings."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.proof_of_heat.metering.cop import (
    CopCalculator,
    Sums,
    interval,
)

ROME = ZoneInfo("Europe/Rome")
START = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)


def feed(
    ledger: CopCalculator,
    hours: float,
    *,
    power_w: float = 2000.0,
    cop: float = 3.5,
    fast_s: float = 10.0,
    slow_s: float = 300.0,
    start: datetime = START,
    offset_s: float = 3.7,
) -> datetime:
    """A steady machine; meter and cloud read at their own times."""
    end = start + timedelta(hours=hours)
    fast, slow = start, start + timedelta(seconds=offset_s)
    while fast < end or slow < end:
        if fast <= slow:
            ledger.feed_electricity(fast, 100 + power_w * (fast - START).total_seconds() / 3.6e6)
            fast += timedelta(seconds=fast_s)
        else:
            ledger.feed_heat(slow, 500 + cop * power_w * (slow - START).total_seconds() / 3.6e6)
            slow += timedelta(seconds=slow_s)
    return end


def test_steady_machine_has_its_cop() -> None:
    ledger = CopCalculator(ROME)
    end = feed(ledger, 3)
    window = ledger.window(end, timedelta(hours=2))
    assert window is not None
    assert window.cop == 3.5
    assert window.electricity == pytest.approx(4.0, abs=0.2)


@given(fast_s=st.floats(2, 60), slow_s=st.floats(240, 700), offset_s=st.floats(0, 200), power_w=st.floats(400, 6000))
@settings(max_examples=40, deadline=None)
def test_unaligned_clocks_do_not_change_the_cop(fast_s: float, slow_s: float, offset_s: float, power_w: float) -> None:
    ledger = CopCalculator(ROME)
    end = feed(ledger, 3, fast_s=fast_s, slow_s=slow_s, offset_s=offset_s, power_w=power_w, cop=4.0)
    window = ledger.window(end, timedelta(hours=3))
    assert window is not None
    assert window.cop == pytest.approx(4.0, abs=0.02)


def test_step_of_power_between_edges_errs_by_less_than_power_times_spacing() -> None:
    """3 kW on for a while, not in step with the slow readings: at most 25 Wh per edge at 30 s."""
    ledger = CopCalculator(ROME)
    joules, heat = 0.0, 0.0
    for second in range(2 * 3600 + 31):
        on = 1000 < second < 4200
        joules += 3000.0 if on else 0.0
        heat += 9000.0 if on else 0.0
        now = START + timedelta(seconds=second)
        if second % 30 == 0:
            ledger.feed_electricity(now, joules / 3.6e6)
        if second % 300 == 17:
            ledger.feed_heat(now, heat / 3.6e6)
    day = ledger.day(date(2026, 1, 10))
    assert abs(day.electricity - 3000 * 3199 / 3.6e6) <= 2 * 0.025
    assert day.cop == pytest.approx(3.0, abs=0.06)


def test_ratios_are_not_averaged() -> None:
    one = interval(600, 1.0, 5.0, 0.0)
    two = interval(600, 3.0, 6.0, 0.0)
    assert one.plus(two).cop == 2.75


def test_standby_heating_and_hot_water_are_apart() -> None:
    heating = interval(3600, 1.0, 4.0, 0.0)
    dhw = interval(3600, 1.0, 0.0, 2.5)
    idle = interval(3600, 0.02, 0.0, 0.0)
    total = heating.plus(dhw).plus(idle)
    assert (total.cop_heating, total.cop_dhw) == (4.0, 2.5)
    assert total.cop_running == 3.25
    assert total.electricity_standby == 0.02
    assert total.cop == pytest.approx(6.5 / 2.02, abs=0.01)


def test_defrost_is_counted_not_hidden() -> None:
    defrost = interval(300, 0.1, -0.4, 0.0)
    assert (defrost.defrost, defrost.heat) == (-0.4, -0.4)
    assert interval(3600, 1.0, 4.0, 0.0).plus(defrost).cop == pytest.approx(3.6 / 1.1, abs=0.01)


def test_gap_of_the_meter_is_left_out_of_both_sums() -> None:
    ledger = CopCalculator(ROME)
    middle = feed(ledger, 1)
    end = feed(ledger, 1, start=middle + timedelta(minutes=40))
    day = ledger.day(date(2026, 1, 10))
    assert day.cop == pytest.approx(3.5, abs=0.01)
    assert day.covered_s < (end - START).total_seconds() - 2400


def test_meter_reset_and_heat_reset_lose_one_interval_only() -> None:
    ledger = CopCalculator(ROME)
    for index in range(0, 7200, 10):
        now = START + timedelta(seconds=index)
        ledger.feed_electricity(now, (index if index < 3600 else index - 3600) * 2000 / 3.6e6)
        if index % 300 == 0:
            ledger.feed_heat(now, (index if index < 5400 else index - 5400) * 6000 / 3.6e6)
    day = ledger.day(date(2026, 1, 10))
    assert day.cop == 3.0
    assert day.covered_s >= 7200 - 5 * 300, "a restart is confirmed by a second reading"


def test_less_than_an_hour_shows_nothing() -> None:
    ledger = CopCalculator(ROME)
    end = feed(ledger, 0.8)
    assert ledger.window(end, timedelta(hours=2)) is None


def test_too_little_energy_has_no_cop() -> None:
    assert Sums(electricity=0.01, heat=0.05).cop is None


def test_days_are_local_and_survive_a_restart() -> None:
    ledger = CopCalculator(ROME)
    feed(ledger, 2, start=START.replace(hour=22, minute=10))
    saved = ledger.dump()
    again = CopCalculator(ROME)
    again.load(saved)
    # 23:00 UTC is midnight in Rome.
    assert again.day(date(2026, 1, 10)).electricity > 0
    assert again.day(date(2026, 1, 11)).electricity > 0
    assert again.month(date(2026, 1, 31)).cop == ledger.month(date(2026, 1, 31)).cop
    assert again.season(date(2026, 6, 1)).heat == pytest.approx(ledger.season(date(2026, 6, 1)).heat, abs=1e-3)


@pytest.mark.parametrize("data", [{}, {"days": 5}, {"days": {"x": {}, "2026-01-01": 7, "2026-01-02": {"heat": "a"}}}])
def test_damaged_store_is_survived(data: dict[str, object]) -> None:
    ledger = CopCalculator(ROME)
    ledger.load(data)
    assert ledger.month(date(2026, 1, 5)).heat == 0


def test_readings_out_of_order_are_ignored() -> None:
    ledger = CopCalculator(ROME)
    feed(ledger, 1)
    ledger.feed_electricity(START, 0.0)
    ledger.feed_heat(START, 0.0)
    ledger.feed_heat(START, None)
    assert ledger.day(date(2026, 1, 10)).cop == pytest.approx(3.5, abs=0.01)
