"""The outlet panel card of a hub that is removed, and of a user who may control only a part of it."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from .conftest import Ccu
from .test_panel import Panel, panel

__all__ = ["panel"]

COMMANDS = [
    ("switch", {"device_id": "FE", "socket": "a", "on": True}),
    ("set_threshold", {"device_id": "FE", "threshold": 1}),
    ("set_main_threshold", {"threshold": 1}),
    ("restore", {}),
]


@pytest.mark.parametrize(("command", "data"), COMMANDS)
async def test_an_unknown_hub_is_not_found(ccu: Ccu, panel: Panel, command: str, data: dict[str, Any]) -> None:
    answer = await panel.ask(command, **data, entry_id="gone")
    assert answer["error"]["code"] == "not_found"
    assert await ccu.commands() == []


@pytest.mark.parametrize(("command", "data"), COMMANDS)
async def test_a_hub_that_is_not_loaded_is_not_found(
    hass: HomeAssistant, ccu: Ccu, panel: Panel, command: str, data: dict[str, Any]
) -> None:
    assert await hass.config_entries.async_unload(ccu.entry.entry_id)
    assert (await panel.ask(command, **data))["error"]["code"] == "not_found"
    assert await hass.config_entries.async_setup(ccu.entry.entry_id)
    await hass.async_block_till_done()
    assert (await panel.ask(command, **data))["success"]


async def test_an_unknown_outlet_has_no_threshold(ccu: Ccu, panel: Panel) -> None:
    answer = await panel.ask("set_threshold", device_id="00", threshold=1000)
    assert answer["error"]["code"] == "not_found"
    assert "00" not in ccu.hub.model.outlets


async def test_a_socket_is_switched_off(ccu: Ccu, panel: Panel) -> None:
    await ccu.report(relay_a=True)
    answer = await panel.ask("switch", device_id="FE", socket="a", on=False)
    queued = ccu.hub.model.commands.find(answer["result"]["command"])
    assert queued is not None
    assert queued.payload.device_id == "FE"
    assert [(each["command"], each["socket"]) for each in await ccu.commands()] == [("relay_off", "a")]


async def test_only_sockets_that_the_user_may_control_are_restored(
    ccu: Ccu, panel: Panel, hass_admin_user: Any
) -> None:
    await ccu.cycle(FE_a=True, FE_b=True)
    assert (await panel.ask("switch_everything_off"))["success"]
    await ccu.cycle()
    button = ccu.entity_id("button", "cut_all_power", None)
    socket_b = ccu.entity_id("switch", "socket_b")
    hass_admin_user.mock_policy({"entities": {"entity_ids": {button: True, socket_b: True}}})
    assert (await panel.ask("restore"))["result"]["restored"] == ["FE/b"]
    assert [(each["command"], each["socket"]) for each in await ccu.commands()] == [("relay_on", "b")]
    power_off = ccu.hub.model.power_off
    assert power_off is not None
    assert power_off.restorable == (("FE", "a"),), "it is left for someone who may"
    hass_admin_user.mock_policy({"entities": True})
    assert (await panel.ask("restore"))["result"]["restored"] == ["FE/a"]
