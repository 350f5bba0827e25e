"""What the outlet panel card shows and changes."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.smart_outlet.model.power_off import EmergencyPowerOff, SocketResult

from .conftest import Ccu


class Panel:
    """A card in a browser."""

    def __init__(self, client: Any, ccu: Ccu) -> None:
        self.client = client
        self.ccu = ccu

    async def ask(self, command: str, **data: Any) -> Any:
        message = {"type": f"smart_outlet/{command}", "entry_id": self.ccu.entry.entry_id} | data
        await self.client.send_json_auto_id(message)
        while (answer := await self.client.receive_json())["type"] != "result":
            pass
        return answer

    async def state(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Subscribe; return the hub and its outlets."""
        assert (await self.ask("subscribe"))["success"]
        events = [(await self.client.receive_json())["event"] for _ in range(3)]
        return events[0]["hub"], {event["outlet"]["device_id"]: event["outlet"] for event in events[1:]}


@pytest.fixture
async def panel(ccu: Ccu, hass_ws_client: Any) -> Panel:
    return Panel(await hass_ws_client(), ccu)


async def test_sockets_with_current_power_and_protection(ccu: Ccu, panel: Panel) -> None:
    await ccu.report(current_a=1500, current_b=0)
    hub, outlets = await panel.state()
    kitchen, garage = outlets["FE"]["sockets"], outlets["FD"]["sockets"]
    assert (kitchen["a"]["current_ma"], kitchen["a"]["power_w"]) == (1500, 345.0)
    assert kitchen["a"]["entity_id"] == ccu.entity_id("switch", "socket_a")
    assert (garage["a"]["protected"], garage["b"]["protected"]) == (False, True)
    assert garage["a"]["power_w"] is None, "unknown, not 0"
    assert kitchen["a"]["can_control"]
    assert hub["can_switch_off"]
    assert (hub["restorable"], hub["is_sum"], hub["alerts"], hub["active_alerts"]) == ([], False, 0, 0)


async def test_a_tripped_socket_and_an_exceeded_threshold(ccu: Ccu, panel: Panel) -> None:
    await ccu.report()
    await ccu.act("number", "set_value", "number", "threshold", value=1000)
    await ccu.report(current_a=65535, current_b=1200, is_overload=True)
    hub, outlets = await panel.state()
    sockets = outlets["FE"]["sockets"]
    assert (sockets["a"]["tripped"], sockets["a"]["current_ma"]) == (True, None)
    assert (sockets["b"]["tripped"], sockets["b"]["over_threshold"]) == (False, True)
    assert hub["alerts"] >= 1


async def test_a_socket_is_switched_and_pending_until_confirmed(ccu: Ccu, panel: Panel) -> None:
    await ccu.report()
    assert (await panel.ask("switch", device_id="FE", socket="b", on=True))["success"]
    _, outlets = await panel.state()
    assert outlets["FE"]["sockets"]["b"]["pending"] is True
    assert [(each["command"], each["socket"]) for each in await ccu.commands()] == [("relay_on", "b")]
    for wrong in ({"device_id": "00"}, {"entry_id": "gone"}):
        answer = await panel.ask("switch", **{"device_id": "FE", "socket": "b", "on": True} | wrong)
        assert answer["error"]["code"] == "not_found"
    assert not (await panel.ask("switch", device_id="FE", socket="c", on=True))["success"]


async def test_thresholds(ccu: Ccu, panel: Panel) -> None:
    assert (await panel.ask("set_threshold", device_id="FE", threshold=2500))["success"]
    assert ccu.hub.model.outlets["FE"].threshold == 2500
    assert (await panel.ask("set_main_threshold", threshold=16000))["success"]
    assert ccu.state("number", "main_threshold", None) == "16000"
    for command, data in (("set_threshold", {"device_id": "FE"}), ("set_main_threshold", {})):
        for threshold in (-1, 10_000_000, "a lot", 1.5):
            assert not (await panel.ask(command, threshold=threshold, **data))["success"]
    assert ccu.hub.model.outlets["FE"].threshold == 2500


async def test_what_was_on_is_switched_on_again(ccu: Ccu, panel: Panel) -> None:
    await ccu.cycle(FE_a=True, FD_b=True)
    assert (await panel.ask("switch_everything_off"))["success"]
    assert (await panel.ask("restore"))["result"]["restored"] == [], "it is in progress"
    refused = await panel.ask("switch", device_id="FE", socket="a", on=True)
    assert refused["error"]["translation_key"] == "power_off_in_progress"
    await ccu.cycle(FD_b=True)
    hub, _ = await panel.state()
    assert (hub["cut"]["finished"], hub["restorable"]) == (True, ["FE/a"]), "FD/b is protected"
    assert (await panel.ask("restore"))["result"]["restored"] == ["FE/a"]
    assert [(each["command"], each["socket"]) for each in await ccu.commands()] == [("relay_on", "a")]
    assert (await panel.ask("restore"))["result"]["restored"] == [], "only once"


async def test_a_second_power_off_remembers_what_the_first_switched_off(ccu: Ccu, panel: Panel) -> None:
    await ccu.cycle(FE_a=True, FD_b=True)
    await panel.ask("switch_everything_off")
    await panel.ask("switch_everything_off", include_protected=True)
    power_off = ccu.hub.model.power_off
    assert power_off is not None
    assert set(power_off.was_on) == {("FE", "a"), ("FD", "b")}


async def test_nothing_to_restore(panel: Panel) -> None:
    assert (await panel.ask("restore"))["result"]["restored"] == []


async def test_a_read_only_user_sees_disabled_controls(
    hass: HomeAssistant, ccu: Ccu, hass_ws_client: Any, hass_read_only_access_token: str
) -> None:
    panel = Panel(await hass_ws_client(access_token=hass_read_only_access_token), ccu)
    hub, outlets = await panel.state()
    assert not (hub["can_switch_off"])
    assert not (hub["can_dismiss"])
    assert not (hub["can_set_threshold"])
    assert not outlets["FE"]["sockets"]["a"]["can_control"]
    assert not outlets["FE"]["can_set_threshold"]
    for command, data in (
        ("switch", {"device_id": "FE", "socket": "a", "on": True}),
        ("set_threshold", {"device_id": "FE", "threshold": 1}),
        ("set_main_threshold", {"threshold": 1}),
        ("restore", {}),
    ):
        assert (await panel.ask(command, **data))["error"]["code"] == "unauthorized"


def test_a_power_off_that_was_stored_before_keeps_its_result() -> None:
    stored = {"id": "p", "started": 1.0, "sockets": [["FE", "a", "confirmed"]], "finished": 2.0}
    assert EmergencyPowerOff.from_dict(stored, 10.0).restorable == ()
    power_off = EmergencyPowerOff("q", 0.0, 1.0, {("FE", "a"): SocketResult.CONFIRMED}, 1.0, (("FE", "a"), ("FD", "a")))
    again = EmergencyPowerOff.from_dict(power_off.as_dict(float), 10.0)
    assert again.restorable == (("FE", "a"),), "a removed outlet is not restored"


async def test_a_socket_alert_names_its_switch(hass: HomeAssistant, ccu: Ccu) -> None:
    events: list[dict[str, Any]] = []
    hass.bus.async_listen("smart_outlet_alert", lambda event: events.append(dict(event.data)))
    await ccu.report(current_a=65535, is_overload=True)
    await hass.async_block_till_done()
    assert events[0]["entity_id"] == ccu.entity_id("switch", "socket_a")
