"""Entities, actions, events, triggers, repairs and diagnostics."""

from datetime import timedelta
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, Event, HomeAssistant, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import condition, device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.ota.condition import CONDITIONS
from custom_components.ota.data import OtaData
from custom_components.ota.diagnostics import async_get_config_entry_diagnostics
from custom_components.ota.rollout.models import JobState
from custom_components.ota.rollout.plan import Status

from .conftest import AddDevice, Registered, Release, act, rollout, settled

UPDATE = "update.dev_1_firmware"


async def later(hass: HomeAssistant, seconds: float) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await settled(hass)


async def report(ota: OtaData, uid: str, state: JobState, **more: Any) -> None:
    job = ota.hub.state.job_of(uid)
    assert job is not None
    ota.hub.engine.report(uid, job.job_id, state, ota.hub.now, **more)
    await ota.hub.async_commit()


def registered(hass: HomeAssistant, ota: OtaData, uid: str = "dev-1") -> dr.DeviceEntry:
    found = dr.async_get(hass).async_get_device_by_identifier(("ota", ota.devices.subentries[uid]), ota.hub.entry_id)
    assert found is not None
    return found


# -- update entity


async def test_the_update_entity_follows_its_device(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await device.check(version="1.0.0")
    await settled(hass)
    assert hass.states.get(UPDATE).state == "off"
    assert hass.states.get(UPDATE).attributes["latest_version"] == "1.0.0"
    assert registered(hass, ota).sw_version == "1.0.0"
    await release(notes="All **better**.", release_url="https://example.org/2")
    assert hass.states.get(UPDATE).state == "off"  # stored is not offered
    await rollout(hass)
    state = hass.states.get(UPDATE)
    assert (state.state, state.attributes["latest_version"]) == ("on", "2.0.0")
    assert state.attributes["release_url"] == "https://example.org/2"
    assert state.attributes["release_summary"] == "All **better**."
    job = (await device.check(version="1.0.0"))["update"]["job"]
    await device.status(job, "downloading", progress=10)
    await settled(hass)
    state = hass.states.get(UPDATE)
    assert (state.attributes["in_progress"], state.attributes["update_percentage"]) == (True, 10)
    await device.status(job, "rebooting")
    await device.check(version="2.0.0")
    await settled(hass)
    state = hass.states.get(UPDATE)
    assert (state.state, state.attributes["in_progress"]) == ("off", False)
    assert registered(hass, ota).sw_version == "2.0.0", "the device's page says so too"


async def test_a_device_outside_the_wave_does_not_nag(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    for number in range(1, 5):
        await (await add_device(f"dev-{number}")).check(version="1.0.0")
    await release()
    await rollout(hass, strategy="canary", percent=25)
    on = [n for n in range(1, 5) if hass.states.get(f"update.dev_{n}_firmware").state == "on"]
    assert len(on) == 1


async def test_a_user_installs_what_is_offered_on_request(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await release()
    await rollout(hass, mode="on_request")
    assert (await device.check(version="1.0.0"))["update"] is None
    await settled(hass)
    assert hass.states.get(UPDATE).state == "on"
    await hass.services.async_call("update", "install", {"entity_id": UPDATE}, blocking=True)
    assert (await device.check(version="1.0.0"))["update"]["version"] == "2.0.0"


async def test_a_user_installs_a_specific_version_and_wrong_ones_are_explained(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await device.check(version="1.0.0")
    await release("2.0.0", 20)
    await release("3.0.0", 30)
    install = {"entity_id": UPDATE, "version": "2.0.0"}
    await hass.services.async_call("update", "install", install, blocking=True)
    assert (await device.check(version="1.0.0"))["update"]["version"] == "2.0.0"
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call("update", "install", {**install, "version": "9.9"}, blocking=True)
    assert caught.value.translation_key == "unknown_release"


async def test_release_notes(
    hass: HomeAssistant, add_device: AddDevice, release: Release, hass_ws_client: WebSocketGenerator
) -> None:
    await (await add_device()).check(version="1.0.0")
    await release(notes="# Notes\n" + "x" * 400)
    await rollout(hass)
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": UPDATE})
    assert (await client.receive_json())["result"] == "# Notes\n" + "x" * 400


async def test_progress_is_no_recorder_row_per_percent(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    job = (await device.check(version="1.0.0"))["update"]["job"]
    changes = async_capture_events(hass, "state_changed")
    for percent in range(1, 101):
        await device.status(job, "downloading", progress=percent)
    await settled(hass)
    assert len([event for event in changes if event.data["entity_id"] == UPDATE]) <= 3


async def test_removed_device_removes_its_entities(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    device = await add_device()
    hass.config_entries.async_remove_subentry(entry, ota.devices.subentries["dev-1"])
    await settled(hass)
    assert hass.states.get(UPDATE) is None
    assert "dev-1" not in ota.hub.state.devices  # though it was added a moment ago
    reply = await device.client.get("/api/ota/v1/devices/dev-1/check/", headers=device.headers)
    assert reply.status == 401


async def test_a_confirmed_device_that_is_removed_has_no_key_any_more(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    device = await add_device()
    await later(hass, 61)
    assert ota.keys.devices["dev-1"].confirmed
    hass.config_entries.async_remove_subentry(entry, ota.devices.subentries["dev-1"])
    await settled(hass)
    assert "dev-1" not in ota.hub.state.devices
    reply = await device.client.get("/api/ota/v1/devices/dev-1/check/", headers=device.headers)
    assert reply.status == 401


# -- rollout entities


async def fleet(add_device: AddDevice, count: int = 4) -> list[Registered]:
    devices = [await add_device(f"dev-{number}") for number in range(1, count + 1)]
    for device in devices:
        await device.check(version="1.0.0", boot_count=1)
    return devices


async def test_the_rollouts_entities(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    devices = await fleet(add_device)
    await release()
    await rollout(hass, name="Spring")
    assert hass.states.get("sensor.spring_status").state == "running"

    async def assert_states(**expected: str) -> None:
        """Check the sensors a second later: users watch a rollout."""
        await later(hass, 1.1)
        assert {key: hass.states.get(f"sensor.spring_{key}").state for key in expected} == expected

    await devices[0].check(version="1.0.0")
    await assert_states(updates_in_progress="1", updated_devices="0")
    await devices[1].check(version="1.0.0")
    await assert_states(updates_in_progress="2")
    await devices[0].update("2.0.0")
    await assert_states(
        updates_in_progress="1", updated_devices="1", failed_devices="0", progress="25", current_wave="1"
    )
    job = (await devices[1].check(version="1.0.0"))["update"]["job"]
    await devices[1].status(job, "failed")
    await assert_states(updates_in_progress="0", failed_devices="1")
    assert hass.states.get("sensor.spring_updates_in_progress").attributes["unit_of_measurement"] == "devices"
    assert hass.states.get("sensor.ota_registered_devices").state == "4"
    assert hass.states.get("sensor.ota_stored_releases").state == "1"


async def test_counts_are_published_once_a_second(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    devices = await fleet(add_device)
    await release()
    await rollout(hass, name="Spring")
    changes = async_capture_events(hass, "state_changed")
    for device in devices:
        job = (await device.check(version="1.0.0"))["update"]["job"]
        for percent in range(1, 101, 20):
            await device.status(job, "downloading", progress=percent)
    await later(hass, 1.1)
    told = [event for event in changes if event.data["entity_id"] == "sensor.spring_updates_in_progress"]
    assert [event.data["new_state"].state for event in told] == ["4"]


async def test_buttons(hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release) -> None:
    devices = await fleet(add_device)
    await release()
    rollout_id = await rollout(hass, name="Spring", strategy="canary", percent=25)

    async def press(name: str) -> None:
        await hass.services.async_call("button", "press", {"entity_id": f"button.spring_{name}"}, blocking=True)
        await settled(hass)

    assert hass.states.get("button.spring_resume").state == "unavailable"
    await press("pause")
    assert ota.hub.state.rollouts[rollout_id].status is Status.PAUSED
    assert hass.states.get("button.spring_pause").state == "unavailable"
    await press("resume")
    await press("start_next_wave")
    assert ota.hub.state.rollouts[rollout_id].wave == 1
    await devices[0].update("2.0.0")
    await press("retry_failed_devices")
    await press("roll_back")
    assert ota.hub.state.rollouts[rollout_id].status is Status.ROLLED_BACK
    assert hass.states.get("sensor.spring_status").state == "rolled_back"
    assert hass.states.get("button.spring_abort").state == "unavailable"


async def test_users_without_admin_rights_cannot_press_buttons(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, hass_admin_user: User
) -> None:
    await fleet(add_device, 1)
    await release()
    await rollout(hass, name="Spring")
    user = await hass.auth.async_create_user("someone", group_ids=["system-users"])
    press = {"entity_id": "button.spring_pause"}
    with pytest.raises(HomeAssistantError, match=r"admin_only|Only administrators"):
        await hass.services.async_call("button", "press", press, blocking=True, context=Context(user_id=user.id))
    await hass.services.async_call("button", "press", press, blocking=True, context=Context(user_id=hass_admin_user.id))


async def test_removed_rollout_removes_its_device(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice, release: Release
) -> None:
    await fleet(add_device, 1)
    await release()
    rollout_id = await rollout(hass, name="Spring")
    await act(hass, "abort", rollout=rollout_id)
    await act(hass, "remove_rollout", rollout=rollout_id)
    await settled(hass)
    assert hass.states.get("sensor.spring_status") is None
    names = {device.name for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)}
    assert names == {"OTA", "Dev-1"}


async def test_names_and_ids(hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice) -> None:
    await add_device()
    registry = er.async_get(hass)
    for found in er.async_entries_for_config_entry(registry, entry.entry_id):
        owner = found.config_subentry_id or entry.entry_id
        assert found.unique_id == f"{owner}_{found.translation_key}"
        assert found.has_entity_name


# -- events and triggers


async def test_events_follow_an_update(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    (device,) = await fleet(add_device, 1)
    heard: list[Event[Any]] = []

    @callback
    def hear(event: Event[Any]) -> None:
        heard.append(event)

    for name in ("ota_update", "ota_rollout", "ota_release"):
        hass.bus.async_listen(name, hear)
    await release()
    await rollout(hass, name="Spring")
    await device.update("2.0.0")
    await settled(hass)
    story = [(e.event_type, e.data.get("state") or e.data.get("status") or e.data.get("version")) for e in heard]
    assert story == [
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
    await act(hass, "pause", rollout=heard[1].data["rollout"])
    await settled(hass)
    assert hass.states.get("event.ota_rollout").attributes["event_type"] == "paused"


@pytest.mark.parametrize(
    ("trigger", "wanted", "expected"),
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
    wanted: dict[str, Any],
    expected: str | None,
) -> None:
    automation = {
        "alias": "test",
        "triggers": [{"trigger": f"ota.{trigger}", "options": wanted}],
        "actions": [{"event": "heard", "event_data": {"trigger": "{{ trigger | to_json }}"}}],
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    heard = async_capture_events(hass, "heard")
    (device,) = await fleet(add_device, 1)
    await release()
    await rollout(hass)
    await device.update("2.0.0")
    await settled(hass)
    if expected is None:
        assert not heard
    else:
        assert f'"{expected}"' in heard[0].data["trigger"]


async def holds(hass: HomeAssistant, name: str, target: dict[str, Any], **options: Any) -> bool:
    """Whether a condition holds, as an automation would find it."""
    config = {"condition": f"ota.{name}", "target": target, "options": options}
    checker = await condition.async_from_config(hass, await condition.async_validate_condition_config(hass, config))
    try:
        return bool(checker.async_check())
    finally:
        checker.async_unload()


async def true_ones(hass: HomeAssistant, target: dict[str, Any], prefix: str) -> set[str]:
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
    assert await true_ones(hass, target, "rollout") == {"rollout_is_scheduled"}
    await act(hass, "pause", rollout=rollout_id)
    await settled(hass)
    assert await true_ones(hass, target, "rollout") == {"rollout_is_paused"}
    await act(hass, "abort", rollout=rollout_id)
    await settled(hass)
    assert await true_ones(hass, target, "rollout") == {"rollout_was_ended"}
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
    assert await true_ones(hass, target, "device") == {"device_is_up_to_date"}
    await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    await settled(hass)
    assert await true_ones(hass, target, "device") == set()
    await device.status(update["job"], "downloading")
    await settled(hass)
    assert await true_ones(hass, target, "device") == {"device_is_updating"}
    await device.status(update["job"], "failed", reason="flash")
    await settled(hass)
    assert await true_ones(hass, target, "device") >= {"device_has_failed"}
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
        "actions": [{"event": "heard"}],
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    heard = async_capture_events(hass, "heard")
    first, second = await fleet(add_device, 2)
    await release()
    rollout_id = await rollout(hass)
    await first.update("2.0.0")
    await settled(hass)
    assert len(heard) == 1
    await second.check(version="1.0.0")
    await act(hass, "pause", rollout=rollout_id)
    await settled(hass)
    await second.check(version="2.0.0", boot_count=5)
    await settled(hass)
    assert len(heard) == 1


async def test_a_trigger_with_an_unknown_option_is_refused(hass: HomeAssistant, ota: OtaData) -> None:
    automation = {
        "alias": "test",
        "triggers": [{"trigger": "ota.update_changed", "options": {"state": ["dancing"]}}],
        "actions": [],
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    assert hass.states.get("automation.test").state == "unavailable"


# -- actions


async def test_waves_gates_and_a_rollback_through_actions(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    devices = await fleet(add_device)
    await release("1.0.0", 10)
    await release("2.0.0", 20)
    reply = await act(
        hass,
        "create_rollout",
        response=True,
        product="thermostat",
        version="2.0.0",
        rollout="r1",
        strategy="waves",
        waves=[{"devices": ["dev-1"]}, {"percent": 50, "gate": {"soak_s": 0}}, {"percent": 100}],
        gate={"soak_s": 0, "coverage": 1},
        auto_rollback=True,
    )
    assert reply["rollout"] == "r1"
    assert sum(reply["waves"]) == reply["devices"] == 4
    await devices[0].update("2.0.0")
    await later(hass, 11)
    assert ota.hub.state.rollouts["r1"].wave == 1
    await act(hass, "promote", rollout="r1")
    for device in devices[1:3]:
        job = (await device.check(version="1.0.0"))["update"]["job"]
        await device.status(job, "failed", reason="bad flash")
    assert ota.hub.state.rollouts["r1"].status is Status.ROLLED_BACK
    back = (await devices[0].check(version="2.0.0", boot_count=2))["update"]
    assert (back["version"], back["rollback"]) == ("1.0.0", True)
    await devices[0].status(back["job"], "rebooting")
    await devices[0].check(version="1.0.0", boot_count=3)
    history = await act(hass, "device_history", response=True, device="dev-1")
    assert [event["kind"] for event in history["events"]][-2:] == ["verified", "rolled_back"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"product": "oven"}, "unknown_release"),
        ({"version": "9.9"}, "unknown_release"),
        ({"devices": ["ghost"]}, "no_devices"),
        ({"strategy": "waves"}, "bad_waves"),
        ({"strategy": "canary", "percent": 0}, "bad_waves"),
        ({"shares": [0]}, "bad_arms"),
        ({"version": ["2.0.0", "2.0.0"], "shares": [1]}, "bad_arms"),
        ({"rollout": "r1"}, "rollout_exists"),
    ],
)
async def test_a_plan_that_is_impossible_is_explained(
    hass: HomeAssistant, add_device: AddDevice, release: Release, change: dict[str, Any], key: str
) -> None:
    await fleet(add_device, 1)
    await release()
    await rollout(hass, rollout="r1")
    with pytest.raises(ServiceValidationError) as caught:
        await rollout(hass, **change)
    assert caught.value.translation_key == key
    assert str(caught.value)


async def test_every_error_has_its_text(hass: HomeAssistant) -> None:
    """Codes of the core package are translation keys: none may lack its text."""
    import json
    from pathlib import Path
    import re

    root = Path(__file__).parents[2] / "custom_components/ota"
    texts = json.loads((root / "translations/en.json").read_text())["exceptions"]
    pattern = re.compile(r'(?:Image|Manifest|Release|Storage|Device|Rollout|Wire|Ota|Source)Error\(\s*"([a-z_]+)"')
    codes = {code for path in root.rglob("*.py") for code in pattern.findall(path.read_text())}
    assert len(codes) > 40
    assert codes <= texts.keys(), codes - texts.keys()


async def test_assign_cancel_retry_compare_and_the_rest(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    devices = await fleet(add_device)
    await release("2.0.0", 20)
    await release("3.0.0", 30)
    assert (await act(hass, "assign", response=True, device="dev-4", version="2.0.0"))["job"] == "1"
    await act(hass, "cancel", device="dev-4")
    rollout_id = await rollout(hass, version=["2.0.0", "3.0.0"], shares=[1, 1], salt="b")
    job = (await devices[0].check(version="1.0.0"))["update"]["job"]
    await devices[0].status(job, "failed")
    again = await act(hass, "retry", response=True, rollout=rollout_id, devices=["dev-1", "dev-2"])
    assert again == {"devices": ["dev-1"]}
    for device in devices[1:]:
        offered = (await device.check(version="1.0.0"))["update"]["version"]
        await device.update(offered)
        await device.check(version=offered, boot_count=2, metrics={"free_heap": 100_000.0})
    found = await act(hass, "compare", response=True, rollout=rollout_id)
    assert {arm["version"] for arm in found["versions"]} == {"2.0.0", "3.0.0"}
    assert sum(arm["finished"] for arm in found["versions"]) == 3
    assert found["failure_rate"]["significant"] is False
    listed = await act(hass, "list_releases", response=True)
    assert [r["version"] for r in listed["releases"]] == ["2.0.0", "3.0.0"]
    with pytest.raises(ServiceValidationError, match=r"in use|release_in_use"):
        await act(hass, "remove_release", release="thermostat:esp32c3:3.0.0")
    await act(hass, "withdraw_release", release="thermostat:esp32c3:3.0.0")
    await act(hass, "abort", rollout=rollout_id)
    await act(hass, "remove_release", release="thermostat:esp32c3:3.0.0")
    assert len(ota.images.store.present()) == 1
    single = await rollout(hass, version="2.0.0")
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "compare", response=True, rollout=single)
    assert caught.value.translation_key == "not_two_versions"
    impossible = await act(hass, "rollback", response=True, rollout=single)
    assert isinstance(impossible["impossible"], list)


async def test_devices_and_rollouts_are_listed_by_what_other_actions_call_them(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    first = await add_device("dev-1", group="lab", metadata={"shelf": 3})
    await first.check(version="1.0.0", boot_count=1, metrics={"free_heap": 5.0})
    for number in range(2, 43):
        await add_device(f"dev-{number}")
    await release()
    await rollout(hass, rollout="r1", name="Spring", groups=["lab"])
    job = (await first.check(version="1.0.0"))["update"]["job"]
    await first.status(job, "downloading", progress=40)
    await release("3.0.0", 30)
    (listed,) = (await act(hass, "list_devices", response=True, group="lab"))["devices"]
    expected = {
        "device": "dev-1",
        "group": "lab",
        "metadata": {"shelf": "3"},
        "metrics": {"free_heap": 5.0},
        "installed_version": "1.0.0",
        "offer": "offered",
        "offered_version": "2.0.0",
        "update": "downloading",
        "progress": 40,
    }
    assert {key: listed[key] for key in expected} == expected
    assert dt_util.parse_datetime(listed["last_seen"]) is not None
    everybody = (await act(hass, "list_devices", response=True, product=listed["product"]))["devices"]
    assert len(everybody) == 42
    assert {device["offer"] for device in everybody[1:]} == {"no_rollout"}
    assert (await act(hass, "list_devices", response=True, product="other"))["devices"] == []
    (found,) = (await act(hass, "list_rollouts", response=True))["rollouts"]
    expected = {"rollout": "r1", "name": "Spring", "status": "running", "devices": 1, "in_flight": 1, "verified": 0}
    assert {key: found[key] for key in expected} == expected
    assert (found["gate"], found["gate_reason"], found["finished"]) == ("wait", "sample", None)


async def test_times_of_an_action_are_home_assistants_own(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    await fleet(add_device, 1)
    await release()
    rollout_id = await rollout(hass, start="2099-01-01 10:00:00")
    made = ota.hub.state.rollouts[rollout_id]
    assert made.status is Status.SCHEDULED
    local = dt_util.parse_datetime("2099-01-01 10:00:00")
    assert local is not None
    assert made.waves[0].not_before == dt_util.as_utc(local).timestamp()


async def test_simulation_shows_the_effect_of_a_bad_release(
    hass: HomeAssistant, ota: OtaData, release: Release
) -> None:
    found = await act(
        hass,
        "simulate_rollout",
        response=True,
        product="thermostat",
        version="2.0.0",
        fleet_size=200,
        salt="fixed",
        percent=2,
        behavior={"bricks": 0.5},
    )
    assert found["status"] == "paused"
    assert found["broken_share"] < 0.05
    assert not ota.hub.state.rollouts


async def test_permissions_of_a_stand_alone_device_stay_in_its_subentry(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    await add_device("dev-1", group="house")
    await act(hass, "set_policy", device="dev-1", may_update=False)
    await settled(hass)
    assert not ota.hub.state.devices["dev-1"].policy.may_update
    data = entry.subentries[ota.devices.subentries["dev-1"]].data
    assert (data["may_update"], data["group"]) == (False, "house")


async def test_a_key_is_rotated_by_an_action(hass: HomeAssistant, ota: OtaData, add_device: AddDevice) -> None:
    device = await add_device()
    shown = await act(hass, "rotate_key", response=True, device="dev-1")
    path = "/api/ota/v1/devices/dev-1/check/"
    assert (await device.client.get(path, headers={"X-Device-Key": shown["key"]})).status == 200
    assert (await device.client.get(shown["url_path"] + "manifest.json?version=1")).status == 200
    with pytest.raises(ServiceValidationError, match="ghost does not exist"):
        await act(hass, "rotate_key", response=True, device="ghost")


async def test_actions_are_for_administrators(hass: HomeAssistant, ota: OtaData, hass_admin_user: User) -> None:
    user = await hass.auth.async_create_user("someone", group_ids=["system-users"])

    async def call(user_id: str) -> Any:
        return await hass.services.async_call(
            "ota", "list_releases", {}, blocking=True, return_response=True, context=Context(user_id=user_id)
        )

    with pytest.raises(Unauthorized):
        await call(user.id)
    with pytest.raises(UnknownUser):
        await call("nobody")
    assert await call(hass_admin_user.id) == {"releases": []}


async def test_every_action_is_for_administrators(hass: HomeAssistant, ota: OtaData, hass_admin_user: User) -> None:
    user = await hass.auth.async_create_user("someone", group_ids=["system-users"])
    actions = hass.services.async_services_for_domain("ota")
    assert len(actions) > 20
    for name, action in actions.items():
        data = {str(key): 1 for key in action.schema.schema if isinstance(key, vol.Required)}
        respond = action.supports_response is not SupportsResponse.NONE
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                "ota", name, data, blocking=True, return_response=respond, context=Context(user_id=user.id)
            )


async def test_actions_require_a_loaded_entry(hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "list_releases", response=True)
    assert caught.value.translation_key == "not_loaded"


# -- repairs


async def test_a_stopped_rollout_asks_a_person(
    hass: HomeAssistant,
    ota: OtaData,
    add_device: AddDevice,
    release: Release,
    hass_client: ClientSessionGenerator,
) -> None:
    devices = await fleet(add_device)
    await release()
    rollout_id = await rollout(hass, name="Spring")
    late = devices[2]
    pending = (await late.check(version="1.0.0"))["update"]["job"]
    await late.status(pending, "downloading")
    for device in devices[:2]:
        job = (await device.check(version="1.0.0"))["update"]["job"]
        await device.status(job, "failed", reason="no room")
    issue = ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}")
    assert issue is not None
    facts = {
        "name": "Spring",
        "failed": "2",
        "finished": "2",
        "wave": "1",
        "waves": "1",
        "devices": "Dev-1 (2.0.0: no room), Dev-2 (2.0.0: no room)",
    }
    assert issue.translation_placeholders == facts
    await late.status(pending, "failed", reason="no room")
    issue = ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}")
    assert issue is not None
    facts |= {"failed": "3", "finished": "3", "devices": facts["devices"] + ", Dev-3 (2.0.0: no room)"}
    assert issue.translation_placeholders == facts
    client = await hass_client()
    body = {"handler": "ota", "issue_id": issue.issue_id}
    flow = await (await client.post("/api/repairs/issues/fix", json=body)).json()
    assert flow["menu_options"] == ["resume", "retry", "rollback", "abort"]
    assert flow["description_placeholders"] == facts
    reply = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={"next_step_id": "retry"})
    assert (await reply.json())["type"] == "create_entry"
    assert ota.hub.state.rollouts[rollout_id].status is Status.RUNNING
    assert ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}") is None
    assert (await devices[0].check(version="1.0.0"))["update"] is not None


@pytest.mark.parametrize(("step", "status"), [("resume", "running"), ("rollback", "rolled_back"), ("abort", "aborted")])
async def test_the_other_answers_of_the_repair(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, step: str, status: str
) -> None:
    from custom_components.ota.repairs import async_create_fix_flow

    await fleet(add_device, 1)
    await release()
    rollout_id = await rollout(hass, name="Spring")
    await act(hass, "pause", rollout=rollout_id)
    flow = await async_create_fix_flow(hass, "x", {"rollout": rollout_id})
    flow.hass = hass
    await getattr(flow, f"async_step_{step}")()
    assert ota.hub.state.rollouts[rollout_id].status == status
    if step != "resume":
        assert (await getattr(flow, f"async_step_{step}")())["reason"] == "rollout_ended"
        await act(hass, "remove_rollout", rollout=rollout_id)
        assert (await flow.async_step_init())["reason"] == "unknown_rollout"
    await hass.config_entries.async_unload(ota.hub.entry_id)
    assert (await flow.async_step_abort())["reason"] == "not_loaded"
    assert (await flow.async_step_init())["reason"] == "not_loaded"


async def test_a_stuck_device_is_named_until_it_moves(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, freezer: Any
) -> None:
    (device,) = await fleet(add_device, 1)
    await release()
    await rollout(hass, timeouts={"stuck_s": 3600})
    await device.check(version="1.0.0")
    freezer.tick(3700)
    await later(hass, 11)
    registry = ir.async_get(hass)
    assert registry.async_get_issue("ota", "stuck_dev-1") is not None
    await act(hass, "cancel", device="dev-1")
    await later(hass, 22)
    assert registry.async_get_issue("ota", "stuck_dev-1") is None


async def test_a_stuck_device_that_is_removed_is_not_named_any_more(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, freezer: Any
) -> None:
    (device,) = await fleet(add_device, 1)
    await release()
    await rollout(hass, timeouts={"stuck_s": 3600})
    await device.check(version="1.0.0")
    freezer.tick(3700)
    await later(hass, 11)
    ota.hub.engine.remove("dev-1")
    await ota.hub.async_commit()
    assert ir.async_get(hass).async_get_issue("ota", "stuck_dev-1") is None
    await ota.keys.async_confirm("dev-1")
    await ota.keys.async_revoke("dev-1")
    await ota.keys.async_revoke("dev-1")


async def test_the_sensors_that_are_disabled_by_default(
    hass: HomeAssistant,
    all_enabled: None,
    ota: OtaData,
    add_device: AddDevice,
    release: Release,
) -> None:
    device = await add_device()
    assert hass.states.get("sensor.dev_1_last_seen").state == "unknown"
    await device.check(version="1.0.0")
    await settled(hass)
    assert hass.states.get("sensor.dev_1_offer_status").state == "no_rollout"
    ota.hub.publisher._clock = lambda: hass.loop.time() + 30
    await later(hass, 30)
    assert dt_util.parse_datetime(hass.states.get("sensor.dev_1_last_seen").state) is not None
    await release()
    await rollout(hass, mode="on_request")
    assert hass.states.get("sensor.dev_1_offer_status").state == "on_request"


async def test_automatic_rollback_creates_an_issue(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    devices = await fleet(add_device)
    await release()
    rollout_id = await rollout(hass, auto_rollback=True)
    for device in devices[:2]:
        job = (await device.check(version="1.0.0"))["update"]["job"]
        await device.status(job, "failed")
    issue = ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}")
    assert issue is not None
    assert (issue.translation_key, issue.is_fixable) == ("rollout_rolled_back", False)
    await act(hass, "remove_rollout", rollout=rollout_id)
    assert ir.async_get(hass).async_get_issue("ota", f"rollout_{rollout_id}") is None


# -- diagnostics


async def test_diagnostics_contain_no_secrets(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice, release: Release
) -> None:
    (device,) = await fleet(add_device, 1)
    await release()
    await rollout(hass)
    await device.check(version="1.0.0")
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["devices"][0]["offer"] == "offered"
    assert told["devices"][0]["job"]["state"] == "offered"
    assert told["rollouts"][0]["gate"] == "wait"
    text = str(told)
    assert not {"manifest", "signature"} & told["releases"][0].keys()
    for secret in (device.issued.key, device.issued.url_token):
        assert secret not in text
    ring = ota.keys.devices["dev-1"]
    assert str(ring.header.current) not in text
    await hass.config_entries.async_unload(entry.entry_id)
    assert "devices" not in await async_get_config_entry_diagnostics(hass, entry)
