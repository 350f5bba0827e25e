"""The portable core: its own tests under the sanitizers of g++, and the libraries it needs."""

from pathlib import Path
import re
import subprocess

import pytest

from firmware.core import build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests of the core with ASan and UBSan."""
    if (tool := build.missing_tool()) is not None:
        pytest.skip(f"{tool} is not installed")
    return build.build(tmp_path_factory.mktemp("core"))


def test_the_tests_of_the_core_pass_under_asan_and_ubsan(program: Path) -> None:
    result = build.run(program)
    assert result.returncode == 0, result.stdout + result.stderr
    found = re.search(r"(\d+) tests, 0 failed checks", result.stdout)
    assert found is not None
    assert int(found[1]) >= 30


def test_a_failing_check_fails_the_program(program: Path) -> None:
    assert build.run(program, "no test has this name").returncode == 1


def test_the_core_uses_no_heap_and_no_exceptions(program: Path, tmp_path: Path) -> None:
    forbidden = re.compile(
        r"\bU (malloc|calloc|realloc|free|_Zn[wa]\w*|_Zd[la]\w*|__cxa_throw\w*|__cxa_allocate\w*)$", re.MULTILINE
    )
    sources = sorted((build.CORE / "src").glob("*.cpp"))
    assert sources
    for source in sources:
        target = tmp_path / f"{source.stem}.o"
        subprocess.run(["g++", *build.LANGUAGE, "-Os", "-c", str(source), "-o", str(target)], check=True, timeout=120)
        symbols = subprocess.run(["nm", str(target)], check=True, capture_output=True, text=True).stdout
        assert not forbidden.findall(symbols), source.name
    assert program.exists()
