"""Fixtures for every test of the suite."""

import logging
import os
from pathlib import Path
import traceback

from homeassistant.components import file_upload
from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

# The test plugin ships a `custom_components` package of its own: ours has to be imported first.
import custom_components  # noqa: F401
from lib.slices import SLICE_LENGTH_S

from . import coverage_gate, lasting, unsteady

# In its debug mode asyncio keeps the stack of each future and task, down through all of pytest: a third of the time
# that tests of Home Assistant took. A few frames tell who made it.
traceback.extract_stack.__defaults__ = (None, 8)

# A busy machine is no fault of what is tested; pytest's own time-out ends what hangs. The examples of a whole run
# are the same each time; HYPOTHESIS_RANDOM=1 looks for others.
settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not os.environ.get("HYPOTHESIS_RANDOM"),
    database=None,
)
settings.load_profile("suite")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots in Home Assistant's own form (ids and times masked), below `snapshots/`."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load our integrations in tests that use a `hass`."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def work_in_one_slice(request: pytest.FixtureRequest) -> None:
    """On a busy machine, sliced work takes several iterations of the event loop; tests wait for one.

    The slices themselves are tested in tests/lib.
    """
    if "hass" in request.fixturenames:
        request.getfixturevalue("hass").data[SLICE_LENGTH_S] = 60.0


@pytest.fixture(scope="session")
def captures() -> Path:
    """Folder with replies captured from real devices; tests that need it skip where it is absent."""
    folder = SHARED / "fixtures"
    if not folder.is_dir():
        pytest.skip(f"captured replies are not here: {folder}")
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Watch the coverage of full runs, and what passed only when it was tried again."""
    coverage_gate.register(config)
    unsteady.register(config)


def pytest_sessionfinish() -> None:
    """End processes that many tests used."""
    lasting.end_all()


def pytest_sessionstart() -> None:
    """The plugin has SQLAlchemy tell every statement: thousands of lines, of which none helps."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    # One folder for the machine: a Home Assistant that ends empties it, that of another process, too.
    file_upload.TEMP_DIR_NAME += f"-{os.getpid()}"
