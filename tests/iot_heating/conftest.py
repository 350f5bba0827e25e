"""Fixtures of the iot_heating tests."""

from collections.abc import Generator
from datetime import datetime
import logging

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from . import add_controller, building_entry


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of this package."""
    config.addinivalue_line("markers", "expects_errors: errors in the log are part of what is tested")


@pytest.fixture(autouse=True)
def files_in_tmp(request: pytest.FixtureRequest) -> None:
    """Sessions and telemetry go to real files, in a folder of the test's own."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("hass").config.config_dir = str(request.getfixturevalue("tmp_path"))


@pytest.fixture(autouse=True)
def local_noon(request: pytest.FixtureRequest) -> None:
    """Tests with a frozen clock start at noon of a Wednesday, so that no local day ends while they run."""
    if "hass" in request.fixturenames and "freezer" in request.fixturenames:
        request.getfixturevalue("hass")  # it sets the time zone
        noon = datetime(2025, 12, 17, 12, tzinfo=dt_util.get_default_time_zone())
        request.getfixturevalue("freezer").move_to(noon)


@pytest.fixture
async def building(hass: HomeAssistant) -> MockConfigEntry:
    """A building that is set up, without controllers."""
    entry = building_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


@pytest.fixture
async def key(hass: HomeAssistant, building: MockConfigEntry) -> str:
    """The key of controller ESP32-001 of the building."""
    return await add_controller(hass, building)


@pytest.fixture
async def client(building: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator) -> TestClient:
    """An HTTP client without a token, on Home Assistant's own server."""
    return await hass_client_no_auth()


@pytest.fixture(autouse=True)
def nothing_goes_wrong_unseen(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """An error in the log of the integration fails the test, unless the test expects errors."""
    yield
    if request.node.get_closest_marker("expects_errors") is None:
        records = [*caplog.get_records("setup"), *caplog.get_records("call")]
        errors = [r.getMessage() for r in records if r.levelno >= logging.ERROR and _is_ours(r)]
        assert errors == []


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether our code logged it, or made Home Assistant fail to add an entity or to finish a task."""
    signs = ("Error adding entity", "Error while setting up", "Error doing job", "Exception in")
    return record.name.startswith("custom_components") or record.getMessage().startswith(signs)
