"""Short fuzzing of the core, and its size on a microcontroller."""

from pathlib import Path
import shutil
import subprocess

import pytest

from firmware.core import fuzz, size


@pytest.mark.slow
def test_random_replies_and_frames_do_no_harm(tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    assert fuzz.write_seeds(tmp_path / "seeds") >= 50
    program = fuzz.build(tmp_path)
    command = [str(program), str(tmp_path / "seeds"), "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.split()[0]) > 1000


@pytest.mark.slow
def test_the_core_fits_a_risc_v_controller() -> None:
    if (tool := size.missing_tool()) is not None:
        pytest.skip(f"{tool} is not installed (Debian package clang)")
    sizes = size.measure("rv32imc")
    if sizes is None:
        pytest.skip("this clang has no RISC-V target")
    assert sum(each.flash for each in sizes.values()) < 40_000
    assert sum(each.ram for each in sizes.values()) < 256, "the core has no global state"
