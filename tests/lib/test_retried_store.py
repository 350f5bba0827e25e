"""What a full disk refuses is stored later, with one issue for all files of the integration."""

from collections.abc import Generator
from datetime import timedelta
import errno
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from atomicwrites import AtomicWriter
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from lib.retried_store import STORAGE_ISSUE, RetriedStore, storage_health

# The test plugin keeps stores in memory; here they have to reach the disk.
REAL_WRITE = Store._async_write_data
FULL = OSError(errno.ENOSPC, "No space left on device")


class Disk:
    """A disk that can be full."""

    def __init__(self, hass: HomeAssistant, folder: Path, freezer: FrozenDateTimeFactory) -> None:
        self.hass, self.folder, self.freezer, self.attempts = hass, folder, freezer, 0
        self.full = False

    def content(self, key: str) -> Any:
        return json.loads((self.folder / ".storage" / key).read_text())["data"]

    @property
    def issue(self) -> ir.IssueEntry | None:
        return ir.async_get(self.hass).async_get_issue("suite", STORAGE_ISSUE)

    async def passes(self, seconds: float) -> None:
        self.freezer.tick(timedelta(seconds=seconds))
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done()


@pytest.fixture
def disk(hass: HomeAssistant, tmp_path: Path, freezer: FrozenDateTimeFactory) -> Generator[Disk]:
    hass.config.config_dir = str(tmp_path)
    disk, real = Disk(hass, tmp_path, freezer), AtomicWriter.get_fileobject

    def opened(writer: AtomicWriter, **options: Any) -> Any:
        disk.attempts += "suite." in str(writer._path)
        if disk.full:
            raise FULL
        return real(writer, **options)

    with (
        patch.object(Store, "_async_write_data", REAL_WRITE),
        patch.object(AtomicWriter, "get_fileobject", opened),
    ):
        yield disk


def store_of(hass: HomeAssistant, data: dict[str, Any], key: str = "suite.a") -> RetriedStore:
    return RetriedStore(hass, 1, key, lambda: dict(data), domain="suite")


async def test_what_cannot_be_stored_is_stored_later_in_its_newest_form(hass: HomeAssistant, disk: Disk) -> None:
    data = {"value": 1}
    store = store_of(hass, data)
    await store.async_save_or_retry()
    assert disk.issue is None
    disk.full = True
    data["value"] = 2
    await store.async_save_or_retry()
    assert disk.issue is not None
    assert "No space left" in (disk.issue.translation_placeholders or {})["error"]
    data["value"] = 3
    await store.async_save_or_retry()  # waits for the retry
    assert disk.content("suite.a") == {"value": 1}
    disk.full = False
    await disk.passes(6)
    assert disk.content("suite.a") == {"value": 3}
    assert disk.issue is None


async def test_retries_become_rarer_and_start_again_quickly_after_a_success(hass: HomeAssistant, disk: Disk) -> None:
    data = {"value": 1}
    store = store_of(hass, data)
    disk.full = True
    await store.async_save_or_retry()
    begin = disk.attempts
    for _ in range(600):
        await disk.passes(1)
    assert 8 <= disk.attempts - begin <= 16
    disk.full = False
    await disk.passes(70)
    assert disk.content("suite.a") == {"value": 1}
    disk.full, data["value"] = True, 2
    await store.async_save_or_retry()
    disk.full = False
    await disk.passes(6)
    assert disk.content("suite.a") == {"value": 2}


async def test_one_issue_for_all_files(hass: HomeAssistant, disk: Disk) -> None:
    first, second = store_of(hass, {"a": 1}, "suite.a"), store_of(hass, {"b": 1}, "suite.b")
    disk.full = True
    await first.async_save_or_retry()
    await second.async_save_or_retry()
    disk.full = False
    await first.async_commit()
    assert disk.issue is not None, "the other file is still not written"
    await second.async_remove()
    assert disk.issue is None, "a file that is not used any more needs no space"
    await disk.passes(100)
    assert not (disk.folder / ".storage" / "suite.b").exists()


async def test_a_late_write_of_a_removed_file_is_not_retried(hass: HomeAssistant, disk: Disk) -> None:
    store = store_of(hass, {"a": 1})
    await store.async_remove()
    disk.full = True
    with pytest.raises(HomeAssistantError):
        await store.async_commit()
    disk.full = False
    await disk.passes(100)
    assert not (disk.folder / ".storage" / "suite.a").exists()


async def test_a_commit_raises_and_is_retried(hass: HomeAssistant, disk: Disk) -> None:
    store = store_of(hass, {"a": 1})
    disk.full = True
    with pytest.raises(HomeAssistantError) as caught:
        await store.async_commit()
    assert caught.value.translation_key == "storage_failed"
    disk.full = False
    await disk.passes(6)
    assert disk.content("suite.a") == {"a": 1}


async def test_the_next_load_continues_with_what_an_unload_could_not_store(hass: HomeAssistant, disk: Disk) -> None:
    data = {"a": 1}
    store = store_of(hass, data)
    await store.async_commit()
    disk.full, data["a"] = True, 2
    await store.async_close()
    await disk.passes(100)
    attempts = disk.attempts
    again: dict[str, Any] = {}
    reloaded = store_of(hass, again)
    loaded = await reloaded.async_load()
    assert loaded == {"a": 2}
    again |= loaded
    disk.full = False
    await disk.passes(6)
    assert disk.attempts == attempts + 1, "the closed store has given up"
    assert disk.content("suite.a") == {"a": 2}
    assert not storage_health(hass, "suite").unsaved


async def test_a_delayed_save_is_retried(hass: HomeAssistant, disk: Disk) -> None:
    store = store_of(hass, {"a": 1})
    disk.full = True
    store.schedule_save(1.0)
    await disk.passes(2)
    assert disk.issue is not None
    store.schedule_save(1.0)
    disk.full = False
    await disk.passes(8)
    assert disk.content("suite.a") == {"a": 1}


async def test_the_last_attempt_is_at_the_end(hass: HomeAssistant, disk: Disk) -> None:
    store = store_of(hass, {"a": 1})
    disk.full = True
    await store.async_save_or_retry()
    disk.full = False
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert disk.content("suite.a") == {"a": 1}
