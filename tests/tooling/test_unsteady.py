"""A run in which tests are tried again says which, and does not hide many."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

ROOT = Path(__file__).resolve().parents[2]
_CONFTEST = """
from tests import unsteady

def pytest_configure(config):
    unsteady.register(config)
"""
_TESTS = """
from pathlib import Path
import pytest

FOLDER = Path(__file__).parent

@pytest.mark.parametrize("number", range({count}))
def test_late(number):
    tried = FOLDER / f"tried{{number}}"
    again = tried.exists()
    tried.touch()
    assert again, "the first packet was late"

def test_steady():
    pass

def test_broken():
    assert {works}, "broken for good"
"""


def run(folder: Path, *options: str, late: int, works: bool = True) -> subprocess.CompletedProcess[str]:
    """A run of pytest on `late` tests that fail once, and others."""
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    (folder / "conftest.py").write_text(_CONFTEST, "utf-8")
    (folder / "test_it.py").write_text(_TESTS.format(count=late, works=works), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:homeassistant", "-p", "no:cacheprovider", *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, timeout=120, check=False
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_test_that_passes_at_the_second_try_is_named(tmp_path: Path, workers: tuple[str, ...]) -> None:
    done = run(tmp_path, "--reruns", "1", *workers, late=2)
    assert done.returncode == 0, done.stdout
    assert "unsteady: 2 passed at the second try" in done.stdout
    assert "test_it.py::test_late[1] (call)" in done.stdout
    assert "the first packet was late" in done.stdout


def test_many_of_them_are_a_failure(tmp_path: Path) -> None:
    done = run(tmp_path, "--reruns", "1", late=4)
    assert done.returncode == 1, done.stdout
    assert "unsteady: 4 passed" in done.stdout


def test_what_fails_twice_has_failed(tmp_path: Path) -> None:
    done = run(tmp_path, "--reruns", "1", late=0, works=False)
    assert done.returncode == 1
    assert "unsteady" not in done.stdout
    assert "broken for good" in done.stdout


def test_without_second_tries_nothing_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, late=1)
    assert done.returncode == 1
    assert "unsteady" not in done.stdout
