"""Config, options and subentry flows: every step and every error."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import yaml

from custom_components.smart_outlet.const import DOMAIN
from custom_components.smart_outlet.domain.parts import async_get_parts
from custom_components.smart_outlet.radio import at
from simulators.framework import running
from simulators.hc12.simulator import Hc12

from .conftest import KEY, Ccu, MakeCcu, ccu_entry

CCU = {"name": "Main house", "ccu_id": "0a", "accept_without_key": False}
RADIO = {"name": "Stick", "baud": "9600", "radio_address": "01"}
MODULE = {"set_pin": "none", "mode": "FU3", "channel": 12, "power": 4, "write_module": False}


@pytest.fixture(autouse=True)
async def http(hass: HomeAssistant) -> None:
    await async_setup_component(hass, "http", {})


@pytest.fixture
async def simulator() -> AsyncGenerator[Hc12]:
    async with running(Hc12, ["--speed", "20"]) as device:
        yield device


async def begin(hass: HomeAssistant, kind: str) -> Any:
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert menu["type"] is FlowResultType.MENU
    return await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": kind})


async def go(hass: HomeAssistant, form: Any, values: dict[str, Any]) -> Any:
    assert form["type"] is FlowResultType.FORM, form
    result = await hass.config_entries.flow.async_configure(form["flow_id"], values)
    await hass.async_block_till_done()
    return result


# A Central Control Unit


async def test_a_ccu_is_added_and_its_key_is_shown_once(hass: HomeAssistant) -> None:
    form = await go(hass, await begin(hass, "ccu"), CCU)
    assert form["step_id"] == "key"
    key = form["description_placeholders"]["device_key"]
    parts = await async_get_parts(hass)
    assert parts.keys.find(key) is None
    done = await go(hass, form, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == "Main house"
    assert done["data"] == {"kind": "ccu", "name": "Main house", "ccu_id": "0A", "accept_without_key": False}
    found = parts.keys.find(key)
    assert found is not None
    assert found[0].ccu_id == "0A"
    assert done["result"].state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("wrong", "field", "error"),
    [
        ({"name": " "}, "name", "name_empty"),
        ({"ccu_id": "100"}, "ccu_id", "ccu_id_invalid"),
        ({"accept_without_key": True}, "source_address", "address_invalid"),
        ({"accept_without_key": True, "source_address": "kitchen"}, "source_address", "address_invalid"),
    ],
)
async def test_invalid_ccu_input_shows_an_error_and_can_be_corrected(
    hass: HomeAssistant, wrong: dict[str, Any], field: str, error: str
) -> None:
    form = await go(hass, await begin(hass, "ccu"), CCU | wrong)
    assert form["errors"] == {field: error}
    form = await go(hass, form, CCU)
    assert (await go(hass, form, {}))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_ccu_without_a_key_needs_a_unique_address(hass: HomeAssistant) -> None:
    keyless = CCU | {"accept_without_key": True, "source_address": "192.168.1.20"}
    done = await go(hass, await begin(hass, "ccu"), keyless)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"]["source_address"] == "192.168.1.20"
    form = await go(hass, await begin(hass, "ccu"), keyless | {"ccu_id": "0B"})
    assert form["errors"] == {"source_address": "address_in_use"}
    done = await go(hass, form, keyless | {"ccu_id": "0B", "source_address": "192.168.1.21"})
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_a_ccu_is_added_once(hass: HomeAssistant) -> None:
    ccu_entry("0A").add_to_hass(hass)
    result = await go(hass, await begin(hass, "ccu"), CCU)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )


async def test_reconfigure_creates_a_new_key(hass: HomeAssistant, ccu: Ccu) -> None:
    form = await reconfigure(hass, ccu.entry)
    wrong = await go(hass, form, {"name": "", "new_key": False, "accept_without_key": False})
    assert wrong["errors"] == {"name": "name_empty"}
    form = await go(hass, wrong, {"name": "Villa", "new_key": True, "accept_without_key": False})
    assert form["step_id"] == "new_key"
    key = form["description_placeholders"]["device_key"]
    assert form["description_placeholders"]["ccu_id"] == "01"
    substitutions = yaml.safe_load(form["description_placeholders"]["esphome"])["substitutions"]
    assert substitutions == {
        "friendly_name": "Villa",
        "outlet_url": form["description_placeholders"]["url"],
        "outlet_ccu_id": "01",
        "outlet_ccu_key": key,
    }
    done = await go(hass, form, {})
    assert done["reason"] == "reconfigure_successful"
    assert ccu.entry.title == "Villa"
    keys = (await async_get_parts(hass)).keys
    assert keys.find(key)
    assert keys.find(KEY)


async def test_reconfigure_renames_a_ccu_and_keeps_its_key(hass: HomeAssistant, ccu: Ccu) -> None:
    done = await go(
        hass, await reconfigure(hass, ccu.entry), {"name": "Villa", "new_key": False, "accept_without_key": False}
    )
    assert done["reason"] == "reconfigure_successful"
    assert (await ccu.get("/api/devices/"))[0] == 200


async def test_reconfigure_changes_to_no_key_and_back(hass: HomeAssistant, ccu: Ccu) -> None:
    keyless = {"name": "Unit 01", "new_key": False, "accept_without_key": True, "source_address": "127.0.0.1"}
    await go(hass, await reconfigure(hass, ccu.entry), keyless)
    assert (await ccu.get("/api/devices/"))[0] == 401
    ccu.key = ""
    assert (await ccu.get("/api/devices/"))[0] == 200
    form = await go(hass, await reconfigure(hass, ccu.entry), keyless | {"accept_without_key": False})
    ccu.key = form["description_placeholders"]["device_key"]
    await go(hass, form, {})
    assert (await ccu.get("/api/devices/"))[0] == 200
    ccu.key = ""
    assert (await ccu.get("/api/devices/"))[0] == 401


async def test_the_key_step_shows_the_internal_url(hass: HomeAssistant) -> None:
    hass.config.internal_url = "http://192.168.1.2:8123"
    form = await go(hass, await begin(hass, "ccu"), CCU)
    assert form["description_placeholders"]["url"] == "http://192.168.1.2:8123"


async def test_the_key_step_shows_the_default_url_without_a_configured_one(hass: HomeAssistant) -> None:
    with patch("custom_components.smart_outlet.flows.ccu.get_url", side_effect=_no_url()):
        form = await go(hass, await begin(hass, "ccu"), CCU)
    assert form["description_placeholders"]["url"] == "http://homeassistant.local:8123"


def _no_url() -> Exception:
    from homeassistant.helpers.network import NoURLAvailableError

    return NoURLAvailableError()


async def test_options_change_mains_and_offline_timeout(hass: HomeAssistant, ccu: Ccu) -> None:
    form = await hass.config_entries.options.async_init(ccu.entry.entry_id)
    wanted = {"voltage": 120.0, "power_factor": 0.9, "offline_after": 30.0}
    done = await hass.config_entries.options.async_configure(form["flow_id"], wanted)
    await hass.async_block_till_done()
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert ccu.hub.model.settings.offline_after_s == 30
    assert ccu.hub.model.settings.mains.voltage_v == 120


# An outlet


async def outlet_form(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await hass.config_entries.subentries.async_init((entry.entry_id, "outlet"), context={"source": "user"})


async def test_an_outlet_is_added(hass: HomeAssistant, ccu: Ccu) -> None:
    form = await outlet_form(hass, ccu.entry)
    done = await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"name": "Attic", "device_id": "0b", "location": "Attic", "protected": ["b", "a"]}
    )
    await hass.async_block_till_done()
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert (await ccu.get("/api/devices/"))[1]["devices"] == ["FE", "FD", "0B"]
    assert ccu.hub.model.outlets["0B"].settings.protected == {"a", "b"}


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": ""}, {"name": "name_empty"}),
        ({"device_id": "x"}, {"device_id": "device_id_invalid"}),
        ({"device_id": "fe"}, {"device_id": "device_id_in_use"}),
    ],
)
async def test_invalid_outlet_input_shows_an_error_and_can_be_corrected(
    hass: HomeAssistant, ccu: Ccu, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    form = await outlet_form(hass, ccu.entry)
    right = {"name": "Attic", "device_id": "0B"}
    form = await hass.config_entries.subentries.async_configure(form["flow_id"], right | wrong)
    assert form["errors"] == errors
    done = await hass.config_entries.subentries.async_configure(form["flow_id"], right)
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_an_outlet_is_reconfigured(hass: HomeAssistant, ccu: Ccu) -> None:
    subentry_id = ccu.hub.outlets.subentry_ids["FE"]
    form = await hass.config_entries.subentries.async_init(
        (ccu.entry.entry_id, "outlet"), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    )
    form = await hass.config_entries.subentries.async_configure(form["flow_id"], {"name": " "})
    assert form["errors"] == {"name": "name_empty"}
    done = await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"name": "Bath", "location": "First floor", "protected": ["a"]}
    )
    await hass.async_block_till_done()
    assert done["reason"] == "reconfigure_successful"
    config = ccu.hub.model.outlets["FE"].settings
    assert (config.name, config.location, sorted(config.protected)) == ("Bath", "First floor", ["a"])


# A radio


@pytest.fixture(autouse=True)
def quick_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated module answers in milliseconds; the search for its baud rate does not have to wait longer."""
    for name in ("ENTER_S", "LEAVE_S", "QUIET_S"):
        monkeypatch.setattr(at, name, 0.005)
    monkeypatch.setattr(at, "WAKE_ANSWER_S", 0.05)


async def test_a_radio_is_added_without_writing_to_the_module(hass: HomeAssistant, simulator: Hc12) -> None:
    form = await go(hass, await begin(hass, "radio"), RADIO | {"port": simulator.port})
    assert form["step_id"] == "module"
    done = await go(hass, form, MODULE)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"]["channel"] == 12
    assert simulator.module.channel == "001"
    await hass.config_entries.async_unload(done["result"].entry_id)


async def test_a_radio_is_added_and_its_module_is_written(hass: HomeAssistant, simulator: Hc12) -> None:
    form = await go(hass, await begin(hass, "radio"), RADIO | {"port": simulator.port})
    write = MODULE | {"write_module": True}
    silent = await go(hass, form, write)
    assert silent["errors"] == {"base": "module_not_responding"}
    simulator.faults.set("set_low")
    done = await go(hass, silent, write)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert (simulator.module.channel, simulator.module.power) == ("012", 4)
    await hass.config_entries.async_unload(done["result"].entry_id)


async def test_invalid_radio_input_shows_an_error_and_can_be_corrected(hass: HomeAssistant, simulator: Hc12) -> None:
    right = RADIO | {"port": simulator.port}
    form = await go(hass, await begin(hass, "radio"), right | {"name": "", "radio_address": "ff"})
    assert form["errors"] == {"name": "name_empty", "radio_address": "radio_address_invalid"}
    form = await go(hass, form, right | {"radio_address": "zz"})
    assert form["errors"] == {"radio_address": "radio_address_invalid"}
    form = await go(hass, form, right | {"port": "/dev/nothing-here"})
    assert form["errors"] == {"port": "cannot_open_port"}
    form = await go(hass, form, right)
    form = await go(hass, form, MODULE | {"mode": "FU4"})
    assert form["errors"] == {"mode": "mode_not_supported"}
    done = await go(hass, form, MODULE)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.config_entries.async_unload(done["result"].entry_id)


async def test_a_lost_port_shows_an_error_in_the_module_step(
    hass: HomeAssistant, simulator: Hc12, tmp_path: Path
) -> None:
    # A separate path: another test may get the same pseudo-terminal number.
    link = tmp_path / "stick"
    link.symlink_to(simulator.port)
    form = await go(hass, await begin(hass, "radio"), RADIO | {"port": str(link)})
    simulator.faults.set("unplugged")  # otherwise the port would return at once
    simulator._unplug()
    link.unlink()
    form = await go(hass, form, MODULE | {"write_module": True})
    assert form["errors"] == {"base": "cannot_open_port"}


async def test_a_port_is_used_once(hass: HomeAssistant, simulator: Hc12) -> None:
    MockConfigEntry(domain=DOMAIN, data={"kind": "radio", "port": simulator.port}).add_to_hass(hass)
    result = await go(hass, await begin(hass, "radio"), RADIO | {"port": simulator.port})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_radio_is_reconfigured_and_its_outlets_stay(hass: HomeAssistant, simulator: Hc12) -> None:
    form = await go(hass, await begin(hass, "radio"), RADIO | {"port": simulator.port})
    entry = (await go(hass, form, MODULE))["result"]
    outlet = await hass.config_entries.subentries.async_init((entry.entry_id, "outlet"), context={"source": "user"})
    for reserved in ("00", "FF", "01"):
        outlet = await hass.config_entries.subentries.async_configure(
            outlet["flow_id"], {"name": "Desk", "device_id": reserved}
        )
        assert outlet["errors"] == {"device_id": "device_id_reserved"}
    await hass.config_entries.subentries.async_configure(outlet["flow_id"], {"name": "Desk", "device_id": "FE"})
    await hass.async_block_till_done()

    form = await reconfigure(hass, entry)
    assert form["step_id"] == "reconfigure_radio"
    wrong = await go(hass, form, RADIO | {"port": simulator.port, "name": ""})
    assert wrong["errors"] == {"name": "name_empty"}
    wrong = await go(hass, wrong, RADIO | {"port": "/dev/nothing-here"})
    assert wrong["errors"] == {"port": "cannot_open_port"}, "a new port is checked"
    form = await go(hass, wrong, RADIO | {"port": simulator.port, "name": "Other stick"})
    simulator.faults.set("set_low")
    done = await go(hass, form, MODULE | {"write_module": True, "channel": 20})
    assert done["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert simulator.module.channel == "020"
    assert (entry.title, entry.data["channel"], entry.state) == ("Other stick", 20, ConfigEntryState.LOADED)
    assert list(entry.runtime_data.model.outlets) == ["FE"]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_radio_cannot_use_the_port_of_another(hass: HomeAssistant, simulator: Hc12) -> None:
    other = MockConfigEntry(domain=DOMAIN, data={"kind": "radio", "port": "/dev/other"})
    other.add_to_hass(hass)
    form = await go(hass, await begin(hass, "radio"), RADIO | {"port": simulator.port})
    entry = (await go(hass, form, MODULE))["result"]
    refused = await go(hass, await reconfigure(hass, entry), RADIO | {"port": "/dev/other"})
    assert refused["reason"] == "already_configured"
    assert entry.data["port"] == simulator.port
    await hass.config_entries.async_unload(entry.entry_id)


async def test_restoring_an_existing_entry_aborts(make_ccu: MakeCcu, hass: HomeAssistant) -> None:
    await make_ccu()
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "import"}, data={"ccu_id": "01"})
    assert result["reason"] == "already_configured"
