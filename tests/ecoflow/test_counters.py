"""A device's own energy counters: what real counters do wrong never becomes energy."""

import random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ecoflow.api.counters import MonotonicCounter
from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.runtime.energy_meter import EnergyMeter
from custom_components.ecoflow.runtime.store import DeviceCounters, EcoflowStore

MINUTE = 60.0


def totals(*readings: float, power_w: float | None = None) -> list[float]:
    """Return the totals after one reading per minute."""
    counter = MonotonicCounter()
    return [round(counter.update(reading, n * MINUTE, power_w), 3) for n, reading in enumerate(readings, 1)]


def test_a_repeated_old_value_is_ignored() -> None:
    assert totals(10, 10.1, 10.05, 10.1, 10.2) == [10, 10.1, 10.1, 10.1, 10.2]


def test_a_single_zero_is_ignored() -> None:
    assert totals(100.78, 0, 100.79) == [100.78, 100.78, 100.79]


def test_a_glitch_of_one_watt_hour_is_ignored() -> None:
    assert totals(240.788, 240.789, 240.788, 240.790)[-1] == 240.79


def test_a_restart_counts_from_zero_on_top() -> None:
    """Two readings near zero are a restart; what the counter shows since is counted."""
    assert totals(100, 0.0, 0.1, 0.2) == [100, 100, 100.1, 100.2]


def test_a_jump_that_no_device_can_carry_is_ignored() -> None:
    assert totals(100, 5000, 100.1) == [100, 100, 100.1]


def test_a_frozen_counter_is_bridged_by_its_power_and_nothing_is_counted_twice() -> None:
    counter, shown = MonotonicCounter(), []
    true_kwh = 50.0
    for minute in range(180):
        true_kwh += 1.2 / 60
        reading = 50.4 if 20 <= minute < 120 else true_kwh
        shown.append((counter.update(reading, minute * MINUTE, 1200.0), true_kwh))
    for total, truth in shown[-60:]:
        assert total - 50 == pytest.approx(truth - 50, rel=0.02)
    assert shown[110][0] - 50 == pytest.approx(shown[110][1] - 50, rel=0.05)


@given(st.lists(st.floats(0, 1e6) | st.none(), max_size=60))
def test_a_total_never_decreases(raws: list[float | None]) -> None:
    counter, before = MonotonicCounter(), 0.0
    for number, raw in enumerate(raws):
        shown = counter.update(raw, number * MINUTE)
        assert shown >= before
        before = shown


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(["fine", "zero", "older", "missing", "jump"]), max_size=80))
def test_any_mix_of_faults_leaves_the_energy_right(seed: int, faults: list[str]) -> None:
    rng = random.Random(seed)
    counter, true_kwh, power_w = MonotonicCounter(), 300.0, 0.0
    counter.update(true_kwh, 0.0, power_w)
    # Faults are single: the reading after one is fine.
    for number, fault in enumerate([part for chosen in [*faults, "fine"] for part in (chosen, "fine")], 1):
        before_w, power_w = power_w, rng.uniform(0, 2500)
        before, true_kwh = true_kwh, true_kwh + (before_w + power_w) / 2 * MINUTE / 3.6e6
        reading = {"zero": 0.0, "older": before - 0.01, "missing": None, "jump": true_kwh * 3}.get(fault, true_kwh)
        counter.update(reading, number * MINUTE, power_w)
    assert counter.shown - 300 == pytest.approx(true_kwh - 300, rel=0.01, abs=0.002)


def test_counters_continue_from_their_stored_form() -> None:
    counters = DeviceCounters()
    counter = counters.filtered["ac_input_energy"] = MonotonicCounter()
    counter.update(100, 1000)
    counter.update(100.2, 1060)
    restored = DeviceCounters.from_dict(counters.as_dict())
    assert restored.stored == {"ac_input_energy": 100.2}
    assert restored.filtered["ac_input_energy"].update(100.3, 1120) == pytest.approx(100.3)
    # Energy of the time while Home Assistant was stopped counts, a fall while it was stopped does not.
    again = DeviceCounters.from_dict(restored.as_dict()).filtered["ac_input_energy"]
    assert again.update(99, 90_000) == pytest.approx(100.3)
    assert again.update(105, 90_060) == pytest.approx(105)


def test_the_stored_form_of_an_earlier_version_is_read() -> None:
    """An offset of 40 kWh from a restart."""
    stored = {"integrated": {}, "filtered": {"ac_input_energy": {"shown": 140.0, "raw": 100.0, "offset": 40.0}}}
    counter = DeviceCounters.from_dict(stored).filtered["ac_input_energy"]
    assert counter.shown == 140
    assert counter.update(101, 1.7e9) == pytest.approx(141)
    assert counter.as_dict()["offset"] == pytest.approx(40)


def test_the_meter_uses_the_power_of_a_counter(store: EcoflowStore) -> None:
    meter, family = EnergyMeter(store), next(family for family in FAMILIES if family.name == "delta_pro")
    values = {"pd.chgPowerAc": 5000, "inv.inputWatts": 1200, "bmsMaster.vol": 50_000, "bmsMaster.amp": 20_000}
    for minute in range(61):
        meter.update("SN", family, values, fresh=True, at=minute * MINUTE, max_age_s=300)
    counters = store.device_counters("SN")
    assert counters.filtered["ac_input_energy"].shown == pytest.approx(6.2, abs=0.1), "the counter is frozen"
    assert counters.integrated["battery_charged_energy"].kwh == pytest.approx(1.0)
    assert counters.integrated["battery_discharged_energy"].kwh == 0
    assert "ac_output_energy" not in counters.filtered, "it is not reported"
    meter.update("SN", family, values | {"pd.chgPowerAc": 6200}, fresh=True, at=62 * MINUTE, max_age_s=300)
    assert counters.filtered["ac_input_energy"].shown == pytest.approx(6.2, abs=0.1), "not counted twice"


@pytest.fixture
def store() -> EcoflowStore:
    """A store that is not loaded from a file."""
    store = EcoflowStore.__new__(EcoflowStore)
    store.counters = {}
    return store
