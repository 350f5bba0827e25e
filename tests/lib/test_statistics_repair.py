"""Jumps in energy statistics: what is found, what is left alone, and the right energy."""

from hypothesis import given, strategies as st
import pytest

from lib.statistics_repair import EnergyHour, Evidence, PowerHour, find_jumps, total_correction

H = 3600.0


def rows(*growths: float, states: list[float] | None = None) -> list[EnergyHour]:
    """Rows of the hours 0, 1, …; the first one has the sum 0."""
    total, found = 0.0, [EnergyHour(0.0, 0.0, states[0] if states else None)]
    for i, growth in enumerate(growths, 1):
        total += growth
        found.append(EnergyHour(i * H, total, states[i] if states else None))
    return found


def power(*watts: float) -> dict[float, PowerHour]:
    return {i * H: PowerHour(w, w, w) for i, w in enumerate(watts, 1)}


def test_a_fall_by_1_wh_that_was_billed_as_a_new_counter() -> None:
    hours = rows(0.001, 240.790, 0.002, states=[240.788, 240.789, 240.790, 240.792])
    (jump,) = find_jumps(hours, max_kw=10.0)
    assert (jump.at, jump.contradicted_by, jump.taken_from) == (2 * H, Evidence.MAXIMUM, Evidence.COUNTER)
    assert jump.energy_kwh == pytest.approx(0.001)
    assert jump.correction_kwh == pytest.approx(-240.789)


def test_a_zero_that_was_billed_is_found_where_it_is_below_the_maximum() -> None:
    hours = rows(1.0, 30.7, 1.1, states=[28.6, 29.6, 30.7, 31.8])
    (jump,) = find_jumps(hours, max_kw=100.0)
    assert (jump.contradicted_by, jump.taken_from) == (Evidence.COUNTER, Evidence.COUNTER)
    assert jump.energy_kwh == pytest.approx(1.1)


def test_a_true_restart_is_left_alone() -> None:
    assert find_jumps(rows(1.0, 0.4, 1.0, states=[500.0, 501.0, 0.4, 1.4]), max_kw=10.0) == []


def test_a_small_counter_that_restarts_every_day_is_left_alone() -> None:
    assert find_jumps(rows(0.3, 0.5, states=[0.1, 0.3, 0.5]), max_kw=10.0) == []


def test_energy_that_its_power_contradicts() -> None:
    hours = rows(1.5, 7.0, 1.5, states=[1.0, 2.5, 9.5, 11.0])
    (jump,) = find_jumps(hours, max_kw=10.0, powers=power(1500, 1500, 1500))
    assert (jump.contradicted_by, jump.taken_from) == (Evidence.POWER, Evidence.POWER)
    assert jump.energy_kwh == pytest.approx(1.5)


def test_without_anything_that_gives_the_right_energy_none_is_counted() -> None:
    (jump,) = find_jumps(rows(1.0, 500.0, 1.0), max_kw=10.0)
    assert (jump.energy_kwh, jump.taken_from) == (0.0, None)


def test_a_frozen_counter_that_catches_up_is_left_alone() -> None:
    hours = rows(0.0, 0.0, 0.0, 8.0, 2.0)
    assert find_jumps(hours, max_kw=10.0, powers=power(2000, 2000, 2000, 2000, 2000)) == []
    (jump,) = find_jumps(rows(0.0, 0.0, 8.0, 2.0), max_kw=10.0, powers=power(2000, 0, 1000, 2000))
    assert jump.at == 3 * H


def test_growth_over_a_gap_is_judged_by_the_length_of_the_gap() -> None:
    hours = [EnergyHour(0.0, 0.0), EnergyHour(10 * H, 50.0), EnergyHour(11 * H, 51.0)]
    assert find_jumps(hours, max_kw=10.0, powers={10 * H: PowerHour(100, 100, 100)}) == []
    (jump,) = find_jumps([EnergyHour(0.0, 0.0), EnergyHour(10 * H, 150.0)], max_kw=10.0)
    assert jump.correction_kwh == -150.0


def test_a_jump_and_the_fall_that_took_it_back_are_both_corrected() -> None:
    jumps = find_jumps(rows(1.0, 300.0, -299.0, 1.0), max_kw=10.0, powers=power(1000, 1000, 1000, 1000))
    assert [jump.energy_kwh for jump in jumps] == [1.0, 1.0]
    assert total_correction(jumps) == pytest.approx(1.0)


def test_the_power_of_the_other_direction_does_not_count() -> None:
    discharging = {H: PowerHour(-500.0, -900.0, 100.0).reversed, 2 * H: PowerHour(800.0, 700.0, 900.0).reversed}
    (jump,) = find_jumps(rows(0.5, 0.8), max_kw=10.0, powers=discharging)
    assert (jump.at, jump.energy_kwh) == (2 * H, 0.0)


def test_only_the_given_time_is_judged() -> None:
    hours = rows(100.0, 1.0, 100.0, 1.0, 100.0)
    assert [jump.at for jump in find_jumps(hours, max_kw=10.0, start=2 * H, end=5 * H)] == [3 * H]


def test_the_cost_is_corrected_at_the_price_at_which_it_was_counted() -> None:
    (jump,) = find_jumps(rows(1.0, 101.0, 1.0, states=[0.0, 1.0, 2.0, 3.0]), max_kw=10.0)
    assert jump.at_price(30.3) == pytest.approx(-30.0)


@given(
    st.lists(st.floats(0, 3), min_size=2, max_size=20),
    st.data(),
    st.floats(20, 1000),
)
def test_a_spoiled_hour_is_corrected_to_the_truth_and_nothing_else_is(
    true_kwh: list[float], data: st.DataObject, extra: float
) -> None:
    spoiled = data.draw(st.integers(0, len(true_kwh) - 1))
    counted = [kwh + (extra if i == spoiled else 0) for i, kwh in enumerate(true_kwh)]
    states = [50.0]
    for kwh in true_kwh:
        states.append(states[-1] + kwh)
    jumps = find_jumps(rows(*counted, states=states), max_kw=4.0, powers=power(*(k * 1000 for k in true_kwh)))
    assert [jump.at for jump in jumps] == [(spoiled + 1) * H]
    assert total_correction(jumps) == pytest.approx(-extra)
    corrected = [kwh - (extra if i == spoiled else 0) for i, kwh in enumerate(counted)]
    assert find_jumps(rows(*corrected, states=states), max_kw=4.0) == []
