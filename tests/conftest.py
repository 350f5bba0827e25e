"""Fixtures for every test of the suite."""

import asyncio
from collections.abc import Callable, Generator
from datetime import UTC
import gc
import inspect
import logging
import os
from pathlib import Path
import threading

from homeassistant.components import file_upload
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util, executor
from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.plugins import HASocketBlockedError
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion
from xdist.remote import Producer

# The test plugin ships a `custom_components` package of its own: ours has to be imported first.
import custom_components  # noqa: F401
from lib.slices import SLICE_LENGTH_S

from . import coverage_gate, frozen_clock
from .work_units import ByFile

# No deadline: the machine may be busy, and pytest's own time-out ends what hangs. Every run has the same examples;
# HYPOTHESIS_RANDOM=1 (the nightly workflow) draws others.
settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not os.environ.get("HYPOTHESIS_RANDOM"),
    database=None,
)
settings.load_profile("suite")

TEST_CLOCK_RESOLUTION_S = 1e-6
QUIET_LOGGERS = (
    "aiohttp.access",
    "homeassistant.core",
    "homeassistant.helpers.device_registry",
    "homeassistant.helpers.entity_registry",
    "homeassistant.loader",
    "homeassistant.setup",
    "sqlalchemy.engine",
)
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


def _runs_event_loop(request: pytest.FixtureRequest) -> bool:
    """Whether the test or one of its own fixtures is a coroutine."""
    item = request.node
    functions = [item.obj]
    functions += [f[-1].func for f in item._fixtureinfo.name2fixturedefs.values() if f[-1].scope == "function"]
    return any(inspect.iscoroutinefunction(f) or inspect.isasyncgenfunction(f) for f in functions)


def _for_event_loop(name: str) -> Callable[..., None]:
    """Limit a fixture of the plugin, which has it for each test, to the tests that run an event loop.

    A loop, its threads and mocks of Home Assistant took half of the time of a test that uses none of them.
    """

    @pytest.fixture(name=name, autouse=True)
    def limited(request: pytest.FixtureRequest) -> None:
        if _runs_event_loop(request):
            request.getfixturevalue(name)

    return limited


configure_event_loop = _for_event_loop("configure_event_loop")
disable_http_server = _for_event_loop("disable_http_server")
skip_stop_scripts = _for_event_loop("skip_stop_scripts")


@pytest.fixture(autouse=True)
def verify_cleanup(request: pytest.FixtureRequest) -> Generator[None]:
    """Check that a test leaves nothing: the plugin's check, or without an event loop what can be left then."""
    if _runs_event_loop(request):
        request.getfixturevalue("verify_cleanup")
        yield
        return
    before = set(threading.enumerate())
    yield
    zone, dt_util.DEFAULT_TIME_ZONE = dt_util.DEFAULT_TIME_ZONE, UTC
    blocked, HASocketBlockedError.instances = HASocketBlockedError.instances, []
    assert set(threading.enumerate()) <= before
    assert zone is UTC, "the test changes the default time zone"
    assert not blocked, "the test opens sockets"


@pytest.fixture(autouse=True)
def enable_event_loop_debug(request: pytest.FixtureRequest) -> None:
    """Run the event loop in debug mode only where it is asked for (``ASYNCIO_DEBUG=1``, the nightly workflow).

    It replaces the plugin's fixture of this name. In debug mode the loop keeps a stack per future and task, which
    takes a third of the CPU time of tests that run Home Assistant.
    """
    if _runs_event_loop(request):
        request.getfixturevalue("loop_of_tests")


@pytest.fixture
async def loop_of_tests() -> None:
    """Set up the event loop of a test."""
    loop = asyncio.get_running_loop()
    loop.set_debug(bool(os.environ.get("ASYNCIO_DEBUG")))
    # The clock of a test counts seconds since 1970. To these, the loop's nanosecond adds nothing: a timer due exactly
    # now did not run, and the loop spun until the clock moved.
    loop._clock_resolution = TEST_CLOCK_RESOLUTION_S  # type: ignore[attr-defined]


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
    """Check the coverage of full runs."""
    coverage_gate.register(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests, and give those with a browser or a demo two more attempts; the summary lists each of them.

    Tests with the longest time limit start first, so that no worker is alone with one of them at the end.
    """
    for item in items:
        if item.get_closest_marker("browser") or item.get_closest_marker("demo"):
            item.add_marker(pytest.mark.flaky(reruns=2))
    items.sort(key=_time_limit_s, reverse=True)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """Distribute whole files where that does not leave a worker alone at the end."""
    return ByFile(config, log) if config.getvalue("dist") == "loadgroup" else None


def _time_limit_s(item: pytest.Item) -> float:
    """Return the own time limit of a test; 0 where it has none."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0


def pytest_sessionstart() -> None:
    """Silence loggers with a line per statement, entity or request, and give this process an upload folder.

    Home Assistant interrupts idle workers that do not end within a fraction of a second, as on a busy machine. An
    interrupted worker can take the signal to end with it, and the others then wait for it without end.

    Nothing of what is collected becomes garbage: looking for that took half of the time.
    """
    gc.disable()
    frozen_clock.install()
    executor.EXECUTOR_SHUTDOWN_TIMEOUT = 300
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    # One folder for the machine: a Home Assistant that ends empties it, that of another process, too.
    file_upload.TEMP_DIR_NAME += f"-{os.getpid()}"


def pytest_collection_finish() -> None:
    """Look for garbage again, but not among the collected tests and imported modules, and less often.

    The plugin looks for it before each file anyway.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    gc.enable()


@pytest.fixture
def entity_registry_enabled_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable all entities, also those that are disabled by default."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", property(lambda _entity: True))
