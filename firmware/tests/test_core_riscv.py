"""The core, linked for 32-bit RISC-V and run in an emulator: the same tests and vectors as on this machine."""

from pathlib import Path
import re

import pytest

from firmware.core.riscv import build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if (tool := build.missing_tool()) is not None:
        pytest.skip(f"{tool} is not installed")
    return build.build(tmp_path_factory.mktemp("riscv"))


def test_the_tests_of_the_core_pass_on_risc_v(program: Path) -> None:
    result = build.run(program)
    assert result.returncode == 0, result.stdout + result.stderr
    found = re.search(r"test cases: (\d+) \| (\d+) passed \| 0 failed", result.stdout)
    assert found is not None, result.stdout
    assert int(found[1]) == int(found[2]) >= 95


def test_a_failing_check_fails_the_program_on_risc_v(program: Path) -> None:
    result = build.run(program, "two is not one")
    assert result.returncode == 1
    assert "is NOT correct!" in result.stdout


def test_the_linked_core_is_small(program: Path) -> None:
    linked = build.linked_bytes(program)
    assert 20_000 < linked["core"] < 40_000
    assert linked["core"] < linked["all"]
