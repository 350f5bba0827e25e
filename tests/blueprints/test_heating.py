"""Blueprints of the heating system and of firmware rollouts."""

from datetime import datetime
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from .conftest import Later, Phone, Run, calls, events, settle

PROFILES = ["auto", "comfort", "eco", "away", "antifreeze"]


@pytest.fixture
async def heating(hass: HomeAssistant) -> str:
    """A selectable profile."""
    config = {"input_select": {"profile": {"options": PROFILES}}}
    assert await async_setup_component(hass, "input_select", config)
    select = {
        "name": "profile",
        "default_entity_id": "select.profile",
        "state": "{{ states('input_select.profile') }}",
        "options": f"{{{{ {PROFILES} }}}}",
        "select_option": {
            "action": "input_select.select_option",
            "target": {"entity_id": "input_select.profile"},
            "data": {"option": "{{ option }}"},
        },
    }
    assert await async_setup_component(hass, "template", {"template": {"select": select}})
    await hass.async_block_till_done()
    return "select.profile"


def value(hass: HomeAssistant, entity_id: str) -> str:
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


async def test_a_failure_escalates_until_someone_confirms(
    hass: HomeAssistant, phone: Phone, run: Run, later: Later
) -> None:
    escalated = events(hass, "escalated")
    hass.states.async_set("binary_sensor.fault", "off", {"friendly_name": "Boiler Fault"})
    hass.states.async_set("binary_sensor.controller", "on")
    await run(
        "proof_of_heat/heating_failure.yaml",
        problems=["binary_sensor.fault"],
        controllers=["binary_sensor.controller"],
        phone=phone.device_id,
        escalation=[{"event": "escalated", "event_data": {"text": "{{ message }}"}}],
    )
    hass.states.async_set("binary_sensor.fault", "on", {"friendly_name": "Boiler Fault"})
    await later(minutes=4)
    assert not phone.notices, "a short fault is not reported"
    await later(minutes=2)
    assert [notice["message"] for notice in phone.notices] == ["Boiler Fault (On)"]
    await later(minutes=31)
    assert phone.notices[-1]["data"]["push"]["interruption-level"] == "critical"
    assert ["Boiler Fault" in event.data["text"] for event in escalated] == [True]

    hass.states.async_set("binary_sensor.controller", "off")
    await later(minutes=6)
    assert len(phone.notices) == 3
    await phone.tap("Confirm")
    await later(minutes=31)
    assert (len(phone.notices), len(escalated)) == (3, 1), "a confirmed problem does not escalate"


async def test_a_problem_that_ended_does_not_escalate(
    hass: HomeAssistant, phone: Phone, run: Run, later: Later
) -> None:
    hass.states.async_set("binary_sensor.fault", "off")
    await run("proof_of_heat/heating_failure.yaml", problems=["binary_sensor.fault"], phone=phone.device_id)
    hass.states.async_set("binary_sensor.fault", "on")
    await later(minutes=6)
    hass.states.async_set("binary_sensor.fault", "off")
    await later(minutes=31)
    assert len(phone.notices) == 1


@pytest.mark.parametrize(("outdoor_c", "notices"), [("2.0", 1), ("-12.0", 0), ("unavailable", 1)])
async def test_a_low_cop_is_reported_unless_it_is_cold(
    hass: HomeAssistant, phone: Phone, run: Run, later: Later, outdoor_c: str, notices: int
) -> None:
    hass.states.async_set("sensor.cop", "3.4", {"friendly_name": "COP today"})
    hass.states.async_set("sensor.outdoor", outdoor_c)
    await run(
        "proof_of_heat/cop_drop.yaml",
        cop="sensor.cop",
        threshold=2.5,
        phone=phone.device_id,
        coldest=["sensor.outdoor"],
    )
    hass.states.async_set("sensor.cop", "2.1", {"friendly_name": "COP today"})
    await later(hours=5)
    assert not phone.notices
    await later(hours=2)
    assert [notice["message"] for notice in phone.notices] == ["COP today is 2.1, below 2.5."] * notices


async def test_an_open_window_lowers_the_setpoint(hass: HomeAssistant, run: Run, later: Later) -> None:
    await async_setup_component(hass, "proof_of_heat", {})
    windows = ["binary_sensor.left", "binary_sensor.right"]
    for window in windows:
        hass.states.async_set(window, "off")
    await run("proof_of_heat/window_open.yaml", windows=windows, zone="climate.living", setback=10)
    override, clear = calls(hass, "proof_of_heat.override"), calls(hass, "proof_of_heat.clear_override")
    hass.states.async_set(windows[0], "on")
    hass.states.async_set(windows[1], "on")
    await later(minutes=2)
    assert not override
    await later(minutes=2)
    assert {(str(call.data["entity_id"]), call.data["temperature"]) for call in override} == {("climate.living", 10)}
    hass.states.async_set(windows[0], "off")
    await settle()
    assert not clear, "the other one is still open"
    hass.states.async_set(windows[1], "unavailable")
    await settle()
    assert [str(call.data["entity_id"]) for call in clear] == ["climate.living"]


async def test_away_and_preheat_on_the_way_home(hass: HomeAssistant, heating: str, run: Run, later: Later) -> None:
    people = ["person.a", "person.b"]
    for person in people:
        hass.states.async_set(person, "home")
    hass.states.async_set("zone.motorway", "0", {"friendly_name": "Motorway"})
    await run("proof_of_heat/away.yaml", people=people, heating=heating, way_home=["zone.motorway"])
    hass.states.async_set("person.a", "not_home")
    await later(minutes=31)
    assert value(hass, heating) == "auto", "one person is at home"
    hass.states.async_set("person.b", "unknown")
    await later(minutes=31)
    hass.states.async_set("person.a", "Work")
    await later(minutes=31)
    assert value(hass, heating) == "auto", "the place of one person is not known"
    hass.states.async_set("person.b", "not_home")
    await later(minutes=31)
    assert value(hass, heating) == "away"
    hass.states.async_set("person.a", "Motorway")
    await settle()
    assert value(hass, heating) == "auto"


async def test_a_profile_that_someone_selected_is_left_alone(
    hass: HomeAssistant, heating: str, run: Run, later: Later
) -> None:
    hass.states.async_set("person.a", "home")
    await run("proof_of_heat/away.yaml", people=["person.a"], heating=heating)
    hass.states.async_set("person.a", "not_home")
    await later(minutes=31)
    await hass.services.async_call(
        "select", "select_option", {"entity_id": heating, "option": "antifreeze"}, blocking=True
    )
    hass.states.async_set("person.a", "home")
    await settle()
    assert value(hass, heating) == "antifreeze"


async def test_the_daily_and_the_weekly_report(
    hass: HomeAssistant, phone: Phone, run: Run, later: Later, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(datetime(2026, 11, 3, 12, tzinfo=dt_util.get_default_time_zone()))
    asked: list[dict[str, Any]] = []
    rows = [{"change": 0.25}, {"change": 1.5}, {"change": None}]

    async def statistics(call: Any) -> dict[str, Any]:
        asked.append(dict(call.data))
        return {"statistics": {"sensor.cost": rows}}

    hass.services.async_register("recorder", "get_statistics", statistics, supports_response=SupportsResponse.ONLY)
    hass.states.async_set("sensor.cost", "812.5", {"unit_of_measurement": "EUR"})
    hass.states.async_set("sensor.cop", "3.42")
    await run("proof_of_heat/report.yaml", cost="sensor.cost", phone=phone.device_id, cop=["sensor.cop"])
    await later(hours=9, seconds=1)
    assert [notice["message"] for notice in phone.notices] == ["Heating cost 1.75 EUR today. COP 3.4."]
    assert asked[0]["start_time"].startswith("2026-11-03T00:00:00")
    assert asked[0]["period"] == "5minute", "the hour before the report counts too"
    saved = {"saved": 12.345, "saved_low": 8.0, "saved_high": 15.5, "cost": 40.0, "currency": "EUR"}
    hass.bus.async_fire("proof_of_heat_event", {"type": "savings_report_ready", "period": "week", **saved})
    await settle()
    assert phone.notices[-1]["title"] == "Heating: report of the week"
    assert phone.notices[-1]["message"] == "Saved 12.35 EUR (8.00 to 15.50). Cost 40.00 EUR."
    simulated = {**saved, "simulated": True, "offer": True, "reference_cost": 52.3}
    hass.bus.async_fire("proof_of_heat_event", {"type": "savings_report_ready", "period": "week", **simulated})
    await settle()
    assert phone.notices[-1]["message"] == (
        "Simulation only: heating control would have saved 12.35 EUR (8.00 to 15.50). Actual cost 52.30 EUR. "
        "Turn on heating control to save this."
    )
    past = {"days": 30, "saved": 31.0, "saved_low": 20.5, "saved_high": 41.004}
    hass.bus.async_fire(
        "proof_of_heat_event", {"type": "savings_report_ready", "period": "month", **saved, "history": past}
    )
    await settle()
    assert phone.notices[-1]["title"] == "Heating: report of the month"
    assert phone.notices[-1]["message"] == (
        "Saved 12.35 EUR (8.00 to 15.50). Cost 40.00 EUR. In 30 days of history from before the installation, heating "
        "control would have saved 31.00 EUR (20.50 to 41.00)."
    )
    rows.clear()
    await later(days=1)
    assert phone.notices[-1]["message"].startswith("The heating cost of today is not known.")


@pytest.mark.parametrize(("hour", "notices"), [(12, 1), (3, 0)])
async def test_a_cheap_hour(
    hass: HomeAssistant, phone: Phone, run: Run, freezer: FrozenDateTimeFactory, hour: int, notices: int
) -> None:
    freezer.move_to(datetime(2026, 11, 3, hour, tzinfo=dt_util.get_default_time_zone()))
    ran = events(hass, "it_ran")
    hass.states.async_set("sensor.price", "0.31", {"unit_of_measurement": "EUR/kWh"})
    await run(
        "proof_of_heat/cheap_hour.yaml",
        price="sensor.price",
        limit=0.1,
        phone=phone.device_id,
        also=[{"event": "it_ran"}],
    )
    hass.states.async_set("sensor.price", "unavailable")
    await settle()
    hass.states.async_set("sensor.price", "-0.02", {"unit_of_measurement": "EUR/kWh"})
    await settle()
    assert [notice["message"] for notice in phone.notices] == ["The price is -0.02 EUR/kWh."] * notices
    assert len(ran) == 1, "the actions also run at night"


async def test_telegram_commands(hass: HomeAssistant, heating: str, run: Run) -> None:
    hass.states.async_set("sensor.decision", "heating", {"words": "An older reason."})
    hass.states.async_set("sensor.room", "20.53", {"friendly_name": "Living room", "unit_of_measurement": "°C"})
    await run(
        "proof_of_heat/telegram.yaml", chats=["42"], heating=heating, decision="sensor.decision", shown=["sensor.room"]
    )
    sent = calls(hass, "telegram_bot.send_message")

    async def command(text: str, *args: str, chat: int = 42) -> str | None:
        sent.clear()
        hass.bus.async_fire("telegram_command", {"command": text, "args": list(args), "chat_id": chat})
        await settle()
        return sent[0].data["message"] if sent else None

    assert await command("/why") == "heating", "the reason cannot be asked for"
    assert await command("/status@home_bot") == "heating, profile auto\nLiving room: 20.53 °C"
    assert await command("/profile", "eco", chat=7) is None, "another chat"
    assert await command("/profile", "turbo") == (
        "Unknown profile turbo. Select one of auto, comfort, eco, away, antifreeze."
    )
    assert value(hass, heating) == "auto"
    assert await command("/profile", "Eco") == "Profile: eco"
    assert value(hass, heating) == "eco"
    assert await command("/lights") is None
    hass.states.async_set(heating, "unavailable")
    for text in (("/status",), ("/why",), ("/profile",), ("/profile", "eco")):
        assert await command(*text) == "The heating is not available."


async def test_telegram_why_asks_for_the_decision(hass: HomeAssistant, run: Run) -> None:
    """The reason is that of the last decision, of the selected heating system."""
    entry = MockConfigEntry(domain="test")
    entry.add_to_hass(hass)
    heating = er.async_get(hass).async_get_or_create("select", "proof_of_heat", "profile", config_entry=entry).entity_id
    hass.states.async_set(heating, "auto", {"options": PROFILES})
    hass.states.async_set("sensor.decision", "heating", {"words": "An older reason."})
    rows: list[dict[str, str]] = []
    await run("proof_of_heat/telegram.yaml", chats=["42"], heating=heating, decision="sensor.decision")
    asked = async_mock_service(
        hass,
        "proof_of_heat",
        "get_decisions",
        response={"decisions": rows},
        supports_response=SupportsResponse.ONLY,
    )
    sent = calls(hass, "telegram_bot.send_message")

    async def why() -> str:
        sent.clear()
        hass.bus.async_fire("telegram_command", {"command": "/why", "args": [], "chat_id": 42})
        await settle()
        message: str = sent[0].data["message"]
        return message

    assert await why() == "heating", "no decision yet"
    rows.append({"words": "The heat pump heats: it is the cheapest source."})
    assert await why() == "The heat pump heats: it is the cheapest source."
    assert asked[0].data == {"config_entry_id": entry.entry_id, "count": 1}


async def test_a_stopped_rollout_is_resumed_or_aborted(
    hass: HomeAssistant, phone: Phone, run: Run, later: Later
) -> None:
    await async_setup_component(hass, "ota", {})
    await run("ota/rollout_failed.yaml", phone=phone.device_id)
    resumed, aborted = calls(hass, "ota.resume"), calls(hass, "ota.abort")

    async def changed(rollout: str, status: str, reason: str | None) -> None:
        data = {"rollout": rollout, "name": f"Heater {rollout}", "status": status, "reason": reason}
        hass.bus.async_fire("ota_rollout", data)
        await settle()

    await changed("r1", "running", None)
    await changed("r1", "paused", None)
    assert not phone.notices, "a person paused it"
    await changed("r1", "paused", "failure_rate")
    assert phone.notices[-1]["message"] == "Rollout Heater r1 is paused (failure rate)."
    await phone.tap("Resume")
    assert [call.data["rollout"] for call in resumed] == ["r1"]
    await changed("r2", "paused", "max_failures")
    await phone.tap("Abort")
    assert [call.data["rollout"] for call in aborted] == ["r2"]
    await changed("r3", "paused", "max_failures")
    await later(hours=13)
    await phone.tap("Abort")
    assert len(aborted) == 1, "too late"
    hass.bus.async_fire("ota_update", {"name": "Pump", "state": "failed", "version": "2.0", "reason": "boot_loop"})
    await settle()
    assert len(phone.notices) == 3, "single devices only if selected"


async def test_each_failed_device_is_reported_if_selected(hass: HomeAssistant, phone: Phone, run: Run) -> None:
    await run("ota/rollout_failed.yaml", phone=phone.device_id, devices=True)
    hass.bus.async_fire("ota_update", {"name": "Pump", "state": "failed", "version": "2.0", "reason": "boot_loop"})
    await settle()
    assert [notice["message"] for notice in phone.notices] == ["Pump: update to 2.0 failed (boot loop)."]
