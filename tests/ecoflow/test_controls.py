"""Switches, numbers, selects and buttons."""

import asyncio

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ecoflow.api.client import Timing

from .conftest import DELTA_2, DELTA_PRO, CloudThread, Settle, Until, entity_of, state_of

pytestmark = pytest.mark.slow  # skipped by scripts/test --quick


@pytest.fixture
def quick(account: MockConfigEntry) -> MockConfigEntry:
    """An account with short timeouts."""
    account.runtime_data.client.timing = Timing(reply_timeout_s=1.0, read_back_interval_s=0.05)
    return account


async def call(hass: HomeAssistant, platform: str, service: str, entity_id: str, **data: object) -> None:
    await hass.services.async_call(platform, service, {ATTR_ENTITY_ID: entity_id, **data}, blocking=True)
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_switch(hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread) -> None:
    entity_id = entity_of(hass, quick, DELTA_PRO, "ac_output", Platform.SWITCH)
    await call(hass, "switch", "turn_off", entity_id)
    assert state_of(hass, quick, DELTA_PRO, "ac_output", Platform.SWITCH) == "off"
    assert cloud.device(DELTA_PRO).report()["inv.cfgAcEnabled"] == 0
    await call(hass, "switch", "turn_on", entity_id)
    assert state_of(hass, quick, DELTA_PRO, "ac_output", Platform.SWITCH) == "on"


async def test_a_switch_with_an_inverted_wire_value(
    hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread
) -> None:
    entity_id = entity_of(hass, quick, DELTA_PRO, "beeper", Platform.SWITCH)
    assert state_of(hass, quick, DELTA_PRO, "beeper", Platform.SWITCH) == "on"
    await call(hass, "switch", "turn_off", entity_id)
    assert cloud.device(DELTA_PRO).report()["pd.beepState"] == 1
    assert state_of(hass, quick, DELTA_PRO, "beeper", Platform.SWITCH) == "off"


async def test_a_number(hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread) -> None:
    entity_id = entity_of(hass, quick, DELTA_2, "charge_power", Platform.NUMBER)
    with pytest.raises(ServiceValidationError, match="nan"):
        await call(hass, "number", "set_value", entity_id, value="nan")
    await call(hass, "number", "set_value", entity_id, value=700)
    assert state_of(hass, quick, DELTA_2, "charge_power", Platform.NUMBER) == "700.0"
    assert cloud.device(DELTA_2).report()["mppt.cfgChgWatts"] == 700


async def test_a_select(hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread) -> None:
    entity_id = entity_of(hass, quick, DELTA_PRO, "screen_off_time", Platform.SELECT)
    await call(hass, "select", "select_option", entity_id, option="30_min")
    assert state_of(hass, quick, DELTA_PRO, "screen_off_time", Platform.SELECT) == "30_min"
    assert cloud.device(DELTA_PRO).report()["pd.lcdOffSec"] == 1800


async def test_a_requested_value_is_pending_until_confirmed(
    hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread, until: Until
) -> None:
    cloud.fault("no_ack")
    entity_id = entity_of(hass, quick, DELTA_PRO, "charge_power", Platform.NUMBER)
    task = hass.async_create_background_task(call(hass, "number", "set_value", entity_id, value=900), "set")
    await until(lambda: "pending" in hass.states.get(entity_id).attributes)
    state = hass.states.get(entity_id)
    assert state is not None
    assert (state.state, state.attributes["pending"]) == ("600.0", 900.0)
    await task
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.state == "900.0"
    assert "pending" not in state.attributes


async def test_an_unconfirmed_value_is_an_error_and_not_shown(
    hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread
) -> None:
    cloud.fault("ignore_mqtt")
    cloud.fault("ignore_http")
    entity_id = entity_of(hass, quick, DELTA_PRO, "charge_power", Platform.NUMBER)
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "number", "set_value", entity_id, value=900)
    assert raised.value.translation_key == "not_confirmed"
    assert state_of(hass, quick, DELTA_PRO, "charge_power", Platform.NUMBER) == "600.0"


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ("server_error", "unreachable"),
        ("keys_revoked", "refused"),
        ("signature", "refused"),
        ("not_allowed", "refused"),
        ("offline", "device_offline"),
        ("garbage", "update_failed"),
    ],
)
async def test_each_error_has_a_translated_message(
    hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread, fault: str, key: str
) -> None:
    cloud.fault("ignore_mqtt")
    cloud.fault(fault)
    entity_id = entity_of(hass, quick, DELTA_PRO, "ac_output", Platform.SWITCH)
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "switch", "turn_off", entity_id)
    assert raised.value.translation_key == key
    assert len(hass.config_entries.flow.async_progress()) == (fault == "keys_revoked")


async def test_a_value_out_of_range_is_rejected(hass: HomeAssistant, quick: MockConfigEntry) -> None:
    number = hass.data["number"].get_entity(entity_of(hass, quick, DELTA_PRO, "charge_power", Platform.NUMBER))
    with pytest.raises(HomeAssistantError) as raised:
        await number.async_set_native_value(5000)
    assert raised.value.translation_key == "out_of_range"


async def test_a_command_to_a_device_that_left_the_account(
    hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread
) -> None:
    switch = hass.data["switch"].get_entity(entity_of(hass, quick, DELTA_2, "ac_output", Platform.SWITCH))
    cloud.do("remove", sn=DELTA_2)
    await quick.runtime_data.coordinator.async_refresh()
    with pytest.raises(HomeAssistantError) as raised:
        await switch.async_turn_on()
    assert raised.value.translation_key == "device_gone"


async def test_the_refresh_button_reads_an_offline_device(
    hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread, settle: Settle
) -> None:
    entity_id = entity_of(hass, quick, DELTA_PRO, "refresh", Platform.BUTTON)
    cloud.do("load", sn=DELTA_PRO, watts=777)
    await settle(lambda: abs(cloud.device(DELTA_PRO).report()["inv.outputWatts"] - 777) < 30)
    await call(hass, "button", "press", entity_id)
    await settle(lambda: abs(float(state_of(hass, quick, DELTA_PRO, "ac_output_power", Platform.SENSOR)) - 777) < 30)
    cloud.do("online", sn=DELTA_PRO, online=False)
    await settle(lambda: state_of(hass, quick, DELTA_PRO, "battery_level", Platform.SENSOR) == STATE_UNAVAILABLE)
    await call(hass, "button", "press", entity_id)


async def test_glacier_buttons(hass: HomeAssistant, quick: MockConfigEntry, cloud: CloudThread) -> None:
    sn = cloud.do("add", model="glacier")
    await quick.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    await call(hass, "button", "press", entity_of(hass, quick, sn, "make_large_ice", Platform.BUTTON))
    assert cloud.device(sn).report()["pd.iceMkMode"] == 3
    await call(hass, "button", "press", entity_of(hass, quick, sn, "stop_ice", Platform.BUTTON))
    assert cloud.device(sn).report()["pd.iceMkMode"] == 0
    await call(hass, "button", "press", entity_of(hass, quick, sn, "detach_ice", Platform.BUTTON))
    assert cloud.device(sn).commands[-1]["operateType"] == "deIce"
    cloud.fault("offline", sn)
    cloud.fault("ignore_mqtt")
    with pytest.raises(HomeAssistantError):
        await call(hass, "button", "press", entity_of(hass, quick, sn, "stop_ice", Platform.BUTTON))
