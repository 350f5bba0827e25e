"""The portable core: its own tests under the sanitizers of g++, and the libraries it needs."""

from pathlib import Path
import re
import shutil
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


def test_the_tests_execute_at_least_95_percent_of_the_lines(tmp_path: Path) -> None:
    if shutil.which("g++") is None or shutil.which("gcov") is None:
        pytest.skip("g++ or gcov is not installed")
    program = build.build(tmp_path, ("-O0", "-g", "--coverage"))
    assert build.run(program).returncode == 0
    sources = [str(source) for source in sorted((build.CORE / "src").glob("*.cpp"))]
    command = ["gcov", "-n", "-o", str(tmp_path), *sources]
    output = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60).stdout
    found = re.findall(r"File '[^']*/core/src/[^']*'\nLines executed:([\d.]+)% of (\d+)", output)
    lines = sum(int(count) for _, count in found)
    executed = sum(float(percent) / 100 * int(count) for percent, count in found)
    assert len(found) >= len(sources) - 1
    assert executed / lines >= 0.95


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
