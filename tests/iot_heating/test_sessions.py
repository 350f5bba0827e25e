"""Sessions in Home Assistant: on disk before the answer, over restarts and kills, in sensors and actions."""

from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.iot_heating.storage.session_database import SessionDatabase
from custom_components.iot_heating.storage.session_store import FILE_NAME, SESSION_STORE, SessionStore

from . import controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"
START = "2026-01-05 11:00:00+00:00"
type Report = Callable[..., Awaitable[None]]


@pytest.fixture
async def report(
    hass: HomeAssistant, building: MockConfigEntry, client: TestClient, key: str, freezer: FrozenDateTimeFactory
) -> Report:
    """Posts a state, after some seconds; 2 kW rated, 0.25 a kilowatt-hour."""
    await hass.config.async_set_time_zone("Europe/Rome")
    freezer.move_to(START)
    subentry = controller_subentry(building)
    hass.config_entries.async_update_subentry(building, subentry, data={**subentry.data, "rated_power": 2000})
    hass.config_entries.async_update_entry(building, options={"price": 0.25})
    await hass.async_block_till_done()

    async def post(state: object, after: float = 30) -> None:
        while after > 0:
            freezer.tick(timedelta(seconds=min(10, after)))
            after -= 10
            async_fire_time_changed(hass)
        reply = await client.post(PATH, headers={"X-Device-Key": key}, json={"state": state})
        assert reply.status == HTTPStatus.OK
        await hass.async_block_till_done()

    return post


def rows(tmp_path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        return db.execute(
            "SELECT start, end, energy_kwh, cost, estimated FROM sessions WHERE device = 1 ORDER BY id"
        ).fetchall()


def value(hass: HomeAssistant, building: MockConfigEntry, key: str) -> float:
    state = hass.states.get(entity_id(hass, "sensor", controller_subentry(building).subentry_id, key))
    assert state, key
    return float(state.state)


async def test_a_session_is_on_disk_before_the_answer(report: Report, tmp_path: Path) -> None:
    await report("on")
    ((_, end, *_),) = rows(tmp_path)
    assert end is None
    for _ in range(9):
        await report("on")
    await report("off")
    ((start, end, energy, cost, estimated),) = rows(tmp_path)
    assert end - start == 300
    assert energy == pytest.approx(2000 * 300 / 3.6e6)
    assert cost == pytest.approx(energy * 0.25)
    assert not estimated


@pytest.mark.slow
async def test_usage_shows_in_sensors(hass: HomeAssistant, building: MockConfigEntry, report: Report) -> None:
    for _ in range(121):
        await report("on")
    await report("off", 1)
    for period in ("today", "week", "month"):
        assert value(hass, building, f"on_time_{period}") == pytest.approx(1.0, abs=0.09), "hours"
        assert value(hass, building, f"energy_{period}") == pytest.approx(2.0, abs=0.17)
        assert value(hass, building, f"cost_{period}") == pytest.approx(0.5, abs=0.05)
    state = hass.states.get(entity_id(hass, "sensor", controller_subentry(building).subentry_id, "energy_today"))
    assert state
    assert state.attributes["last_reset"] == "2026-01-05T00:00:00+01:00"
    assert state.attributes["state_class"] == "total"
    assert value(hass, building, "energy") == pytest.approx(2.0, abs=0.17)
    cost = hass.states.get(entity_id(hass, "sensor", controller_subentry(building).subentry_id, "cost_today"))
    assert cost
    assert cost.attributes["unit_of_measurement"] == hass.config.currency


async def test_without_energy_there_are_no_energy_sensors(
    hass: HomeAssistant, building: MockConfigEntry, key: str
) -> None:
    subentry = controller_subentry(building).subentry_id
    assert hass.states.get("sensor.cellar_heating_time_today")
    with pytest.raises(AssertionError):
        entity_id(hass, "sensor", subentry, "energy_today")


async def test_an_outage_ends_the_session_when_it_was_last_seen(
    hass: HomeAssistant, report: Report, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> None:
    for _ in range(20):
        await report("on")
    for _ in range(30):
        freezer.tick(timedelta(seconds=10))
        async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    ((start, end, energy, _, estimated),) = rows(tmp_path)
    assert end - start == 570
    assert energy == pytest.approx(2000 * 570 / 3.6e6)
    assert estimated


async def crash_and_start(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What a kill leaves: nothing of the memory, all of the disk."""
    book = hass.data[SESSION_STORE]
    book._trackers.clear()
    with patch.object(SessionStore, "_async_save"):
        await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def test_a_kill_in_the_middle_of_a_session_loses_nothing_that_was_acknowledged(
    hass: HomeAssistant, building: MockConfigEntry, report: Report, tmp_path: Path
) -> None:
    for _ in range(20):
        await report("on")
    await hass.async_block_till_done(wait_background_tasks=True)
    before = dt_util.utcnow()
    await crash_and_start(hass, building)
    tracker = building.runtime_data.hub.controllers["ESP32-001"].tracker
    assert tracker.running is not None
    assert tracker.running.start == datetime.fromisoformat(START) + timedelta(seconds=30)
    # A checkpoint each minute: what is missing is counted when the controller calls again.
    assert (before - tracker.running.seen).total_seconds() <= 90
    await report("on", 60)
    await report("off")
    ((start, end, energy, _, _),) = rows(tmp_path)
    assert end - start == 19 * 30 + 60 + 30
    assert energy == pytest.approx(2000 * (end - start) / 3.6e6, rel=0.01)
    assert tracker.total.on_s == pytest.approx(end - start)


async def test_a_call_without_a_report_after_a_start_does_not_end_the_session(
    hass: HomeAssistant, building: MockConfigEntry, report: Report, client: TestClient, key: str, tmp_path: Path
) -> None:
    for _ in range(3):
        await report("on")
    await crash_and_start(hass, building)
    headers = {"X-Device-Key": key}
    assert (await client.get(PATH, headers=headers)).status == HTTPStatus.OK
    assert (await client.post(PATH, headers=headers, json={"temp_out": 3})).status == HTTPStatus.OK
    await report("on")
    await report("off")
    ((start, end, _, _, estimated),) = rows(tmp_path)
    assert (end - start, estimated) == (4 * 30, 0)


async def test_after_an_outage_only_a_report_begins_a_session(
    hass: HomeAssistant, report: Report, client: TestClient, key: str, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> None:
    await report("on")
    await report("on")
    for _ in range(30):
        freezer.tick(timedelta(seconds=10))
        async_fire_time_changed(hass)
    # As before the outage: its state is unknown until it reports.
    assert (await client.get(PATH, headers={"X-Device-Key": key})).status == HTTPStatus.OK
    await hass.async_block_till_done(wait_background_tasks=True)
    ((_, end, *_),) = rows(tmp_path)
    assert end is not None
    await report("on")
    assert [row[1] is None for row in rows(tmp_path)] == [False, True]


async def test_after_a_long_downtime_the_old_session_is_estimated_and_a_new_one_begins(
    hass: HomeAssistant, building: MockConfigEntry, report: Report, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> None:
    await report("on")
    await report("on")
    await hass.config_entries.async_unload(building.entry_id)
    freezer.tick(timedelta(hours=2))
    await hass.config_entries.async_setup(building.entry_id)
    await hass.async_block_till_done()
    await report("on")
    (first, second) = rows(tmp_path)
    assert (first[1] - first[0], first[4]) == (30, 1)
    assert second[1] is None


async def test_home_assistant_stopping_writes_all(hass: HomeAssistant, report: Report, tmp_path: Path) -> None:
    await report("on")
    await report("on", 20)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        ((seen,),) = db.execute("SELECT seen - start FROM sessions").fetchall()
    assert seen == 20


@pytest.mark.expects_errors
async def test_a_disk_that_refuses_costs_no_heating_and_is_tried_again(
    hass: HomeAssistant,
    report: Report,
    freezer: FrozenDateTimeFactory,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with patch.object(SessionDatabase, "write", side_effect=sqlite3.OperationalError("disk is full")):
        await report("on")
        await report("off")
        await report("on")
    assert rows(tmp_path) == []
    freezer.tick(timedelta(seconds=61))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [end is None for _, end, *_ in rows(tmp_path)] == [False, True]
    ours = [r.getMessage() for r in caplog.records if r.name.endswith("_lib.retried_store")]
    assert ours == [
        "iot_heating: heating sessions: could not be written, retrying: disk is full",
        "iot_heating: heating sessions: written again",
    ]


async def test_a_removed_controllers_sessions_go(
    hass: HomeAssistant, building: MockConfigEntry, report: Report, tmp_path: Path
) -> None:
    await report("on")
    await report("off")
    hass.config_entries.async_remove_subentry(building, controller_subentry(building).subentry_id)
    await hass.async_block_till_done()
    assert rows(tmp_path) == []


async def test_a_removed_buildings_sessions_go(
    hass: HomeAssistant, building: MockConfigEntry, report: Report, tmp_path: Path
) -> None:
    await report("on")
    await report("off")
    await hass.config_entries.async_remove(building.entry_id)
    assert rows(tmp_path) == []


async def test_energy_and_price_of_other_entities(
    hass: HomeAssistant, building: MockConfigEntry, report: Report, tmp_path: Path
) -> None:
    subentry = controller_subentry(building)
    data = {**subentry.data, "energy_entity": "sensor.meter", "power_entity": "sensor.power"}
    hass.config_entries.async_update_subentry(building, subentry, data=data)
    hass.config_entries.async_update_entry(building, options={"price": 9.0, "price_entity": "sensor.price"})
    await hass.async_block_till_done()
    hass.states.async_set("sensor.meter", "1000", {"unit_of_measurement": "Wh"})
    hass.states.async_set("sensor.power", "unavailable")
    hass.states.async_set("sensor.price", "120", {"unit_of_measurement": "EUR/MWh"})
    await report("on")
    hass.states.async_set("sensor.meter", "1500", {"unit_of_measurement": "Wh"})
    await report("on")
    hass.states.async_set("sensor.meter", "unavailable")
    hass.states.async_set("sensor.power", "1.2", {"unit_of_measurement": "kW"})
    await report("off")
    ((_, _, energy, cost, _),) = rows(tmp_path)
    assert energy == pytest.approx(0.5 + 1200 * 30 / 3.6e6)
    assert cost == pytest.approx(energy * 0.12)


async def test_sessions_are_published_as_events(hass: HomeAssistant, building: MockConfigEntry, report: Report) -> None:
    event = entity_id(hass, "event", controller_subentry(building).subentry_id, "session_event")
    await report("on")
    state = hass.states.get(event)
    assert state
    assert state.attributes["event_type"] == "started"
    await report("off")
    state = hass.states.get(event)
    assert state
    assert (state.attributes["event_type"], state.attributes["duration_s"]) == ("ended", 30)


async def call(hass: HomeAssistant, building: MockConfigEntry, action: str, **data: Any) -> Any:
    from homeassistant.helpers import device_registry as dr

    subentry = controller_subentry(building).subentry_id
    device = dr.async_get(hass).async_get_device_by_identifier(("iot_heating", subentry), building.entry_id)
    assert device
    return await hass.services.async_call(
        "iot_heating", action, {"device_id": device.id, **data}, blocking=True, return_response=True
    )


async def test_get_sessions(hass: HomeAssistant, building: MockConfigEntry, report: Report) -> None:
    await report("on")
    await report("off", 60)
    await report("on")
    answer = await call(hass, building, "get_sessions")
    first, second = answer["sessions"]
    assert first == {
        "start": "2026-01-05T11:00:30+00:00",
        "end": "2026-01-05T11:01:30+00:00",
        "duration_s": 60,
        "energy_kwh": 0.0333,
        "cost": 0.0083,
        "estimated": False,
    }
    assert second["end"] is None
    assert answer["total"] == {"count": 2, "on_time_s": 60, "energy_kwh": 0.0333, "cost": 0.0083}
    assert answer["months"] == {"2026-01": {"on_time_s": 60, "energy_kwh": 0.0333, "cost": 0.0083}}
    answer = await call(hass, building, "get_sessions", start="2026-01-05 12:01:45", end="2026-01-05 13:00:00")
    assert [s["start"] for s in answer["sessions"]] == ["2026-01-05T11:02:00+00:00"]


async def test_get_sessions_as_csv(
    hass: HomeAssistant, building: MockConfigEntry, report: Report, tmp_path: Path
) -> None:
    await report("on")
    await report("off", 60)
    text = (await call(hass, building, "get_sessions", format="csv"))["csv"]
    assert text.splitlines() == [
        "device_id,start,end,duration_s,energy_kwh,cost,estimated,currency",
        "ESP32-001,2026-01-05T11:00:30+00:00,2026-01-05T11:01:30+00:00,60,0.0333,0.0083,False,EUR",
    ]
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    file = tmp_path / "sessions.csv"
    answer = await call(hass, building, "get_sessions", filename=str(file))
    assert answer == {"filename": str(file), "sessions": 1}
    assert file.read_bytes().decode() == text
