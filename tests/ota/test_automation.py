"""Events, triggers and conditions."""

from datetime import timedelta
from typing import Any

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import condition, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
)

from custom_components.ota.condition import CONDITIONS
from custom_components.ota.data import OtaData
from custom_components.ota.rollout.plan import Status

from .conftest import AddDevice, Release, act, rollout, settled
from .entity_helpers import UPDATE, fleet


async def test_events_follow_an_update(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    (device,) = await fleet(add_device, 1)
    received: list[Event[Any]] = []

    @callback
    def receive(event: Event[Any]) -> None:
        received.append(event)

    for name in ("ota_update", "ota_rollout", "ota_release"):
        hass.bus.async_listen(name, receive)
    await release()
    await rollout(hass, name="Spring")
    await device.update("2.0.0")
    await settled(hass)
    sequence = [(e.event_type, e.data.get("state") or e.data.get("status") or e.data.get("version")) for e in received]
    assert sequence == [
        ("ota_release", "2.0.0"),
        ("ota_rollout", "running"),
        ("ota_update", "offered"),
        ("ota_update", "downloading"),
        ("ota_update", "installing"),
        ("ota_update", "rebooting"),
        ("ota_update", "verified"),
    ]
    assert hass.states.get("event.ota_device_update").attributes["event_type"] == "verified"
    assert hass.states.get("event.ota_rollout").attributes["event_type"] == "created"
    await act(hass, "pause", rollout=received[1].data["rollout"])
    await settled(hass)
    assert hass.states.get("event.ota_rollout").attributes["event_type"] == "paused"
    rollout_id = received[1].data["rollout"]
    await act(hass, "abort", rollout=rollout_id)
    await act(hass, "remove_rollout", rollout=rollout_id)
    await rollout(hass, rollout=rollout_id)
    assert hass.states.get("event.ota_rollout").attributes["event_type"] == "created", "the same ID again"


@pytest.mark.parametrize(
    ("trigger", "trigger_options", "expected"),
    [
        ("update_changed", {"state": ["verified"]}, "verified"),
        ("update_changed", {}, "offered"),
        ("rollout_changed", {"status": "running"}, "running"),
        ("release_added", {"channel": ["stable"]}, "stable"),
        ("release_added", {"channel": ["beta"]}, None),
    ],
)
async def test_triggers(
    hass: HomeAssistant,
    ota: OtaData,
    add_device: AddDevice,
    release: Release,
    trigger: str,
    trigger_options: dict[str, Any],
    expected: str | None,
) -> None:
    automation = {
        "alias": "test",
        "triggers": [{"trigger": f"ota.{trigger}", "options": trigger_options}],
        "actions": [{"event": "received", "event_data": {"trigger": "{{ trigger | to_json }}"}}],
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    received = async_capture_events(hass, "received")
    (device,) = await fleet(add_device, 1)
    await release()
    await rollout(hass)
    await device.update("2.0.0")
    await settled(hass)
    if expected is None:
        assert not received
    else:
        assert f'"{expected}"' in received[0].data["trigger"]


async def holds(hass: HomeAssistant, name: str, target: dict[str, Any], **options: Any) -> bool:
    """Return whether a condition is true in an automation."""
    config = {"condition": f"ota.{name}", "target": target, "options": options}
    checker = await condition.async_from_config(hass, await condition.async_validate_condition_config(hass, config))
    try:
        return bool(checker.async_check())
    finally:
        checker.async_unload()


async def true_conditions(hass: HomeAssistant, target: dict[str, Any], prefix: str) -> set[str]:
    return {name for name in CONDITIONS if name.startswith(prefix) and await holds(hass, name, target)}


async def test_conditions_of_a_rollout(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    await fleet(add_device, 2)
    await release()
    rollout_id = await rollout(hass, start=(dt_util.utcnow() + timedelta(days=1)).isoformat(), name="Autumn")
    registry = dr.async_get(hass)
    found = registry.async_get_device_by_identifier(("ota", f"{ota.hub.entry_id}_{rollout_id}"), ota.hub.entry_id)
    assert found is not None
    target = {"device_id": found.id}
    assert await true_conditions(hass, target, "rollout") == {"rollout_is_scheduled"}
    await act(hass, "pause", rollout=rollout_id)
    await settled(hass)
    assert await true_conditions(hass, target, "rollout") == {"rollout_is_paused"}
    await act(hass, "abort", rollout=rollout_id)
    await settled(hass)
    assert await true_conditions(hass, target, "rollout") == {"rollout_was_ended"}
    other = await rollout(hass, name="Winter", gate={"soak_s": 0})
    await settled(hass)
    assert await holds(hass, "rollout_is_running", {"entity_id": "sensor.winter_status"})
    assert not await holds(hass, "rollout_is_running", {"entity_id": "sensor.winter_progress"})
    both = {"entity_id": ["sensor.winter_status", "sensor.autumn_status"]}
    assert await holds(hass, "rollout_is_running", both)
    assert not await holds(hass, "rollout_is_running", both, behavior="all")
    assert ota.hub.state.rollouts[other].status is Status.RUNNING


async def test_conditions_of_a_device(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    (device,) = await fleet(add_device, 1)
    await device.check(version="1.0.0")
    await settled(hass)
    entry = er.async_get(hass).async_get(UPDATE)
    assert entry is not None
    target = {"device_id": entry.device_id}
    assert await true_conditions(hass, target, "device") == {"device_is_up_to_date"}
    await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    await settled(hass)
    assert await true_conditions(hass, target, "device") == set()
    await device.status(update["job"], "downloading")
    await settled(hass)
    assert await true_conditions(hass, target, "device") == {"device_is_updating"}
    await device.status(update["job"], "failed", reason="flash")
    await settled(hass)
    assert await true_conditions(hass, target, "device") >= {"device_has_failed"}
    assert not await holds(hass, "device_is_updating", target)


async def test_an_automation_with_a_condition(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    automation = {
        "alias": "test",
        "triggers": [{"trigger": "ota.update_changed", "options": {"state": ["verified"]}}],
        "conditions": [
            {"condition": "ota.rollout_is_running", "target": {"entity_id": "sensor.thermostat_2_0_0_status"}}
        ],
        "actions": [{"event": "received"}],
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    received = async_capture_events(hass, "received")
    first, second = await fleet(add_device, 2)
    await release()
    rollout_id = await rollout(hass)
    await first.update("2.0.0")
    await settled(hass)
    assert len(received) == 1
    await second.check(version="1.0.0")
    await act(hass, "pause", rollout=rollout_id)
    await settled(hass)
    await second.check(version="2.0.0", boot_count=5)
    await settled(hass)
    assert len(received) == 1


async def test_a_trigger_with_an_unknown_option_is_rejected(hass: HomeAssistant, ota: OtaData) -> None:
    automation = {
        "alias": "test",
        "triggers": [{"trigger": "ota.update_changed", "options": {"state": ["dancing"]}}],
        "actions": [],
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    assert hass.states.get("automation.test").state == "unavailable"
