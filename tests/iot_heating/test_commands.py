"""Commands to controllers, on the wire of both protocols; nothing of protocol 2 reaches a protocol 1 controller."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from . import controller_subentry, device_record, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"
V1_REPLY = ["config"]
V1_CONFIG = [
    "protocol_version",
    "device_id",
    "building_id",
    "iot_enabled",
    "curve",
    "schedule",
    "updated_at",
    "server_time",
]
type Sync = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def sync(hass: HomeAssistant, client: TestClient, key: str) -> Sync:
    """Calls as the controller."""

    async def call(**body: Any) -> dict[str, Any]:
        reply = await client.post(PATH, headers={"X-Device-Key": key}, json=body)
        assert reply.status == HTTPStatus.OK, await reply.text()
        await hass.async_block_till_done(wait_background_tasks=True)
        answer: dict[str, Any] = await reply.json()
        if body.get("protocol_version") != 2:
            assert list(answer) == V1_REPLY
            assert list(answer["config"]) == V1_CONFIG
        return answer

    return call


@pytest.fixture
async def select(hass: HomeAssistant, building: MockConfigEntry, key: str) -> Callable[[str], Awaitable[None]]:
    """Chooses what the controller is forced to."""

    async def choose(option: str) -> None:
        target = entity_id(hass, "select", controller_subentry(building).subentry_id, "control")
        await hass.services.async_call(
            "select", "select_option", {"entity_id": target, "option": option}, blocking=True
        )
        await hass.async_block_till_done()

    return choose


def shown(hass: HomeAssistant, building: MockConfigEntry) -> tuple[str, str | None, str]:
    """What is confirmed, what is pending, and how far the newest command is."""
    owner = controller_subentry(building).subentry_id
    control = hass.states.get(entity_id(hass, "select", owner, "control"))
    command = hass.states.get(entity_id(hass, "sensor", owner, "command"))
    assert control
    assert command
    return control.state, control.attributes.get("pending"), command.state


async def later(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass; entities are written at most every ten seconds."""
    while seconds > 0:
        freezer.tick(timedelta(seconds=min(11, seconds)))
        seconds -= 11
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)


async def test_protocol_1_from_pending_to_confirmed(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, select: Any, freezer: FrozenDateTimeFactory
) -> None:
    await sync(state="off")
    assert shown(hass, building) == ("auto", None, "unknown")
    await select("on")
    await later(hass, freezer, 11)
    assert shown(hass, building) == ("auto", "on", "pending")
    config = (await sync(state="off"))["config"]
    assert config["schedule"] == [{"day": "Daily", "slots": ["00:00-24:00"], "mode": "Manual", "target": "30C"}]
    await later(hass, freezer, 11)
    assert shown(hass, building) == ("auto", "on", "delivered")
    await sync(state="on")
    await later(hass, freezer, 11)
    assert shown(hass, building) == ("on", None, "confirmed")
    await select("auto")
    config = (await sync(state="on"))["config"]
    assert config["schedule"] == []
    await sync(state="on")
    await later(hass, freezer, 11)
    assert shown(hass, building) == ("auto", None, "confirmed")


async def test_a_command_that_is_not_confirmed_in_time_fails_and_its_override_ends(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, select: Any, freezer: FrozenDateTimeFactory
) -> None:
    await sync(state="off")
    await select("on")
    assert (await sync(state="off"))["config"]["schedule"] != []
    await later(hass, freezer, 16 * 60)
    assert shown(hass, building)[2] == "failed"
    assert (await sync(state="off"))["config"]["schedule"] == []
    await later(hass, freezer, 11)
    assert shown(hass, building) == ("auto", None, "failed")
    sensor = hass.states.get(entity_id(hass, "sensor", controller_subentry(building).subentry_id, "command"))
    assert sensor
    assert (sensor.attributes["reason"], sensor.attributes["command"]) == ("expired", "force_on")


async def test_protocol_2_is_negotiated_and_acknowledges(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, select: Any, freezer: FrozenDateTimeFactory
) -> None:
    reply = await sync(protocol_version=2, state="off", rssi=-61)
    assert reply["config"]["protocol_version"] == 2
    assert reply["commands"] == []
    await select("off")
    reply = await sync(protocol_version=2, state="off")
    assert reply["config"]["force"] == "off"
    (command,) = reply["commands"]
    assert (command["name"], command["args"]) == ("force_off", {})
    assert (await sync(protocol_version=2))["commands"] == [], "not again before twenty seconds"
    await sync(protocol_version=2, acks=[{"id": command["id"], "ok": True}])
    await later(hass, freezer, 11)
    assert shown(hass, building) == ("off", None, "confirmed")


async def test_protocol_2_can_refuse(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, select: Any, freezer: FrozenDateTimeFactory
) -> None:
    await select("on")
    (command,) = (await sync(protocol_version=2))["commands"]
    reply = await sync(protocol_version=2, acks=[{"id": command["id"], "ok": False, "message": "too hot"}])
    assert reply["config"]["force"] == "auto"
    await later(hass, freezer, 11)
    assert shown(hass, building) == ("auto", None, "failed")


async def test_get_negotiates_by_the_query(client: TestClient, key: str) -> None:
    for query, version in (("", 1), ("?protocol_version=2", 2), ("?protocol_version=1", 1), ("?protocol_version=x", 1)):
        reply = await client.get(PATH + query, headers={"X-Device-Key": key})
        assert (await reply.json())["config"]["protocol_version"] == version


async def test_a_version_1_controller_may_send_what_version_2_would_refuse(sync: Sync) -> None:
    await sync(rssi="strong", acks="none", firmware_version=7)


async def test_a_bad_field_of_version_2_is_named_in_the_reply(client: TestClient, key: str) -> None:
    body = {"protocol_version": 2, "rssi": "strong", "temp_out": -127, "supply_temp": 45.5}
    reply = await client.post(PATH, headers={"X-Device-Key": key}, json=body)
    answer = await reply.json()
    assert (reply.status, answer["ignored"]) == (HTTPStatus.OK, ["temp_out", "rssi"])
    assert answer["config"]["device_id"] == "ESP32-001"
    body |= {"rssi": -60, "temp_out": -1}
    assert "ignored" not in await (await client.post(PATH, headers={"X-Device-Key": key}, json=body)).json()


async def test_commands_survive_a_restart(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, select: Any
) -> None:
    await select("on")
    await hass.config_entries.async_reload(building.entry_id)
    (command,) = (await sync(protocol_version=2))["commands"]
    assert command["name"] == "force_on"


@pytest.mark.parametrize("button", ["reboot", "identify"])
async def test_buttons_need_protocol_2(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, button: str, freezer: FrozenDateTimeFactory
) -> None:
    target = entity_id(hass, "button", controller_subentry(building).subentry_id, button)
    await sync(state="off")
    state = hass.states.get(target)
    assert state
    assert state.state == "unavailable"
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    from custom_components.iot_heating.protocol.commands import CommandName

    with pytest.raises(ServiceValidationError) as caught:
        await building.runtime_data.commands.async_send(controller, CommandName(button))
    assert caught.value.translation_key == "needs_protocol_2"
    await sync(protocol_version=2, uptime_s=5)
    await later(hass, freezer, 11)
    await hass.services.async_call("button", "press", {"entity_id": target}, blocking=True)
    assert [c["name"] for c in (await sync(protocol_version=2))["commands"]] == [button]


async def test_a_forced_state_ends_by_itself(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, freezer: FrozenDateTimeFactory
) -> None:
    from custom_components.iot_heating.protocol.commands import CommandName

    controller = building.runtime_data.hub.controllers["ESP32-001"]
    await building.runtime_data.commands.async_send(controller, CommandName.FORCE_ON, duration=timedelta(hours=1))
    assert (await sync(state="off"))["config"]["schedule"] != []
    assert (await sync(state="on"))["config"]["schedule"] != []
    freezer.tick(timedelta(hours=1))
    config = (await sync(state="on"))["config"]
    assert config["schedule"] == []
    assert config["updated_at"] != building.runtime_data.building.profile.updated_at.isoformat()


async def test_progress_is_published_as_events(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, select: Any
) -> None:
    target = entity_id(hass, "event", controller_subentry(building).subentry_id, "command_event")
    told = []
    hass.bus.async_listen(
        "state_changed",
        callback(
            lambda event: (
                told.append(event.data["new_state"].attributes.get("event_type"))
                if event.data["entity_id"] == target and event.data["new_state"].state != "unknown"
                else None
            )
        ),
    )
    await select("on")
    await sync(state="off")
    await sync(state="on")
    assert told == ["pending", "delivered", "confirmed"]


async def test_protocol_2_gets_forecast_and_extras_show(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, freezer: FrozenDateTimeFactory
) -> None:
    asked: list[str] = []

    async def forecasts(call: Any) -> dict[str, Any]:
        asked.append(call.data["type"])
        points = [
            {"datetime": "2026-01-05T12:00:00+00:00", "temperature": 41.0},
            {"datetime": "nonsense", "temperature": 1},
            {"datetime": "2026-01-05T13:00:00+00:00", "temperature": None},
            "x",
        ]
        return {"weather.home": {"forecast": points}}

    from homeassistant.core import SupportsResponse

    freezer.move_to("2026-01-05 11:30:00+00:00")
    hass.states.async_set("weather.home", "sunny", {"temperature_unit": "°F"})
    hass.services.async_register("weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY)
    hass.config_entries.async_update_entry(building, options={"weather_entity": "weather.home"})
    await hass.async_block_till_done()
    reply = await sync(protocol_version=2, firmware_version="1.4.2")
    assert reply["forecast"] == [{"time": "2026-01-05T12:00:00Z", "temp_out": 5.0}]
    await sync(protocol_version=2)
    assert asked == ["hourly"], "kept for half an hour"
    assert building.runtime_data.hub.controllers["ESP32-001"].values["firmware_version"] == "1.4.2"


async def test_a_weather_that_does_not_answer_costs_nothing(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, caplog: pytest.LogCaptureFixture
) -> None:
    hass.config_entries.async_update_entry(building, options={"weather_entity": "weather.gone"})
    await hass.async_block_till_done()
    reply = await sync(protocol_version=2)
    assert "forecast" not in reply
    assert "weather.gone returned no forecast" in caplog.text


@pytest.mark.parametrize("fault", ["raises", "hangs", "unit"])
async def test_a_weather_that_fails_in_any_way_costs_no_reply(
    hass: HomeAssistant,
    building: MockConfigEntry,
    sync: Sync,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    from homeassistant.core import SupportsResponse

    async def forecasts(call: Any) -> dict[str, Any]:
        if fault == "raises":
            raise ValueError("provider is down")
        if fault == "hangs":
            await asyncio.Event().wait()
        return {"weather.home": {"forecast": [{"datetime": "2026-01-05T12:00:00+00:00", "temperature": 41.0}]}}

    monkeypatch.setattr("custom_components.iot_heating.runtime.weather_forecast._TIMEOUT_S", 0.05)
    hass.states.async_set("weather.home", "sunny", {"temperature_unit": "furlong"})
    hass.services.async_register("weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY)
    hass.config_entries.async_update_entry(building, options={"weather_entity": "weather.home"})
    await hass.async_block_till_done()
    reply = await sync(protocol_version=2)
    assert (reply["config"]["device_id"], "forecast" in reply) == ("ESP32-001", False)
    assert caplog.text.count("weather.home returned no forecast") == 1


async def test_the_override_of_a_curve_that_was_not_delivered_in_time_ends(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync, freezer: FrozenDateTimeFactory
) -> None:
    from custom_components.iot_heating.protocol.commands import CommandName

    controller = building.runtime_data.hub.controllers["ESP32-001"]
    await building.runtime_data.commands.async_send(controller, CommandName.SET_CURVE, {"value": 90})
    await later(hass, freezer, 16 * 60)
    assert (await sync())["config"]["curve"]["value"] == 50


async def test_releasing_an_unknown_or_released_controller_does_nothing(
    hass: HomeAssistant, building: MockConfigEntry, sync: Sync
) -> None:
    await building.runtime_data.commands.async_release("no-such-controller")
    await building.runtime_data.commands.async_release("ESP32-001")
    assert device_record(building).override.is_empty
