"""Surplus charging: the controller alone, then in Home Assistant with a simulated station."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ecoflow.api.client import Timing
from custom_components.ecoflow.api.errors import DeviceOfflineError
from custom_components.ecoflow.api.surplus_controller import (
    Reason,
    SurplusController,
    SurplusDecision,
    SurplusInputs,
    SurplusSettings,
)
from custom_components.ecoflow.const import DOMAIN
from custom_components.ecoflow.repairs import async_create_fix_flow
from custom_components.ecoflow.runtime.surplus_charging import is_low_tariff

from .conftest import DELTA_2, DELTA_PRO, CloudThread
from .test_config_flow import SURPLUS, subentry_flow

pytestmark = pytest.mark.slow  # skipped by scripts/test --quick

SETTINGS = SurplusSettings(
    start_delay_s=0, stop_delay_s=0, margin_w=0, write_interval_s=60, max_power_w=1500, reserve_level=0
)
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


def test_charges_with_exported_power() -> None:
    assert decide(grid_w=-900) == SurplusDecision(900, Reason.SURPLUS, write_power_w=900)


def test_the_current_charging_power_counts_as_surplus() -> None:
    assert decide(grid_w=-100, charge_w=600, setpoint_w=600) == SurplusDecision(700, Reason.SURPLUS, write_power_w=700)


def test_import_lowers_the_power() -> None:
    assert decide(grid_w=300, charge_w=900, setpoint_w=900).write_power_w == 600


def test_changes_below_the_hysteresis_are_not_written() -> None:
    assert decide(grid_w=-60, charge_w=600, setpoint_w=600) == SurplusDecision(650, Reason.SURPLUS)


def test_the_export_margin_is_not_used() -> None:
    assert decide(replace(SETTINGS, margin_w=200), grid_w=-900).power_w == 700


def test_the_maximum_power_is_not_exceeded() -> None:
    assert decide(grid_w=-9000).power_w == SETTINGS.max_power_w


def test_power_is_rounded_to_the_steps_of_the_model() -> None:
    settings = replace(SETTINGS, min_power_w=250, max_power_w=1250, tariff_power_w=850)
    steps = {"step_w": 100, "setpoint_w": 600}
    assert decide(settings, grid_w=-950, **steps).write_power_w == 900
    assert decide(settings, grid_w=-5000, **steps).write_power_w == 1200
    assert decide(settings, grid_w=100, **steps).write_power_w == 300
    # the result is not written again
    assert decide(settings, low_tariff=True, **steps).write_power_w == 800
    assert not decide(settings, low_tariff=True, step_w=100, setpoint_w=800).has_writes
    assert not decide(settings, grid_w=100, step_w=100, setpoint_w=300).has_writes


def test_without_surplus_a_station_that_cannot_pause_is_set_to_the_minimum() -> None:
    decision = decide(grid_w=500, setpoint_w=900)
    assert decision == SurplusDecision(0, Reason.NO_SURPLUS, write_power_w=SETTINGS.min_power_w)


def test_without_surplus_a_station_that_can_pause_is_paused() -> None:
    assert decide(grid_w=500, paused=False) == SurplusDecision(0, Reason.NO_SURPLUS, write_pause=True)


def test_surplus_ends_a_pause() -> None:
    decision = decide(grid_w=-900, paused=True)
    assert (decision.write_power_w, decision.write_pause) == (900, False)


def test_a_start_needs_the_hysteresis_on_top_of_the_minimum() -> None:
    assert decide(grid_w=-250).reason is Reason.NO_SURPLUS
    assert decide(grid_w=-300).reason is Reason.SURPLUS


def test_start_and_stop_are_delayed() -> None:
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


def test_charging_with_surplus_continues_after_a_restart() -> None:
    """Without setting the minimum, a delay or a write."""
    settings = replace(SETTINGS, start_delay_s=60)
    assert decide(settings, grid_w=-10, charge_w=800, setpoint_w=800) == SurplusDecision(800, Reason.SURPLUS)
    # a station that charges from the grid, or does not charge, is not continued
    assert decide(settings, grid_w=900, charge_w=800, setpoint_w=800).reason is Reason.NO_SURPLUS
    assert decide(settings, grid_w=-900, charge_w=0, setpoint_w=800).reason is Reason.NO_SURPLUS


def test_below_the_reserve_level_it_charges_from_the_grid() -> None:
    settings = replace(SETTINGS, reserve_level=30)
    assert decide(settings, level=20, grid_w=3000) == SurplusDecision(400, Reason.RESERVE, write_power_w=400)
    controller = SurplusController(settings)
    assert controller.decide(0, replace(CALM, level=29)).reason is Reason.RESERVE
    assert controller.decide(1, replace(CALM, level=31)).reason is Reason.RESERVE, "hysteresis"
    assert controller.decide(2, replace(CALM, level=33)).reason is Reason.NO_SURPLUS
    assert controller.decide(3, replace(CALM, level=31)).reason is Reason.NO_SURPLUS


def test_the_reserve_is_charged_without_a_grid_sensor() -> None:
    assert decide(replace(SETTINGS, reserve_level=30), level=20, grid_w=None).reason is Reason.RESERVE


def test_low_tariff_has_its_own_charge_power() -> None:
    assert decide(low_tariff=True, grid_w=3000) == SurplusDecision(1000, Reason.LOW_TARIFF, write_power_w=1000)


def test_above_the_target_level_it_does_not_charge() -> None:
    assert (
        decide(replace(SETTINGS, target_level=80), level=81, grid_w=-2000, paused=False).reason is Reason.TARGET_REACHED
    )


@pytest.mark.parametrize("changes", [{"grid_w": None}, {"grid_w": -900, "grid_age_s": 500}])
def test_without_a_grid_sensor_it_does_not_charge(changes: dict[str, Any]) -> None:
    assert decide(paused=False, **changes) == SurplusDecision(0, Reason.NO_GRID_POWER, write_pause=True)


@pytest.mark.parametrize("changes", [{"device_fresh": False}, {"level": None}, {"setpoint_w": None}])
def test_an_offline_station_is_not_controlled(changes: dict[str, Any]) -> None:
    assert decide(grid_w=-900, **changes) == SurplusDecision(0, Reason.DEVICE_OFFLINE)


def test_writes_keep_the_minimum_interval() -> None:
    controller = SurplusController(SETTINGS)
    assert controller.decide(0, replace(CALM, grid_w=-900)).has_writes
    controller.write_succeeded(0)
    assert not controller.decide(59, replace(CALM, grid_w=-600)).has_writes
    assert controller.decide(60, replace(CALM, grid_w=-600)).has_writes


def test_failed_writes_are_retried_with_increasing_delay() -> None:
    controller = SurplusController(SETTINGS)
    now = 0.0
    for attempt in range(8):
        assert controller.decide(now, replace(CALM, grid_w=-900)).has_writes
        controller.write_failed(now)
        pause_s = min(1800, 120 * 2**attempt)
        assert not controller.decide(now + pause_s - 1, replace(CALM, grid_w=-900)).has_writes
        now += pause_s
    controller.write_succeeded(now)
    assert controller.decide(now + 60, replace(CALM, grid_w=-900)).has_writes


_WATTS = st.floats(-20_000, 20_000)


@given(st.lists(st.tuples(_WATTS, st.floats(0, 3000), st.floats(0, 100), st.booleans()), max_size=40))
def test_limits_and_write_interval_hold_for_any_input(moments: list[tuple[float, float, float, bool]]) -> None:
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


async def test_charging_follows_a_grid_power_sensor_in_kilowatts(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    subentry_id = await add_surplus(hass, account, DELTA_PRO, margin=0)
    hass.states.async_set("sensor.grid", "-0.8", {"unit_of_measurement": "kW", "device_class": "power"})
    await hass.async_block_till_done()
    # It charges with 600 W while 800 W are exported.
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 1400
    await evaluate(hass, account)
    assert surplus_state(hass, subentry_id, "surplus_reason") == "surplus"


async def test_an_inverted_grid_power_sensor(hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread) -> None:
    await add_surplus(hass, account, DELTA_PRO, margin=0, grid_inverted=True)
    hass.states.async_set("sensor.grid", "300", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 900


async def test_a_delta_2_is_paused_and_resumed(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    await add_surplus(hass, account, DELTA_2, margin=0, write_interval=20)
    hass.states.async_set("sensor.grid", "900", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert cloud.device(DELTA_2).report()["mppt.chgPauseFlag"] == 1
    surplus = next(iter(account.runtime_data.surplus.values()))
    surplus._controller._next_write_at = 0.0  # the write interval is 20 s
    hass.states.async_set("sensor.grid", "-700", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    report = cloud.device(DELTA_2).report()
    assert report["mppt.chgPauseFlag"] == 0
    assert report["mppt.cfgChgWatts"] > 600


@pytest.mark.parametrize("value", ["unavailable", "unknown", "nonsense"])
async def test_without_a_grid_value_the_station_is_set_to_the_minimum(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, value: str
) -> None:
    subentry_id = await add_surplus(hass, account, DELTA_PRO)
    hass.states.async_set("sensor.grid", value)
    await hass.async_block_till_done()
    await evaluate(hass, account)
    assert surplus_state(hass, subentry_id, "surplus_reason") == "no_signal"
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 200


async def test_turned_off_it_keeps_the_charge_power_and_stays_off(
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
async def test_turning_off_resumes_a_paused_station(
    hass: HomeAssistant,
    account: MockConfigEntry,
    cloud: CloudThread,
    caplog: pytest.LogCaptureFixture,
    fault: str | None,
) -> None:
    """Otherwise the paused station would never charge again."""
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


async def test_deleting_resumes_a_paused_station(
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


async def test_a_failed_write_is_not_repeated_at_once(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, caplog: pytest.LogCaptureFixture
) -> None:
    await add_surplus(hass, account, DELTA_PRO, margin=0)
    cloud.fault("ignore_mqtt")
    cloud.fault("ignore_http")
    for watts in (-800, -1000, -1200):
        hass.states.async_set("sensor.grid", str(watts), {"unit_of_measurement": "W"})
        await hass.async_block_till_done()
    assert caplog.text.count("setting the charge power failed") == 1


async def test_low_tariff_by_entity(hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread) -> None:
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
async def test_low_tariff_by_time(
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


async def test_renamed_entities_are_followed(hass: HomeAssistant, account: MockConfigEntry) -> None:
    registry = er.async_get(hass)
    grid = registry.async_get_or_create("sensor", "other", "grid", suggested_object_id="grid").entity_id
    tariff = registry.async_get_or_create("binary_sensor", "other", "tariff", suggested_object_id="cheap").entity_id
    for entity_id in (grid, tariff):
        hass.states.async_set(entity_id, "0")
    subentry_id = await add_surplus(
        hass, account, DELTA_PRO, grid_power=grid, tariff={"tariff_entity": tariff, "tariff_power": 900}
    )
    registry.async_update_entity(grid, new_entity_id="sensor.meter")
    await hass.async_block_till_done()
    registry.async_update_entity(tariff, new_entity_id="binary_sensor.low_tariff")
    await hass.async_block_till_done()
    data = account.subentries[subentry_id].data
    assert data["grid_power"] == "sensor.meter"
    assert data["tariff"]["tariff_entity"] == "binary_sensor.low_tariff"
    hass.states.async_set("sensor.meter", "-800", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    await evaluate(hass, account)
    assert next(iter(account.runtime_data.surplus.values())).inputs["grid_power"] == -800


async def test_a_missing_entity_creates_an_issue(hass: HomeAssistant, account: MockConfigEntry) -> None:
    hass.states.async_set("sensor.grid", "0")
    subentry_id = await add_surplus(hass, account, DELTA_PRO)
    issue_id = f"entity_missing_{account.entry_id}_{subentry_id}_grid_power"
    issues = ir.async_get(hass)
    assert issues.async_get_issue(DOMAIN, issue_id) is None
    hass.states.async_remove("sensor.grid")
    await hass.async_block_till_done()
    issue = issues.async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_placeholders == {
        "entity": "sensor.grid",
        "entry": "EcoFlow 127.0.0.1",
        "use": "DELTA Pro 1: Surplus charging",
    }
    hass.states.async_set("sensor.grid", "0")
    await hass.async_block_till_done()
    assert issues.async_get_issue(DOMAIN, issue_id) is None


async def test_the_issue_of_a_missing_entity_offers_another_one(hass: HomeAssistant, account: MockConfigEntry) -> None:
    hass.states.async_set("sensor.grid", "0")
    hass.states.async_set("sensor.meter", "-300", {"unit_of_measurement": "W"})
    subentry_id = await add_surplus(hass, account, DELTA_PRO)
    hass.states.async_remove("sensor.grid")
    await hass.async_block_till_done()
    issue_id = f"entity_missing_{account.entry_id}_{subentry_id}_grid_power"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.is_fixable
    flow = await async_create_fix_flow(hass, issue_id, None)
    flow.hass, flow.issue_id = hass, issue_id
    form = await flow.async_step_init()
    assert form["type"] is FlowResultType.FORM
    assert (form["description_placeholders"] or {})["entity"] == "sensor.grid"
    assert (await flow.async_step_init({"entity": "sensor.meter"}))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert account.subentries[subentry_id].data["grid_power"] == "sensor.meter"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None
    await evaluate(hass, account)
    assert next(iter(account.runtime_data.surplus.values())).inputs["grid_power"] == -300
    assert (await flow.async_step_init())["reason"] == "entity_back"
    assert not isinstance(await async_create_fix_flow(hass, "clock_skew_x", None), type(flow))
