"""Diagnostics."""

import json
import logging

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ecoflow.diagnostics import async_get_config_entry_diagnostics
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY

from .conftest import DELTA_2, DELTA_PRO, CloudThread
from .test_config_flow import SURPLUS, subentry_flow


async def test_diagnostics_contain_values_and_no_secrets(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    result = await subentry_flow(hass, account)
    await hass.config_entries.subentries.async_configure(result["flow_id"], {"device_sn": DELTA_PRO, **SURPLUS})
    await hass.async_block_till_done()
    found = await async_get_config_entry_diagnostics(hass, account)
    text = json.dumps(found)
    broker = cloud.cloud.broker
    assert broker is not None
    for secret in (ACCESS_KEY, SECRET_KEY, broker.realm.password, cloud.cloud.account, DELTA_PRO, DELTA_2):
        assert secret not in text
    assert [device["family"] for device in found["devices"]] == ["delta_pro", "delta_2"]
    assert found["devices"][0]["entities"]["charge_power"] == 600
    assert found["devices"][0]["values"]["inv.cfgSlowChgWatts"] == 600
    assert found["account"]["surplus"][0]["reason"]


async def test_serial_numbers_of_other_devices_are_redacted(hass: HomeAssistant, account: MockConfigEntry) -> None:
    states = account.runtime_data.client.states
    states[DELTA_2].values["panel.list"] = [{"deviceSn": "R999", "outputPower": 5, "note": f"with {DELTA_PRO}"}]
    states[DELTA_2].values[f"panel.{DELTA_PRO}"] = 1
    found = await async_get_config_entry_diagnostics(hass, account)
    assert found["devices"][1]["values"]["panel.list"] == [{"outputPower": 5, "note": "**REDACTED**"}]
    text = json.dumps(found)
    assert "R999" not in text
    assert DELTA_PRO not in text


async def test_an_account_that_is_not_loaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert found["account"] is None
    assert found["devices"] == []


async def test_the_log_contains_no_secrets(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.ecoflow")
    for fault in ("signature", "clock_skew", "garbage", "server_error", "certification"):
        cloud.fault(fault)
        await account.runtime_data.coordinator.async_refresh()
        cloud.clear(fault)
    cloud.do("new_password", password="rotated-0123456789")
    await hass.async_block_till_done()
    for secret in (ACCESS_KEY, SECRET_KEY, "rotated-0123456789", DELTA_PRO, DELTA_2):
        assert secret not in caplog.text
