"""Set-up, unloading, and that nothing acknowledged is lost when Home Assistant dies."""

import asyncio
from collections.abc import Callable
import copy
from dataclasses import dataclass
from pathlib import Path
import shutil
import threading
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota import async_remove_config_entry_device
from custom_components.ota.backup import async_post_backup, async_pre_backup
from custom_components.ota.data import OtaData
from custom_components.ota.rollout.errors import StorageError
from custom_components.ota.rollout.journal import Journal, _line
from custom_components.ota.rollout.models import DeviceEventKind, JobState
from custom_components.ota.rollout.plan import Status
from custom_components.ota.rollout.record_types import RecordType

from .conftest import AddDevice, FullDisk, Release, rollout, settled, stored


async def test_devices_are_asked_to_retry_after_unload(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    device = await add_device()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    reply = await device.client.get("/api/ota/v1/devices/dev-1/check/", headers=device.headers)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "30")


@dataclass(frozen=True)
class Disk:
    """What is on disk at one moment: the journal's files and Home Assistant's stores."""

    files: dict[str, bytes]
    stores: dict[str, Any]

    @classmethod
    def of(cls, hass: HomeAssistant, stores: dict[str, Any]) -> Disk:
        folder = journal_of(hass)
        files = {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}
        return cls(files, copy.deepcopy(stores))

    def put_back(self, hass: HomeAssistant, stores: dict[str, Any]) -> None:
        folder = journal_of(hass)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        stores.clear()
        stores.update(copy.deepcopy(self.stores))


def journal_of(hass: HomeAssistant) -> Path:
    return Path(hass.config.path(".storage/ota.state"))


async def revive(hass: HomeAssistant, entry: MockConfigEntry, disk: Disk, storage: dict[str, Any]) -> OtaData:
    """Restart as after kill -9: only the data on disk remains."""
    await hass.config_entries.async_unload(entry.entry_id)  # unloading writes; restore the disk
    disk.put_back(hass, storage)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    found: OtaData = entry.runtime_data
    return found


@pytest.mark.parametrize("last", ["offered", "downloading", "installing", "rebooting", "verified"])
async def test_kill_in_any_state_loses_nothing_that_was_acknowledged(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    release: Release,
    hass_storage: dict[str, Any],
    last: str,
) -> None:
    device = await add_device()
    await release()
    rollout_id = await rollout(hass)
    update = (await device.check(version="1.0.0", boot_count=1))["update"]
    for state in ("downloading", "installing", "rebooting"):
        if last == "offered":
            break
        await device.status(update["job"], state)
        if state == last:
            break
    if last == "verified":
        await device.check(version="2.0.0", boot_count=2)
    ota = await revive(hass, entry, Disk.of(hass, hass_storage), hass_storage)
    job = ota.hub.state.job_of("dev-1")
    assert job is not None
    assert (str(job.job_id), job.state) == (update["job"], last)
    assert hass.states.get("sensor.dev_1_update_status").state == last
    in_progress = hass.states.get("update.dev_1_firmware").attributes["in_progress"]
    assert in_progress is (last in ("downloading", "installing", "rebooting"))
    if last == "offered":
        assert (await device.client.get(update["url"], headers=device.headers)).status == 200
    await device.check(version="2.0.0", boot_count=2)
    job = ota.hub.state.job_of("dev-1")
    assert job is not None
    assert job.state is JobState.VERIFIED
    assert ota.hub.state.rollouts[rollout_id].status is Status.RUNNING


async def test_a_key_that_was_shown_survives_a_crash_before_the_subentry_was_written(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    hass_storage: dict[str, Any],
) -> None:
    device = await add_device("dev-1", group="house", tags=["lab"], metadata={"a": "b"}, pinned_version="1.0.0")
    disk = Disk.of(hass, hass_storage)
    subentry_id = ota.devices.subentries["dev-1"]
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_remove_subentry(entry, subentry_id)  # it never got to the disk
    disk.put_back(hass, hass_storage)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    assert [s.unique_id for s in entry.subentries.values()] == ["dev-1"]
    assert (await device.check(version="1.0.0"))["poll_s"] == 300
    again = entry.runtime_data.hub.state.devices["dev-1"]
    assert (again.group, again.tags, again.metadata) == ("house", ("lab",), {"a": "b"})
    assert again.policy.pinned_version == "1.0.0"


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("device", lambda record: record.pop("product")),
        ("device", lambda record: record.update(name=5)),
        ("device", lambda record: record.update(tags={})),
        ("history", lambda record: record.append(5)),
        ("next_job", None),
        ("release", lambda record: record.pop("sha256")),
    ],
)
async def test_damaged_storage_is_reported_and_not_overwritten(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    release: Release,
    kind: str,
    spoil: Callable[[Any], None] | None,
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    await device.check(version="1.0.0")
    await hass.config_entries.async_unload(entry.entry_id)
    (name, record), *_ = [(name, record) for (known, name), record in stored(hass).items() if known == kind]
    if spoil is not None:
        spoil(record)
    journal = Journal(journal_of(hass))
    journal.load()
    journal.append([(kind, name, record if spoil is not None else "x")])
    before = Disk.of(hass, {})
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert Disk.of(hass, {}) == before


async def test_damaged_keys_are_reported(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    hass_storage: dict[str, Any],
) -> None:
    await add_device()
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage["ota.keys"]["data"]["devices"]["dev-1"].pop("url")
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR


async def test_a_journal_of_a_future_version_is_not_touched(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    journal_of(hass).mkdir(parents=True)
    (journal_of(hass) / "00000001.base").write_bytes(_line({"format": 9}))
    before = Disk.of(hass, {})
    assert await async_setup_component(hass, "http", {})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert Disk.of(hass, {}) == before


async def test_a_journal_that_cannot_be_read_now_is_tried_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    (journal_of(hass) / "00000001.log").mkdir(parents=True)
    assert await async_setup_component(hass, "http", {})
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY


def log_of(records: dict[tuple[str, str], Any], uid: str) -> list[Any]:
    return [record for (kind, name), record in records.items() if kind == "history" and name.startswith(f"{uid}/")]


def as_stores(records: dict[tuple[str, str], Any]) -> dict[str, Any]:
    """The same content as it was kept before there was a journal."""

    def all_of(kind: str) -> list[Any]:
        return [record for (known, _), record in records.items() if known == kind]

    devices = [
        {**record, "history": [line for _, line in sorted(log_of(records, name), key=lambda numbered: numbered[0])]}
        for (known, name), record in records.items()
        if known == "device"
    ]
    sequences = {name: record for (known, name), record in records.items() if known == "sequence"}
    jobs = {"rollouts": all_of("rollout"), "jobs": all_of("job"), "next_job": records["next_job", ""]}
    content = {"releases": {"releases": all_of("release"), "sequences": sequences}, "devices": {"devices": devices}}
    return {
        f"ota.{name}": {"version": 1, "minor_version": 1, "key": f"ota.{name}", "data": data}
        for name, data in {**content, "rollouts": jobs}.items()
    }


async def test_first_stores_are_migrated_once(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    release: Release,
    hass_storage: dict[str, Any],
) -> None:
    device, other = await add_device(), await add_device("dev-2")
    await release()
    rollout_id = await rollout(hass)
    await device.update("2.0.0")
    update = (await other.check(version="1.0.0"))["update"]
    await hass.config_entries.async_unload(entry.entry_id)
    before = stored(hass)
    shutil.rmtree(journal_of(hass))
    hass_storage.update(as_stores(before))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    assert stored(hass) == before
    assert not {"ota.releases", "ota.devices", "ota.rollouts"} & hass_storage.keys()
    ota = entry.runtime_data
    assert ota.hub.state.rollouts[rollout_id].status is Status.RUNNING
    assert (await other.check(version="1.0.0"))["update"] == update
    assert [event.kind for event in ota.hub.state.devices["dev-1"].history][-1] == "verified"
    # Killed before the stores were deleted: the journal is newer.
    await other.status(update["job"], "downloading")
    newest = Disk.of(hass, hass_storage | as_stores(before))
    ota = await revive(hass, entry, newest, hass_storage)
    job = ota.hub.state.job_of("dev-2")
    assert job is not None
    assert job.state is JobState.DOWNLOADING
    assert "ota.rollouts" not in hass_storage


@pytest.mark.parametrize("version", [0, 9])
async def test_stores_of_unknown_versions_are_not_touched(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any], version: int
) -> None:
    store = {"version": version, "minor_version": 1, "key": "ota.devices", "data": {"devices": []}}
    hass_storage["ota.devices"] = store
    assert await async_setup_component(hass, "http", {})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert hass_storage["ota.devices"]["version"] == version


async def test_journal_is_compacted_in_the_background(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    release: Release,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    monkeypatch.setattr("custom_components.ota.rollout.journal.COMPACT_AT", 1)
    await async_pre_backup(hass)
    (complete,) = journal_of(hass).glob("*.base")
    update = (await device.check(version="1.0.0"))["update"]
    ota.hub.storage._journal._base_bytes = 0
    await device.check(version="1.0.1")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert list(journal_of(hass).glob("*.base")) == [complete]  # a backup copies the files
    await async_post_backup(hass)
    await device.status(update["job"], "downloading")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(list(journal_of(hass).glob("*.base"))) == 1
    await device.status(update["job"], "rebooting")
    await hass.async_block_till_done(wait_background_tasks=True)
    await device.check(version="2.0.0", boot_count=5)
    await hass.config_entries.async_unload(entry.entry_id)
    (base,) = journal_of(hass).glob("*.base")
    assert all(path.name >= base.name for path in journal_of(hass).iterdir())
    assert await hass.config_entries.async_setup(entry.entry_id)
    job = entry.runtime_data.hub.state.job_of("dev-1")
    assert (str(job.job_id), job.state) == (update["job"], JobState.VERIFIED)


async def test_backup_without_log_files_is_complete(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, tmp_path: Path
) -> None:
    """Home Assistant's backups omit `*.log` files."""
    device = await add_device()
    await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    await async_pre_backup(hass)
    copied = tmp_path / "backup"
    copied.mkdir()
    for path in journal_of(hass).iterdir():
        if path.suffix != ".log":
            shutil.copy(path, copied)
    await async_post_backup(hass)
    records = Journal(copied).load()
    assert {kind for kind, _ in records} >= {"device", "job", "release", "rollout", "sequence"}
    assert records["job", update["job"]]["state"] == "offered"


async def test_a_compaction_that_fails_is_a_warning_and_nothing_is_lost(
    hass: HomeAssistant,
    ota: OtaData,
    add_device: AddDevice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: Any) -> None:
        raise StorageError("disk_full")

    monkeypatch.setattr("custom_components.ota.rollout.journal.COMPACT_AT", 1)
    monkeypatch.setattr(ota.hub.storage._journal, "write_base", refuse)
    device = await add_device()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "Compacting the journal failed" in caplog.text
    assert (await device.check(version="1.0.0"))["reason"] == "no_rollout"
    assert ("device", "dev-1") in stored(hass)


async def test_what_waits_for_the_disk_shares_a_write(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [await add_device(f"dev-{number}") for number in range(20)]
    await release()
    await rollout(hass, max_in_flight=20)
    writes: list[int] = []
    append = ota.hub.storage._journal.append

    all_asked = threading.Event()

    def slow(ops: Any) -> None:
        writes.append(len(ops))
        assert all_asked.wait(30)
        append(ops)

    monkeypatch.setattr(ota.hub.storage._journal, "append", slow)
    asking = asyncio.gather(*(device.check(version="1.0.0") for device in devices))
    async with asyncio.timeout(30):
        while len(ota.hub.state.jobs) < 20:  # noqa: ASYNC110 - the requests are under way in their own time
            await asyncio.sleep(0.01)
    all_asked.set()
    replies = await asking
    assert all(reply["update"] for reply in replies)
    assert len(writes) <= 5
    assert len([key for key in stored(hass) if key[0] == "job"]) == 20


async def test_canceled_caller_does_not_cancel_the_write(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice
) -> None:
    await add_device()
    ota.hub.engine.log_event("dev-1", ota.hub.now, DeviceEventKind.KEY, "rotated")
    waiting = asyncio.create_task(ota.hub.storage.async_save_all())
    await asyncio.sleep(0)
    waiting.cancel()
    await hass.async_block_till_done()
    assert max(log_of(stored(hass), "dev-1"), key=lambda numbered: numbered[0])[1]["detail"] == "rotated"


async def test_internal_error_reaches_the_caller_and_the_next_commit_succeeds(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_device()
    with monkeypatch.context() as patched:
        patched.setattr(ota.hub.storage._journal, "append", lambda ops: 1 / 0)
        ota.hub.state.mark(RecordType.DEVICE, "dev-1")
        with pytest.raises(ZeroDivisionError):
            await ota.hub.storage.async_commit()
    await ota.hub.storage.async_commit()
    assert not ota.hub.state.dirty


async def test_when_home_assistant_stops_the_last_sign_of_life_is_written(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice
) -> None:
    device = await add_device()
    await device.check(version="1.0.0")
    seen = ota.hub.state.devices["dev-1"].last_seen
    assert stored(hass)["device", "dev-1"]["last_seen"] != seen
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert stored(hass)["device", "dev-1"]["last_seen"] == seen


async def test_a_folder_that_cannot_be_used_is_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Any
) -> None:
    (tmp_path / "ota").write_text("a file where the folder should be")
    assert await async_setup_component(hass, "http", {})
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    (tmp_path / "ota").unlink()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_removing_the_entry_forgets_keys_and_devices(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    hass_storage: dict[str, Any],
) -> None:
    await add_device()
    await hass.config_entries.async_remove(entry.entry_id)
    assert not [key for key in hass_storage if key.startswith("ota.")]
    assert not journal_of(hass).exists()


async def test_only_devices_of_removed_rollouts_can_be_deleted(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice, release: Release
) -> None:
    await add_device()
    await release()
    await rollout(hass)
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        assert not await async_remove_config_entry_device(hass, entry, device)
    stale = registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={("ota", "gone")})
    assert await async_remove_config_entry_device(hass, entry, stale)


async def test_old_releases_and_orphaned_images_are_deleted(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, release: Release
) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "keep_releases": 2})
    await settled(hass)
    for number in range(1, 6):
        await release(f"{number}.0.0", number)
    assert sorted(r.version for r in ota.hub.state.releases.values()) == ["4.0.0", "5.0.0"]
    assert len(ota.images.store.present()) == 2


async def test_an_image_damaged_on_disk_is_not_served(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    path = ota.images.store.path(update["sha256"])
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    reply = await device.client.get(update["url"], headers=device.headers)
    assert (reply.status, (await reply.json())["error"]) == (500, "damaged_image")


async def test_a_failing_last_save_is_a_warning(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    caplog: pytest.LogCaptureFixture,
    full_disk: FullDisk,
) -> None:
    device = await add_device()
    await device.check(version="1.0.0")
    with full_disk():
        await ota.hub._async_save_contacts(None)
        assert "Saving the last contact times failed" in caplog.text
        await hass.config_entries.async_unload(entry.entry_id)
    assert "Saving the last changes failed" in caplog.text
