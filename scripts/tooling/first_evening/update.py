"""An update of all integrations as HACS does it: the folders are replaced, and Home Assistant is restarted.

The evening begins with archives of an older version number. After the update, everything that the user has must be
there. Then the entries are made as a newer release would leave them, which this one has to refuse.
"""

import asyncio
from collections.abc import Awaitable, Callable
import json
from pathlib import Path
import shutil
import sys
import time
from typing import Any, Final
import zipfile

from ..demo.client import HomeAssistant
from .visitor import Visitor

SUITE: Final = ("ecoflow", "edge_telemetry", "iot_heating", "ota", "proof_of_heat", "smart_outlet")
OLDER: Final = "0.0.1"
NEWER_ENTRY: Final = 99
_TIMEOUT_S: Final = 180
_VALUES_WITHIN_S: Final = 100
_GONE: Final = ("unavailable", "unknown")
_WITHOUT_CONTROL: Final = "simulated_savings"
"""Sensors that exist only until control is turned on: they are removed at the next start."""


def install(archives: Path, folder: Path, version: str | None = None) -> None:
    """Replace the integrations by those of the archives; with another version in their manifests, if given."""
    for archive in archives.glob("*.zip"):
        target = folder / "custom_components" / archive.stem
        shutil.rmtree(target, ignore_errors=True)
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(target)
        if version is not None:
            manifest = json.loads((target / "manifest.json").read_text("utf-8"))
            (target / "manifest.json").write_text(json.dumps(manifest | {"version": version}, indent=2), "utf-8")


class Possessions:
    """What the user has: entries, entities, statistics, history, stores."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.entries: dict[str, tuple[str, str]] = {}
        self.entities: dict[tuple[str, str], str] = {}
        self.values: dict[str, str] = {}
        self.statistics: set[str] = set()
        self.history: dict[str, list[str]] = {}
        self.stores: dict[str, dict[str, Any]] = {}

    async def read(self, ha: HomeAssistant) -> None:
        """Read all of it."""
        entries = await ha.call("config_entries/get")
        self.entries = {
            item["entry_id"]: (item["domain"], item["title"]) for item in entries if item["domain"] in SUITE
        }
        self.entities = {
            (item["platform"], item["unique_id"]): item["entity_id"]
            for item in await ha.entity_keys()
            if item["platform"] in SUITE
        }
        states = {item["entity_id"]: item["state"] for item in await ha.get("states")}
        own = set(self.entities.values())
        self.values = {name: value for name, value in states.items() if name in own and value not in _GONE}
        self.statistics = {item["statistic_id"] for item in await ha.call("recorder/list_statistic_ids")}
        found = await ha.call(
            "history/history_during_period",
            start_time="2020-01-01T00:00:00+00:00",
            entity_ids=sorted(self.values),
            minimal_response=True,
            no_attributes=True,
        )
        self.history = {name: [f"{row['lu']:.3f} {row['s']}" for row in rows] for name, rows in found.items()}
        self.stores = {
            path.name: json.loads(path.read_text("utf-8"))
            for path in (self._folder / ".storage").iterdir()
            if path.is_file() and path.name.startswith(SUITE)
        }

    def lost_in(self, other: Possessions) -> list[str]:
        """Return what another reading does not have."""
        lost = [f"entry {title}" for key, (_, title) in self.entries.items() if key not in other.entries]
        lost += [f"entity {name}" for key, name in self.entities.items() if other.entities.get(key) != name]
        lost += [f"value of {name}" for name in self.values.keys() - other.values.keys()]
        lost += [f"statistics of {name}" for name in self.statistics - other.statistics]
        # The last row may still have been waiting to be written.
        lost += [
            f"history of {name}"
            for name, rows in self.history.items()
            if not set(rows[:-1]) <= set(other.history.get(name, ()))
        ]
        for name, store in self.stores.items():
            newer = other.stores.get(name)
            if newer is None or newer["version"] < store["version"] or not _keys(store) <= _keys(newer):
                lost.append(f"store {name}")
        return sorted(item for item in lost if _WITHOUT_CONTROL not in item)


def _keys(store: dict[str, Any]) -> set[str]:
    return set(store["data"]) if isinstance(store["data"], dict) else set()


class Update:
    """The update, and the refused downgrade. ``stop`` and ``start`` do so with Home Assistant."""

    def __init__(
        self,
        ha: HomeAssistant,
        folder: Path,
        archives: Path,
        stop: Callable[[], Awaitable[None]],
        start: Callable[[], Awaitable[None]],
    ) -> None:
        self._ha = ha
        self._folder = folder
        self._archives = archives
        self._stop = stop
        self._start = start
        self._file = folder / ".storage" / "core.config_entries"

    async def play(self, user: Visitor, url: str) -> dict[str, Any]:
        """Return what was lost, and how a downgrade was refused."""
        before, after = Possessions(self._folder), Possessions(self._folder)
        begun = time.monotonic()
        await before.read(self._ha)
        await self._stop()
        install(self._archives, self._folder)
        await self._start()
        await self._states({"loaded"})
        lost = ["not read"]
        while lost and time.monotonic() < begun + _VALUES_WITHIN_S:
            await after.read(self._ha)
            lost = before.lost_in(after)
            await asyncio.sleep(1)
        print(f"lost by the update: {lost}", file=sys.stderr, flush=True)
        await user.page.goto(f"{url}/config/integrations/dashboard")
        await user.page.locator("ha-integration-card").first.wait_for(timeout=90_000)
        await user.picture("updated")
        return {
            "from": OLDER,
            "to": self._version(),
            "entries": len(before.entries),
            "entities": len(before.entities),
            "stores": len(before.stores),
            "seconds": round(time.monotonic() - begun, 1),
            "lost": lost,
            "downgrade": await self._downgrade(user, url),
        }

    async def _downgrade(self, user: Visitor, url: str) -> dict[str, Any]:
        """Let the entries be of a newer release; return their states, and whether nothing was changed."""
        await self._stop()
        kept, stores = self._file.read_bytes(), self._stores()
        whole = json.loads(kept)
        for entry in whole["data"]["entries"]:
            if entry["domain"] in SUITE:
                entry["version"] = NEWER_ENTRY
        self._file.write_text(json.dumps(whole), "utf-8")
        await self._start()
        states = await self._states({"migration_error"})
        await user.page.goto(f"{url}/config/integrations/integration/proof_of_heat")
        await user.page.locator("ha-config-entry-row").first.wait_for(timeout=90_000)
        await user.picture("downgrade-refused")
        await self._stop()
        changed = [name for name, content in stores.items() if self._stores().get(name) != content]
        self._file.write_bytes(kept)
        await self._start()
        await self._states({"loaded"})
        return {"states": states, "changed": changed}

    async def _states(self, wanted: set[str]) -> dict[str, str]:
        """Wait until all entries have one of these states; return them by domain."""
        end = time.monotonic() + _TIMEOUT_S
        while True:
            entries = [item for item in await self._ha.call("config_entries/get") if item["domain"] in SUITE]
            states = {item["domain"]: item["state"] for item in entries}
            if set(states.values()) <= wanted:
                return states
            if time.monotonic() > end:
                raise TimeoutError(f"entries are {states}, not {wanted}")
            await asyncio.sleep(0.5)

    def _stores(self) -> dict[str, bytes]:
        folder = self._folder / ".storage"
        files = [path for path in folder.iterdir() if path.is_file() and path.name.startswith(SUITE)]
        return {path.name: path.read_bytes() for path in files}

    def _version(self) -> str:
        file = self._folder / "custom_components" / "proof_of_heat" / "manifest.json"
        return str(json.loads(file.read_text("utf-8"))["version"])
