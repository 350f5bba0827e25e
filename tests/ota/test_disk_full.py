"""The disk is full: devices get a response, changes stay in memory and are saved as soon as there is space."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
import errno
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ota._lib.retried_store import storage_health
from custom_components.ota.data import OtaData
from custom_components.ota.rollout.models import JobState

from .conftest import AddDevice, FullDisk, Registered, Release, rollout, stored

type Tick = Callable[[], Any]


@pytest.fixture
def tick(ota: OtaData) -> Tick:
    return lambda: ota.hub._async_tick(dt_util.utcnow())


@contextmanager
def no_key_can_be_saved() -> Iterator[list[object]]:
    """The store of the keys cannot be written; yields the attempts."""
    attempts: list[object] = []
    real = Store._async_write_data

    async def write(store: Store[Any], data: dict[str, Any]) -> None:
        if store.key == "ota.keys":
            attempts.append(data)
            raise OSError(errno.ENOSPC, "No space left on device")
        await real(store, data)

    with patch.object(Store, "_async_write_data", write):
        yield attempts


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue("ota", "storage_failed")


async def offered(hass: HomeAssistant, add_device: AddDevice, release: Release) -> Registered:
    device = await add_device()
    await release()
    await rollout(hass)
    return device


async def test_the_tick_continues_and_one_issue_is_created(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, full_disk: FullDisk, tick: Tick
) -> None:
    device = await offered(hass, add_device, release)
    ticks: list[int] = []
    remove = ota.hub.listen_tick(lambda: ticks.append(1))
    with full_disk():
        assert (
            await device.client.post("/api/ota/v1/devices/dev-1/check/", json={}, headers=device.headers)
        ).status == 503
        for _ in range(3):
            await tick()
        found = issue(hass)
        assert found is not None
        assert (found.translation_key, found.severity) == ("storage_failed", ir.IssueSeverity.ERROR)
        assert found.translation_placeholders == {"error": "database or disk is full"}
        assert len(ticks) == 3
        assert not [key for key in stored(hass) if key[0] == "job"]
    await tick()
    assert issue(hass) is None
    assert [record["uid"] for key, record in stored(hass).items() if key[0] == "job"] == ["dev-1"]
    remove()


async def test_only_a_device_whose_change_is_not_saved_has_to_wait(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, full_disk: FullDisk
) -> None:
    other = await add_device("other", product="lamp")
    device = await offered(hass, add_device, release)
    with full_disk():
        reply = await device.client.post("/api/ota/v1/devices/dev-1/check/", json={}, headers=device.headers)
        assert reply.status == 503
        assert (await reply.json())["error"] == "storage_failed"
        assert reply.headers["Retry-After"]
        for _ in range(5):
            assert (await other.check(version="1.0.0"))["reason"] == "no_rollout"
        repeated = await device.client.post("/api/ota/v1/devices/dev-1/check/", json={}, headers=device.headers)
        assert repeated.status == 503  # the offer is not saved yet
    assert (await device.check(version="1.0.0"))["update"]["job"] == "1"


@pytest.mark.parametrize("path", ["check/", "status/", "firmware/{}.bin", "d/manifest.json", "d/update.bin", "ddi"])
async def test_every_client_gets_json(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, full_disk: FullDisk, path: str
) -> None:
    device = await offered(hass, add_device, release)
    sha256 = next(iter(ota.hub.state.releases.values())).sha256
    client, root = device.client, "/api/ota/v1/devices/dev-1/"
    if path in ("status/", "firmware/{}.bin"):
        await device.check(version="1.0.0")
    with full_disk():
        match path:
            case "check/":
                reply = await client.post(root + path, json={}, headers=device.headers)
            case "status/":
                reply = await client.post(root + path, json={"job": "1", "state": "failed"}, headers=device.headers)
            case "ddi":
                headers = {"Authorization": f"TargetToken {device.issued.key}"}
                reply = await client.get("/api/ota/ddi/DEFAULT/controller/v1/dev-1", headers=headers)
            case "firmware/{}.bin":
                reply = await client.get(root + path.format(sha256), headers=device.headers)
            case _:
                reply = await client.get(f"/api/ota/d/{device.issued.url_token}{path[1:]}")
        assert reply.status in (503, 507)
        assert (await reply.json())["error"] == "storage_failed"
    assert (await device.check(version="1.0.0"))["reason"] in ("offered", "failed")


async def test_a_change_that_could_not_be_saved_is_not_lost(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, full_disk: FullDisk, tick: Tick
) -> None:
    device = await offered(hass, add_device, release)
    update = (await device.check(version="1.0.0"))["update"]
    with full_disk():
        assert (await device.status(update["job"], "failed", reason="bad flash"))["status"] == 503
    await tick()
    (job,) = [record for key, record in stored(hass).items() if key[0] == "job"]
    assert (job["state"], job["reason"]) == (JobState.FAILED, "bad flash")


async def test_the_end_of_a_download_that_cannot_be_saved_does_not_spoil_it(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, full_disk: FullDisk
) -> None:
    device = await add_device()
    image = await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    commit = ota.hub.async_commit
    calls: list[str | None] = []

    async def later(uid: str | None = None) -> None:
        calls.append(uid)
        if len(calls) > 1:
            with full_disk():
                await commit(uid)
        else:
            await commit(uid)

    ota.hub.async_commit = later  # type: ignore[method-assign]
    reply = await device.client.get(update["url"], headers=device.headers)
    assert (reply.status, await reply.read()) == (200, image)
    ota.hub.async_commit = commit  # type: ignore[method-assign]


async def test_nothing_grows_while_the_disk_is_full(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, full_disk: FullDisk, tick: Tick
) -> None:
    device = await offered(hass, add_device, release)
    state = ota.hub.state
    with full_disk():
        sizes = []
        for number in range(40):
            await device.client.post(
                "/api/ota/v1/devices/dev-1/check/", json={"version": f"1.0.{number}"}, headers=device.headers
            )
            await tick()
            sizes.append(len(state.events) + len(state.dirty) + len(state.unsaved_events) + len(state.unsaved_contacts))
        assert not state.events
        assert max(sizes[20:]) <= 60  # the log of a device has 50 entries
        assert len(state.jobs) == 1


async def test_the_first_use_of_a_new_key_is_answered(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    device = await add_device()
    new = await ota.keys.async_issue("dev-1", dt_util.utcnow())
    rotated = Registered("dev-1", new, device.client)
    with no_key_can_be_saved() as attempts:
        for _ in range(10):
            assert (await rotated.check(version="1.0.0"))["reason"] == "no_rollout"
        manifest = f"/api/ota/d/{new.url_token}/manifest.json?version=1.0.0"
        assert (await device.client.get(manifest)).status == 200
        assert len(attempts) == 1  # not one for each call
        found = issue(hass)
        assert found is not None
        assert "No space left" in (found.translation_placeholders or {})["error"]
        await hass.config_entries.async_reload(entry.entry_id)
        assert issue(hass) is not None
    assert (await device.check(version="1.0.0"))["reason"] == "no_rollout"  # the previous key remains valid
    # The issue ends without a change of a key.
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=20))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue(hass) is None
    await rotated.check(version="1.0.0")
    reply = await device.client.post("/api/ota/v1/devices/dev-1/check/", json={}, headers=device.headers)
    assert reply.status == 401


async def test_a_rejected_key_is_not_saved_later(hass: HomeAssistant, ota: OtaData, add_device: AddDevice) -> None:
    device = await add_device()
    with no_key_can_be_saved(), pytest.raises(HomeAssistantError):
        await ota.keys.async_issue("dev-1", dt_util.utcnow())
    before = ota.keys.devices["dev-1"]
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=20))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue(hass) is None
    await ota.keys.async_load()
    assert ota.keys.devices["dev-1"] == before
    assert (await device.check(version="1.0.0"))["reason"] == "no_rollout"


async def test_an_image_that_cannot_be_read_is_reported_as_json(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await offered(hass, add_device, release)
    update = (await device.check(version="1.0.0"))["update"]

    def fail(_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("custom_components.ota.rollout.image_store._identity", fail)
    reply = await device.client.get(update["url"], headers=device.headers)
    assert (reply.status, (await reply.json())["error"]) == (500, "storage_failed")


async def test_the_entry_is_set_up_while_the_disk_is_full(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    full_disk: FullDisk,
) -> None:
    device = await add_device()
    (subentry,) = entry.subentries.values()
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "group": "cellar"})
    with full_disk():
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert (await device.check(version="1.0.0"))["reason"] == "no_rollout"
        await entry.runtime_data.hub._async_tick(dt_util.utcnow())
        assert issue(hass) is not None
    await entry.runtime_data.hub._async_tick(dt_util.utcnow())
    assert stored(hass)["device", "dev-1"]["group"] == "cellar"
    assert issue(hass) is None


@pytest.mark.parametrize("space_from", ["before the reload", "after the reload", "after a second reload"])
async def test_a_reload_keeps_what_could_not_be_saved(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    release: Release,
    full_disk: FullDisk,
    space_from: str,
) -> None:
    kept = await offered(hass, add_device, release)
    await add_device("gone")
    with full_disk():
        await kept.client.post("/api/ota/v1/devices/dev-1/check/", json={"version": "1.0.0"}, headers=kept.headers)
        (subentry,) = (each for each in entry.subentries.values() if each.unique_id == "gone")
        hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
        await hass.async_block_till_done()
        before = {job.job_id: job.state for job in ota.hub.state.jobs.values()}
        assert before == {1: JobState.OFFERED}
        assert not [key for key in stored(hass) if key[0] == "job"]
        assert ("device", "gone") in stored(hass)
        if space_from != "before the reload":
            for _ in range(1 if space_from == "after the reload" else 2):
                assert await hass.config_entries.async_reload(entry.entry_id)
                assert issue(hass) is not None
    if space_from == "before the reload":
        assert await hass.config_entries.async_reload(entry.entry_id)
    hub = entry.runtime_data.hub
    assert {job.job_id: job.state for job in hub.state.jobs.values()} == before
    assert set(hub.state.devices) == {"dev-1"}
    await hub._async_tick(dt_util.utcnow())
    assert ("device", "gone") not in stored(hass)
    assert [record["uid"] for key, record in stored(hass).items() if key[0] == "job"] == ["dev-1"]
    assert issue(hass) is None


async def test_a_removed_entry_leaves_nothing_unsaved(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    release: Release,
    full_disk: FullDisk,
) -> None:
    device = await offered(hass, add_device, release)
    with full_disk():
        await device.client.post("/api/ota/v1/devices/dev-1/check/", json={}, headers=device.headers)
        await hass.config_entries.async_unload(entry.entry_id)
        assert storage_health(hass, "ota").unsaved
        await hass.config_entries.async_remove(entry.entry_id)
    assert not storage_health(hass, "ota").unsaved
    assert issue(hass) is None
