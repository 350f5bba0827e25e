"""Generated files are reproducible, and stale ones are reported."""

from pathlib import Path

from scripts.tooling import build


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
