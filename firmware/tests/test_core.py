"""The portable core: its own tests under the sanitizers of g++, and the libraries it needs."""

from pathlib import Path
import re
import shutil
import subprocess

import pytest

from firmware.core import build, fuzz

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests of the core with ASan and UBSan."""
    if (tool := build.missing_for_tests()) is not None:
        pytest.skip(f"{tool} is not installed")
    return build.build(tmp_path_factory.mktemp("core"))


def test_the_tests_of_the_core_pass_under_asan_and_ubsan(program: Path) -> None:
    result = build.run(program)
    assert result.returncode == 0, result.stdout + result.stderr
    found = re.search(r"test cases: +(\d+) +\| +(\d+) passed \| 0 failed", result.stdout)
    assert found is not None, result.stdout
    assert int(found[1]) == int(found[2]) >= 95


def test_a_failing_check_fails_the_program(program: Path) -> None:
    result = build.run(program, "--no-skip", "--test-case=two is not one")
    assert result.returncode == 1
    assert "CHECK( number == 1 ) is NOT correct!" in result.stdout
    assert "values: CHECK( 2 == 1 )" in result.stdout


def test_the_tests_execute_at_least_95_percent_of_the_lines(program: Path) -> None:
    if shutil.which("gcov") is None:
        pytest.skip("gcov is not installed")
    assert build.run(program).returncode == 0
    executed = build.executed_lines(program.parent)
    assert set(executed) == {source.name for source in build.sources()}
    assert {name: percent for name, (percent, _) in executed.items() if percent < 95} == {}


def test_random_replies_and_frames_do_no_harm(program: Path, tmp_path: Path) -> None:
    assert fuzz.write_seeds(tmp_path / "seeds") >= 50
    fuzzer = fuzz.build(tmp_path, program.with_name("core.o"))
    command = [str(fuzzer), str(tmp_path / "seeds"), "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.split()[0]) > 1000


def test_the_core_uses_no_heap_and_no_exceptions(tmp_path: Path) -> None:
    if (tool := build.missing_tool()) is not None:
        pytest.skip(f"{tool} is not installed")
    forbidden = re.compile(
        r"\bU (malloc|calloc|realloc|free|_Zn[wa]\w*|_Zd[la]\w*|__cxa_throw\w*|__cxa_allocate\w*)$", re.MULTILINE
    )
    target = build.compile_core(tmp_path, ("-Os",))
    symbols = subprocess.run(["nm", str(target)], check=True, capture_output=True, text=True).stdout
    assert " T _ZN5suite" in symbols
    assert not forbidden.findall(symbols)
