"""Client of Home Assistant's user interfaces: onboarding, login, flows over REST, websocket API."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import itertools
import time
from typing import Any, Self

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=60)
_LOADS_WITHIN_S = 60.0


class HomeAssistantError(Exception):
    """Home Assistant rejected a request."""


class HomeAssistant:
    """A client of one Home Assistant."""

    def __init__(self, url: str, session: aiohttp.ClientSession, token: str = "") -> None:
        """Initialize the client; ``token`` is an access token and may be set later."""
        self.url = url
        self.client_id = f"{url}/"
        self.token = token
        self._session = session
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._ids = itertools.count(1)

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, token: str = "") -> AsyncGenerator[Self]:
        """Open a client with its own connection."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            client = cls(url, session, token)
            try:
                yield client
            finally:
                await client.close_socket()

    async def wait_until_up(self, timeout_s: float = 120) -> None:
        """Wait for the HTTP server."""
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    async with self._session.get(f"{self.url}/api/onboarding") as reply:
                        if reply.status < 500:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)

    async def wait_until_running(self, timeout_s: float = 120) -> None:
        """Wait until Home Assistant has finished starting."""
        async with asyncio.timeout(timeout_s):
            while True:
                if (await self.get("config"))["state"] == "RUNNING":
                    return
                await asyncio.sleep(0.1)

    async def get(self, path: str) -> Any:
        """GET /api/<path>."""
        return await self.request("GET", path, None)

    async def post(self, path: str, data: Mapping[str, Any]) -> Any:
        """POST /api/<path> with JSON; on a busy machine, an entry that is loading again is waited for."""
        end = time.monotonic() + _LOADS_WITHIN_S
        while True:
            try:
                return await self.request("POST", path, data)
            except HomeAssistantError as err:
                if "is not loaded" not in str(err) or time.monotonic() > end:
                    raise
            await asyncio.sleep(0.5)

    async def request(self, method: str, path: str, data: Mapping[str, Any] | None) -> Any:
        """Send a request to /api/<path> and return the JSON of the reply; HomeAssistantError from status 400 on."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.url}/api/{path}"
        async with self._session.request(method, url, json=data, headers=headers) as reply:
            if reply.status >= 400:
                raise HomeAssistantError(f"{method} {path}: {reply.status} {(await reply.text())[:500]}")
            return await reply.json()

    async def onboard(self, name: str, username: str, password: str) -> None:
        """Create the first user, an administrator, and log in."""
        data = {
            "client_id": self.client_id,
            "name": name,
            "username": username,
            "password": password,
            "language": "en",
        }
        reply = await self.post("onboarding/users", data)
        self.token = await self._exchange(reply["auth_code"])

    async def log_in(self, username: str, password: str) -> str:
        """Return an access token of a user, valid for 30 minutes."""
        flow = {
            "client_id": self.client_id,
            "handler": ["homeassistant", None],
            "redirect_uri": f"{self.url}/?auth_callback=1",
        }
        async with self._session.post(f"{self.url}/auth/login_flow", json=flow) as reply:
            flow_id = (await reply.json())["flow_id"]
        data = {"username": username, "password": password, "client_id": self.client_id}
        async with self._session.post(f"{self.url}/auth/login_flow/{flow_id}", json=data) as reply:
            answer = await reply.json()
        if answer.get("type") != "create_entry":
            raise HomeAssistantError(f"log-in of {username} refused: {answer.get('errors')}")
        return await self._exchange(answer["result"])

    async def _exchange(self, code: str) -> str:
        form = {"client_id": self.client_id, "grant_type": "authorization_code", "code": code}
        async with self._session.post(f"{self.url}/auth/token", data=form) as reply:
            token: str = (await reply.json())["access_token"]
            return token

    async def call(self, kind: str, **data: Any) -> Any:
        """Send a websocket command and return its result; raise if it is rejected."""
        socket = await self._open_socket()
        number = next(self._ids)
        await socket.send_json({"id": number, "type": kind, **data})
        async with asyncio.timeout(60):
            while True:
                answer = await socket.receive_json()
                if answer.get("id") == number and answer["type"] == "result":
                    if not answer["success"]:
                        raise HomeAssistantError(f"{kind}: {answer['error']}")
                    return answer["result"]

    async def _open_socket(self) -> aiohttp.ClientWebSocketResponse:
        if self._socket is None or self._socket.closed:
            url = f"{self.url}/api/websocket"
            self._socket = await self._session.ws_connect(url, max_msg_size=0, heartbeat=30)
            await self._socket.receive_json()
            await self._socket.send_json({"type": "auth", "access_token": self.token})
            if (answer := await self._socket.receive_json())["type"] != "auth_ok":
                raise HomeAssistantError(f"websocket: {answer}")
        return self._socket

    async def close_socket(self) -> None:
        """Close the websocket, e.g. to log in with another token."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def long_lived_token(self, name: str) -> str:
        """Create a long-lived access token of the current user."""
        token: str = await self.call("auth/long_lived_access_token", client_name=name, lifespan=3650)
        return token

    async def add_entry(self, domain: str, *steps: Mapping[str, Any]) -> dict[str, Any]:
        """Complete a config flow; return the last result, which created the entry."""
        return await self.flow("config/config_entries/flow", {"handler": domain}, *steps)

    async def add_subentry(self, entry_id: str, kind: str, *steps: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Complete a subentry flow; return all results, of which the last created the subentry."""
        start = {"handler": [entry_id, kind]}
        return await self.flow_results("config/config_entries/subentries/flow", start, *steps)

    async def flow(self, path: str, start: Mapping[str, Any], *steps: Mapping[str, Any]) -> dict[str, Any]:
        """Complete a flow and return its last result."""
        return (await self.flow_results(path, start, *steps))[-1]

    async def flow_results(
        self, path: str, start: Mapping[str, Any], *steps: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Complete a flow with the data of each step, up to the new entry; return all results."""
        results: list[dict[str, Any]] = [await self.post(path, start)]
        for step in steps:
            if results[-1]["type"] not in ("form", "menu"):
                break
            results.append(await self.post(f"{path}/{results[-1]['flow_id']}", step))
            if results[-1].get("errors"):
                raise HomeAssistantError(f"{start}: {step}: {results[-1]['errors']}")
        if results[-1]["type"] != "create_entry":
            raise HomeAssistantError(f"{start}: ended with {results[-1]}")
        return results

    async def entity_keys(self) -> list[dict[str, Any]]:
        """Return the entity registry as a list."""
        entities: list[dict[str, Any]] = await self.call("config/entity_registry/list")
        return entities
