"""Blueprints of outlets and power stations."""

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from .conftest import Later, Phone, Run, calls, events, own_entity, settle

ALERT = {
    "id": "a1",
    "entry_id": "hub1",
    "hub": "Unit 01",
    "kind": "overload",
    "device_id": "FE",
    "socket": "a",
    "entity_id": "switch.kettle",
    "message": "Kitchen: socket A tripped on overload",
}


async def test_an_alert_is_answered_by_switching_the_socket_off(hass: HomeAssistant, phone: Phone, run: Run) -> None:
    await run("smart_outlet/alert_phone.yaml", phone=phone.device_id)
    off, dismissed = calls(hass, "switch.turn_off"), calls(hass, "smart_outlet.dismiss_alert")
    hass.bus.async_fire("smart_outlet_alert", ALERT)
    await settle()
    (notice,) = phone.notices
    assert (notice["title"], notice["message"]) == ("Unit 01", ALERT["message"])
    assert [each["title"] for each in notice["data"]["actions"]] == ["Switch off", "Dismiss"]
    await phone.tap("Switch off")
    assert [call.data["entity_id"] for call in off] == [["switch.kettle"]]
    assert not dismissed


async def test_two_alerts_are_answered_independently(hass: HomeAssistant, phone: Phone, run: Run) -> None:
    await run("smart_outlet/alert_phone.yaml", phone=phone.device_id, dismiss_text="Ok")
    dismissed = calls(hass, "smart_outlet.dismiss_alert")
    hass.bus.async_fire("smart_outlet_alert", ALERT)
    offline = ALERT | {"id": "a2", "kind": "offline", "socket": None, "entity_id": None}
    hass.bus.async_fire("smart_outlet_alert", offline)
    hass.bus.async_fire("smart_outlet_alert", ALERT | {"id": "a3", "kind": "command_failed"})
    await settle()
    assert [[each["title"] for each in notice["data"]["actions"]] for notice in phone.notices] == [
        ["Switch off", "Ok"],
        ["Ok"],
    ], "an offline outlet cannot be switched off; other types are not selected"
    await phone.tap("Ok")
    assert [call.data["alert_id"] for call in dismissed] == ["a2"]


async def test_alert_notification(hass: HomeAssistant, run: Run) -> None:
    ran = events(hass, "it_ran")
    await run(
        "smart_outlet/alert_notification.yaml",
        notify_actions=[{"event": "it_ran", "event_data": {"text": "{{ title }}: {{ message }}"}}],
    )
    hass.bus.async_fire("smart_outlet_alert", ALERT)
    await settle()
    assert [event.data["text"] for event in ran] == [f"Smart Outlet: Unit 01: {ALERT['message']}"]


@pytest.fixture
async def outlets(hass: HomeAssistant) -> list[str]:
    """Two outlets that are on and one that is off."""
    helpers = {"a": {"initial": True}, "b": {"initial": True}, "c": {"initial": False}}
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": helpers})
    templates = [
        {
            "name": name,
            "default_entity_id": f"switch.{name}",
            "state": f"{{{{ is_state('input_boolean.{name}', 'on') }}}}",
            "turn_on": {"action": "input_boolean.turn_on", "target": {"entity_id": f"input_boolean.{name}"}},
            "turn_off": {"action": "input_boolean.turn_off", "target": {"entity_id": f"input_boolean.{name}"}},
        }
        for name in helpers
    ]
    assert await async_setup_component(hass, "template", {"template": {"switch": templates}})
    await hass.async_block_till_done()
    return [f"switch.{name}" for name in helpers]


def _states(hass: HomeAssistant, entity_ids: list[str]) -> str:
    return " ".join(state.state if (state := hass.states.get(each)) else "-" for each in entity_ids)


async def test_outlets_are_shed_and_restored(hass: HomeAssistant, outlets: list[str], run: Run) -> None:
    hass.states.async_set("sensor.battery", "50")
    hass.states.async_set("binary_sensor.grid", "off")
    await run(
        "ecoflow/low_battery.yaml",
        battery="sensor.battery",
        outlets=outlets,
        low=20,
        recovered=40,
        grid=["binary_sensor.grid"],
    )
    for level, expected in (("21", "on on off"), ("unavailable", "on on off"), ("19", "off off off")):
        hass.states.async_set("sensor.battery", level)
        await settle()
        assert _states(hass, outlets) == expected
    for level, expected in (("39", "off off off"), ("41", "on on off")):
        hass.states.async_set("sensor.battery", level)
        await settle()
        assert _states(hass, outlets) == expected, "the one that was off remains off"


async def test_nothing_is_shed_while_the_grid_is_there(hass: HomeAssistant, outlets: list[str], run: Run) -> None:
    hass.states.async_set("sensor.battery", "50")
    hass.states.async_set("binary_sensor.grid", "on")
    await run("ecoflow/low_battery.yaml", battery="sensor.battery", outlets=outlets, grid=["binary_sensor.grid"])
    hass.states.async_set("sensor.battery", "10")
    await settle()
    assert _states(hass, outlets) == "on on off"


@pytest.mark.parametrize(("lasts_s", "shed"), [(10, "on on off"), (60, "off off off")])
async def test_a_grid_outage(
    hass: HomeAssistant, phone: Phone, outlets: list[str], run: Run, later: Later, lasts_s: int, shed: str
) -> None:
    grid = own_entity(hass, "event", "ecoflow", "grid")
    hass.states.async_set(grid, "2026-01-01T00:00:00+00:00", {"event_type": "restored"})
    await run("ecoflow/grid_loss.yaml", grid={"entity_id": grid}, phone=phone.device_id, outlets=outlets)

    async def happens(event_type: str) -> None:
        hass.states.async_set(grid, dt_util.utcnow().isoformat(), {"event_type": event_type})
        await settle()

    await happens("lost")
    assert [notice["message"] for notice in phone.notices] == ["The grid supply was lost."]
    await later(seconds=lasts_s)
    assert _states(hass, outlets) == shed
    await happens("restored")
    assert _states(hass, outlets) == "on on off"
    assert phone.notices[-1]["message"] == "The grid supply was restored."
