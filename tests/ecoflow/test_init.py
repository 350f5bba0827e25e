"""Setup, discovery, availability and unload of an account."""

import logging
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ecoflow import async_remove_config_entry_device
from custom_components.ecoflow.api.mqtt import ConnectionState
from custom_components.ecoflow.const import DOMAIN

from .conftest import DELTA_2, DELTA_PRO, CloudThread, Settle, account_data, entity_of, poll, state_of


async def test_an_account_adds_its_devices(hass: HomeAssistant, account: MockConfigEntry) -> None:
    registry = dr.async_get(hass)
    station = registry.async_get_device_by_identifier((DOMAIN, DELTA_PRO), account.entry_id)
    assert station is not None
    assert (station.manufacturer, station.model, station.name) == ("EcoFlow", "DELTA Pro", "DELTA Pro 1")
    hub = registry.async_get_device_by_identifier((DOMAIN, account.entry_id), account.entry_id)
    assert hub is not None
    assert station.via_device_id == hub.id
    assert float(state_of(hass, account, DELTA_PRO, "battery_level", Platform.SENSOR)) == pytest.approx(62, abs=0.5)
    assert state_of(hass, account, DELTA_PRO, "grid_present", Platform.BINARY_SENSOR) == "on"
    assert state_of(hass, account, DELTA_2, "charge_power", Platform.NUMBER) == "400.0"


async def test_an_mqtt_message_updates_the_state(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, settle: Settle
) -> None:
    cloud.do("grid", sn=DELTA_PRO, present=False)
    cloud.report(DELTA_PRO)
    await settle(lambda: state_of(hass, account, DELTA_PRO, "grid_present", Platform.BINARY_SENSOR) == "off")


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("server_error", ConfigEntryState.SETUP_RETRY),
        ("garbage", ConfigEntryState.SETUP_RETRY),
        ("rate_limited", ConfigEntryState.SETUP_RETRY),
        ("keys_revoked", ConfigEntryState.SETUP_ERROR),
        ("signature", ConfigEntryState.SETUP_RETRY),
    ],
)
async def test_setup_errors(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: CloudThread, fault: str, state: ConfigEntryState
) -> None:
    cloud.fault(fault)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is state
    reauth = [flow for flow in hass.config_entries.flow.async_progress() if flow["context"]["source"] == SOURCE_REAUTH]
    assert len(reauth) == (state is ConfigEntryState.SETUP_ERROR)


async def test_a_refused_signature_starts_reauthentication_at_the_third_setup(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: CloudThread
) -> None:
    cloud.fault("signature")
    await hass.config_entries.async_setup(entry.entry_id)
    for state in (ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR):
        await hass.config_entries.async_reload(entry.entry_id)
        assert entry.state is state


async def test_setup_without_the_certificate_file(hass: HomeAssistant, cloud: CloudThread) -> None:
    data = account_data(cloud, custom_endpoint={"url": cloud.url, "ca_file": "/nowhere/ca.pem"})
    entry = MockConfigEntry(domain=DOMAIN, data=data, unique_id="x")
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "/nowhere/ca.pem" in (entry.reason or "")


async def test_unload_disconnects(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, settle: Settle
) -> None:
    client = account.runtime_data.client
    assert await hass.config_entries.async_unload(account.entry_id)
    assert account.state is ConfigEntryState.NOT_LOADED
    assert client.mqtt is None
    broker = cloud.cloud.broker
    assert broker is not None
    await settle(lambda: broker.clients == [])


async def test_new_devices_are_added_and_removed_ones_can_be_deleted(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, clock: FrozenDateTimeFactory
) -> None:
    registry = dr.async_get(hass)
    gone = registry.async_get_device_by_identifier((DOMAIN, DELTA_2), account.entry_id)
    assert gone is not None
    assert not await async_remove_config_entry_device(hass, account, gone), "still in the account"
    new = cloud.do("add", model="smart_plug")
    cloud.do("remove", sn=DELTA_2)
    await poll(hass, clock)
    assert float(state_of(hass, account, new, "plug_power", Platform.SENSOR)) > 50
    assert state_of(hass, account, DELTA_2, "battery_level", Platform.SENSOR) == STATE_UNAVAILABLE
    assert await async_remove_config_entry_device(hass, account, gone)
    hub = registry.async_get_device_by_identifier((DOMAIN, account.entry_id), account.entry_id)
    assert hub is not None
    assert not await async_remove_config_entry_device(hass, account, hub)


async def test_a_returned_device_is_available_again(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, clock: FrozenDateTimeFactory
) -> None:
    kept = cloud.cloud.devices[DELTA_2]
    cloud.do("remove", sn=DELTA_2)
    await poll(hass, clock)
    cloud.cloud.devices[DELTA_2] = kept
    await poll(hass, clock)
    assert state_of(hass, account, DELTA_2, "battery_level", Platform.SENSOR) != STATE_UNAVAILABLE


async def test_an_offline_device_is_unavailable(
    hass: HomeAssistant,
    account: MockConfigEntry,
    cloud: CloudThread,
    settle: Settle,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    cloud.do("online", sn=DELTA_PRO, online=False)
    await settle(lambda: state_of(hass, account, DELTA_PRO, "battery_level", Platform.SENSOR) == STATE_UNAVAILABLE)
    assert state_of(hass, account, DELTA_PRO, "online", Platform.BINARY_SENSOR) == "off"
    assert state_of(hass, account, DELTA_2, "battery_level", Platform.SENSOR) != STATE_UNAVAILABLE
    cloud.do("online", sn=DELTA_PRO, online=True)
    await settle(lambda: state_of(hass, account, DELTA_PRO, "battery_level", Platform.SENSOR) != STATE_UNAVAILABLE)
    assert caplog.text.count("is offline") == 1
    assert caplog.text.count("is back online") == 1


async def test_entities_become_unavailable_while_the_cloud_is_down(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, clock: FrozenDateTimeFactory
) -> None:
    cloud.fault("broker_down")
    cloud.fault("server_error")
    for _ in range(4):
        await poll(hass, clock)
    assert state_of(hass, account, DELTA_PRO, "battery_level", Platform.SENSOR) != STATE_UNAVAILABLE
    for _ in range(2):
        await poll(hass, clock)
    assert state_of(hass, account, DELTA_PRO, "battery_level", Platform.SENSOR) == STATE_UNAVAILABLE
    cloud.clear("server_error")
    await poll(hass, clock)
    assert state_of(hass, account, DELTA_PRO, "battery_level", Platform.SENSOR) != STATE_UNAVAILABLE


async def test_revoked_keys_start_one_reauthentication_and_stop_polling(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, clock: FrozenDateTimeFactory
) -> None:
    cloud.fault("keys_revoked")
    for _ in range(3):
        await poll(hass, clock)
    asked = sum(cloud.cloud.api.requests.values())
    for _ in range(10):
        await poll(hass, clock, 3600)
    assert sum(cloud.cloud.api.requests.values()) == asked
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == [SOURCE_REAUTH]


async def test_occasional_signature_errors_do_not_start_reauthentication(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, clock: FrozenDateTimeFactory
) -> None:
    for _ in range(3):
        cloud.fault("signature_once", 2)
        await poll(hass, clock)
        await poll(hass, clock)
    assert not hass.config_entries.flow.async_progress()
    assert account.runtime_data.coordinator.last_update_success


async def test_an_unknown_model_gets_generic_sensors_and_an_issue(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, clock: FrozenDateTimeFactory
) -> None:
    sn = cloud.do("add", model="unknown")
    await poll(hass, clock)
    assert float(state_of(hass, account, sn, "raw_nova_soc", Platform.SENSOR)) == 50
    entity = er.async_get(hass).async_get(entity_of(hass, account, sn, "raw_nova_soc", Platform.SENSOR))
    assert entity is not None
    assert entity.original_name == "Nova level"
    assert entity.unit_of_measurement == "%"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"unknown_device_{sn}")
    assert issue is not None
    assert issue.translation_placeholders == {"device": "NOVA 9 3", "product": "NOVA 9"}
    cloud.do("remove", sn=sn)
    await poll(hass, clock)
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"unknown_device_{sn}") is None


async def test_a_device_that_cannot_be_read_gets_an_issue(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, clock: FrozenDateTimeFactory
) -> None:
    cloud.fault("not_allowed", DELTA_2)
    await poll(hass, clock, 1000)
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"not_allowed_{DELTA_2}") is not None
    assert account.runtime_data.coordinator.last_update_success, "other devices are not affected"
    cloud.clear("not_allowed")
    await poll(hass, clock)
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"not_allowed_{DELTA_2}") is None


async def test_a_wrong_clock_is_corrected_and_gets_an_issue(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: CloudThread
) -> None:
    cloud.fault("clock_skew", 1800)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"clock_skew_{entry.entry_id}")
    assert issue is not None
    assert int((issue.translation_placeholders or {})["seconds"]) == pytest.approx(1800, abs=5)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_commands_of_another_client_create_an_issue(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, settle: Settle
) -> None:
    for number in (4711, 4712):
        cloud.publish(DELTA_PRO, "set_reply", b'{"id": %d, "code": "0", "data": {"ack": 0}}' % number)
    issue_id = f"key_in_use_{account.entry_id}"
    await settle(lambda: ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None)


async def test_the_shared_key_issue_disappears_after_an_hour(
    hass: HomeAssistant, account: MockConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    shared_key, issue_id = account.runtime_data.shared_key, f"key_in_use_{account.entry_id}"
    for _ in range(2):
        shared_key.unknown_reply()
    await poll(hass, clock, 3000)
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None
    shared_key.unknown_reply()
    await poll(hass, clock, 3000)
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None
    await poll(hass, clock, 3000)
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None


async def test_a_session_takeover_creates_an_issue(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The detection is tested in test_client."""
    account.runtime_data.coordinator.connection_changed(ConnectionState.TAKEN_OVER)
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"key_in_use_{account.entry_id}") is not None
    await hass.config_entries.async_unload(account.entry_id)
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"key_in_use_{account.entry_id}") is None


async def test_new_values_of_a_device_add_entities(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, settle: Settle
) -> None:
    """An extra battery is connected."""
    registry = er.async_get(hass)
    unique_id = f"{account.entry_id}_{DELTA_PRO}_extra1_battery_level"
    assert registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id) is None
    cloud.publish(DELTA_PRO, "quota", b'{"params": {"bmsSlave1.f32ShowSoc": 44.5, "bmsSlave1.vol": 50000}}')
    await settle(lambda: registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id))
    await settle(lambda: state_of(hass, account, DELTA_PRO, "extra1_battery_level", Platform.SENSOR) == "44.5")


async def test_mqtt_can_be_turned_off(hass: HomeAssistant, entry: MockConfigEntry, cloud: CloudThread) -> None:
    hass.config_entries.async_update_entry(entry, options={"use_mqtt": False})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.runtime_data.client.mqtt is None
    assert cloud.cloud.api.requests["GET /certification"] == 0
    await hass.config_entries.async_unload(entry.entry_id)


async def test_polling_continues_without_broker_credentials(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: CloudThread
) -> None:
    cloud.fault("certification")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, entry, DELTA_PRO, "battery_level", Platform.SENSOR) != STATE_UNAVAILABLE
    await hass.config_entries.async_unload(entry.entry_id)


async def test_removing_an_account_deletes_its_store(hass: HomeAssistant, account: MockConfigEntry) -> None:
    with patch("custom_components.ecoflow.runtime.store.RetriedStore.async_remove") as remove:
        await hass.config_entries.async_remove(account.entry_id)
    remove.assert_called_once()
