"""One demo for all tests that only look; those that kill it start their own."""

from collections.abc import Generator
from pathlib import Path

import pytest
import pytest_socket

from tests.running_demo import RunningDemo, running


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Nothing of Home Assistant runs in this process: the plugin's check of lingering tasks has no object."""


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """These tests talk to another process."""


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningDemo]:
    """A running demo."""
    pytest_socket.enable_socket()
    folder: Path = tmp_path_factory.mktemp("demo") / "config"
    with running(folder) as started:
        yield started
