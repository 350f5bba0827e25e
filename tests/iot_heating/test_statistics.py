"""Home Assistant's long-term statistics, from a real recorder: rows that it makes of a controller's reports."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
    statistics_during_period,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating.const import CONF_DEVICE_ID, CONF_RATED_POWER, SUBENTRY_CONTROLLER

from . import building_entry, controller_subentry, entity_id

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HEATS_FOR = timedelta(minutes=30)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """As in all tests; the recorder starts before Home Assistant."""


@pytest.fixture(autouse=True)
def files_in_tmp(hass: HomeAssistant, tmp_path: Path) -> None:
    """As in all tests of the integration."""
    hass.config.config_dir = str(tmp_path)


async def heating_controller(hass: HomeAssistant, building: MockConfigEntry) -> str:
    """A controller of 2 kW; its key."""
    manager = hass.config_entries.subentries
    form = await manager.async_init((building.entry_id, SUBENTRY_CONTROLLER), context={"source": SOURCE_USER})
    data = {"name": "Cellar", CONF_DEVICE_ID: "ESP32-001", CONF_RATED_POWER: 2000}
    form = await manager.async_configure(form["flow_id"], data)
    placeholders = form["description_placeholders"]
    assert placeholders is not None
    await manager.async_configure(form["flow_id"], {})
    await hass.async_block_till_done()
    return placeholders["device_key"]


async def statistics(hass: HomeAssistant, entity: str) -> list[dict[str, Any]]:
    """The rows of all five-minute periods since noon."""
    start = NOON
    while start < NOON + HEATS_FOR:
        do_adhoc_statistics(hass, start=start)
        start += timedelta(minutes=5)
    await async_wait_recording_done(hass)
    rows = await hass.async_add_executor_job(
        lambda: statistics_during_period(hass, NOON, None, {entity}, period="5minute")
    )
    return rows.get(entity, [])


@pytest.mark.slow
async def test_the_recorder_makes_statistics_of_what_a_controller_reports(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOON - timedelta(seconds=60))
    building = building_entry()
    building.add_to_hass(hass)
    assert await hass.config_entries.async_setup(building.entry_id)
    key = await heating_controller(hass, building)
    client = await hass_client_no_auth()
    now = NOON - timedelta(seconds=30)
    while now <= NOON + HEATS_FOR + timedelta(seconds=30):
        freezer.move_to(now)
        async_fire_time_changed(hass, now)
        minutes = (now - NOON).total_seconds() / 60
        report = {"state": "on", "supply_temp": 40 + minutes // 5}
        reply = await client.post("/api/iot/device/ESP32-001/sync/", headers={"X-Device-Key": key}, json=report)
        assert reply.status == 200
        await hass.async_block_till_done()
        now += timedelta(seconds=30)
    await async_wait_recording_done(hass)
    subentry = controller_subentry(building).subentry_id

    supply = await statistics(hass, entity_id(hass, "sensor", subentry, "supply_temperature"))
    assert [row["max"] for row in supply] == [40, 41, 42, 43, 44, 45]
    assert all(row["max"] - 1 <= row["mean"] <= row["max"] for row in supply)

    for key_, hours_to_value, slack in (("on_time", 1, 0.1), ("energy", 2, 0.06), ("energy_today", 2, 0.06)):
        rows = await statistics(hass, entity_id(hass, "sensor", subentry, key_))
        sums = [row["sum"] for row in rows]
        assert len(sums) == 6, key_
        assert sums == sorted(sums), key_
        # States change in steps of a threshold, at most every five minutes: the sum is one step late.
        assert sums[-1] == pytest.approx(HEATS_FOR.total_seconds() / 3600 * hours_to_value, abs=slack * hours_to_value)
