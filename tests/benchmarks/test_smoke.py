"""Every benchmark runs from the command line with tiny sizes, prints a table and writes its figures."""

import json
import os
from pathlib import Path
import subprocess

import pytest

from tests.conftest import SHARED

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.parent.name for path in (ROOT / "benchmarks").glob("*/__main__.py"))
_NEEDS = {"control": SHARED / "bench" / "twin"}


def test_there_is_a_benchmark_per_area() -> None:
    assert NAMES == ["control", "ecoflow", "iot_heating", "ota", "outages", "scale", "smart_outlet", "telemetry"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", NAMES)
def test_benchmark_runs_with_tiny_sizes(name: str, tmp_path: Path) -> None:
    needed = _NEEDS.get(name)
    if needed is not None and not needed.is_dir():
        pytest.skip(f"not available: {needed}")
    figures = tmp_path / "figures.json"
    command = [ROOT / "scripts" / "benchmark", name, "--smoke", "--json", figures]
    # As a user calls it: the script itself keeps the repository off the path of the Home Assistant that it starts.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert len(done.stdout.splitlines()) >= 5
    assert json.loads(figures.read_text("utf-8"))
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_integration_runs_a_short_window_in_home_assistant(tmp_path: Path) -> None:
    if not _NEEDS["control"].is_dir():
        pytest.skip(f"not available: {_NEEDS['control']}")
    figures = tmp_path / "figures.json"
    options = ["--through-ha", "--through-ha-days", "0,1", "--days", "23", "--jobs", "1", "--repeat", "20"]
    options += ["--through-ha-houses", "0,0.1"]
    command = [ROOT / "scripts" / "benchmark", "control", *options, "--json", figures]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    report = json.loads(figures.read_text("utf-8"))
    found = report["through_ha"]
    assert found.keys() == {"mean", "worst", "first_plan_h"}
    assert found["mean"].keys() == found["worst"].keys() == {"cost_pct", "discomfort_pct", "peak_pct"}
    assert found["first_plan_h"] < 24
    assert "through Home Assistant" in done.stdout
    houses = report["through_ha_houses"]
    assert houses.keys() == {"radiators, modulating boiler", "small flat, air-to-air unit and miner"}
    for house in houses.values():
        assert house.keys() == {"cost_pct", "discomfort_kh", "thermostat_discomfort_kh", "first_plan_h"}
        assert 0 <= house["discomfort_kh"] < 10
