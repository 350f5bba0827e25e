"""Entries and stores of an older version are loaded by this one, and nothing is lost."""

import io
import json
from pathlib import Path
import tarfile
from typing import Any

import pytest

from scripts.tooling import release

from .homes import home, run

FIXTURES = Path(__file__).with_name("fixtures")
DOMAINS = sorted(path.parent.name for path in release.COMPONENTS.glob("*/manifest.json"))
# Their cloud and their broker are not there in this test.
WAITING = {"ecoflow", "edge_telemetry"}


def restored(folder: Path, name: str) -> Path:
    """Unpack a stored state."""
    with tarfile.open(fileobj=io.BytesIO((FIXTURES / f"{name}.tar.gz").read_bytes())) as packed:
        packed.extractall(folder, filter="data")
    return folder


def stored(folder: Path, key: str) -> Any:
    return json.loads((folder / ".storage" / key).read_text())["data"]


# The old version created these two before the device's subentry existed; now the device has entities of the subentry.
REPLACED = {"hall-1_update_state", "hall-1_firmware"}


def newer_entries(config: Path) -> None:
    """Let the entries of the suite be of a later version."""
    file = config / ".storage" / "core.config_entries"
    whole = json.loads(file.read_text())
    for entry in whole["data"]["entries"]:
        if entry["domain"] in DOMAINS:
            entry["version"] = 99
    file.write_text(json.dumps(whole))


def stores(config: Path) -> dict[str, bytes]:
    """Return the stores of the suite that are files of their own."""
    files = (config / ".storage").iterdir()
    return {path.name: path.read_bytes() for path in files if path.is_file() and path.name.split(".")[0] in DOMAINS}


def newer_stores(config: Path) -> None:
    """Let the stores of the suite be of a later version."""
    for name in stores(config):
        file = config / ".storage" / name
        whole = json.loads(file.read_text())
        if "version" in whole:
            file.write_text(json.dumps(whole | {"version": 99}))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", sorted(path.name.removesuffix(".tar.gz") for path in FIXTURES.glob("*.tar.gz")))
async def test_nothing_is_lost(name: str, tmp_path: Path, socket_enabled: None) -> None:
    stage = tmp_path / "dist"
    assert release.main(["--stage", str(stage)]) == 0
    folders = [home(restored(tmp_path / case, name), stage, DOMAINS) for case in ("upgrade", "entries", "stores")]
    newer_entries(folders[1])
    newer_stores(folders[2])
    before = {item["entry_id"]: item for item in stored(folders[0], "core.config_entries")["entries"]}
    entities = [
        (item["platform"], item["unique_id"]) for item in stored(folders[0], "core.entity_registry")["entities"]
    ]
    kept = [stores(folder) for folder in folders]
    results = await run([{"config": str(folder), "stored": True} for folder in folders], tmp_path)
    upgraded = results[0]
    compare_entries(before, upgraded["entries"])
    assert {tuple(item) for item in upgraded["entities"]} >= set(entities)
    platforms = {unique_id: platform for platform, unique_id in upgraded["entities"]}
    orphans = {item.partition("_")[2] for item in upgraded["orphans"] if platforms[item] != "ecoflow"}
    assert orphans <= REPLACED
    compare_content({entry["title"]: entry["diagnostics"] for entry in upgraded["entries"].values()})
    # A version that is newer than the code is refused, and its data stays as it is.
    for entry in results[1]["entries"].values():
        if entry["domain"] in DOMAINS:
            assert entry["state"] == "migration_error", entry
    assert {key: value for key, value in stores(folders[1]).items() if key in kept[1]} == kept[1]
    assert stores(folders[2]).keys() >= kept[2].keys()
    for key, value in kept[2].items():
        if json.loads(value).get("version") == 99:
            assert stores(folders[2])[key] == value, f"{key} was overwritten"


def compare_entries(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Compare entries and subentries; all are set up, or wait for what they connect to."""
    for entry_id, old in before.items():
        entry = after[entry_id]
        assert (entry["domain"], entry["title"]) == (old["domain"], old["title"])
        assert entry["subentries"] == sorted(item["title"] for item in old["subentries"])
        if entry["domain"] in DOMAINS:
            assert entry["state"] in {"loaded", *(["setup_retry"] if entry["domain"] in WAITING else [])}, entry


def compare_content(found: dict[str, Any]) -> None:
    """Compare what the stores contained on 2026-11-21."""
    ota = found["OTA"]
    assert [item["version"] for item in ota["releases"]] == ["1.4.0", "1.5.0"]
    assert [item["rollout_id"] for item in ota["rollouts"]] == ["thermostat_1_5"]
    assert (ota["device_count"], ota["sequences"]) == (9, {"thermostat/esp32c3": 2})
    building = found["Main house"]
    assert (building["profile"]["curve_value"], building["profile"]["min_external_temp"]) == (75, -15)
    assert [(item["device_id"], item["has_key"]) for item in building["controllers"]] == [
        ("ESP32-001", True),
        ("ESP32-002", True),
    ]
    assert len(found["Van"]["devices"]) == 6
    assert found["House"]["active"] is True
    assert len(found["House"]["sources"]) == 4
    assert found["Fuse box"]["has_key"] is True
    assert [item["device_id"] for item in found["HC-12 stick"]["outlets"]] == ["FC"]
