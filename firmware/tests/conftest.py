"""Fixtures of the firmware tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

# The test plugin ships a `custom_components` package of its own: ours has to be imported first.
import custom_components  # noqa: F401
from firmware.outlet.build import Image, build, missing_tool
from firmware.sim import gpsim
from firmware.sim.outlet_bench import ERASED, OutletBench

ADDRESS = 0xFE

type PowerOn = Callable[..., OutletBench]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image of the outlet FE, as it is programmed into the PIC."""
    if (tool := missing_tool()) is not None:
        pytest.skip(f"{tool} is not installed (Debian package gputils)")
    if not gpsim.is_installed():
        pytest.skip("gpsim is not installed (Debian package gpsim)")
    return build(ADDRESS, tmp_path_factory.mktemp("outlet"))


@pytest.fixture
def power_on(image: Image, tmp_path: Path) -> Iterator[PowerOn]:
    """Start outlets with a given EEPROM, erased by default; all are stopped after the test."""
    folders = (tmp_path / f"outlet{number}" for number in count())
    with ExitStack() as stack:

        def start(eeprom: bytes = ERASED) -> OutletBench:
            return stack.enter_context(OutletBench(image, next(folders), eeprom))

        yield start


@pytest.fixture
def bench(power_on: PowerOn) -> OutletBench:
    """An outlet with an erased EEPROM."""
    return power_on()
