"""Actions."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.util import dt as dt_util
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.plan import Status

from .conftest import AddDevice, Release, act, rollout, settled
from .entity_helpers import fleet, later


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
        ({"strategy": "waves", "waves": [{"devices": ["ghost"]}, {"percent": 100}]}, "empty_wave"),
        ({"strategy": "waves", "waves": [{"percent": 10}, {"devices": ["DEV-1"]}, {"percent": 100}]}, "empty_wave"),
        ({"strategy": "waves", "waves": [{"groups": ["nowhere"]}, {"percent": 100}]}, "empty_wave"),
        ({"strategy": "waves", "waves": [{}, {"percent": 100}]}, "empty_wave"),
        ({"strategy": "waves"}, "bad_waves"),
        ({"strategy": "canary", "percent": 0}, "bad_waves"),
        ({"shares": [0]}, "bad_arms"),
        ({"version": ["2.0.0", "2.0.0"], "shares": [1]}, "bad_arms"),
        ({"version": ["2.0.0", "2.0.0"]}, "bad_arms"),
        ({"rollout": "r1"}, "rollout_exists"),
    ],
)
async def test_an_invalid_plan_is_rejected_with_a_reason(
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
    """Error codes of the core package are translation keys; each one needs a text."""
    import json
    from pathlib import Path
    import re

    root = Path(__file__).parents[2] / "custom_components/ota"
    texts = json.loads((root / "translations/en.json").read_text())["exceptions"]
    pattern = re.compile(r'(?:Image|Manifest|Release|Storage|Device|Rollout|Wire|Ota|Source)Error\(\s*"([a-z_]+)"')
    codes = {code for path in root.rglob("*.py") for code in pattern.findall(path.read_text())}
    assert len(codes) > 40
    assert codes <= texts.keys(), codes - texts.keys()


async def test_assign_cancel_retry_compare_and_releases(
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


async def test_devices_and_rollouts_are_listed_with_their_ids(
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
    all_devices = (await act(hass, "list_devices", response=True, product=listed["product"]))["devices"]
    assert len(all_devices) == 42
    assert {device["offer"] for device in all_devices[1:]} == {"no_rollout"}
    assert (await act(hass, "list_devices", response=True, product="other"))["devices"] == []
    (found,) = (await act(hass, "list_rollouts", response=True))["rollouts"]
    expected = {"rollout": "r1", "name": "Spring", "status": "running", "devices": 1, "in_flight": 1, "verified": 0}
    assert {key: found[key] for key in expected} == expected
    assert (found["gate"], found["gate_reason"], found["finished"]) == ("wait", "sample", None)


async def test_times_of_an_action_are_local(
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


@pytest.mark.parametrize("field", ["behavior", "behaviour"], ids=["current", "former"])
async def test_simulation_shows_the_effect_of_a_bad_release(
    hass: HomeAssistant, ota: OtaData, release: Release, field: str
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
        **{field: {"bricks": 0.5}},
    )
    assert found["status"] == "paused"
    assert found["broken_share"] < 0.05
    assert not ota.hub.state.rollouts


async def test_policy_of_a_stand_alone_device_is_stored_in_its_subentry(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    await add_device("dev-1", group="house")
    for half in ({"window_start": "22:00"}, {"window_end": "05:00"}):
        with pytest.raises(ServiceValidationError) as refused:
            await act(hass, "set_policy", device="dev-1", **half)
        assert refused.value.translation_key == "bad_window"
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
    with pytest.raises(ServiceValidationError, match="no device with the ID ghost"):
        await act(hass, "rotate_key", response=True, device="ghost")


async def test_actions_are_for_administrators(hass: HomeAssistant, ota: OtaData, hass_admin_user: User) -> None:
    user = await hass.auth.async_create_user("user", group_ids=["system-users"])

    async def call(user_id: str) -> Any:
        return await hass.services.async_call(
            "ota", "list_releases", {}, blocking=True, return_response=True, context=Context(user_id=user_id)
        )

    with pytest.raises(Unauthorized):
        await call(user.id)
    with pytest.raises(UnknownUser):
        await call("unknown")
    assert await call(hass_admin_user.id) == {"releases": []}


async def test_every_action_is_for_administrators(hass: HomeAssistant, ota: OtaData, hass_admin_user: User) -> None:
    user = await hass.auth.async_create_user("user", group_ids=["system-users"])
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
