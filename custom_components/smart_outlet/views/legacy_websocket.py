"""The WebSocket routes of the former outlet system, read-only (docs/ccu-http.md)."""

import asyncio
from contextlib import suppress
import json
from typing import Any, Final

from aiohttp import web
from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView

from ..data import HubData
from ..domain.directory import HubDirectory
from ..model.errors import OutletError
from ..model.outlet import Outlet
from ..permissions import alert_entity, outlet_entity
from ..status import outlet_status
from .base import path_device_id

AUTH_TIMEOUT_S, MIN_INTERVAL_S = 10.0, 0.2
_FIELDS: Final = ("device_id", "current_a", "current_b", "relay_a", "relay_b", "is_overload")


class LegacyWebSocketView(HomeAssistantView):
    """Sends the present values of an outlet or main breaker, and then those of each report."""

    url = "/ws/sensor/{device_id}/"
    extra_urls = ["/ws/sensor/{device_id}", "/ws/breaker/{ccu_id}/", "/ws/breaker/{ccu_id}"]
    name = "ws:smart_outlet"
    requires_auth = False  # a browser cannot send a header with a WebSocket: the token may be its first message

    def __init__(self, hass: HomeAssistant, directory: HubDirectory) -> None:
        self._hass, self._directory = hass, directory

    async def get(self, request: web.Request, device_id: str = "", ccu_id: str = "") -> web.WebSocketResponse:
        """Serve a client until it disconnects or the hub is reloaded."""
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=4096)
        await socket.prepare(request)
        if (user := request.get("hass_user") or await self._async_user(socket)) is None:
            await socket.close(code=4401, message=b"no valid token")
        elif (found := self._find(user, device_id, ccu_id)) is None:
            await socket.close(code=4404, message=b"not found")
        else:
            await self._async_serve(socket, *found)
        return socket

    async def _async_user(self, socket: web.WebSocketResponse) -> User | None:
        """Return the user of ``{"type": "auth", "access_token": TOKEN}``."""
        token = None
        with suppress(TimeoutError, ValueError, TypeError, KeyError):
            message = json.loads(await socket.receive_str(timeout=AUTH_TIMEOUT_S))
            token = self._hass.auth.async_validate_access_token(str(message["access_token"]))
        return None if token is None else token.user

    def _find(self, user: User, device_id: str, ccu_id: str) -> tuple[HubData, Outlet | None] | None:
        """Return an outlet with its hub, or a hub by its CCU ID, if the user may read it."""
        hubs = self._directory.hubs.values()
        found: list[tuple[HubData, Outlet | None]] = [(hub, None) for hub in hubs if hub.info.ccu_id == ccu_id.upper()]
        with suppress(OutletError):
            found = found or [self._directory.find_outlet(path_device_id(device_id))]
        for hub, outlet in found:
            key = alert_entity(self._hass, hub) if outlet is None else outlet_entity(self._hass, hub, outlet.device_id)
            if user.permissions.check_entity(key, POLICY_READ):
                return hub, outlet
        return None

    async def _async_serve(self, socket: web.WebSocketResponse, hub: HubData, outlet: Outlet | None) -> None:
        (changed := asyncio.Event()).set()

        async def send() -> None:
            while await changed.wait() and self._directory.hubs.get(hub.info.entry_id) is hub:
                changed.clear()
                await socket.send_json(_message(hub, outlet))
                await asyncio.sleep(MIN_INTERVAL_S)

        def on_report(reported: Outlet | None) -> None:
            if reported is outlet:
                changed.set()

        sender = self._hass.async_create_background_task(send(), self.name)
        unsubscribe = self._directory.subscribe(changed.set)
        hub.notifier.report_listeners.append(on_report)
        try:
            sender.add_done_callback(lambda _: self._hass.async_create_task(socket.close(), self.name))
            async for _ in socket:  # what the client sends is ignored
                pass
        finally:
            unsubscribe()
            hub.notifier.report_listeners.remove(on_report)
            sender.cancel()


def _message(hub: HubData, outlet: Outlet | None) -> dict[str, Any]:
    if outlet is None:
        amps = None if hub.model.main_current_ma is None else hub.model.main_current_ma / 1000
        return {"type": "breaker_update", "data": {"ccu_id": hub.info.ccu_id, "current_amps": amps}}
    return {"type": "sensor_update", "data": {key: outlet_status(hub.model, outlet)[key] for key in _FIELDS}}
