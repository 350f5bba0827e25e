"""An entry on Home Assistant's own mqtt integration."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.mqtt.models import SubscriptionID
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

from custom_components.edge_telemetry.const import DEFAULT_PATTERNS, DOMAIN
from custom_components.edge_telemetry.data import EdgeData
from tests.mosquitto import CONFIG, Mosquitto

DATA = {
    "patterns": DEFAULT_PATTERNS,
    "default_site": "home",
    "archive": "sqlite",
    "archive_url": "edge_telemetry.db",
    "archive_table": "measurements",
}

GET_SUBSCRIPTION_ID = SubscriptionID.get_subscription_id
"""As Home Assistant has it."""


@pytest.fixture
def entry() -> MockConfigEntry:
    """An entry with an archive in a file."""
    return MockConfigEntry(domain=DOMAIN, title="Edge", data=dict(DATA), entry_id="01EDGE")


@pytest.fixture(autouse=True)
def own_config_folder(request: pytest.FixtureRequest) -> None:
    """Archives and exports go into a folder of the test's own."""
    if "hass" in request.fixturenames:
        folder = request.getfixturevalue("tmp_path")
        (folder / "configuration.yaml").touch()
        request.getfixturevalue("hass").config.config_dir = str(folder)


@pytest.fixture(autouse=True)
def subscriptions_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Core's mqtt client groups subscriptions for half a second: with a frozen clock, that would never end."""
    for name in ("INITIAL_SUBSCRIBE_COOLDOWN", "SUBSCRIBE_COOLDOWN", "UNSUBSCRIBE_COOLDOWN"):
        monkeypatch.setattr(f"homeassistant.components.mqtt.client.{name}", 0.0)
    # The client fails if a topic is withdrawn while it waits for the answer to another: see test_subscriptions.py.
    monkeypatch.setattr(SubscriptionID, "get_subscription_id", SubscriptionID.get_or_generate)


@pytest.fixture
async def data(hass: HomeAssistant, mqtt_mock: MqttMockHAClient, entry: MockConfigEntry) -> Any:
    """The set-up entry."""
    await set_up(hass, entry)
    yield entry.runtime_data
    await take_down(hass, entry)


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add and set up an entry."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await confirmed(hass)


async def confirmed(hass: HomeAssistant) -> None:
    """Wait until the broker has confirmed the subscriptions of the loaded entries, if it is connected."""
    for _ in range(1000):
        loaded = [
            entry for entry in hass.config_entries.async_entries(DOMAIN) if entry.state is ConfigEntryState.LOADED
        ]
        if not any(entry.runtime_data.broker.unconfirmed for entry in loaded):
            return
        await asyncio.sleep(0)


async def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass in which Home Assistant runs; the devices are checked at its end."""
    await confirmed(hass)
    while seconds > 0:
        step_s = min(seconds, 20.0)
        freezer.tick(step_s)
        seconds -= step_s
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            entry.runtime_data.broker.check()
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def settle(hass: HomeAssistant) -> None:
    """Take every entry down that is up."""
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=2))
    await hass.async_block_till_done(wait_background_tasks=True)


async def take_down(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload an entry, and let the mqtt integration settle its unsubscriptions."""
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=2))
    await hass.async_block_till_done(wait_background_tasks=True)


async def until(condition: Callable[[], Any], timeout_s: float = 120.0) -> None:
    """Wait for what a device, the broker or the archive does."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture
def broker_config() -> str:
    """How mosquitto is set up."""
    return CONFIG


@pytest.fixture
async def broker(socket_enabled: None, tmp_path: Path, broker_config: str) -> AsyncGenerator[Mosquitto]:
    """A running mosquitto."""
    broker = Mosquitto(tmp_path, broker_config)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def broker_data(hass: HomeAssistant, broker: Mosquitto, entry: MockConfigEntry) -> AsyncGenerator[EdgeData]:
    """An entry and core's mqtt entry, both connected to the broker."""
    mqtt_entry = MockConfigEntry(
        domain="mqtt",
        data={"broker": "127.0.0.1", "port": broker.port, "protocol": "5", "discovery": False},
        version=2,
        minor_version=1,
    )
    with patch("homeassistant.components.mqtt.client.RECONNECT_INTERVAL_SECONDS", 0.3):
        mqtt_entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(mqtt_entry.entry_id)
        await set_up(hass, entry)
        data: EdgeData = entry.runtime_data
        await asyncio.sleep(1.0)  # core groups subscriptions for half a second
        yield data
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.config_entries.async_unload(mqtt_entry.entry_id)


def options(broker: Mosquitto, *more: str) -> list[str]:
    """Return the command line of a simulator that connects to the broker."""
    return ["--broker-port", str(broker.port), *more]


type Publish = Callable[..., Awaitable[None]]


@pytest.fixture
def publish(hass: HomeAssistant) -> Publish:
    """Have a message arrive."""

    async def arrive(topic: str, payload: Any, *, retain: bool = False) -> None:
        text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        async_fire_mqtt_message(hass, topic, text, 1, retain)
        await hass.async_block_till_done()

    return arrive


def entity_id(hass: HomeAssistant, platform: str, key: str, device: str = "van/ruuvi/inside") -> str | None:
    """The entity of a key of a device (or of the hub, for device "")."""
    unique_id = f"01EDGE_{device}_{key}" if device else f"01EDGE_{key}"
    return er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)


def state(hass: HomeAssistant, key: str, device: str = "van/ruuvi/inside", platform: str = "sensor") -> str | None:
    """What an entity shows."""
    found = entity_id(hass, platform, key, device)
    shown = hass.states.get(found) if found else None
    return shown.state if shown else None
