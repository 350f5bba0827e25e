"""Config flow, reauthentication, reconfiguration, options and subentries with the simulated cloud."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ecoflow.const import DOMAIN, SUBENTRY_SURPLUS
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY

from .conftest import DELTA_2, DELTA_PRO, CloudThread, account_data

SURPLUS: dict[str, Any] = {
    "grid_power": "sensor.grid",
    "grid_inverted": False,
    "min_power": 200,
    "max_power": 1500,
    "margin": 50,
    "hysteresis": 100,
    "write_interval": 60,
    "start_delay": 0,
    "stop_delay": 0,
    "reserve_level": 20,
    "reserve_power": 400,
    "target_level": 100,
    "tariff": {"tariff_power": 1000},
}


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    return result


def is_collapsed(result: Any, name: str) -> bool:
    """Whether a section of a form is collapsed."""
    (found,) = (part for key, part in result["data_schema"].schema.items() if key == name)
    collapsed: bool = found.options["collapsed"]
    return collapsed


async def test_an_account_is_tested_and_added(hass: HomeAssistant, cloud: CloudThread) -> None:
    result = await start(hass)
    data = account_data(cloud, access_key=f" {ACCESS_KEY} ")
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "EcoFlow 127.0.0.1"
    assert result["data"] == account_data(cloud), "surrounding spaces are removed"
    assert result["result"].unique_id == cloud.cloud.account
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("keys_revoked", "invalid_auth"),
        ("signature", "invalid_auth"),
        ("rate_limited", "rate_limited"),
        ("server_error", "cannot_connect"),
        ("garbage", "cannot_connect"),
        ("certification", "cannot_connect"),
    ],
)
async def test_an_error_is_shown_and_the_flow_recovers(
    hass: HomeAssistant, cloud: CloudThread, fault: str, error: str
) -> None:
    result = await start(hass)
    cloud.fault(fault)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], account_data(cloud))
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    cloud.clear(fault)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], account_data(cloud))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        ({"url": "http://127.0.0.1:1", "ca_file": ""}, "url_not_https"),
        ({"url": "https://127.0.0.1:1", "ca_file": "/nowhere.pem"}, "certificate_file"),
        ({"url": "https://127.0.0.1:1", "ca_file": __file__}, "certificate_file"),
        ({"url": "https://127.0.0.1:1"}, "cannot_connect"),
    ],
)
async def test_errors_of_a_custom_endpoint(
    hass: HomeAssistant, cloud: CloudThread, endpoint: dict[str, str], error: str
) -> None:
    result = await start(hass)
    assert is_collapsed(result, "custom_endpoint")
    data = account_data(cloud, custom_endpoint=endpoint)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    assert result["errors"] == {"base": error}
    assert not is_collapsed(result, "custom_endpoint"), "a section with an error is expanded"
    result = await hass.config_entries.flow.async_configure(result["flow_id"], account_data(cloud))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_an_untrusted_certificate_is_rejected(hass: HomeAssistant, cloud: CloudThread) -> None:
    result = await start(hass)
    data = account_data(cloud, custom_endpoint={"url": cloud.url})
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    assert result["errors"] == {"base": "cannot_connect"}


async def test_a_duplicate_account_is_rejected(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    result = await start(hass)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], account_data(cloud))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_reauthentication_with_new_keys(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    cloud.cloud.access_key = "RenewedAccessKey"
    result = await account.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    wrong = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], wrong)
    assert result["errors"] == {"base": "invalid_auth"}
    assert SECRET_KEY not in str(result["data_schema"])
    right = {"access_key": "RenewedAccessKey", "secret_key": SECRET_KEY}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], right)
    assert result["reason"] == "reauth_successful"
    assert account.data["access_key"] == "RenewedAccessKey"
    assert account.data["custom_endpoint"]["url"] == cloud.url
    await hass.async_block_till_done()
    assert account.state is ConfigEntryState.LOADED


async def test_reauthentication_of_an_account_that_failed_to_set_up(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: CloudThread
) -> None:
    cloud.fault("keys_revoked")
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    cloud.clear("keys_revoked")
    keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], keys)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_changed_broker_account_is_matched_by_its_devices(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    cloud.cloud.account = "open-renewed"
    result = await account.start_reauth_flow(hass)
    keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], keys)
    assert result["reason"] == "reauth_successful"
    assert account.unique_id == "open-renewed"
    await hass.async_block_till_done()


async def test_keys_of_another_account_are_rejected(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    cloud.cloud.account = "open-other"
    for sn in (DELTA_PRO, DELTA_2):
        cloud.do("remove", sn=sn)
    cloud.do("add", model="smart_plug")
    result = await account.start_reauth_flow(hass)
    keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], keys)
    assert result["reason"] == "wrong_account"


async def test_reconfigure_region_and_endpoint(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    result = await account.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    assert SECRET_KEY not in str(result["data_schema"])
    data = account_data(cloud, region="us")
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    assert result["reason"] == "reconfigure_successful"
    assert account.data["region"] == "us"
    await hass.async_block_till_done()
    assert account.state is ConfigEntryState.LOADED


async def test_options_reload_the_account(hass: HomeAssistant, account: MockConfigEntry) -> None:
    result = await hass.config_entries.options.async_init(account.entry_id)
    assert result["step_id"] == "init"
    options = {"poll_interval": 120, "max_age": 600, "use_mqtt": False}
    result = await hass.config_entries.options.async_configure(result["flow_id"], options)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    data = account.runtime_data
    assert data.coordinator.update_interval.total_seconds() == 120
    assert data.client.timing.max_age_s == 600
    assert data.client.mqtt is None


async def subentry_flow(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_SURPLUS), context={"source": SOURCE_USER}
    )


@pytest.mark.parametrize(("language", "name"), [("en", "Surplus charging"), ("de", "Überschussladen")])
async def test_surplus_charging_is_added_for_a_station(
    hass: HomeAssistant, account: MockConfigEntry, language: str, name: str
) -> None:
    hass.config.language = language
    result = await subentry_flow(hass, account)
    assert result["step_id"] == "user"
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"device_sn": DELTA_PRO, **SURPLUS}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (subentry,) = account.subentries.values()
    assert subentry.title == f"DELTA Pro 1: {name}"
    assert subentry.unique_id == DELTA_PRO


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"min_power": 2000}, {"min_power": "min_above_max"}),
        ({"reserve_level": 90, "target_level": 80}, {"reserve_level": "reserve_above_target"}),
        ({"tariff": {"tariff_power": 500, "tariff_start": "22:00:00"}}, {"tariff": "tariff_half"}),
    ],
)
async def test_contradicting_settings_are_rejected(
    hass: HomeAssistant, account: MockConfigEntry, changes: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await subentry_flow(hass, account)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"device_sn": DELTA_PRO, **SURPLUS, **changes}
    )
    assert result["errors"] == errors
    assert is_collapsed(result, "tariff") is ("tariff" not in errors)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"device_sn": DELTA_PRO, **SURPLUS}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_reconfigure_surplus_charging(hass: HomeAssistant, account: MockConfigEntry) -> None:
    result = await subentry_flow(hass, account)
    await hass.config_entries.subentries.async_configure(result["flow_id"], {"device_sn": DELTA_PRO, **SURPLUS})
    await hass.async_block_till_done()
    (subentry,) = account.subentries.values()
    result = await account.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert result["step_id"] == "reconfigure"
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {**SURPLUS, "min_power": 9000 // 2}
    )
    assert result["errors"] == {"min_power": "min_above_max"}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {**SURPLUS, "max_power": 900})
    assert result["reason"] == "reconfigure_successful"
    assert account.subentries[subentry.subentry_id].data["max_power"] == 900
    assert account.subentries[subentry.subentry_id].data["device_sn"] == DELTA_PRO
    await hass.async_block_till_done()


async def test_surplus_charging_needs_an_available_station(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    for sn in (DELTA_PRO, DELTA_2):
        result = await subentry_flow(hass, account)
        await hass.config_entries.subentries.async_configure(result["flow_id"], {"device_sn": sn, **SURPLUS})
        await hass.async_block_till_done()
    result = await subentry_flow(hass, account)
    assert result["reason"] == "no_station"


async def test_two_parallel_flows_for_one_station_create_one_subentry(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    first, second = [await subentry_flow(hass, account) for _ in range(2)]
    configure, data = hass.config_entries.subentries.async_configure, {"device_sn": DELTA_PRO, **SURPLUS}
    assert (await configure(first["flow_id"], data))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert (await configure(second["flow_id"], data))["reason"] == "no_station"
    await hass.async_block_till_done()
    assert len(account.subentries) == 1


async def test_surplus_charging_needs_a_loaded_account(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await subentry_flow(hass, entry)
    assert result["reason"] == "not_loaded"
