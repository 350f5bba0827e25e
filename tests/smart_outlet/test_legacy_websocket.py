"""The WebSocket routes of the former outlet system, read-only with a token of Home Assistant."""

import asyncio
from typing import Any

from aiohttp import WSMsgType
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smart_outlet.views import legacy_websocket

from .conftest import Ccu

OUTLET = {
    "device_id": "FE",
    "current_a": 1234,
    "current_b": 0,
    "relay_a": True,
    "relay_b": None,
    "is_overload": False,
}


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Aiohttp's heartbeat ends with the handshake of the closing connection."""
    return True


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy_websocket, "MIN_INTERVAL_S", 0.001)
    monkeypatch.setattr(legacy_websocket, "AUTH_TIMEOUT_S", 0.05)


@pytest.mark.parametrize("path", ["/ws/sensor/FE/", "/ws/sensor/fe"])
async def test_an_outlet_sends_its_values_and_each_report(
    ccu: Ccu, hass_client: ClientSessionGenerator, path: str
) -> None:
    await ccu.report()
    user = await hass_client()
    async with user.ws_connect(path) as socket:
        assert await socket.receive_json() == {"type": "sensor_update", "data": OUTLET}
        await socket.send_json({"command": "relay_on"})  # ignored: it is read-only
        await ccu.report(current_a=65535)
        trip = {"current_a": 65535, "is_overload": True}
        assert await socket.receive_json() == {"type": "sensor_update", "data": OUTLET | trip}
    assert await ccu.commands() == []


@pytest.mark.parametrize("path", ["/ws/breaker/01/", "/ws/breaker/01"])
async def test_a_breaker_sends_its_current(ccu: Ccu, hass_client: ClientSessionGenerator, path: str) -> None:
    user = await hass_client()
    async with user.ws_connect(path) as socket:
        assert (await socket.receive_json())["data"] == {"ccu_id": "01", "current_amps": None}
        await ccu.post("/api/breaker-data/", {"ccu_id": "01", "current_ma": 7321})
        messages = [await socket.receive_json()]
        while messages[-1]["data"]["current_amps"] is None:
            messages.append(await socket.receive_json())
        assert messages[-1] == {"type": "breaker_update", "data": {"ccu_id": "01", "current_amps": 7.321}}


async def test_a_browser_sends_its_token_in_the_first_message(ccu: Ccu, hass_access_token: str) -> None:
    await ccu.report()
    async with ccu.client.ws_connect("/ws/sensor/FE/") as socket:
        await socket.send_json({"type": "auth", "access_token": hass_access_token})
        assert (await socket.receive_json())["data"] == OUTLET


@pytest.mark.parametrize("first", [None, "nonsense", "[]", '{"access_token": 5}', '{"access_token": "wrong"}'])
async def test_no_values_without_a_token(ccu: Ccu, first: str | None) -> None:
    async with ccu.client.ws_connect("/ws/sensor/FE/") as socket:
        if first is not None:
            await socket.send_str(first)
        message = await socket.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 4401)


@pytest.mark.parametrize("path", ["/ws/sensor/AA/", "/ws/sensor/xyz/", "/ws/breaker/09/"])
async def test_unknown_ids_are_not_found(ccu: Ccu, hass_client: ClientSessionGenerator, path: str) -> None:
    user = await hass_client()
    async with user.ws_connect(path) as socket:
        assert (await socket.receive()).data == 4404


async def test_a_user_without_permission_reads_nothing(
    ccu: Ccu, hass_client: ClientSessionGenerator, hass_admin_user: MockUser
) -> None:
    hass_admin_user.groups = []
    user = await hass_client()
    async with user.ws_connect("/ws/sensor/FE/") as socket:
        assert (await socket.receive()).data == 4404


async def test_a_reload_closes_the_connection(
    hass: HomeAssistant, ccu: Ccu, hass_client: ClientSessionGenerator
) -> None:
    user: Any = await hass_client()
    async with user.ws_connect("/ws/sensor/FE/") as socket:
        await socket.receive_json()
        await hass.config_entries.async_reload(ccu.entry.entry_id)
        async with asyncio.timeout(120):
            while (await socket.receive()).type is WSMsgType.TEXT:
                pass
    assert ccu.hub.notifier.report_listeners == [] or len(ccu.hub.notifier.report_listeners) == 1, "only the fleet"
    async with user.ws_connect("/ws/sensor/FE/") as socket:
        assert (await socket.receive_json())["data"]["device_id"] == "FE"
