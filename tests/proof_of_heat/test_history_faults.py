"""Learning from histories as they are: a holiday, defects, renamed entities, another database, a restart."""

import asyncio
from collections.abc import Generator
from copy import deepcopy
from datetime import datetime, timedelta
import threading
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
import pytest_socket

from custom_components.proof_of_heat.engine import jobs
from custom_components.proof_of_heat.engine.model.history import Row
from custom_components.proof_of_heat.learning import history_import, history_replay
from custom_components.proof_of_heat.learning.history_import import ImportStatus
from tests.postgresql import UnavailableError, postgres_server

from .engine.homes import Home
from .ha import HEATER, OUTDOOR, ROOM, real_pause
from .test_history_import import DAYS, METER, NOW, finished, lived, set_up, write_states, write_statistics

type Readings = list[tuple[Any, dict[str, float]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Generator[str]:
    """Where the recorder keeps its history."""
    if request.param == "sqlite":
        yield "sqlite://"
        return
    pytest_socket.enable_socket()
    try:
        with postgres_server() as server:
            yield server.url.replace("postgresql://", "postgresql+psycopg://")
    except UnavailableError as err:
        pytest.skip(str(err))


@pytest.fixture
def recorder_db_url(database: str, hass_fixture_setup: list[bool]) -> str:
    """The recorder of the test framework uses this."""
    assert not hass_fixture_setup
    return database


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """The recorder has to be there before Home Assistant."""


@pytest.fixture(autouse=True)
async def ready(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_import, "DAYS", DAYS)
    monkeypatch.setattr(history_replay, "DAYS", 1)  # too few to simulate
    await hass.config.async_set_time_zone("UTC")
    hass.loop.set_debug(False)
    hass.states.async_set(HEATER, "off")


async def recorded(hass: HomeAssistant, freezer: FrozenDateTimeFactory, readings: Readings, days: int = 2) -> None:
    """States of the last days, before them only statistics, as after the recorder's purge."""
    for when, values in readings[-days * 96 :]:
        freezer.move_to(when)
        write_states(hass, values)
    write_statistics(hass, readings)
    freezer.move_to(NOW)
    await async_wait_recording_done(hass)


@pytest.mark.slow  # a database server
async def test_history_of_another_database_is_the_same(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    await recorded(hass, freezer, lived(DAYS), days=1)
    found = await finished(hass, await set_up(hass, meter=METER))
    assert found.history_import.progress.status is ImportStatus.DONE
    rows = found.engine.history.all_rows
    assert len(rows) > 9 * 96
    assert all(15 < row.room_c < 25 for row in rows)
    assert max(row.power_w for row in rows[-96:]) > 2000, "states of today"
    assert max(row.power_w for row in rows[: 5 * 96]) > 500, "statistics of the days before"


def on_holiday() -> Readings:
    """Five days at 15 °C; a day later the room sensor shows 85 °C for three hours, then it is somewhere else."""
    home, found, on = Home(), [], False
    for step in range(DAYS * 96):
        day = step / 96
        target = 15.0 if 2 <= day < 7 else 21.0
        on = home.air_c < target - 0.4 if not on else home.air_c < target + 0.4
        home.run(1.0 if on else 0.0, 900)
        room = 85.0 if 8 <= day < 8.125 else home.air_c + 6.0 * (9.5 <= day < 9.53)
        when = NOW - timedelta(days=DAYS) + timedelta(minutes=15 * (step + 1))
        found.append((when, {ROOM: room, OUTDOOR: home.outdoor_c, METER: home.power_w}))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_holiday_and_defects_are_not_another_house(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    await recorded(hass, freezer, on_holiday())
    found = await finished(hass, await set_up(hass, meter=METER))
    rows = found.engine.history.all_rows
    assert len(rows) > 8 * 96
    assert max(row.room_c for row in rows) < 24, "no reading of the defective sensor"
    assert min(row.room_c for row in rows) < 16, "the holiday is a part of the history"
    found.engine._learn_at_h = 0.0
    await found.coordinator.async_refresh()
    learned = found.engine.learned
    assert learned is not None
    assert learned.fitted.parameters.total_loss_w_k == pytest.approx(180.0, rel=0.5)
    assert learned.meter_problem is None


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_history_of_a_renamed_entity_is_its_own(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """The meter had another entity ID for all of the time, in the states and in the long-term statistics."""
    registry = er.async_get(hass)
    old = registry.async_get_or_create("sensor", "test", "meter", suggested_object_id="shelly_channel_1")
    assert old.entity_id != METER
    readings = lived(DAYS)
    for when, values in readings[-2 * 96 :]:
        freezer.move_to(when)
        write_states(hass, {ROOM: values[ROOM], OUTDOOR: values[OUTDOOR]})
        attributes = {"unit_of_measurement": "W", "device_class": "power", "state_class": "measurement"}
        hass.states.async_set(old.entity_id, f"{values[METER]:.3f}", attributes)
    write_statistics(hass, readings, {METER: old.entity_id})
    freezer.move_to(NOW)
    await async_wait_recording_done(hass)
    hass.states.async_remove(old.entity_id)
    registry.async_update_entity(old.entity_id, new_entity_id="sensor.heat_pump_meter")
    await async_wait_recording_done(hass)
    found = await finished(hass, await set_up(hass, meter="sensor.heat_pump_meter"))
    rows = found.engine.history.all_rows
    assert len(rows) > 9 * 96
    assert max(row.power_w for row in rows[-96:]) > 2000, "states of today"
    assert max(row.power_w for row in rows[: 5 * 96]) > 500, "statistics of the days before"


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_learning_that_a_restart_interrupts_is_done_afterwards(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import was complete, the model is being calculated: the next start has the rows, and no half of a model."""
    await recorded(hass, freezer, lived(DAYS))
    began, goes_on, learn = threading.Event(), threading.Event(), jobs.learn

    def interrupted(*args: Any) -> Any:
        began.set()
        goes_on.wait(120)
        return learn(*args)

    monkeypatch.setattr(jobs, "learn", interrupted)
    entry = await set_up(hass, meter=METER)
    found = await finished(hass, entry)
    hours = found.engine.history.hours
    assert hours > 9 * 24
    refresh = hass.async_create_task(found.coordinator.async_refresh())
    while not began.is_set():
        await real_pause()
    monkeypatch.setattr(jobs, "learn", learn)
    try:
        assert await hass.config_entries.async_reload(entry.entry_id)
        again = await finished(hass, entry)
        assert again.engine is not found.engine
        assert again.engine.history.hours >= hours - 1
        assert again.engine.learned is None or again.engine.learned.meter_problem is None
        await again.coordinator.async_refresh()
    finally:
        goes_on.set()
    await refresh
    learned = again.engine.learned
    assert learned is not None, "learned again from the stored history at the first cycle"
    assert learned.fitted.parameters.total_loss_w_k == pytest.approx(180.0, rel=0.5)
    assert learned is not found.engine.learned


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_restart_in_the_middle_of_the_import_continues_there(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    hass_storage: dict[str, Any],
) -> None:
    """What was imported is stored at once: a crash within the 15 minutes until the regular saving does not lose it."""
    await recorded(hass, freezer, lived(DAYS))
    read, begins, goes_on = history_import.HistoryImport._day, list[datetime](), asyncio.Event()

    async def day(self: Any, entities: Any, begin: datetime) -> list[Row]:
        if len(begins) == 7:
            await goes_on.wait()
        begins.append(begin)
        return await read(self, entities, begin)

    monkeypatch.setattr(history_import.HistoryImport, "_day", day)
    entry = await set_up(hass, meter=METER)
    found = entry.runtime_data
    while found.history_import.progress.days_done < 7:
        await real_pause()
    await found.coordinator.async_refresh()
    assert hass.states.get("sensor.home_learning_progress").state == "64"  # type: ignore[union-attr]
    assert found.engine.history.hours < 1, "no part of the history is used yet"
    assert (found.engine.learned, found.engine.plan) == (None, None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert not found.history_import.is_running
    assert found.engine.history.hours < 1
    goes_on.set()
    again = await finished(hass, entry)
    assert again.history_import.progress.status is ImportStatus.DONE
    assert begins[7] == begins[5], "from the last day that was stored"
    assert len(begins) == 7 + DAYS - 5
    hours = again.engine.history.hours
    assert hours > 9 * 24
    disk = deepcopy(hass_storage)
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass_storage.clear()
    hass_storage.update(disk)
    assert await hass.config_entries.async_setup(entry.entry_id)
    after = await finished(hass, entry)
    assert after.engine is not again.engine
    assert after.engine.history.hours >= hours - 1
