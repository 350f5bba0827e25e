"""Fixtures of the tests of firmware with Home Assistant."""

from pathlib import Path

import pytest

from firmware.esphome import build as host
from firmware.outlet.build import Image, build, missing_tool
from firmware.sim import gpsim

ADDRESS = 0xFE


@pytest.fixture(scope="session")
def program() -> Path:
    """The compiled controllers."""
    if (tool := host.missing_tool()) is not None:
        pytest.skip(f"{tool} is not installed")
    return host.build()


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image of the outlet FE, as it is programmed into the PIC."""
    if (tool := missing_tool()) is not None:
        pytest.skip(f"{tool} is not installed (Debian package gputils)")
    if not gpsim.is_installed():
        pytest.skip("gpsim is not installed (Debian package gpsim)")
    return build(ADDRESS, tmp_path_factory.mktemp("outlet"))
