"""Diagnostics contain the state, but no secret."""

import json

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.iot_heating.diagnostics import async_get_config_entry_diagnostics
from custom_components.iot_heating.storage.device_store import DEVICE_STORE

from . import TELEMETRY


@pytest.mark.parametrize("loaded", [True, False])
async def test_diagnostics_contain_no_key_and_no_hash(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, loaded: bool
) -> None:
    await client.post("/api/iot/device/ESP32-001/sync/", headers={"X-Device-Key": key}, json=TELEMETRY)
    if not loaded:
        await hass.config_entries.async_unload(building.entry_id)
    text = json.dumps(await async_get_config_entry_diagnostics(hass, building))
    assert key not in text
    assert str(hass.data[DEVICE_STORE].devices["ESP32-001"].keys.current) not in text
    assert "ESP32-001" in text


async def test_diagnostics_contain_the_last_report(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str
) -> None:
    await client.post("/api/iot/device/ESP32-001/sync/", headers={"X-Device-Key": key}, json=TELEMETRY)
    data = await async_get_config_entry_diagnostics(hass, building)
    assert data["building_id"] == 1
    assert data["profile"]["curve_value"] == 50
    (controller,) = data["controllers"]
    assert (controller["online"], controller["values"]["temp_out"], controller["has_key"]) == (True, 8.7, True)


async def test_a_building_that_never_was_set_up_has_diagnostics(hass: HomeAssistant, building: MockConfigEntry) -> None:
    other = MockConfigEntry(domain="iot_heating", title="Barn", data={"name": "Barn"})
    data = await async_get_config_entry_diagnostics(hass, other)
    assert (data["building_id"], data["controllers"], data["publisher"]) == (None, [], None)
