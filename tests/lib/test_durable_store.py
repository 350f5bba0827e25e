"""What is acknowledged is on disk."""

from collections.abc import Generator
import json
from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
import pytest

from lib.durable_store import DurableStore

# The test plugin keeps stores in memory; here they have to reach the disk.
REAL_WRITE = Store._async_write_data


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path) -> Generator[Path]:
    hass.config.config_dir = str(tmp_path)
    with patch.object(Store, "_async_write_data", REAL_WRITE):
        yield tmp_path / ".storage"


async def test_a_save_is_on_disk_when_it_returns(hass: HomeAssistant, folder: Path) -> None:
    store: DurableStore[dict[str, int]] = DurableStore(hass, 1, "suite_test", domain="suite")
    await store.async_save_durably({"a": 1})
    file = folder / "suite_test"
    assert json.loads(file.read_text())["data"] == {"a": 1}
    assert file.stat().st_mode & 0o077 == 0, "only for Home Assistant's own eyes"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError("read-only")])
async def test_any_error_of_the_file_system_is_reported(hass: HomeAssistant, folder: Path, error: OSError) -> None:
    store: DurableStore[dict[str, int]] = DurableStore(hass, 1, "suite_test", domain="suite")
    with (
        patch("homeassistant.helpers.storage.os.makedirs", side_effect=error),
        pytest.raises(HomeAssistantError) as caught,
    ):
        await store.async_save_durably({"a": 1})
    assert caught.value.translation_key == "storage_failed"
    await store.async_save_durably({"a": 2})
    assert json.loads((folder / "suite_test").read_text())["data"] == {"a": 2}


async def test_a_failed_save_raises_and_the_next_one_works(hass: HomeAssistant, folder: Path) -> None:
    store: DurableStore[dict[str, int]] = DurableStore(hass, 1, "suite_test", domain="suite")
    await store.async_save_durably({"a": 1})
    with (
        patch("homeassistant.helpers.storage.write_utf8_file_atomic", side_effect=WriteError("disk full")),
        pytest.raises(HomeAssistantError) as caught,
    ):
        await store.async_save_durably({"a": 2})
    assert caught.value.translation_key == "storage_failed"
    assert json.loads((folder / "suite_test").read_text())["data"] == {"a": 1}
    await store.async_save_durably({"a": 3})
    assert json.loads((folder / "suite_test").read_text())["data"] == {"a": 3}


async def test_a_store_that_others_may_read_becomes_private(hass: HomeAssistant, folder: Path) -> None:
    store: DurableStore[dict[str, int]] = DurableStore(hass, 1, "suite_test", domain="suite")
    await store.async_save_durably({"a": 1})
    file = folder / "suite_test"
    file.chmod(0o644)
    again: DurableStore[dict[str, int]] = DurableStore(hass, 1, "suite_test", domain="suite")
    await again.async_load()
    assert file.stat().st_mode & 0o777 == 0o600
    missing: DurableStore[dict[str, int]] = DurableStore(hass, 1, "suite_missing", domain="suite")
    assert await missing.async_load() is None
