"""The command that runs benchmarks."""

from pathlib import Path

import pytest

from scripts.tooling import benchmark


@pytest.mark.parametrize("form", [["--json", "{}"], ["--json={}"]])
def test_an_unwritable_file_is_reported_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    runs: list[str] = []
    monkeypatch.setattr("runpy.run_module", lambda name, **_: runs.append(name))
    for file, status in ((tmp_path / "none" / "x.json", 2), (tmp_path, 2), (tmp_path / "x.json", 0)):
        monkeypatch.setattr("sys.argv", ["benchmark", "ota", *(part.format(file) for part in form)])
        assert benchmark.main() == status
        assert (f"{file} cannot be written" in capsys.readouterr().err) == (status == 2)
    assert runs == ["benchmarks.ota"]


@pytest.mark.parametrize(("name", "status"), [("nope", 2), ("--help", 0)])
def test_names_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, status: int
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmark", name])
    assert benchmark.main() == status
    printed = capsys.readouterr()
    assert "smart_outlet" in (printed.err if status else printed.out)
