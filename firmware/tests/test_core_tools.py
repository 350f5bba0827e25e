"""Size of the core on a microcontroller."""

import pytest

from firmware.core import size


@pytest.mark.slow
def test_the_core_fits_a_risc_v_controller() -> None:
    if (tool := size.missing_tool()) is not None:
        pytest.skip(f"{tool} is not installed (Debian package clang)")
    sizes = size.measure("rv32imc")
    if sizes is None:
        pytest.skip("this clang has no RISC-V target")
    assert sum(each.flash for each in sizes.values()) < 40_000
    assert sum(each.ram for each in sizes.values()) < 256, "the core has no global state"
