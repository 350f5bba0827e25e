"""Fixtures of the iot_heating tests."""

from pathlib import Path

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from . import add_controller, building_entry


@pytest.fixture(autouse=True)
def files_in_tmp(hass: HomeAssistant, tmp_path: Path) -> None:
    """Sessions and telemetry go to real files, in a folder of the test's own."""
    hass.config.config_dir = str(tmp_path)


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
