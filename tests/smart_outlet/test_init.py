"""Set-up, added and removed outlets, restarts and crashes."""

from datetime import timedelta
import json
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.smart_outlet._lib.entry_recovery import CONFIRM_AFTER_S
from custom_components.smart_outlet.const import DOMAIN
from custom_components.smart_outlet.diagnostics import async_get_config_entry_diagnostics
from custom_components.smart_outlet.domain.parts import DOMAIN_PARTS, async_get_parts

from .conftest import KEY, Ccu, MakeCcu, ccu_entry


def new_outlet(device_id: str) -> ConfigSubentry:
    return ConfigSubentry(
        data=MappingProxyType({"device_id": device_id, "location": "Attic", "protected": []}),
        subentry_type="outlet",
        title=f"Outlet {device_id}",
        unique_id=device_id,
    )


async def test_an_added_outlet_is_listed_at_the_next_call(hass: HomeAssistant, ccu: Ccu) -> None:
    await ccu.report()
    hass.config_entries.async_add_subentry(ccu.entry, new_outlet("0A"))
    await hass.async_block_till_done()
    assert (await ccu.get("/api/devices/"))[1]["devices"] == ["FE", "FD", "0A"]
    await ccu.report(device_id="0A", current_a=7)
    assert ccu.state("sensor", "current_a", "0A") == "7"
    assert ccu.state("sensor", "current_a") == "1234"
    assert ccu.state("sensor", "outlets", None) == "3"


async def test_a_removed_outlet_leaves_no_device_or_entity(hass: HomeAssistant, ccu: Ccu) -> None:
    subentry_id = ccu.hub.outlets.subentry_ids["FD"]
    hass.config_entries.async_remove_subentry(ccu.entry, subentry_id)
    await hass.async_block_till_done()
    assert (await ccu.get("/api/devices/"))[1]["devices"] == ["FE"]
    assert not dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry_id), ccu.entry.entry_id)
    assert not [e for e in er.async_get(hass).entities.values() if e.config_subentry_id == subentry_id]


async def test_a_renamed_outlet_reloads_the_entry(hass: HomeAssistant, ccu: Ccu) -> None:
    subentry = ccu.entry.subentries[ccu.hub.outlets.subentry_ids["FE"]]
    hass.config_entries.async_update_subentry(ccu.entry, subentry, title="Bathroom")
    await hass.async_block_till_done()
    assert ccu.hub.model.outlets["FE"].settings.name == "Bathroom"


async def test_changed_options_are_applied(hass: HomeAssistant, ccu: Ccu) -> None:
    hass.config_entries.async_update_entry(
        ccu.entry, options={"voltage": 120, "power_factor": 0.5, "offline_after": 60}
    )
    await hass.async_block_till_done()
    await ccu.report(current_a=2000)
    assert ccu.state("sensor", "power_a") == "120.0"


async def test_outlets_are_connected_via_their_hub(hass: HomeAssistant, ccu: Ccu) -> None:
    devices = dr.async_get(hass)
    outlet = devices.async_get_device_by_identifier((DOMAIN, ccu.hub.outlets.subentry_ids["FE"]), ccu.entry.entry_id)
    hub = devices.async_get_device_by_identifier((DOMAIN, ccu.entry.entry_id), ccu.entry.entry_id)
    assert outlet is not None
    assert hub is not None
    assert outlet.via_device_id == hub.id
    assert (outlet.name, outlet.serial_number, hub.serial_number) == ("Kitchen", "FE", "01")


async def test_a_ccu_that_stops_calling_is_unavailable_and_raises_an_alert(
    hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    await ccu.report()
    for _ in range(17):
        freezer.tick(timedelta(seconds=1))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    assert ccu.state("switch", "socket_a") == STATE_UNAVAILABLE
    assert caplog.text.count(" is offline: no report for 15 s") == 1
    assert "is back online" not in caplog.text
    assert ccu.state("binary_sensor", "offline") == "on"
    assert ccu.state("binary_sensor", "offline", "FD") == "on"
    assert ccu.state("binary_sensor", "connectivity", None) == "off"
    assert ccu.attributes("event", "alert", None)["event_type"] == "offline"
    await ccu.report()
    assert ccu.state("binary_sensor", "offline") == "off"
    assert caplog.text.count("is back online") == caplog.text.count("is offline") == 1


async def restarted(ccu: Ccu) -> None:
    """Simulate a crash: nothing more is written; then load the entry from disk."""
    hass = ccu.hass
    hub = ccu.hub
    with patch.object(type(hub.store), "async_close", return_value=None):
        assert await hass.config_entries.async_unload(ccu.entry.entry_id)
    hub.store._store._async_cleanup_delay_listener()
    assert await hass.config_entries.async_setup(ccu.entry.entry_id)
    await hass.async_block_till_done()
    assert ccu.hub is not hub


async def test_after_a_restart_relays_are_unknown_until_confirmed(ccu: Ccu) -> None:
    await ccu.report()
    await restarted(ccu)
    await ccu.report(relay_a=False)
    assert ccu.state("switch", "socket_a") == STATE_UNKNOWN
    await ccu.act("switch", "turn_off", "switch", "socket_a")
    await ccu.commands()
    await ccu.report(relay_a=False)
    assert ccu.state("switch", "socket_a") == "off"


async def test_a_queued_command_survives_a_crash(ccu: Ccu) -> None:
    await ccu.report()
    await ccu.act("switch", "turn_off", "switch", "socket_a")
    await ccu.act("number", "set_value", "number", "threshold", value=4000)
    await ccu.act("number", "set_value", "number", "main_threshold", None, value=16000)
    await restarted(ccu)
    assert [command["command"] for command in await ccu.commands()] == ["relay_off", "set_threshold"]
    await ccu.report()
    assert ccu.state("number", "threshold") == "4000"
    assert ccu.state("number", "main_threshold", None) == "16000"


async def test_an_interrupted_power_off_continues_after_a_crash(ccu: Ccu) -> None:
    await ccu.cycle(FE_a=True, FD_b=True)
    await ccu.press("cut_all_power", None)
    await restarted(ccu)
    assert ccu.state("sensor", "cut_state", None) == "running"
    await ccu.cycle(FD_b=True)
    assert ccu.state("sensor", "cut_state", None) == "complete"
    assert ccu.attributes("sensor", "cut_state", None)["confirmed"] == ["FE/a", "FE/b", "FD/a"]
    assert ccu.attributes("sensor", "cut_state", None)["protected"] == ["FD/b"]


async def test_energy_survives_a_reload(hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory) -> None:
    for _ in range(31):
        await ccu.report(current_a=10_000)
        freezer.tick(timedelta(seconds=30))
    assert await hass.config_entries.async_reload(ccu.entry.entry_id)
    await hass.async_block_till_done()
    assert float(ccu.state("sensor", "energy_a")) == pytest.approx(2.3 * 0.25, abs=0.001)


async def test_energy_is_stored_within_a_minute(
    hass: HomeAssistant, ccu: Ccu, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    await ccu.report(current_a=10_000)
    freezer.tick(timedelta(seconds=30))
    await ccu.report(current_a=10_000)
    freezer.tick(timedelta(seconds=61))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    stored = hass_storage["smart_outlet.meters"]["data"][ccu.entry.entry_id]
    assert stored["outlets"]["FE"]["energy_wh"]["a"] == pytest.approx(2300 * 30 / 3600)


async def test_a_write_error_withdraws_the_command(ccu: Ccu) -> None:
    await ccu.report()
    with (
        patch.object(Store, "_async_write_data", side_effect=WriteError("no space left")),
        pytest.raises(HomeAssistantError, match="no space left"),
    ):
        await ccu.act("switch", "turn_off", "switch", "socket_a")
    assert await ccu.commands() == []


async def test_switching_on_during_a_power_off_is_refused(ccu: Ccu) -> None:
    await ccu.cycle(FE_a=True)
    await ccu.press("cut_all_power", None)
    with pytest.raises(ServiceValidationError) as refused:
        await ccu.act("switch", "turn_on", "switch", "socket_a")
    assert refused.value.translation_key == "power_off_in_progress"


async def test_removing_a_hub_deletes_its_key_and_stored_data(
    hass: HomeAssistant, ccu: Ccu, hass_storage: dict[str, Any]
) -> None:
    await ccu.act("button", "press", "button", "read_sensors")
    assert f"smart_outlet.{ccu.entry.entry_id}" in hass_storage
    await hass.config_entries.async_remove(ccu.entry.entry_id)
    await hass.async_block_till_done()
    assert f"smart_outlet.{ccu.entry.entry_id}" not in hass_storage
    assert hass_storage["smart_outlet"]["data"]["units"] == {}
    assert hass.data[DOMAIN_PARTS].directory.hubs == {}
    assert (await ccu.get("/api/devices/"))[0] == 401


async def test_an_entry_lost_in_a_crash_is_restored(hass: HomeAssistant, make_ccu: MakeCcu) -> None:
    keys = (await async_get_parts(hass)).keys
    await keys.async_set_key("07", "Barn", "barn-key")
    await make_ccu("01")
    await hass.async_block_till_done()
    (barn,) = [entry for entry in hass.config_entries.async_entries(DOMAIN) if entry.unique_id == "ccu_07"]
    assert (barn.title, barn.state) == ("Barn", ConfigEntryState.LOADED)


async def test_a_key_record_is_confirmed_after_a_minute(
    hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory
) -> None:
    keys = hass.data[DOMAIN_PARTS].keys
    assert not keys.records["01"].confirmed
    freezer.tick(timedelta(seconds=CONFIRM_AFTER_S + 1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert keys.records["01"].confirmed


async def test_keys_are_loaded_from_disk(hass: HomeAssistant, hass_storage: dict[str, Any], make_ccu: MakeCcu) -> None:
    await make_ccu()
    stored = hass_storage["smart_outlet"]
    hass.data.pop(DOMAIN_PARTS)
    hass_storage["smart_outlet"] = stored
    parts = await async_get_parts(hass)
    assert parts.keys.find(KEY) is not None


async def test_a_key_that_could_not_be_stored_is_refused(hass: HomeAssistant, ccu: Ccu) -> None:
    keys = hass.data[DOMAIN_PARTS].keys
    with patch.object(Store, "_async_write_data", side_effect=WriteError("read-only")):
        with pytest.raises(HomeAssistantError):
            await keys.async_set_key("09", "New", "new-key")
        with pytest.raises(HomeAssistantError):
            await keys.async_set_key("01", "Unit 01", "new-key")
    assert "09" not in keys.records
    assert keys.find("new-key") is None
    assert keys.find(KEY) is not None


async def test_diagnostics_contain_no_secrets(hass: HomeAssistant, ccu: Ccu) -> None:
    await ccu.cycle(FE_a=True)
    await ccu.act("button", "press", "button", "ping")
    await ccu.cycle(FE_a=True)
    data = await async_get_config_entry_diagnostics(hass, ccu.entry)
    assert data["has_key"] is True
    assert data["hub"]["main_current"] == 7321
    assert data["outlets"][0]["name"] == "**REDACTED**"
    assert data["finished_commands"][0]["status"] == "confirmed"
    raw = {item["channel"]: json.loads(item["text"]) for item in data["last_messages"]}
    assert raw["data FE"]["device_id"] == "FE"
    assert raw["breaker-data"]["current_ma"] == 7321
    text = str(data)
    assert KEY not in text
    record = hass.data[DOMAIN_PARTS].keys.records["01"]
    assert str(record.keys.current) not in text


async def test_diagnostics_of_an_entry_that_is_not_loaded(hass: HomeAssistant) -> None:
    data = await async_get_config_entry_diagnostics(hass, ccu_entry())
    assert data["entry"]["ccu_id"] == "01"
