"""Fixtures: Home Assistant with a Central Control Unit and its outlets, called over real HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigSubentryData, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_outlet.const import DOMAIN
from custom_components.smart_outlet.data import HubData
from custom_components.smart_outlet.domain.parts import async_get_parts

KEY = "the-key-of-ccu-01"
DATA = {
    "device_id": "FE",
    "current_a": 1234,
    "current_b": 0,
    "relay_a": True,
    "relay_b": False,
    "is_overload": False,
}


def outlet_data(device_id: str, name: str | None = None, **data: Any) -> ConfigSubentryData:
    """Return a subentry as the flow creates it."""
    return ConfigSubentryData(
        data={"device_id": device_id, "location": "", "protected": []} | data,
        subentry_type="outlet",
        title=name or f"Outlet {device_id}",
        unique_id=device_id,
    )


def ccu_entry(ccu_id: str = "01", outlets: tuple[ConfigSubentryData, ...] = (), **data: Any) -> MockConfigEntry:
    """Return the config entry of a Central Control Unit."""
    return MockConfigEntry(
        domain=DOMAIN,
        entry_id=f"unit_{ccu_id}",
        title=f"Unit {ccu_id}",
        unique_id=f"ccu_{ccu_id}",
        data={"kind": "ccu", "name": f"Unit {ccu_id}", "ccu_id": ccu_id, "accept_without_key": False} | data,
        subentries_data=[
            # Fixed IDs for the snapshots.
            ConfigSubentryDataWithId(subentry_id=f"{ccu_id}_{outlet['unique_id']}", **outlet)
            for outlet in outlets or (outlet_data("FE", "Kitchen"), outlet_data("FD", "Garage", protected=["b"]))
        ],
    )


@dataclass
class Ccu:
    """A CCU that calls over HTTP with its key."""

    hass: HomeAssistant
    client: TestClient[Any, Any]
    entry: MockConfigEntry
    key: str = KEY
    version: str = ""

    @property
    def hub(self) -> HubData:
        return self.entry.runtime_data  # type: ignore[no-any-return]

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Device-Key": self.key} if self.key else {}

    async def get(self, path: str) -> tuple[int, Any]:
        reply = await self.client.get(path + self.version, headers=self.headers)
        return reply.status, await reply.json()

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        reply = await self.client.post(path + self.version, json=body, headers=self.headers)
        answer = reply.status, await reply.json()
        await self.settle()
        return answer

    async def settle(self) -> None:
        """Wait for pending tasks and state writes."""
        await self.hass.async_block_till_done()
        hub = getattr(self.entry, "runtime_data", None)
        while hub is not None and hub.publisher._ready:  # noqa: ASYNC110
            await asyncio.sleep(0)

    async def report(self, **fields: Any) -> None:
        assert await self.post("/api/data/", DATA | fields) == (200, {"success": True})

    async def commands(self, device_id: str = "FE") -> list[dict[str, Any]]:
        status, answer = await self.get(f"/api/commands/{device_id}/")
        assert status == 200
        assert answer["success"] is True
        return answer["commands"]  # type: ignore[no-any-return]

    async def cycle(self, **relays: bool | None) -> None:
        """Run one cycle of a field CCU; ``relays`` as ``FE_a=True``."""
        assert (await self.get("/api/devices/"))[0] == 200
        for device_id in self.hub.model.outlets:
            await self.commands(device_id)
            states = {f"relay_{s}": relays.get(f"{device_id}_{s}", False) for s in "ab"}
            await self.report(device_id=device_id, current_a=0, **states)
        await self.post("/api/breaker-data/", {"ccu_id": self.entry.data["ccu_id"], "current_ma": 7321})

    def state(self, platform: str, key: str, device_id: str | None = "FE") -> str:
        state = self.hass.states.get(self.entity_id(platform, key, device_id))
        assert state is not None
        return state.state

    def attributes(self, platform: str, key: str, device_id: str | None = "FE") -> dict[str, Any]:
        state = self.hass.states.get(self.entity_id(platform, key, device_id))
        assert state is not None
        return dict(state.attributes)

    def entity_id(self, platform: str, key: str, device_id: str | None = "FE") -> str:
        owner = self.entry.entry_id if device_id is None else self.hub.outlets.subentry_ids[device_id]
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, f"{owner}_{key}")
        assert entity_id is not None, f"{platform} {key}"
        return entity_id

    async def press(self, key: str, device_id: str | None = "FE") -> None:
        await self.act("button", "press", "button", key, device_id)

    async def act(
        self, domain: str, action: str, platform: str, key: str, device_id: str | None = "FE", **data: Any
    ) -> None:
        target = {"entity_id": self.entity_id(platform, key, device_id)}
        await self.hass.services.async_call(domain, action, target | data, blocking=True)
        await self.settle()


type MakeCcu = Callable[..., Awaitable[Ccu]]


@pytest.fixture
async def make_ccu(hass: HomeAssistant, hass_client_no_auth: Any) -> MakeCcu:
    """Return a function that sets up a CCU; with ``key`` None it has no key."""
    await async_setup_component(hass, "http", {})

    async def make(
        ccu_id: str = "01", outlets: tuple[ConfigSubentryData, ...] = (), key: str | None = KEY, **data: Any
    ) -> Ccu:
        entry = ccu_entry(ccu_id, outlets, **data)
        if key is not None:
            parts = await async_get_parts(hass)
            await parts.keys.async_set_key(ccu_id, entry.title, key)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return Ccu(hass, await hass_client_no_auth(), entry, key or "")

    return make


@pytest.fixture
async def ccu(make_ccu: MakeCcu) -> Ccu:
    """Return a CCU with the outlets FE (Kitchen) and FD (Garage, socket B protected)."""
    return await make_ccu()
