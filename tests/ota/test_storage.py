"""The storage: migration, backup, damage, and writes that requests share."""

import asyncio
from collections.abc import Callable
import json
from pathlib import Path, PurePath
import shutil
import sqlite3
import tarfile
import threading
from typing import Any
import zlib

from homeassistant.components.backup.const import EXCLUDE_FROM_BACKUP
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from securetar import atomic_contents_add

from custom_components.ota.backup import async_post_backup, async_pre_backup
from custom_components.ota.data import OtaData
from custom_components.ota.rollout import database as database_module
from custom_components.ota.rollout.database import Database
from custom_components.ota.rollout.errors import StorageError
from custom_components.ota.rollout.models import DeviceEventKind, JobState
from custom_components.ota.rollout.plan import Status
from custom_components.ota.rollout.record_store import RecordStore
from custom_components.ota.rollout.record_types import RecordType
from custom_components.ota.rollout.state import State
from custom_components.ota.storage import Storage

from .conftest import AddDevice, FullDisk, Release, rollout, settled, state_folder, stored
from .core.fleet import as_stored_now
from .disk import Disk, log_of, revive


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
    database = Database(state_folder(hass) / "state.db")
    database.apply([(kind, name, record if spoil is not None else "x")])
    database.close()
    before = Disk.of(hass, {})
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert Disk.of(hass, {}) == before


@pytest.mark.parametrize("file", ["00000001.base", "state.db"])
async def test_data_of_a_newer_version_is_not_touched(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture, file: str
) -> None:
    folder = state_folder(hass)
    folder.mkdir(parents=True)
    if file == "state.db":
        database = Database(folder / file)
        database.create([])
        database.close()
        connection = sqlite3.connect(folder / file)
        connection.execute("PRAGMA user_version = 9")
        connection.close()
    else:
        data = b'{"format":9}'
        (folder / file).write_bytes(b"%08x %s\n" % (zlib.crc32(data), data))
    before = Disk.of(hass, {})
    assert await async_setup_component(hass, "http", {})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "storage_newer"
    assert "newer version of this integration" in caplog.text
    assert Disk.of(hass, {}) == before


async def test_a_damaged_database_is_reported_and_a_backup_of_it_restored(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice, caplog: pytest.LogCaptureFixture
) -> None:
    await add_device()
    assert await hass.config_entries.async_unload(entry.entry_id)
    path = state_folder(hass) / "state.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    before = Disk.of(hass, {})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "storage_damaged"
    assert "The stored data is damaged" in caplog.text
    assert Disk.of(hass, {}) == before
    path.write_bytes(whole)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert ("device", "dev-1") in stored(hass)


async def test_a_database_that_cannot_be_read_now_is_tried_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    path = state_folder(hass) / "state.db"
    path.mkdir(parents=True)
    (path / "file").touch()
    assert await async_setup_component(hass, "http", {})
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    shutil.rmtree(path)
    assert await hass.config_entries.async_reload(entry.entry_id)


async def test_a_failed_setup_does_not_keep_the_database_locked(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    hass_storage["ota.keys"] = {"version": 1, "minor_version": 1, "key": "ota.keys", "data": {"devices": {"d": {}}}}
    assert await async_setup_component(hass, "http", {})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    del hass_storage["ota.keys"]
    assert await hass.config_entries.async_reload(entry.entry_id)


def as_stores(records: dict[tuple[str, str], Any]) -> dict[str, Any]:
    """The same content as the first versions stored it."""

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


def without_contacts(hass: HomeAssistant) -> dict[tuple[str, str], Any]:
    """Return the records without the one that the first versions did not have."""
    return {key: record for key, record in stored(hass).items() if key[0] != "contacts"}


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
    before = without_contacts(hass)
    shutil.rmtree(state_folder(hass))
    hass_storage.update(as_stores(before))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    assert without_contacts(hass) == before
    assert not {"ota.releases", "ota.devices", "ota.rollouts"} & hass_storage.keys()
    ota = entry.runtime_data
    assert ota.hub.state.rollouts[rollout_id].status is Status.RUNNING
    assert (await other.check(version="1.0.0"))["update"] == update
    assert [event.kind for event in ota.hub.state.devices["dev-1"].history][-1] == "verified"
    # Killed before the stores were deleted: the database is newer.
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


@pytest.mark.parametrize("name", ["logs", "torn", "compacted"])
async def test_the_journal_of_earlier_versions_is_migrated(hass: HomeAssistant, name: str) -> None:
    """See core/journals/README.txt for how they were made."""
    journal = json.loads((Path(__file__).parent / "core" / "journals" / f"{name}.json").read_text("utf-8"))
    folder = state_folder(hass)
    folder.mkdir(parents=True)
    for file, text in journal["files"].items():
        (folder / file).write_bytes(text.encode())
    expected = {(kind, record_id): record for kind, record_id, record in as_stored_now(journal["records"])}
    for _ in range(2):
        storage = Storage(hass, State())
        await storage.async_load()
        await storage.async_stop()
        assert stored(hass) == expected
    assert not [path for path in folder.iterdir() if path.suffix in (".log", ".tmp")]


async def test_a_backup_is_complete_and_consistent(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    release: Release,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The files are copied as Home Assistant's backups do it, while devices and even a reload change the state."""
    monkeypatch.setattr(database_module, "WAL_PAGES", 5)
    device = await add_device()
    await release()
    await rollout(hass)
    seen = ota.hub.now
    update = (await device.check(version="1.0.0"))["update"]
    await async_pre_backup(hass)
    database = (state_folder(hass) / "state.db").read_bytes()
    work = tmp_path_factory.mktemp("backup")

    def add_to_archive() -> None:
        def is_excluded(path: PurePath) -> bool:
            return any(path.full_match(f"data/{exclude}") for exclude in EXCLUDE_FROM_BACKUP)

        with tarfile.open(work / "backup.tar", "w") as archive:
            atomic_contents_add(archive, Path(hass.config.path()), is_excluded, "data")

    for number in range(30):
        await device.check(version=f"1.0.{number % 2}")
        if number == 10:
            await hass.config_entries.async_reload(entry.entry_id)
    await device.status(update["job"], "downloading")
    assert (state_folder(hass) / "state.db").read_bytes() == database
    await hass.async_add_executor_job(add_to_archive)
    await async_post_backup(hass)
    with tarfile.open(work / "backup.tar") as archive:
        archive.extractall(work, filter="data")
    restored = RecordStore(work / "data" / ".storage" / "ota.state")
    records = restored.read({})
    restored.database.close()
    assert {kind for kind, _ in records} >= {"device", "job", "release", "rollout", "sequence"}
    assert records["job", update["job"]]["state"] == "downloading"
    assert records["device", "dev-1"]["last_seen"] >= seen
    await device.status(update["job"], "rebooting")
    assert (state_folder(hass) / "state.db").read_bytes() != database
    assert stored(hass)["job", update["job"]]["state"] == "rebooting"


async def test_a_backup_fails_if_the_last_changes_cannot_be_saved(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, full_disk: FullDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await add_device()
    await device.check(version="1.0.0")
    with full_disk(), pytest.raises(HomeAssistantError, match="disk space"):
        await async_pre_backup(hass)

    def fail() -> None:
        raise StorageError("storage_failed", error="disk I/O error")

    monkeypatch.setattr(ota.hub.storage._database, "begin_backup", fail)
    with pytest.raises(HomeAssistantError, match="disk I/O error"):
        await async_pre_backup(hass)
    await async_post_backup(hass)


async def test_the_database_is_never_used_in_the_event_loop(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    release: Release,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: set[int] = set()

    def noted(method: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any) -> Any:
            threads.add(threading.get_ident())
            return method(*args)

        return wrapper

    for name in ("load", "create", "apply", "begin_backup", "end_backup", "close"):
        monkeypatch.setattr(Database, name, noted(getattr(Database, name)))
    device = await add_device()
    await release()
    await rollout(hass)
    await device.check(version="1.0.0")
    await async_pre_backup(hass)
    await async_post_backup(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    assert threads
    assert threading.get_ident() not in threads


async def test_only_the_owner_can_read_what_is_stored(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    await add_device()
    files = {path.name: path.stat().st_mode & 0o777 for path in state_folder(hass).glob("state.db*")}
    assert files == {"state.db": 0o600, "state.db-wal": 0o600}
    assert state_folder(hass).stat().st_mode & 0o777 == 0o700


async def test_what_waits_for_the_disk_shares_a_write(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [await add_device(f"dev-{number}") for number in range(20)]
    await release()
    await rollout(hass, max_in_flight=20)
    writes: list[int] = []
    apply = ota.hub.storage._database.apply

    all_asked = threading.Event()

    def slow(changes: Any) -> None:
        writes.append(len(changes))
        assert all_asked.wait(30)
        apply(changes)

    monkeypatch.setattr(ota.hub.storage._database, "apply", slow)
    asking = asyncio.gather(*(device.check(version="1.0.0") for device in devices))
    async with asyncio.timeout(120):
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
        patched.setattr(ota.hub.storage._database, "apply", lambda changes: 1 / 0)
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
