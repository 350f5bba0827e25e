"""``scripts/install`` copies the suite into a Home Assistant folder and backs up what it replaces."""

import errno
import json
from pathlib import Path
import shutil
import subprocess

import pytest

from scripts.tooling import install
from scripts.tooling.install import BACKUPS, COMPONENTS, ROOT, main

DOMAINS = sorted(manifest.parent.name for manifest in COMPONENTS.glob("*/manifest.json"))
BLUEPRINT = Path("blueprints/automation/smart_outlet/alert_notification.yaml")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "configuration.yaml").write_text("default_config:\n")
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_everything_is_copied(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(config)]) == 0
    for domain in DOMAINS:
        assert files(config / "custom_components" / domain) == files(COMPONENTS / domain)
    assert (config / BLUEPRINT).read_bytes() == (ROOT / BLUEPRINT).read_bytes()
    assert {path.name for path in config.iterdir()} == {"configuration.yaml", "custom_components", "blueprints"}
    printed = capsys.readouterr()
    assert "Restart Home Assistant" in printed.out
    assert not printed.err


def test_replaced_files_are_backed_up_and_others_untouched(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = config / "custom_components" / "theirs" / "__init__.py"
    old = config / "custom_components" / "ota" / "gone.py"
    for path in (theirs, old):
        path.parent.mkdir(parents=True)
        path.write_text("old")
    assert main([str(config), "ota", "ota"]) == 0
    assert sorted(path.name for path in (config / "custom_components").iterdir()) == ["ota", "theirs"]
    assert files(config / "custom_components" / "ota") == files(COMPONENTS / "ota")
    (backup,) = (config / BACKUPS).iterdir()
    assert files(backup) == {"custom_components/ota/gone.py": b"old"}
    assert str(backup) in capsys.readouterr().out

    assert main([str(config), "ota"]) == 0
    assert "already up to date" in capsys.readouterr().out
    assert list((config / BACKUPS).iterdir()) == [backup]
    for _ in range(2):
        (config / "custom_components" / "ota" / "const.py").write_text("mine")
        assert main([str(config), "ota"]) == 0
    assert len(list((config / BACKUPS).iterdir())) == 3


def test_a_link_to_the_sources_is_replaced_not_followed(config: Path) -> None:
    elsewhere = config / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.py").write_text("theirs")
    (config / "custom_components").mkdir()
    (config / "custom_components" / "ota").symlink_to(elsewhere)
    assert main([str(config), "ota"]) == 0
    assert files(elsewhere) == {"x.py": b"theirs"}
    assert not (config / "custom_components" / "ota").is_symlink()


FOREIGN = {
    "hassio-ecoflow": {
        "domain": "ecoflow",
        "name": "EcoFlow",
        "documentation": "https://example.com/other",
        "version": "1.2",
    },
    "another tracker": {
        "domain": "ota",
        "name": "OTA Firmware Rollouts",
        "issue_tracker": "https://example.com/issues",
    },
    "no address": {"domain": "ota", "name": "OTA"},
    "not an object": [],
    "broken": "{",
}


@pytest.mark.parametrize("manifest", FOREIGN.values(), ids=FOREIGN)
def test_an_integration_of_another_project_is_not_replaced(
    config: Path, manifest: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    domain = manifest["domain"] if isinstance(manifest, dict) else "ota"
    file = config / "custom_components" / domain / "manifest.json"
    file.parent.mkdir(parents=True)
    file.write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    before = files(config)
    assert main([str(config)]) == 1
    assert files(config) == before
    text = capsys.readouterr().err
    assert f"{file.parent} belongs to another project" in text
    assert "remove it" in text

    assert main([str(config), "smart_outlet"]) == 0
    assert main([str(config), domain, "--replace-foreign"]) == 0
    assert files(file.parent) == files(COMPONENTS / domain)
    (backup,) = (config / BACKUPS).iterdir()
    assert files(backup) == {f"custom_components/{domain}/manifest.json": before[str(file.relative_to(config))]}


@pytest.mark.parametrize("kept", ["_lib", "issue_tracker"])
def test_an_older_version_of_the_suite_is_replaced(config: Path, kept: str) -> None:
    """It is recognized with other addresses, and also without shared modules."""
    assert main([str(config), "ota"]) == 0
    folder = config / "custom_components" / "ota"
    if kept == "_lib":
        moved = (folder / "manifest.json").read_text().replace("heat-suite", "moved")
        (folder / "manifest.json").write_text(moved)
    else:
        shutil.rmtree(folder / "_lib")
    assert main([str(config), "ota"]) == 0
    assert files(folder) == files(COMPONENTS / "ota")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: CONFIG_DIR"),
        (["{config}", "nope"], "unknown integration: nope; choose from ecoflow"),
        (["{config}/x"], "is not a folder"),
    ],
)
def test_wrong_arguments_are_reported(
    config: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([argument.format(config=config) for argument in arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert {path.name for path in config.iterdir()} == {"configuration.yaml"}


def test_a_folder_without_configuration_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "ota"]) == 0
    assert "is it a Home Assistant configuration folder?" in capsys.readouterr().err


def test_a_failed_replacement_keeps_the_old_files(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (config / "custom_components" / "ota").mkdir(parents=True)
    (config / "custom_components" / "ota" / "old.py").write_text("old")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == ".heat_suite_new":
            raise OSError("disk full")
        return rename(self, target)

    monkeypatch.setattr(install.Path, "rename", failing)
    assert main([str(config), "ota"]) == 1
    assert "Not installed: disk full" in capsys.readouterr().err
    assert files(config / "custom_components" / "ota") == {"old.py": b"old"}


@pytest.fixture
def other_disk(config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on another disk, to which `custom_components` is a link."""
    disk = config / "other disk"
    disk.mkdir()
    (config / "custom_components").symlink_to(disk)
    rename = Path.rename

    def across(self: Path, target: Path) -> Path:
        if (disk in self.parent.resolve().parents or disk == self.parent.resolve()) != (
            disk in target.parent.resolve().parents or disk == target.parent.resolve()
        ):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(install.Path, "rename", across)
    return disk


def test_the_folder_may_be_a_link_to_another_disk(config: Path, other_disk: Path) -> None:
    assert main([str(config), "ota"]) == 0
    assert files(other_disk / "ota") == files(COMPONENTS / "ota")
    (other_disk / "ota" / "mine.py").write_text("mine")
    before = files(other_disk / "ota")
    assert main([str(config), "ota"]) == 0
    assert files(other_disk / "ota") == files(COMPONENTS / "ota")
    assert [path.name for path in other_disk.iterdir()] == ["ota"]
    (backup,) = (config / BACKUPS).iterdir()
    assert files(backup / "custom_components" / "ota") == before
    assert (config / "custom_components").is_symlink()


@pytest.mark.parametrize("failing", [".heat_suite_new", "copytree"])
def test_a_failure_on_another_disk_keeps_the_old_files(
    config: Path, other_disk: Path, failing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (other_disk / "ota").mkdir()
    (other_disk / "ota" / "old.py").write_text("old")
    rename = Path.rename

    def refused(self: Path, target: Path) -> Path:
        if self.name == failing:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    def partly(source: Path, target: Path, **_: object) -> None:
        target.mkdir()
        (target / "a.py").write_text("half")
        raise shutil.Error([("a", "b", "[Errno 28] No space left on device")])

    if failing == "copytree":
        monkeypatch.setattr(install.shutil, "copytree", partly)
    monkeypatch.setattr(install.Path, "rename", refused)
    assert main([str(config), "ota"]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert files(other_disk) == {"ota/old.py": b"old"}
    assert [path.name for path in other_disk.iterdir()] == ["ota"]


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_or_a_broken_link_instead_of_the_folder_is_reported(
    config: Path, is_link: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    components = config / "custom_components"
    components.symlink_to("/nonexistent") if is_link else components.write_text("")
    with pytest.raises(SystemExit) as ended:
        main([str(config), "ota"])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert f"{components}{' (a link to /nonexistent)' if is_link else ''} is not a folder" in error


@pytest.mark.parametrize(
    ("installed", "is_newer"),
    [("9.9.9", True), ("v9.0", True), ("0.0.1", False), ("{ours}", False), ("{ours}b1", False)],
)
def test_a_newer_version_is_replaced_when_asked_only(
    config: Path, installed: str, is_newer: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(config), "ota"]) == 0
    manifest = config / "custom_components" / "ota" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["version"] = installed.format(ours=content["version"])
    manifest.write_text(json.dumps(content))
    before = files(config)
    assert main([str(config), "ota"]) == int(is_newer)
    if is_newer:
        assert files(config) == before
        assert f"ota {installed} is newer than this version" in capsys.readouterr().err
        assert main([str(config), "ota", "--allow-downgrade"]) == 0
    assert files(manifest.parent) == files(COMPONENTS / "ota")


def test_the_script_needs_nothing_installed(config: Path) -> None:
    run = subprocess.run(
        [ROOT / "scripts" / "install", config, "smart_outlet"], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert (config / "custom_components" / "smart_outlet" / "manifest.json").exists()
    assert (config / BLUEPRINT).exists()
