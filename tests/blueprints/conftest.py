"""Home Assistant with the suite's blueprints, a phone with the app, and the integrations' triggers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant, ServiceCall, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

ROOT = Path(__file__).parents[2]
PUSH_URL = "https://push.example/send"


async def settle() -> None:
    """Let automations run. Home Assistant's own helper would wait for those that wait for an answer."""
    for _ in range(300):
        await asyncio.sleep(0)


@dataclass
class Phone:
    """A phone with the Home Assistant app; its pushes are received by a fake push service."""

    hass: HomeAssistant
    device_id: str
    pushes: AiohttpClientMocker

    @property
    def notices(self) -> list[dict[str, Any]]:
        """The notifications, oldest first."""
        return [call[2] for call in self.pushes.mock_calls if str(call[1]) == PUSH_URL]

    async def tap(self, title: str) -> None:
        """Tap a button of the last notification."""
        (action,) = [each for each in self.notices[-1]["data"]["actions"] if each["title"] == title]
        self.hass.bus.async_fire("mobile_app_notification_action", {"action": action["action"]})
        await settle()


@pytest.fixture
async def phone(hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, socket_enabled: None) -> Phone:
    aioclient_mock.post(PUSH_URL, json={}, status=201)
    assert await async_setup_component(hass, "mobile_app", {})
    entry = MockConfigEntry(
        domain="mobile_app",
        title="Phone",
        data={
            "app_id": "app",
            "app_name": "Home Assistant",
            "app_version": "1",
            "app_data": {"push_token": "token", "push_url": PUSH_URL},
            "device_id": "phone-1",
            "device_name": "Phone",
            "manufacturer": "Maker",
            "model": "One",
            "os_name": "Android",
            "os_version": "16",
            "secret": "0" * 64,
            "supports_encryption": False,
            "user_id": "user",
            "webhook_id": "webhook-1",
        },
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    device = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)[0]
    return Phone(hass, device.id, aioclient_mock)


type Run = Callable[..., Awaitable[None]]


@pytest.fixture
async def run(hass: HomeAssistant, tmp_path: Path) -> AsyncGenerator[Run]:
    """Set up an automation that uses a blueprint."""

    async def set_up(path: str, **inputs: Any) -> None:
        hass.config.config_dir = str(tmp_path)
        shutil.copytree(ROOT / "blueprints", tmp_path / "blueprints")
        await async_setup_component(hass, path.split("/", maxsplit=1)[0], {})
        use = {"path": path, "input": inputs}
        assert await async_setup_component(hass, "automation", {"automation": {"use_blueprint": use}})
        await hass.async_block_till_done()
        states = hass.states.async_all("automation")
        assert [state.state for state in states] == ["on"], f"{path} is not valid with these inputs"

    yield set_up
    if hass.services.has_service("automation", "turn_off"):
        entity_ids = hass.states.async_entity_ids("automation")
        await hass.services.async_call("automation", "turn_off", {"entity_id": entity_ids}, blocking=True)


type Later = Callable[..., Awaitable[None]]


@pytest.fixture
def later(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Later:
    """Let time pass, given as for a timedelta."""

    async def passed(**time: float) -> None:
        freezer.tick(timedelta(**time))
        async_fire_time_changed(hass, dt_util.utcnow())
        await settle()

    return passed


def events(hass: HomeAssistant, event_type: str) -> list[Event]:
    """Return a list that collects the events of a type."""
    found: list[Event] = []

    @callback
    def collect(event: Event) -> None:
        found.append(event)

    hass.bus.async_listen(event_type, collect)
    return found


def calls(hass: HomeAssistant, action: str) -> list[ServiceCall]:
    """Return a list that collects the calls of an action, which does nothing else."""
    return async_mock_service(hass, *action.split("."))


@callback
def own_entity(hass: HomeAssistant, domain: str, platform: str, key: str) -> str:
    """Register an entity of an integration and return its ID."""
    entry = er.async_get(hass).async_get_or_create(domain, platform, f"x_{key}", translation_key=key)
    return entry.entity_id
