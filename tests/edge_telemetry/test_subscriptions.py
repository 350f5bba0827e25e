"""Subscriptions that the broker has not confirmed, with a real mosquitto and Home Assistant's own client."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components import mqtt
from homeassistant.components.mqtt.client import MQTT
from homeassistant.components.mqtt.models import SubscriptionID
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.edge_telemetry import hub as hub_module
from custom_components.edge_telemetry.broker import subscriptions
from custom_components.edge_telemetry.broker.subscriptions import RENEWAL, Subscriptions
from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.data import EdgeData
from lib.backoff import RetryPolicy
from tests.mosquitto import Mosquitto, program

from .conftest import GET_SUBSCRIPTION_ID, set_up, state


@pytest.fixture
async def broker(socket_enabled: None, tmp_path: Path) -> AsyncGenerator[Mosquitto]:
    """A running mosquitto."""
    broker = Mosquitto(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def mqtt_entry(
    hass: HomeAssistant, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[MockConfigEntry]:
    """Core's mqtt entry, connected to the broker."""
    monkeypatch.setattr("homeassistant.components.mqtt.client.INITIAL_SUBSCRIBE_COOLDOWN", 0.5)
    monkeypatch.setattr(SubscriptionID, "get_subscription_id", GET_SUBSCRIPTION_ID)
    entry = MockConfigEntry(
        domain="mqtt",
        data={"broker": "127.0.0.1", "port": broker.port, "protocol": "5", "discovery": False},
        version=2,
        minor_version=1,
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    report = hass.loop.get_exception_handler()

    def expect_key_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The failure of the client is the point of the test; any other one fails it."""
        if not isinstance(context.get("exception"), KeyError) and report is not None:
            report(loop, context)

    hass.loop.set_exception_handler(expect_key_error)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    hass.loop.set_exception_handler(report)


async def until(condition: Any, timeout_s: float = 60.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


class SlowAnswer:
    """Makes the broker's answer to the first subscription of a batch arrive after another topic was withdrawn."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.withdraw: Any = None
        self.done = False
        self._hass = hass
        self._wait = MQTT._async_wait_for_mid_or_raise

    async def wait(self, client: MQTT, mid: int | None, result: int) -> None:
        """Wait for the answer; the first time, only after the withdrawn topic was forgotten."""
        if self.withdraw is not None and not self.done:
            self.done = True
            self.withdraw()
            ids = client._mqtt_data.subscription_id_generator
            await until(lambda: "second/+/x" not in ids._registered_subscriptions)
        await self._wait(client, mid, result)


@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.skipif(program() is None, reason="mosquitto is not installed")
async def test_topics_lost_by_a_withdrawal_are_subscribed_to_again(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    slow = SlowAnswer(hass)

    async def wait(client: MQTT, mid: int | None, result: int) -> None:
        await slow.wait(client, mid, result)

    with (
        patch.object(MQTT, "_async_wait_for_mid_or_raise", wait),
        patch.object(hub_module, "_TICK", timedelta(seconds=0.2)),
        patch.object(subscriptions, "RENEWAL", RetryPolicy(first_s=1.0, max_s=2.0)),
    ):
        cancel = await mqtt.async_subscribe(hass, "first/+/x", lambda _: None)
        slow.withdraw = await mqtt.async_subscribe(hass, "second/+/x", lambda _: None)
        await set_up(hass, entry)
        data: EdgeData = entry.runtime_data
        await until(lambda: slow.done)
        await until(lambda: data.broker.unconfirmed == frozenset())
        assert data.hub.subscriptions.renewed > 0
        assert "Subscribing again to" in caplog.text
        await mqtt.async_publish(hass, "van/env/inside/data", '{"temperature_c": 21.5}')
        await until(lambda: state(hass, "temperature_c", "van/env/inside") == "21.5")
        # Later, nothing is subscribed to again, and a message arrives once.
        renewed = data.hub.subscriptions.renewed
        await mqtt.async_publish(hass, "van/env/inside/data", '{"temperature_c": 21.7}')
        await until(lambda: data.counters.received == 2)
        assert data.hub.subscriptions.renewed == renewed
    cancel()
    assert entry.domain == DOMAIN
    await hass.config_entries.async_unload(entry.entry_id)


class FakeMqtt:
    """Notes what is subscribed to."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def subscribe(self, _hass: Any, topic: str, _receive: Any, _qos: int, *, encoding: Any) -> Any:
        self.log.append(f"+{topic}")
        return lambda: self.log.append(f"-{topic}")


async def test_unconfirmed_topics_are_retried_with_increasing_delay(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    fake, now = FakeMqtt(), [0.0]
    monkeypatch.setattr(subscriptions.mqtt, "async_subscribe", fake.subscribe)
    subscribed = Subscriptions(hass, lambda: now[0])
    for topic in ("a/+", "b/+"):
        await subscribed.async_add(topic, lambda _: None)
    assert fake.log == ["+a/+", "+b/+"]
    at = []
    for second in range(400):
        now[0] = float(second)
        before = len(fake.log)
        await subscribed.async_check({"b/+"})
        if len(fake.log) > before:
            at.append(second)
    # The new subscription is there before the old one is withdrawn, so that the broker keeps the topic.
    assert fake.log[2:4] == ["+b/+", "-b/+"]
    gaps = [b - a for a, b in zip([0, *at], at, strict=False)]
    assert RENEWAL.first_s <= gaps[0] <= RENEWAL.first_s * 1.1 + 1
    assert len(at) == 4
    assert gaps == sorted(gaps)
    await subscribed.async_check(())
    now[0] += 1
    await subscribed.async_check({"a/+"})
    assert fake.log[-1] == "-b/+"
    now[0] += 20
    await subscribed.async_check({"a/+"})
    assert fake.log[-2:] == ["+a/+", "-a/+"]
    subscribed.remove_all()
    assert sorted(fake.log[-2:]) == ["-a/+", "-b/+"]
    assert subscribed.topics == frozenset()
