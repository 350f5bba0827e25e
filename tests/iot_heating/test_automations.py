"""Triggers and conditions, in automations."""

from datetime import timedelta
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from . import add_controller, controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"


class Automation:
    """An automation that notes when it ran."""

    def __init__(self, hass: HomeAssistant, ran: list[Event]) -> None:
        self._hass = hass
        self._ran = ran

    async def runs(self) -> int:
        await self._hass.async_block_till_done()
        return len(self._ran)


async def automation(hass: HomeAssistant, **config: Any) -> Automation:
    ran = async_capture_events(hass, "it_ran")
    assert await async_setup_component(hass, "automation", {"automation": config | {"actions": [{"event": "it_ran"}]}})
    await hass.async_block_till_done()
    return Automation(hass, ran)


def device(hass: HomeAssistant, building: MockConfigEntry) -> dict[str, str]:
    """The controller's device as a target."""
    heating = entity_id(hass, "binary_sensor", controller_subentry(building).subentry_id, "heating")
    entry = er.async_get(hass).async_get(heating)
    assert entry is not None
    assert entry.device_id
    return {"device_id": entry.device_id}


async def report(client: TestClient, key: str, **fields: Any) -> None:
    reply = await client.post(PATH, headers={"X-Device-Key": key}, json=fields)
    assert reply.status == 200


async def tick(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def test_sessions_trigger_when_they_begin_and_end(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    target = device(hass, building)
    started = await automation(hass, triggers=[{"trigger": "iot_heating.session_started", "target": target}])
    await report(client, key, state="off")
    assert await started.runs() == 0
    freezer.tick(30)
    await report(client, key, state="on")
    assert await started.runs() == 1
    freezer.tick(30)
    await report(client, key, state="on")
    await report(client, key, state="off")
    assert await started.runs() == 1


async def test_the_end_of_a_session_triggers(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    target = device(hass, building)
    ended = await automation(hass, triggers=[{"trigger": "iot_heating.session_ended", "target": target}])
    # The entity's first event is not a change of anything: it comes from unknown.
    for state in ("on", "off", "on"):
        await report(client, key, state=state)
        freezer.tick(30)
    before = await ended.runs()
    await report(client, key, state="off")
    assert await ended.runs() == before + 1


async def test_silence_and_return_trigger(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    target = device(hass, building)
    both = await automation(
        hass,
        triggers=[
            {"trigger": "iot_heating.went_offline", "target": target},
            {"trigger": "iot_heating.came_back", "target": target},
        ],
    )
    await report(client, key, state="off")
    assert await both.runs() == 0
    for _ in range(25):
        await tick(hass, freezer, 10)
    assert await both.runs() == 1, "three calls are missing"
    await report(client, key, state="off")
    assert await both.runs() == 2


@pytest.mark.parametrize(("wanted", "end"), [("command_confirmed", "confirmed"), ("command_failed", "failed")])
async def test_the_end_of_a_command_triggers(
    hass: HomeAssistant,
    building: MockConfigEntry,
    client: TestClient,
    key: str,
    freezer: FrozenDateTimeFactory,
    wanted: str,
    end: str,
) -> None:
    target = device(hass, building)
    ended = await automation(hass, triggers=[{"trigger": f"iot_heating.{wanted}", "target": target}])
    await report(client, key, state="off")
    select = entity_id(hass, "select", controller_subentry(building).subentry_id, "control")
    await hass.services.async_call("select", "select_option", {"entity_id": select, "option": "on"}, blocking=True)
    await report(client, key, state="off")
    assert await ended.runs() == 0, "it is delivered"
    if end == "confirmed":
        await report(client, key, state="on")
    else:
        await tick(hass, freezer, 16 * 60)
    assert await ended.runs() == 1


async def test_an_unregistered_controller_triggers_once(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient
) -> None:
    found = async_capture_events(hass, "iot_heating_controller_discovered")
    new = await automation(hass, triggers=[{"trigger": "iot_heating.controller_discovered", "options": {}}])
    for _ in range(3):
        await client.get("/api/iot/device/ESP32-099/sync/", headers={"X-Device-Key": "a key of its own"})
    assert await new.runs() == 1
    assert [event.data["device_id"] for event in found] == ["ESP32-099"]
    assert "key" not in str(found[0].data)


@pytest.mark.parametrize(
    ("condition", "before", "after"),
    [
        ("is_heating", {"state": "off"}, {"state": "on"}),
        ("is_offline", {"state": "off"}, None),
    ],
)
async def test_conditions_hold_while_it_is_so(
    hass: HomeAssistant,
    building: MockConfigEntry,
    client: TestClient,
    key: str,
    freezer: FrozenDateTimeFactory,
    condition: str,
    before: dict[str, Any],
    after: dict[str, Any] | None,
) -> None:
    one = await automation(
        hass,
        triggers=[{"trigger": "event", "event_type": "go"}],
        conditions=[{"condition": f"iot_heating.{condition}", "target": device(hass, building)}],
    )
    await report(client, key, **before)
    await hass.async_block_till_done()
    hass.bus.async_fire("go")
    assert await one.runs() == 0
    for _ in range(25 if after is None else 2):
        await tick(hass, freezer, 10)
    if after is not None:
        await report(client, key, **after)
        await hass.async_block_till_done()
    hass.bus.async_fire("go")
    assert await one.runs() == 1


async def test_forced_holds_once_the_controller_does_it(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> None:
    one = await automation(
        hass,
        triggers=[{"trigger": "event", "event_type": "go"}],
        conditions=[{"condition": "iot_heating.is_forced", "target": device(hass, building)}],
    )
    await report(client, key, state="off")
    select = entity_id(hass, "select", controller_subentry(building).subentry_id, "control")
    await hass.services.async_call("select", "select_option", {"entity_id": select, "option": "on"}, blocking=True)
    hass.bus.async_fire("go")
    assert await one.runs() == 0, "it is only wanted"
    await report(client, key, state="off")
    await report(client, key, state="on")
    await tick(hass, freezer, timedelta(seconds=11).total_seconds())
    hass.bus.async_fire("go")
    assert await one.runs() == 1


async def test_another_integrations_entities_do_not_count(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    other = await add_controller(hass, building, "ESP32-002", "Attic")
    started = await automation(
        hass, triggers=[{"trigger": "iot_heating.session_started", "target": device(hass, building)}]
    )
    await client.post("/api/iot/device/ESP32-002/sync/", headers={"X-Device-Key": other}, json={"state": "on"})
    assert await started.runs() == 0
