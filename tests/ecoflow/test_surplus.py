"""The surplus controller as pure decisions, then in Home Assistant with a real station on the wire."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ecoflow.api.client import Timing
from custom_components.ecoflow.api.errors import DeviceOfflineError
from custom_components.ecoflow.api.surplus_controller import (
    FIRST_RETRY_S,
    Reason,
    SurplusController,
    SurplusDecision,
    SurplusInputs,
    SurplusSettings,
)
from custom_components.ecoflow.const import DOMAIN
from custom_components.ecoflow.runtime.surplus_charging import is_low_tariff

from .conftest import DELTA_2, DELTA_PRO, CloudThread
from .test_config_flow import SURPLUS, subentry_flow

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

SETTINGS = SurplusSettings(start_delay_s=0, stop_delay_s=0, margin_w=0, write_interval_s=60)
CALM = SurplusInputs(
    grid_w=0,
    grid_age_s=1,
    charge_w=0,
    level=50,
    setpoint_w=200,
    paused=None,
    device_fresh=True,
    low_tariff=False,
)


def decide(settings: SurplusSettings = SETTINGS, **changes: Any) -> SurplusDecision:
    return SurplusController(settings).decide(0, replace(CALM, **changes))


def test_export_is_charged() -> None:
    assert decide(grid_w=-900) == SurplusDecision(900, Reason.SURPLUS, write_power_w=900)


def test_what_is_charged_already_counts_as_surplus() -> None:
    assert decide(grid_w=-100, charge_w=600, setpoint_w=600) == SurplusDecision(700, Reason.SURPLUS, write_power_w=700)


def test_draw_lowers_the_power() -> None:
    assert decide(grid_w=300, charge_w=900, setpoint_w=900).write_power_w == 600


def test_small_changes_are_not_written() -> None:
    assert decide(grid_w=-60, charge_w=600, setpoint_w=600) == SurplusDecision(650, Reason.SURPLUS)


def test_the_margin_is_left_for_others() -> None:
    assert decide(replace(SETTINGS, margin_w=200), grid_w=-900).power_w == 700


def test_the_limits_hold() -> None:
    assert decide(grid_w=-9000).power_w == SETTINGS.max_power_w


def test_a_model_is_given_its_own_steps_only() -> None:
    settings = replace(SETTINGS, min_power_w=250, max_power_w=1250, tariff_power_w=850)
    steps = {"step_w": 100, "setpoint_w": 600}
    assert decide(settings, grid_w=-950, **steps).write_power_w == 900
    assert decide(settings, grid_w=-5000, **steps).write_power_w == 1200
    assert decide(settings, grid_w=100, **steps).write_power_w == 300
    # what came of it is not written again and again
    assert decide(settings, low_tariff=True, **steps).write_power_w == 800
    assert not decide(settings, low_tariff=True, step_w=100, setpoint_w=800).has_writes
    assert not decide(settings, grid_w=100, step_w=100, setpoint_w=300).has_writes


def test_without_surplus_a_station_that_cannot_pause_goes_to_its_minimum() -> None:
    decision = decide(grid_w=500, setpoint_w=900)
    assert decision == SurplusDecision(0, Reason.NO_SURPLUS, write_power_w=SETTINGS.min_power_w)


def test_without_surplus_a_station_that_can_pauses() -> None:
    assert decide(grid_w=500, paused=False) == SurplusDecision(0, Reason.NO_SURPLUS, write_pause=True)


def test_surplus_ends_a_pause() -> None:
    decision = decide(grid_w=-900, paused=True)
    assert (decision.write_power_w, decision.write_pause) == (900, False)


def test_a_start_takes_more_than_the_minimum() -> None:
    assert decide(grid_w=-250).reason is Reason.NO_SURPLUS
    assert decide(grid_w=-300).reason is Reason.SURPLUS


def test_clouds_are_ridden_through_and_gaps_between_them_not_chased() -> None:
    controller = SurplusController(replace(SETTINGS, start_delay_s=60, stop_delay_s=180))
    sun, cloud = replace(CALM, grid_w=-900), replace(CALM, grid_w=900)
    assert controller.decide(0, sun).reason is Reason.NO_SURPLUS
    assert controller.decide(59, sun).reason is Reason.NO_SURPLUS
    assert controller.decide(60, sun).reason is Reason.SURPLUS
    assert controller.decide(100, cloud) == SurplusDecision(200, Reason.SURPLUS)
    assert controller.decide(270, cloud).reason is Reason.SURPLUS
    assert controller.decide(275, sun).reason is Reason.SURPLUS
    assert controller.decide(280, cloud).reason is Reason.SURPLUS
    assert controller.decide(460, cloud).reason is Reason.NO_SURPLUS


def test_after_a_restart_a_station_that_charges_from_surplus_goes_on() -> None:
    """No step down to the minimum, no waiting, no write."""
    settings = replace(SETTINGS, start_delay_s=60)
    assert decide(settings, grid_w=-10, charge_w=800, setpoint_w=800) == SurplusDecision(800, Reason.SURPLUS)
    # one that draws from the grid is no such station, and neither is one that only could
    assert decide(settings, grid_w=900, charge_w=800, setpoint_w=800).reason is Reason.NO_SURPLUS
    assert decide(settings, grid_w=-900, charge_w=0, setpoint_w=800).reason is Reason.NO_SURPLUS


def test_below_the_reserve_the_grid_charges_whatever_it_costs() -> None:
    settings = replace(SETTINGS, reserve_level=30)
    assert decide(settings, level=20, grid_w=3000) == SurplusDecision(400, Reason.RESERVE, write_power_w=400)
    controller = SurplusController(settings)
    assert controller.decide(0, replace(CALM, level=29)).reason is Reason.RESERVE
    assert controller.decide(1, replace(CALM, level=31)).reason is Reason.RESERVE, "a band, so that it does not toggle"
    assert controller.decide(2, replace(CALM, level=33)).reason is Reason.NO_SURPLUS
    assert controller.decide(3, replace(CALM, level=31)).reason is Reason.NO_SURPLUS


def test_the_reserve_is_filled_without_a_grid_signal_too() -> None:
    assert decide(replace(SETTINGS, reserve_level=30), level=20, grid_w=None).reason is Reason.RESERVE


def test_cheap_hours_charge_with_their_own_power() -> None:
    assert decide(low_tariff=True, grid_w=3000) == SurplusDecision(1000, Reason.LOW_TARIFF, write_power_w=1000)


def test_above_the_target_surplus_goes_elsewhere() -> None:
    assert (
        decide(replace(SETTINGS, target_level=80), level=81, grid_w=-2000, paused=False).reason is Reason.TARGET_REACHED
    )


@pytest.mark.parametrize("changes", [{"grid_w": None}, {"grid_w": -900, "grid_age_s": 500}])
def test_without_a_signal_nothing_is_charged(changes: dict[str, Any]) -> None:
    assert decide(paused=False, **changes) == SurplusDecision(0, Reason.NO_GRID_POWER, write_pause=True)


@pytest.mark.parametrize("changes", [{"device_fresh": False}, {"level": None}, {"setpoint_w": None}])
def test_a_station_that_is_away_is_left_alone(changes: dict[str, Any]) -> None:
    assert decide(grid_w=-900, **changes) == SurplusDecision(0, Reason.DEVICE_OFFLINE)


def test_writes_keep_their_distance() -> None:
    controller = SurplusController(SETTINGS)
    assert controller.decide(0, replace(CALM, grid_w=-900)).has_writes
    controller.write_succeeded(0)
    assert not controller.decide(59, replace(CALM, grid_w=-600)).has_writes
    assert controller.decide(60, replace(CALM, grid_w=-600)).has_writes


def test_failed_writes_wait_longer_each_time() -> None:
    controller = SurplusController(SETTINGS)
    now = 0.0
    for attempt in range(8):
        assert controller.decide(now, replace(CALM, grid_w=-900)).has_writes
        controller.write_failed(now)
        pause_s = min(1800, FIRST_RETRY_S * 2**attempt)
        assert not controller.decide(now + pause_s - 1, replace(CALM, grid_w=-900)).has_writes
        now += pause_s
    controller.write_succeeded(now)
    assert controller.decide(now + 60, replace(CALM, grid_w=-900)).has_writes


_WATTS = st.floats(-20_000, 20_000)


@given(st.lists(st.tuples(_WATTS, st.floats(0, 3000), st.floats(0, 100), st.booleans()), max_size=40))
def test_whatever_comes_the_limits_and_the_distance_hold(moments: list[tuple[float, float, float, bool]]) -> None:
    settings = replace(SETTINGS, reserve_level=20, write_interval_s=60)
    controller, written_at, setpoint = SurplusController(settings), -1e9, 200.0
    for index, (grid_w, charge_w, level, cheap) in enumerate(moments):
        now = index * 10.0
        situation = replace(
            CALM, grid_w=grid_w, charge_w=charge_w, level=level, low_tariff=cheap, setpoint_w=setpoint, paused=False
        )
        decision = controller.decide(now, situation)
        assert decision.power_w == 0 or settings.min_power_w <= decision.power_w <= settings.max_power_w
        if decision.has_writes:
            assert now - written_at >= settings.write_interval_s
            written_at = now
            setpoint = decision.write_power_w or setpoint
            controller.write_succeeded(now)


# In Home Assistant ---------------------------------------------------------------------------------------------------


async def add_surplus(hass: HomeAssistant, account: MockConfigEntry, sn: str, **changes: Any) -> str:
    """Add surplus charging; returns the subentry's id."""
    result = await subentry_flow(hass, account)
    await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"device_sn": sn, **SURPLUS, "write_interval": 20, **changes}
    )
    await hass.async_block_till_done()
    account.runtime_data.client.timing = Timing(reply_timeout_s=0.5, read_back_interval_s=0.05)
    return next(iter(account.subentries))


def surplus_state(hass: HomeAssistant, subentry_id: str, key: str, platform: Platform = Platform.SENSOR) -> str:
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{subentry_id}_{key}")
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


async def evaluate(hass: HomeAssistant, account: MockConfigEntry) -> None:
    for surplus in account.runtime_data.surplus.values():
        await surplus.async_evaluate()
    for _ in range(3):
        await asyncio.sleep(0)


async def test_charging_follows_a_grid_sensor_in_kilowatts(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    subentry_id = await add_surplus(hass, account, DELTA_PRO, margin=0)
    hass.states.async_set("sensor.grid", "-0.8", {"unit_of_measurement": "kW", "device_class": "power"})
    await hass.async_block_till_done()
    # It charges with 600 W, and 800 W are exported beside.
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 1400
    await evaluate(hass, account)
    assert surplus_state(hass, subentry_id, "surplus_reason") == "surplus"


async def test_a_sensor_that_counts_export_as_positive(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    await add_surplus(hass, account, DELTA_PRO, margin=0, grid_inverted=True)
    hass.states.async_set("sensor.grid", "300", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 900


async def test_a_delta_2_is_paused_without_surplus_and_wakes_with_it(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    await add_surplus(hass, account, DELTA_2, margin=0, write_interval=20)
    hass.states.async_set("sensor.grid", "900", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert cloud.device(DELTA_2).report()["mppt.chgPauseFlag"] == 1
    surplus = next(iter(account.runtime_data.surplus.values()))
    surplus._controller._next_write_at = 0.0  # the distance between writes is 20 s
    hass.states.async_set("sensor.grid", "-700", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    report = cloud.device(DELTA_2).report()
    assert report["mppt.chgPauseFlag"] == 0
    assert report["mppt.cfgChgWatts"] > 600


@pytest.mark.parametrize("value", ["unavailable", "unknown", "nonsense"])
async def test_without_a_grid_reading_the_station_goes_to_its_minimum(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, value: str
) -> None:
    subentry_id = await add_surplus(hass, account, DELTA_PRO)
    hass.states.async_set("sensor.grid", value)
    await hass.async_block_till_done()
    await evaluate(hass, account)
    assert surplus_state(hass, subentry_id, "surplus_reason") == "no_signal"
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 200


async def test_switched_off_it_leaves_the_power_alone_and_remembers(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    subentry_id = await add_surplus(hass, account, DELTA_PRO)
    entity_id = er.async_get(hass).async_get_entity_id(Platform.SWITCH, DOMAIN, f"{subentry_id}_surplus_charging")
    await hass.services.async_call("switch", "turn_off", {ATTR_ENTITY_ID: entity_id}, blocking=True)
    power = cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"]
    hass.states.async_set("sensor.grid", "-2000", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == power
    await hass.config_entries.async_reload(account.entry_id)
    await hass.async_block_till_done()
    assert surplus_state(hass, subentry_id, "surplus_charging", Platform.SWITCH) == "off"
    assert surplus_state(hass, subentry_id, "surplus_reason") in ("off", "unknown")
    await hass.services.async_call("switch", "turn_on", {ATTR_ENTITY_ID: entity_id}, blocking=True)
    await evaluate(hass, account)
    assert surplus_state(hass, subentry_id, "surplus_charging", Platform.SWITCH) == "on"


@pytest.mark.parametrize("fault", [None, "offline"])
async def test_switched_off_while_it_waits_the_station_charges_again(
    hass: HomeAssistant,
    account: MockConfigEntry,
    cloud: CloudThread,
    caplog: pytest.LogCaptureFixture,
    fault: str | None,
) -> None:
    """It was paused to wait for surplus: with nobody waiting any more it would stay empty."""
    subentry_id = await add_surplus(hass, account, DELTA_2, margin=0)
    hass.states.async_set("sensor.grid", "900", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert cloud.device(DELTA_2).report()["mppt.chgPauseFlag"] == 1
    if fault is not None:
        account.runtime_data.client.write = AsyncMock(side_effect=DeviceOfflineError("1006", "device offline"))
    entity_id = er.async_get(hass).async_get_entity_id(Platform.SWITCH, DOMAIN, f"{subentry_id}_surplus_charging")
    await hass.services.async_call("switch", "turn_off", {ATTR_ENTITY_ID: entity_id}, blocking=True)
    await hass.async_block_till_done()
    assert cloud.device(DELTA_2).report()["mppt.chgPauseFlag"] == (0 if fault is None else 1)
    assert ("the station stays paused" in caplog.text) is (fault is not None)
    assert surplus_state(hass, subentry_id, "surplus_charging", Platform.SWITCH) == "off"


async def test_deleted_while_it_waits_the_station_charges_again(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    subentry_id = await add_surplus(hass, account, DELTA_2, margin=0)
    hass.states.async_set("sensor.grid", "900", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert cloud.device(DELTA_2).report()["mppt.chgPauseFlag"] == 1
    hass.config_entries.async_remove_subentry(account, subentry_id)
    await hass.async_block_till_done()
    assert cloud.device(DELTA_2).report()["mppt.chgPauseFlag"] == 0
    assert account.runtime_data.surplus == {}


async def test_a_station_that_does_not_take_the_command_is_not_hammered(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, caplog: pytest.LogCaptureFixture
) -> None:
    await add_surplus(hass, account, DELTA_PRO, margin=0)
    cloud.fault("deaf")
    cloud.fault("ignore_http")
    for watts in (-800, -1000, -1200):
        hass.states.async_set("sensor.grid", str(watts), {"unit_of_measurement": "W"})
        await hass.async_block_till_done()
    assert caplog.text.count("setting the charge power failed") == 1


async def test_cheap_hours_by_an_entity(hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread) -> None:
    tariff = {"tariff_entity": "binary_sensor.cheap", "tariff_power": 1100}
    hass.states.async_set("sensor.grid", "500", {"unit_of_measurement": "W"})
    subentry_id = await add_surplus(hass, account, DELTA_PRO, tariff=tariff)
    hass.states.async_set("binary_sensor.cheap", "on")
    await hass.async_block_till_done()
    next(iter(account.runtime_data.surplus.values()))._controller._next_write_at = 0.0
    await evaluate(hass, account)
    assert surplus_state(hass, subentry_id, "surplus_reason") == "tariff"
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 1100


@pytest.mark.parametrize(
    ("start", "end", "cheap"),
    [
        ("22:00:00", "06:00:00", True),
        ("06:00:00", "22:00:00", False),
        ("03:00", "04:00", True),
        ("05:00", "05:00", False),
    ],
)
async def test_cheap_hours_by_the_clock(
    hass: HomeAssistant,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    start: str,
    end: str,
    cheap: bool,
) -> None:
    tariff = {"tariff_start": start, "tariff_end": end, "tariff_power": 1100}
    await add_surplus(hass, account, DELTA_PRO, tariff=tariff)
    local = dt_util.now().replace(hour=3, minute=30)
    freezer.move_to(local + timedelta(days=1))
    assert is_low_tariff(hass, tariff) is cheap
