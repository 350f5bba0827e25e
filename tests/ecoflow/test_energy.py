"""Energy counters: integrated and from devices, stored before they are shown, never decreasing."""

import asyncio
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ecoflow.api.counters import MAX_GAP_S, PowerIntegrator
from custom_components.ecoflow.const import DOMAIN
from tests.full_disk import full_disk_of

from .conftest import DELTA_2, DELTA_PRO, CloudThread, poll, state_of

pytestmark = pytest.mark.slow  # skipped by scripts/test --quick


def test_one_kilowatt_for_an_hour_is_one_kilowatt_hour() -> None:
    counter = PowerIntegrator()
    for second in range(0, 3601, 60):
        counter.add(1000, second)
    assert counter.kwh == pytest.approx(1.0)


def test_a_ramp_is_integrated_by_its_mean() -> None:
    counter = PowerIntegrator()
    counter.add(0, 0)
    assert counter.add(1000, 180) == pytest.approx(0.5 * 180 / 3600)


def test_a_long_gap_is_not_integrated() -> None:
    counter = PowerIntegrator()
    counter.add(1000, 0)
    assert counter.add(1000, MAX_GAP_S + 1) == 0
    counter.add(None, MAX_GAP_S + 2)
    assert counter.add(1000, MAX_GAP_S + 3) == 0


def test_a_gap_within_the_update_rate_is_integrated() -> None:
    counter = PowerIntegrator()
    counter.add(1000, 0)
    assert counter.add(1000, 900, 2250) == pytest.approx(0.25)


def test_negative_power_counts_as_zero() -> None:
    counter = PowerIntegrator()
    counter.add(-500, 0)
    assert counter.add(-500, 60) == 0


@given(st.lists(st.tuples(st.none() | st.floats(-1e4, 1e4), st.floats(-100, 1000)), max_size=30))
def test_an_integrated_counter_never_decreases(steps: list[tuple[float | None, float]]) -> None:
    counter, at, before = PowerIntegrator(), 0.0, 0.0
    for power, seconds in steps:
        at += seconds
        after = counter.add(power, at)
        assert after >= before
        before = after


def kwh(hass: HomeAssistant, entry: MockConfigEntry, sn: str, key: str) -> float:
    return float(state_of(hass, entry, sn, key, Platform.SENSOR))


async def test_counters_are_stored_before_they_are_shown(
    hass: HomeAssistant,
    account: MockConfigEntry,
    cloud: CloudThread,
    clock: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    key = f"ecoflow.{account.entry_id}"
    await poll(hass, clock)
    before = kwh(hass, account, DELTA_2, "battery_charged_energy")
    for _ in range(10):
        await poll(hass, clock)
        shown = kwh(hass, account, DELTA_2, "battery_charged_energy")
        assert shown <= hass_storage[key]["data"]["counters"][DELTA_2]["integrated"]["battery_charged_energy"] + 1e-4
    assert shown > before
    assert kwh(hass, account, DELTA_PRO, "solar_input_energy") > 400
    assert kwh(hass, account, DELTA_PRO, "ac_input_energy") > 100


async def test_energy_is_integrated_at_the_longest_poll_interval(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ecoflow.api.state.UNCHANGED_VALID_S", 1e9)  # the simulation does not advance
    hass.config_entries.async_update_entry(entry, options={"poll_interval": 900, "max_age": 300, "use_mqtt": False})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    for _ in range(4):
        await poll(hass, freezer, 901)
    # 400 W from the AC input
    assert kwh(hass, entry, DELTA_2, "battery_charged_energy") > 0.1
    await hass.config_entries.async_unload(entry.entry_id)


async def test_counters_continue_after_a_restart(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, clock: FrozenDateTimeFactory
) -> None:
    for _ in range(10):
        await poll(hass, clock)
    before = kwh(hass, account, DELTA_2, "battery_charged_energy")
    assert before > 0
    await hass.config_entries.async_reload(account.entry_id)
    await hass.async_block_till_done()
    assert kwh(hass, account, DELTA_2, "battery_charged_energy") >= before


async def test_counters_are_not_updated_while_storing_fails(
    hass: HomeAssistant,
    account: MockConfigEntry,
    clock: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(3):
        await poll(hass, clock)
    counters = account.runtime_data.store.device_counters(DELTA_2)
    before = counters.stored["battery_charged_energy"]
    with full_disk_of(DOMAIN):
        for _ in range(5):
            await poll(hass, clock)
    assert counters.stored["battery_charged_energy"] == before
    assert caplog.text.count("could not be written, retrying") == 1
    await poll(hass, clock)
    await asyncio.sleep(0)
    assert counters.stored["battery_charged_energy"] > before
    assert "written again" in caplog.text


async def test_a_decreasing_device_counter_is_not_shown(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, clock: FrozenDateTimeFactory
) -> None:
    await poll(hass, clock)
    plant = cloud.cloud.devices[DELTA_PRO].plant  # type: ignore[attr-defined]
    before = kwh(hass, account, DELTA_PRO, "ac_input_energy")
    plant.ac_in_wh -= 50_000
    for _ in range(4):
        await poll(hass, clock)
        assert kwh(hass, account, DELTA_PRO, "ac_input_energy") >= before
