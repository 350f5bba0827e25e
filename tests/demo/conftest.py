"""One demo for all tests that only read; tests that kill it start their own."""

from collections.abc import Generator
from pathlib import Path

import pytest
import pytest_socket

from tests.running_demo import RunningDemo, ended, running


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Disable the plugin's check of lingering tasks: Home Assistant runs in another process."""


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow connections to the other process."""


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningDemo]:
    """A running demo; at its end SIGTERM stops every child."""
    pytest_socket.enable_socket()
    folder: Path = tmp_path_factory.mktemp("demo") / "config"
    with running(folder) as started:
        yield started
        private_key = Path(started.info["simulators"]["ecoflow_cloud"]["ca_file"]).with_name("server-key.pem")
        assert private_key.exists()
        assert started.stop() == 0
        assert ended(started.info["pids"])
        assert not private_key.exists()
