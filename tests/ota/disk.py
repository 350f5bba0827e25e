"""What is on disk at one moment, for tests of a restart after kill -9."""

import copy
from dataclasses import dataclass
import shutil
from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota.data import OtaData

from .conftest import settled, state_folder


@dataclass(frozen=True)
class Disk:
    """What is on disk at one moment: the files of the state (an empty log is none) and Home Assistant's stores."""

    files: dict[str, bytes]
    stores: dict[str, Any]

    @classmethod
    def of(cls, hass: HomeAssistant, stores: dict[str, Any]) -> Disk:
        folder = state_folder(hass)
        paths = list(folder.iterdir()) if folder.is_dir() else []
        return cls({path.name: data for path in paths if (data := path.read_bytes())}, copy.deepcopy(stores))

    def put_back(self, hass: HomeAssistant, stores: dict[str, Any]) -> None:
        folder = state_folder(hass)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        stores.clear()
        stores.update(copy.deepcopy(self.stores))


async def revive(hass: HomeAssistant, entry: MockConfigEntry, disk: Disk, storage: dict[str, Any]) -> OtaData:
    """Restart as after kill -9: only the data on disk remains."""
    await hass.config_entries.async_unload(entry.entry_id)  # unloading writes; restore the disk
    disk.put_back(hass, storage)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    found: OtaData = entry.runtime_data
    return found


def log_of(records: dict[tuple[str, str], Any], uid: str) -> list[Any]:
    return [record for (kind, name), record in records.items() if kind == "history" and name.startswith(f"{uid}/")]
