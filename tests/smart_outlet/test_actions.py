"""Actions, websocket commands, triggers and conditions, and who may use them."""

import asyncio
from pathlib import Path
import shutil
import time
from typing import Any

from homeassistant.auth.models import User
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.smart_outlet.const import DOMAIN, EVENT_ALERT, EVENT_POWER_OFF_FINISHED
from custom_components.smart_outlet.websocket_api import MIN_INTERVAL_S
from tests.skipped_waits import skipped_waits

from .conftest import Ccu, MakeCcu, outlet_data

BLUEPRINT = Path(__file__).parents[2] / "blueprints/automation/smart_outlet/alert_notification.yaml"


async def act(hass: HomeAssistant, action: str, context: Context | None = None, **data: Any) -> Any:
    wants = action != "dismiss_alert"
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=wants, context=context)


@pytest.fixture
def reader(hass_read_only_user: User) -> User:
    return hass_read_only_user


def listen(hass: HomeAssistant, event_type: str) -> list[Event]:
    """Return a list that collects the events of a type."""
    events: list[Event] = []

    @callback
    def collect(event: Event) -> None:
        events.append(event)

    hass.bus.async_listen(event_type, collect)
    return events


# Emergency power-off


async def test_power_off_returns_once_every_socket_is_confirmed(hass: HomeAssistant, ccu: Ccu) -> None:
    await ccu.cycle(FE_a=True, FD_a=True, FD_b=True)
    power_off = asyncio.create_task(act(hass, "switch_everything_off", wait=20))
    await asyncio.sleep(0.05)
    assert not power_off.done()
    await ccu.cycle(FD_b=True)
    (report,) = (await power_off)["hubs"]
    assert report["name"] == "Unit 01"
    assert report["finished"] is True
    assert report["confirmed"] == ["FE/a", "FE/b", "FD/a"]
    assert report["protected"] == ["FD/b"]
    assert report["pending"] == report["unreachable"] == []


async def test_the_former_name_of_the_action_still_works(hass: HomeAssistant, ccu: Ccu) -> None:
    (report,) = (await act(hass, "cut_all_power", wait=0))["hubs"]
    assert report["pending"] == ["FE/a", "FE/b", "FD/a"]


async def test_power_off_waits_no_longer_than_requested(hass: HomeAssistant, ccu: Ccu) -> None:
    await ccu.cycle(FE_a=True)
    async with asyncio.timeout(120):
        (report,) = (await act(hass, "switch_everything_off", wait=0.1, include_protected=True))["hubs"]
    assert report["finished"] is False
    assert report["pending"] == ["FE/a", "FE/b", "FD/a", "FD/b"]


async def test_all_hubs_are_switched_off_in_parallel_despite_an_offline_hub(
    hass: HomeAssistant, make_ccu: MakeCcu
) -> None:
    dead = await make_ccu("01", (outlet_data("FE"),))
    alive = await make_ccu("02", (outlet_data("FD"),), key="another-key")
    await alive.cycle(FD_a=True)
    power_off = asyncio.create_task(act(hass, "switch_everything_off", wait=2))
    await asyncio.sleep(0.05)
    await alive.cycle()
    async with skipped_waits():
        reports = {report["name"]: report for report in (await power_off)["hubs"]}
    assert reports["Unit 02"]["confirmed"] == ["FD/a", "FD/b"]
    assert reports["Unit 01"]["pending"] == ["FE/a", "FE/b"]
    assert len(await dead.commands()) == 2


@pytest.mark.parametrize(("protected", "result"), [(False, (["FD/b"], ["FD/a"])), (True, (["FD/a", "FD/b"], []))])
async def test_sockets_of_a_hub_that_is_not_loaded_are_reported_as_not_reached(
    hass: HomeAssistant, make_ccu: MakeCcu, hass_ws_client: Any, *, protected: bool, result: tuple[list[str], list[str]]
) -> None:
    alive = await make_ccu("01", (outlet_data("FE"),))
    dead = await make_ccu("02", (outlet_data("FD", protected=["a"]),), key="another-key")
    assert await hass.config_entries.async_unload(dead.entry.entry_id)
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "smart_outlet/switch_everything_off", "include_protected": protected})
    over_socket = (await client.receive_json())["result"]["hubs"]
    for reports in (
        over_socket,
        (await act(hass, "switch_everything_off", include_protected=protected, wait=0))["hubs"],
    ):
        found = {report["name"]: report for report in reports}
        assert found["Unit 01"]["pending"] == ["FE/a", "FE/b"]
        assert (found["Unit 02"]["unreachable"], found["Unit 02"]["protected"]) == result
        assert (found["Unit 02"]["confirmed"], found["Unit 02"]["pending"]) == ([], [])
    (report,) = (await act(hass, "switch_everything_off", config_entry_id=alive.entry.entry_id, wait=0))["hubs"]
    assert report["name"] == "Unit 01"
    assert await hass.config_entries.async_unload(alive.entry.entry_id)
    with pytest.raises(ServiceValidationError, match="nothing was switched off"):
        await act(hass, "switch_everything_off", wait=0)
    await client.send_json_auto_id({"type": "smart_outlet/switch_everything_off"})
    assert (await client.receive_json())["error"]["code"] == "not_found"


async def test_power_off_of_one_hub_does_not_affect_the_others(hass: HomeAssistant, make_ccu: MakeCcu) -> None:
    first = await make_ccu("01", (outlet_data("FE"),))
    second = await make_ccu("02", (outlet_data("FD"),), key="another-key")
    await act(hass, "switch_everything_off", config_entry_id=first.entry.entry_id, wait=0)
    assert len(await first.commands()) == 2
    assert await second.commands("FD") == []


@pytest.mark.slow
async def test_a_hundred_outlets_are_switched_off_within_one_poll_and_one_report(
    hass: HomeAssistant, make_ccu: MakeCcu
) -> None:
    ids = [f"{number:02X}" for number in range(100)]
    ccu = await make_ccu("01", tuple(outlet_data(device_id) for device_id in ids))
    await ccu.cycle(**{f"{device_id}_a": True for device_id in ids})
    power_off = asyncio.create_task(act(hass, "switch_everything_off", wait=30))
    await asyncio.sleep(0.05)
    await ccu.cycle()
    # The action returns after one poll and one report, before the wait time is over.
    async with asyncio.timeout(120):
        (report,) = (await power_off)["hubs"]
    assert len(report["confirmed"]) == 200


async def test_a_finished_power_off_is_an_event_and_a_state(hass: HomeAssistant, ccu: Ccu) -> None:
    events = listen(hass, EVENT_POWER_OFF_FINISHED)
    await ccu.cycle(FE_a=True)
    await ccu.press("cut_all_power", None)
    assert ccu.state("sensor", "cut_state", None) == "running"
    await ccu.cycle()
    assert ccu.state("sensor", "cut_state", None) == "complete"
    assert ccu.attributes("event", "power_cut", None)["event_type"] == "complete"
    assert [event.data["hub"] for event in events] == ["Unit 01"]


@pytest.mark.parametrize("action", ["switch_everything_off", "cut_all_power", "dismiss_alert"])
async def test_a_read_only_user_is_refused(hass: HomeAssistant, ccu: Ccu, reader: User, action: str) -> None:
    await ccu.cycle(FE_a=True)
    with pytest.raises(Unauthorized):
        await act(hass, action, Context(user_id=reader.id))
    assert ccu.hub.model.power_off is None


async def test_an_unknown_user_is_refused(hass: HomeAssistant, ccu: Ccu) -> None:
    with pytest.raises(UnknownUser):
        await act(hass, "switch_everything_off", Context(user_id="nobody"))


async def test_an_action_on_an_unknown_hub_is_refused(hass: HomeAssistant, ccu: Ccu) -> None:
    with pytest.raises(ServiceValidationError):
        await act(hass, "list_alerts", config_entry_id="nothing")


# Alerts


async def test_alerts_fire_events_and_are_listed_and_dismissed(hass: HomeAssistant, ccu: Ccu, reader: User) -> None:
    fired = listen(hass, EVENT_ALERT)
    await ccu.report(current_a=65535, is_overload=True)
    assert [(event.data["kind"], event.data["socket"]) for event in fired] == [("overload", "a")]
    (alert,) = (await act(hass, "list_alerts", Context(user_id=reader.id)))["alerts"]
    assert alert["message"] == "Kitchen: socket A tripped on overload"
    assert (alert["outlet"], alert["hub"], alert["cleared"]) == ("Kitchen", "Unit 01", None)
    await act(hass, "dismiss_alert", alert_id=alert["id"])
    assert (await act(hass, "list_alerts"))["alerts"] == []
    assert len((await act(hass, "list_alerts", include_dismissed=True))["alerts"]) == 1
    with pytest.raises(ServiceValidationError):
        await act(hass, "dismiss_alert", alert_id="nothing")


async def test_all_alerts_are_dismissed_at_once(hass: HomeAssistant, ccu: Ccu) -> None:
    await ccu.report(current_a=65535, is_overload=True)
    await ccu.report(device_id="FD", current_b=65535, is_overload=True)
    await act(hass, "dismiss_alert")
    assert (await act(hass, "list_alerts"))["alerts"] == []


async def test_a_user_without_any_permission_sees_no_alerts(
    hass: HomeAssistant, ccu: Ccu, hass_admin_user: MockUser
) -> None:
    await ccu.report(current_a=65535, is_overload=True)
    hass_admin_user.groups = []
    hass_admin_user.is_owner = False
    hass_admin_user.mock_policy({})
    assert (await act(hass, "list_alerts", Context(user_id=hass_admin_user.id)))["alerts"] == []


# Websocket


async def test_a_subscriber_gets_the_current_state_and_every_report(ccu: Ccu, hass_ws_client: Any) -> None:
    await ccu.report()
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "smart_outlet/subscribe"})
    assert (await client.receive_json())["success"]
    first = [(await client.receive_json())["event"] for _ in range(3)]
    assert first[0]["hub"]["outlets"] == ["FE", "FD"]
    assert first[1]["outlet"]["current_a"] == 1234
    for current in (1235, 1236, 1237):
        await asyncio.sleep(0.25)
        await ccu.report(current_a=current)
        async with asyncio.timeout(120):
            event = (await client.receive_json())["event"]
        assert event["outlet"]["current_a"] == current
    # The recorder's side keeps its own pace.
    assert ccu.state("sensor", "current_a") == "1234"


async def test_a_flood_of_reports_is_sent_as_the_newest_state(ccu: Ccu, hass_ws_client: Any) -> None:
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "smart_outlet/subscribe", "entry_id": ccu.entry.entry_id})
    for _ in range(4):
        await client.receive_json()
    await asyncio.sleep(0.25)
    began = time.monotonic()
    for current in range(100):
        await ccu.report(current_a=current)
    seen: list[int] = []
    async with asyncio.timeout(120):
        while not seen or seen[-1] != 99:
            event = (await client.receive_json())["event"]
            if "outlet" in event:
                seen.append(event["outlet"]["current_a"])
    assert len(seen) < 10 + (time.monotonic() - began) / MIN_INTERVAL_S


async def test_a_subscriber_follows_added_and_removed_hubs_and_outlets(
    hass: HomeAssistant, ccu: Ccu, make_ccu: MakeCcu, hass_ws_client: Any
) -> None:
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "smart_outlet/subscribe"})
    for _ in range(4):
        await client.receive_json()
    second = await make_ccu("02", (outlet_data("0A"),), key="another-key")
    events = [(await client.receive_json())["event"] for _ in range(2)]
    assert {event["entry_id"] for event in events} == {second.entry.entry_id}
    await hass.config_entries.async_unload(second.entry.entry_id)
    await asyncio.sleep(0.25)
    await ccu.report()
    await ccu.report(current_a=1)
    async with asyncio.timeout(120):
        # What the second hub was before it was removed may still be on its way.
        while (await client.receive_json())["event"]["entry_id"] != ccu.entry.entry_id:
            pass
    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": 1})
    while "result" not in (await client.receive_json())["type"]:
        pass
    assert ccu.hub.notifier.report_listeners == []


async def test_a_subscriber_without_permission_gets_nothing(
    ccu: Ccu, hass_ws_client: Any, hass_admin_user: MockUser
) -> None:
    hass_admin_user.groups = []
    hass_admin_user.is_owner = False
    hass_admin_user.mock_policy({})
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "smart_outlet/subscribe"})
    assert (await client.receive_json())["success"]
    await ccu.report()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.receive_json(), 0.3)


async def test_alerts_and_power_off_over_the_websocket(ccu: Ccu, hass_ws_client: Any) -> None:
    await ccu.report(current_a=65535, is_overload=True)
    client = await hass_ws_client()

    async def ask(kind: str, **data: Any) -> Any:
        await client.send_json_auto_id({"type": f"smart_outlet/{kind}"} | data)
        return await client.receive_json()

    entry_id = ccu.entry.entry_id
    (alert,) = (await ask("alerts"))["result"]["alerts"]
    assert (await ask("dismiss_alert", entry_id=entry_id, alert_id=alert["id"]))["success"]
    assert (await ask("dismiss_alert", entry_id=entry_id, alert_id="x"))["error"]["code"] == "not_found"
    for kind in ("dismiss_alert", "cut_all_power", "switch_everything_off"):
        assert (await ask(kind, entry_id="gone"))["error"]["code"] == "not_found"
    assert (await ask("alerts"))["result"]["alerts"] == []
    assert len((await ask("alerts", include_dismissed=True))["result"]["alerts"]) == 1
    (report,) = (await ask("switch_everything_off", entry_id=entry_id))["result"]["hubs"]
    assert "FE/a" in report["pending"]


async def test_a_read_only_user_is_refused_over_the_websocket(
    ccu: Ccu, hass_ws_client: Any, hass_read_only_access_token: str
) -> None:
    client = await hass_ws_client(access_token=hass_read_only_access_token)
    for message in (
        {"type": "smart_outlet/cut_all_power"},
        {"type": "smart_outlet/switch_everything_off"},
        {"type": "smart_outlet/dismiss_alert", "entry_id": ccu.entry.entry_id},
    ):
        await client.send_json_auto_id(message)
        assert (await client.receive_json())["error"]["code"] == "unauthorized"
    await client.send_json_auto_id({"type": "smart_outlet/alerts"})
    assert (await client.receive_json())["success"]
    assert ccu.hub.model.power_off is None


# Triggers and conditions


async def automation(hass: HomeAssistant, **config: Any) -> list[Event]:
    """Set up an automation that fires an event; returns the events."""
    fired = listen(hass, "it_ran")
    assert await async_setup_component(hass, "automation", {"automation": config | {"actions": [{"event": "it_ran"}]}})
    await hass.async_block_till_done()
    return fired


async def test_the_overload_trigger_fires_once_per_trip(hass: HomeAssistant, ccu: Ccu) -> None:
    target = {"entity_id": ccu.entity_id("event", "alert")}
    fired = await automation(
        hass,
        triggers=[{"trigger": "smart_outlet.overload_tripped", "target": target}],
    )
    await ccu.report(current_a=65535, is_overload=True)
    await ccu.report(current_a=65535, is_overload=True)
    assert len(fired) == 1
    # Two sockets that trip at once are two events.
    await ccu.report()
    await ccu.report(current_a=65535, current_b=65535, is_overload=True)
    assert len(fired) == 3
    await ccu.report(device_id="FD", current_a=65535, is_overload=True)
    assert len(fired) == 3


@pytest.mark.parametrize("trigger", ["power_off_finished", "cut_finished"])
async def test_the_power_off_trigger_fires_for_the_device_of_the_hub(
    hass: HomeAssistant, ccu: Ccu, trigger: str
) -> None:
    target = {"device_id": ccu.hub.info.device_registry_id}
    fired = await automation(
        hass,
        triggers=[{"trigger": f"smart_outlet.{trigger}", "target": target}],
    )
    await ccu.cycle(FE_a=True)
    await ccu.press("cut_all_power", None)
    assert fired == []
    await ccu.cycle()
    assert len(fired) == 1


async def test_the_overload_condition(hass: HomeAssistant, ccu: Ccu) -> None:
    target = {"entity_id": ccu.entity_id("binary_sensor", "overload")}
    fired = await automation(
        hass,
        triggers=[{"trigger": "event", "event_type": "go"}],
        conditions=[{"condition": "smart_outlet.is_overloaded", "target": target}],
    )
    assert ccu.state("binary_sensor", "overload") != STATE_UNKNOWN
    hass.bus.async_fire("go")
    await hass.async_block_till_done()
    assert fired == []
    await ccu.report(current_a=65535, is_overload=True)
    hass.bus.async_fire("go")
    await hass.async_block_till_done()
    assert len(fired) == 1


@pytest.mark.parametrize("condition", ["is_power_off_in_progress", "cut_is_running"])
async def test_the_power_off_condition(hass: HomeAssistant, ccu: Ccu, condition: str) -> None:
    fired = await automation(
        hass,
        triggers=[{"trigger": "event", "event_type": "go"}],
        conditions=[
            {
                "condition": f"smart_outlet.{condition}",
                "target": {"entity_id": ccu.entity_id("sensor", "cut_state", None)},
            }
        ],
    )
    hass.bus.async_fire("go")
    await hass.async_block_till_done()
    assert fired == []
    await ccu.cycle(FE_a=True)
    await ccu.press("cut_all_power", None)
    hass.bus.async_fire("go")
    await hass.async_block_till_done()
    assert len(fired) == 1


async def test_the_blueprint_sends_the_selected_alerts(hass: HomeAssistant, ccu: Ccu, tmp_path: Path) -> None:
    hass.config.config_dir = str(tmp_path)
    shutil.copytree(BLUEPRINT.parents[2], tmp_path / "blueprints")
    inputs = {
        "kinds": ["overload"],
        "notify_actions": [{"event": "it_ran", "event_data": {"text": "{{ title }}: {{ message }}"}}],
    }
    fired = listen(hass, "it_ran")
    use = {"path": "smart_outlet/alert_notification.yaml", "input": inputs}
    assert await async_setup_component(hass, "automation", {"automation": {"use_blueprint": use}})
    await hass.async_block_till_done()
    await ccu.act("number", "set_value", "number", "threshold", value=100)
    await ccu.report(current_b=200)
    await ccu.report(current_a=65535, is_overload=True)
    texts = [event.data["text"] for event in fired]
    assert texts == ["Smart Outlet: Unit 01: Kitchen: socket A tripped on overload"]
