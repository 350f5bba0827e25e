"""Generated files are reproducible, and stale ones are reported."""

from pathlib import Path
import zipfile

import pytest

from scripts.tooling import build, release


def test_imported_modules_are_copied_too() -> None:
    assert build.with_imports(["device_http"]) == ["device_http", "device_keys"]


def test_the_copies_are_up_to_date() -> None:
    assert build.main(["--check"]) == 0


def test_a_changed_copy_is_reported_and_rebuilt(tmp_path: Path) -> None:
    folder = tmp_path / "_lib"
    assert not build.build_lib(folder, ["week_schedule"], check=True)
    build.build_lib(folder, ["week_schedule"], check=False)
    assert build.build_lib(folder, ["week_schedule"], check=True)
    copy = folder / "week_schedule.py"
    assert copy.read_text().startswith("# Generated from lib/week_schedule.py by scripts/build")
    copy.write_text(copy.read_text() + "\n# by hand\n")
    assert not build.build_lib(folder, ["week_schedule"], check=True)


def test_an_unused_copy_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "_lib"
    build.build_lib(folder, ["week_schedule"], check=False)
    (folder / "stray.py").write_text("")
    assert not build.build_lib(folder, ["week_schedule"], check=True)


def test_the_same_archives_at_every_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        assert release.main(["--stage", str(tmp_path / name)]) == 0
    archives = sorted((tmp_path / "one").glob("*.zip"))
    assert archives
    for archive in archives:
        assert archive.read_bytes() == (tmp_path / "two" / archive.name).read_bytes()
        tree = tmp_path / "one" / archive.stem
        assert {"LICENSE", "README.md", "hacs.json", "custom_components"} == {path.name for path in tree.iterdir()}
        with zipfile.ZipFile(archive) as packed:
            names = packed.namelist()
        # HACS unpacks it into the domain's own folder.
        assert "manifest.json" in names
        assert not [name for name in names if "__pycache__" in name]
