"""Surplus charging counts only real charging, and trusts a steady grid power reading."""

from datetime import timedelta
import json
from math import inf
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ecoflow.api.captures import read_capture
from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.api.grid_signal import MAX_STEADY_CHARGING_S, GridSignal
from custom_components.ecoflow.api.surplus_controller import charging_power
from custom_components.ecoflow.const import DOMAIN
from simulators.ecoflow_cloud.new_stations import Delta3
from tests.full_disk import full_disk_of

from .conftest import DELTA_PRO, CloudThread
from .test_surplus import add_surplus, evaluate, surplus_state

CASES = Path(__file__).resolve().parents[3] / "shared/cases/devices"
BY_NAME = {family.name: family for family in FAMILIES}
DELTA_2 = {"inv.inputWatts": 700, "inv.outputWatts": 200, "bms_bmsStatus.vol": 50_000, "bms_bmsStatus.amp": 9_400}
TIMEOUT_S = 120.0


@pytest.mark.skipif(not CASES.is_dir(), reason="captured replies are not here")
def test_power_that_passes_through_a_real_station_is_not_charging() -> None:
    """198 W enter and leave a DELTA 3, and the battery gets nothing."""
    values, family = read_capture(json.loads((CASES / "ecoflow_delta3_real.json").read_text()), "DELTA 3 Plus")
    assert charging_power(family, values) == 0


def test_power_that_passes_through_a_simulated_station_is_not_charging() -> None:
    station = Delta3("P351Z", "x")
    station.plant.paused = True
    station.step(60, 0, 0)
    values = station.report()
    assert values["powGetAcOut"] < -100
    assert charging_power(BY_NAME["delta_3"], values) == 0


@pytest.mark.parametrize(
    ("changes", "charge_w"),
    [
        ({}, 500),
        # The battery gets nothing: what enters feeds other loads.
        ({"bms_bmsStatus.amp": 0}, 0),
        ({"bms_bmsStatus.amp": -3000}, 0),
        # It gets less than what enters: the rest feeds other loads.
        ({"bms_bmsStatus.amp": 4000}, 250),
        # Without the battery's power the AC output decides, without both nothing is known.
        ({"bms_bmsStatus.amp": None}, 500),
        ({"bms_bmsStatus.amp": None, "inv.outputWatts": None}, None),
        ({"inv.inputWatts": None}, None),
        ({"inv.outputWatts": 900}, 0),
    ],
)
def test_charging_power(changes: dict[str, Any], charge_w: float | None) -> None:
    assert charging_power(BY_NAME["delta_2"], {**DELTA_2, **changes}) == charge_w


def test_a_device_without_charge_control_has_no_charging_power() -> None:
    assert charging_power(BY_NAME["powerstream"], {"20_1.batInputWatts": -900}) is None


@given(*(st.none() | st.floats(-3000, 3000) for _ in range(3)))
def test_charging_is_never_more_than_what_enters(
    input_w: float | None, output_w: float | None, battery_a: float | None
) -> None:
    values = {
        "inv.inputWatts": input_w,
        "inv.outputWatts": output_w,
        "bms_bmsStatus.vol": 50_000,
        "bms_bmsStatus.amp": None if battery_a is None else battery_a * 20,
    }
    charge_w = charging_power(BY_NAME["delta_2"], values)
    if charge_w is not None:
        assert input_w is not None
        assert 0 <= charge_w <= max(0, round(input_w, 1)) + 1e-9


def test_a_steady_reading_is_alive() -> None:
    signal = GridSignal()
    ages = {signal.age_s(now, "first report", 0.0, TIMEOUT_S) for now in range(0, 6 * 3600, 10)}
    assert ages == {0.0}


def test_a_steady_reading_while_the_station_charges_is_checked_once_an_hour() -> None:
    """Charging for an hour without any change is not a measurement: a pause shows whether the sensor is alive."""
    signal = GridSignal()
    assert signal.age_s(0, 1, 800.0, TIMEOUT_S, uses_surplus=True) == 0
    assert signal.age_s(MAX_STEADY_CHARGING_S, 1, 800.0, TIMEOUT_S, uses_surplus=True) == 0
    assert signal.age_s(MAX_STEADY_CHARGING_S + 10, 1, 800.0, TIMEOUT_S, uses_surplus=True) == inf
    assert signal.age_s(MAX_STEADY_CHARGING_S + 20, 1, 0.0, TIMEOUT_S) == inf
    assert signal.age_s(MAX_STEADY_CHARGING_S + 30, 2, 0.0, TIMEOUT_S) == 0


def test_a_reading_that_does_not_follow_the_charging_is_dead_until_the_next_report() -> None:
    signal = GridSignal()
    assert signal.age_s(0, 1, 0.0, TIMEOUT_S) == 0
    assert signal.age_s(10, 1, 600.0, TIMEOUT_S) == 0
    assert signal.age_s(70, 1, 600.0, TIMEOUT_S) == 60
    assert signal.age_s(140, 1, 600.0, TIMEOUT_S) == inf
    assert signal.age_s(150, 1, 0.0, TIMEOUT_S) == inf, "the pause does not make it alive"
    assert signal.age_s(160, 2, 0.0, TIMEOUT_S) == 0


def test_a_reading_that_follows_is_alive() -> None:
    signal = GridSignal()
    for now in range(0, 3600, 30):
        assert signal.age_s(now, now, float(now), TIMEOUT_S) == 0


def test_an_unknown_charging_power_proves_nothing() -> None:
    signal = GridSignal()
    assert {signal.age_s(now, 1, None, TIMEOUT_S) for now in range(0, 1000, 10)} == {0.0}
    assert signal.age_s(1000, 1, 500.0, TIMEOUT_S) == 0
    assert signal.age_s(1100, 1, 550.0, TIMEOUT_S) == 0


async def test_a_grid_sensor_that_is_steady_for_hours_is_used(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    subentry_id = await add_surplus(hass, account, DELTA_PRO)
    hass.states.async_set("sensor.grid", "400", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    surplus = account.runtime_data.surplus[subentry_id]
    seen = set()
    for _ in range(150):
        freezer.tick(60)
        with patch.object(type(account.runtime_data.client), "is_fresh", return_value=True):
            await evaluate(hass, account)
        seen.add(surplus.decision.reason.value)
    assert seen <= {"no_surplus", "full"}


async def test_with_a_full_disk_surplus_charging_is_turned_off_and_stored_later(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, hass_storage: dict[str, Any]
) -> None:
    subentry_id = await add_surplus(hass, account, DELTA_PRO)
    entity_id = er.async_get(hass).async_get_entity_id(Platform.SWITCH, DOMAIN, f"{subentry_id}_surplus_charging")
    issues = ir.async_get(hass)
    with full_disk_of(DOMAIN):
        await hass.services.async_call("switch", "turn_off", {ATTR_ENTITY_ID: entity_id}, blocking=True)
        await hass.async_block_till_done()
        assert surplus_state(hass, subentry_id, "surplus_charging", Platform.SWITCH) == "off"
        issue = issues.async_get_issue(DOMAIN, "storage_failed")
        assert issue is not None
        assert "No space left" in (issue.translation_placeholders or {})["error"]
        assert [found.issue_id for found in issues.issues.values() if found.issue_id.startswith("storage")] == [
            "storage_failed"
        ]
        await hass.config_entries.async_reload(account.entry_id)
        await hass.async_block_till_done()
        assert surplus_state(hass, subentry_id, "surplus_charging", Platform.SWITCH) == "off"
        assert issues.async_get_issue(DOMAIN, "storage_failed") is not None
    # Nothing but the retry of the store writes it.
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=10))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues.async_get_issue(DOMAIN, "storage_failed") is None
    assert hass_storage[f"ecoflow.{account.entry_id}"]["data"]["surplus_enabled"] == {subentry_id: False}
