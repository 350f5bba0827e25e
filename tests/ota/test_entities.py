"""Entities of devices and rollouts, and diagnostics."""

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.ota.data import OtaData
from custom_components.ota.diagnostics import async_get_config_entry_diagnostics
from custom_components.ota.rollout.plan import Status

from .conftest import AddDevice, Release, act, rollout, settled
from .entity_helpers import UPDATE, fleet, later, registered

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
    assert hass.states.get(UPDATE).state == "off"  # stored but not offered
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
    assert registered(hass, ota).sw_version == "2.0.0", "the device registry has the new version too"


async def test_a_device_outside_the_wave_shows_no_update(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    for number in range(1, 5):
        await (await add_device(f"dev-{number}")).check(version="1.0.0")
    await release()
    await rollout(hass, strategy="canary", percent=25)
    on = [n for n in range(1, 5) if hass.states.get(f"update.dev_{n}_firmware").state == "on"]
    assert len(on) == 1


async def test_a_user_installs_an_offer_on_request(
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


async def test_a_user_installs_a_specific_version_and_invalid_ones_are_rejected(
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


async def test_progress_does_not_write_a_state_per_percent(
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
    assert "dev-1" not in ota.hub.state.devices  # even immediately after it was added
    reply = await device.client.get("/api/ota/v1/devices/dev-1/check/", headers=device.headers)
    assert reply.status == 401


async def test_removing_a_confirmed_device_revokes_its_key(
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


async def test_rollout_entities(hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release) -> None:
    devices = await fleet(add_device)
    await release()
    await rollout(hass, name="Spring")
    assert hass.states.get("sensor.spring_status").state == "running"

    async def assert_states(**expected: str) -> None:
        """Check the sensors a second later: the counts are published once a second."""
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
    published = [event for event in changes if event.data["entity_id"] == "sensor.spring_updates_in_progress"]
    assert [event.data["new_state"].state for event in published] == ["4"]


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
    user = await hass.auth.async_create_user("user", group_ids=["system-users"])
    press = {"entity_id": "button.spring_pause"}
    with pytest.raises(ServiceValidationError, match=r"admin_only|Only administrators"):
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


async def test_sensors_that_are_disabled_by_default(
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


# -- diagnostics


async def test_diagnostics_contain_no_secrets(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice, release: Release
) -> None:
    (device,) = await fleet(add_device, 1)
    await release()
    await rollout(hass)
    await device.check(version="1.0.0")
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    assert diagnostics["devices"][0]["offer"] == "offered"
    assert diagnostics["devices"][0]["job"]["state"] == "offered"
    assert diagnostics["rollouts"][0]["gate"] == "wait"
    text = str(diagnostics)
    assert not {"manifest", "signature"} & diagnostics["releases"][0].keys()
    for secret in (device.issued.key, device.issued.url_token):
        assert secret not in text
    ring = ota.keys.devices["dev-1"]
    assert str(ring.header.current) not in text
    await hass.config_entries.async_unload(entry.entry_id)
    assert "devices" not in await async_get_config_entry_diagnostics(hass, entry)
