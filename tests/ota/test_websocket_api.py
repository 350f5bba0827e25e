"""The WebSocket API of the rollout card."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.ota import websocket_api
from custom_components.ota.data import OtaData
from custom_components.ota.rollout.plan import Status

from .conftest import AddDevice, Release
from .entity_helpers import fleet, later


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_api, "MIN_INTERVAL_S", 0.01)


class Card:
    """A card in a browser."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def ask(self, command: str, **data: Any) -> Any:
        await self.client.send_json_auto_id({"type": f"ota/{command}"} | data)
        while (message := await self.client.receive_json())["type"] != "result":
            pass
        return message

    async def open(self) -> dict[str, Any]:
        assert (await self.ask("rollouts/subscribe"))["success"]
        return await self.event()

    async def event(self) -> dict[str, Any]:
        while (message := await self.client.receive_json())["type"] != "event":
            pass
        event: dict[str, Any] = message["event"]
        return event

    async def until(self, check: Any) -> dict[str, Any]:
        async with asyncio.timeout(120):
            while not check(event := await self.event()):
                pass
        return event


async def test_a_rollout_from_start_to_a_failed_gate(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, hass_ws_client: WebSocketGenerator
) -> None:
    devices = await fleet(add_device)
    await release("2.0.0", 20)
    card = Card(await hass_ws_client())
    first = await card.open()
    assert (first["available"], first["is_admin"], first["rollouts"]) == (True, True, [])
    (offered,) = first["releases"]
    assert (offered["product"], offered["version"], offered["devices"]) == ("thermostat", "2.0.0", 4)

    waves = [{"devices": ["dev-1"]}, {"percent": 100}]
    plan = {"product": "thermostat", "version": "2.0.0", "rollout": "r1", "strategy": "waves", "waves": waves}
    assert (await card.ask("rollout/start", **plan, gate={"max_failures": 1}))["result"]["waves"] == [1, 3]
    (shown,) = (await card.until(lambda event: event["rollouts"]))["rollouts"]
    assert [wave["devices"] for wave in shown["wave_list"]] == [1, 3]
    assert (shown["gate"], shown["gate_reason"]) == ("wait", "sample")
    assert (shown["gate_details"]["needed"], shown["gate_details"]["finished"]) == (1, 0)
    await devices[0].update("2.0.0")
    (shown,) = (await card.until(lambda event: event["rollouts"][0]["gate_reason"] == "soak"))["rollouts"]
    assert shown["gate_details"]["soak_ends"] is not None
    assert shown["device_list"][0] | {"name": ""} == {
        "device": "dev-1",
        "name": "",
        "wave": 1,
        "version": "2.0.0",
        "state": "verified",
        "progress": None,
        "reason": None,
    }
    assert shown["wave_list"][0]["states"] == {"verified": 1}

    assert (await card.ask("rollout/promote", rollout="r1"))["success"]
    job = (await devices[1].check(version="1.0.0"))["update"]["job"]
    await devices[1].status(job, "failed", reason="bad flash")
    (shown,) = (await card.until(lambda event: event["rollouts"][0]["status"] == "paused"))["rollouts"]
    assert (shown["pause_reason"], shown["reasons"]) == ("max_failures", {"bad flash": 1})
    assert shown["device_list"][0]["reason"] == "bad flash"
    assert (await card.ask("rollout/retry", rollout="r1"))["success"]
    assert (await card.ask("rollout/resume", rollout="r1"))["success"]
    assert (await card.ask("rollout/pause", rollout="r1"))["success"]
    assert (await card.ask("rollout/abort", rollout="r1"))["success"]
    assert ota.hub.state.rollouts["r1"].status is Status.ABORTED
    refused = await card.ask("rollout/resume", rollout="r1")
    assert not refused["success"]
    assert (await card.ask("rollout/pause", rollout="none"))["error"]["translation_key"] == "unknown_rollout"


async def test_everybody_watches_but_only_administrators_change(
    ota: OtaData, hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str
) -> None:
    card = Card(await hass_ws_client(access_token=hass_read_only_access_token))
    assert (await card.open())["is_admin"] is False
    for verb in websocket_api.VERBS:
        assert (await card.ask(f"rollout/{verb}", rollout="r1"))["error"]["code"] == "unauthorized"
    started = await card.ask("rollout/start", product="thermostat", version="2.0.0")
    assert started["error"]["code"] == "unauthorized"


async def test_a_card_follows_a_reload_and_ends(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    card = Card(await hass_ws_client())
    await card.open()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await card.until(lambda event: not event["available"])
    assert (await card.ask("rollout/pause", rollout="r1"))["error"]["code"] == "not_found"
    assert await hass.config_entries.async_setup(entry.entry_id)
    await card.until(lambda event: event["available"])
    dispatcher = entry.runtime_data.hub.dispatcher
    listeners = len(dispatcher._event_listeners)
    await later(hass, 11)
    assert (await card.ask("rollouts/subscribe"))["success"], "a second card"
    assert len(dispatcher._event_listeners) == listeners + 1
    for subscription in (1, 3):
        await card.client.send_json_auto_id({"type": "unsubscribe_events", "subscription": subscription})
        while (await card.client.receive_json())["type"] != "result":
            pass
    assert len(dispatcher._event_listeners) == listeners - 1


async def test_without_a_config_entry(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    card = Card(await hass_ws_client())
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await card.ask("rollouts/subscribe"))["error"]["code"] == "not_found"
