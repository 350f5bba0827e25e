"""Imports that have nothing to do, nothing to find or nothing valid to continue from."""

import asyncio
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import math
from typing import Any, cast

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.engine.engine import Engine
from custom_components.proof_of_heat.engine.home_change import ChangedHome
from custom_components.proof_of_heat.engine.model.history import COLUMNS, History, Row
from custom_components.proof_of_heat.learning import history_import
from custom_components.proof_of_heat.learning.history_entities import HomeEntities, SourceEntities, standard_time_s
from custom_components.proof_of_heat.learning.history_import import HistoryImport, ImportStatus, async_remove_import
from custom_components.proof_of_heat.learning.home_key import HomeKey, Link, Part
from tests.full_disk import full_disk_of

NOW = datetime(2027, 1, 20, 18, 0, tzinfo=UTC)
ENTRY_ID = "01HOME"
KEY = f"{DOMAIN}.learning.{ENTRY_ID}"
DAYS = 8
ENTITIES = HomeEntities(
    ("sensor.room",),
    None,
    None,
    (SourceEntities(SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP), "first", meter="sensor.meter"),),
)
KEY_BEFORE = HomeKey(sources=(Link("sensor.other_meter", None, "first"),), rooms=(Link("sensor.room"),))
KEY_AFTER = replace(KEY_BEFORE, sources=(Link("sensor.meter", None, "first"),))
ROW = Row(1.0, 20.0, 3.0, 0.0, 1.0, 900.0, 300.0, 0.5, math.nan, math.nan)


class Learner:
    """The part of the engine that an import knows."""

    def __init__(self, hours: float) -> None:
        self.history = self
        self.hours = hours
        self.old_until_s = -math.inf
        self.adopted: list[Row] | None = None

    def adopt_history(self, older: History) -> None:
        assert all(math.isnan(row.water_c) and math.isnan(row.flow_c) for row in older.all_rows)
        same = [row for row in older.all_rows if (row.room_c, row.heat_w, row.power_w) == (20.0, 900.0, 300.0)]
        self.adopted = [ROW] * len(same)


class Importing:
    """An import whose recorder has the same row in each day, or none."""

    def __init__(self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hass = hass
        self.learner = Learner(0.0)
        self.key, self.entities = KEY_BEFORE, ENTITIES
        self.changes: list[tuple[int, ChangedHome]] = []
        self.begins: list[datetime] = []
        self.rows_a_day = [ROW]
        self.saved: list[list[Row] | None] = []
        self.may_read = asyncio.Event()
        self.may_read.set()
        entry = MockConfigEntry(domain=DOMAIN, title="Home", entry_id=ENTRY_ID)
        entry.add_to_hass(hass)
        hass.config.components.add("recorder")
        self.entry, self.days_left, self.stopped = entry, math.inf, asyncio.Event()
        self.importer = self._new()

        async def day(_: HistoryImport, __: HomeEntities, begin: datetime) -> list[Row]:
            await self.may_read.wait()
            if self.days_left <= 0:
                self.stopped.set()
                await asyncio.Event().wait()
            self.days_left -= 1
            self.begins.append(begin)
            return [replace(row, time_s=begin.timestamp()) for row in self.rows_a_day]

        def adopt_changed(_: Engine, imported: History, change: ChangedHome) -> bool:
            self.changes.append((len(imported), change))
            return len(imported) < DAYS

        monkeypatch.setattr(history_import, "adopt_changed_home", adopt_changed)
        monkeypatch.setattr(HistoryImport, "_day", day)
        monkeypatch.setattr(history_import, "DAYS", DAYS)

    def _new(self) -> HistoryImport:
        learner = cast("Engine", self.learner)
        return HistoryImport(
            self.hass, self.entry, learner, lambda: self.entities, lambda: None, key=self.key, save=self._save
        )

    def stop_after(self, days: int) -> None:
        """Let the import hang after so many days."""
        self.days_left = days

    async def restart(self, key: HomeKey | None = None) -> None:
        """End this import, and begin with what is stored; ``key``: another home."""
        if self.importer._task is not None:
            self.importer._task.cancel()
        self.key = key or self.key
        self.days_left = math.inf
        self.importer = self._new()

    async def _save(self) -> None:
        self.saved.append(self.learner.adopted)

    async def run(self, *, again: bool = False) -> ImportStatus:
        """Import to the end."""
        self.importer.start(again=again)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        assert not self.importer.is_running
        return self.importer.progress.status


@pytest.fixture
def importing(hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> Importing:
    """An import that was never run."""
    freezer.move_to(NOW)
    return Importing(hass, monkeypatch)


def store(hass_storage: dict[str, Any], **data: Any) -> None:
    hass_storage[KEY] = {"version": 1, "minor_version": 1, "key": KEY, "data": data}


async def test_what_was_imported_is_not_imported_again_after_a_restart(
    importing: Importing, hass_storage: dict[str, Any]
) -> None:
    store(hass_storage, done="2027-01-01T00:00:00+00:00", count=500)
    assert await importing.run() is ImportStatus.DONE
    assert (importing.importer.progress.rows, importing.importer.progress.percent) == (500, 100)
    assert (importing.begins, importing.learner.adopted) == ([], None)
    assert await importing.run(again=True) is ImportStatus.DONE
    assert len(importing.begins) == DAYS, "the user asked for it"


async def test_system_that_recorded_enough_by_itself_imports_only_when_asked(importing: Importing) -> None:
    importing.learner.hours = 10.0 * 24
    assert await importing.run() is ImportStatus.DONE
    assert (importing.begins, importing.learner.adopted) == ([], None)
    assert await importing.run(again=True) is ImportStatus.DONE
    assert importing.learner.adopted == [ROW] * DAYS


async def test_without_a_recorder_nothing_is_imported(importing: Importing, hass_storage: dict[str, Any]) -> None:
    importing.hass.config.components.remove("recorder")
    assert await importing.run() is ImportStatus.NO_RECORDER
    assert importing.begins == []
    assert hass_storage[KEY]["data"].keys() == {"key"}, "it is tried again after the next restart"


async def test_result_is_stored_before_the_import_counts_as_done(
    importing: Importing, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(_: Importing) -> None:
        raise OSError("disk full")

    assert await importing.run() is ImportStatus.DONE
    assert importing.saved == [[ROW] * DAYS]
    monkeypatch.setattr(importing.importer, "_save", crash)
    assert await importing.run(again=True) is ImportStatus.FAILED
    assert importing.learner.adopted == [ROW] * DAYS


async def test_recorder_without_history_is_reported(importing: Importing, hass_storage: dict[str, Any]) -> None:
    importing.rows_a_day = []
    assert await importing.run() is ImportStatus.NO_HISTORY
    assert importing.learner.adopted is None, "what was learned is kept"
    assert hass_storage[KEY]["data"] == {"key": KEY_BEFORE.dump(), "done": NOW.isoformat(), "count": 0}


async def test_import_without_result_is_not_a_success_after_a_restart(
    importing: Importing, hass_storage: dict[str, Any]
) -> None:
    store(hass_storage, done="2027-01-01T00:00:00+00:00", count=0)
    assert await importing.run() is ImportStatus.NO_HISTORY
    assert importing.begins == []


async def test_second_start_does_not_disturb_a_running_import(importing: Importing) -> None:
    importing.may_read.clear()
    importing.importer.start()
    await asyncio.sleep(0)
    assert importing.importer.is_running
    importing.importer.start(again=True)
    importing.may_read.set()
    await importing.hass.async_block_till_done(wait_background_tasks=True)
    assert importing.importer.progress.status is ImportStatus.DONE
    assert len(importing.begins) == DAYS


async def test_interrupted_import_continues_with_its_next_day(
    importing: Importing, hass_storage: dict[str, Any]
) -> None:
    end = NOW - timedelta(hours=5)
    row = [None if math.isnan(value := getattr(ROW, name)) else value for name in COLUMNS]
    rows = [[day * 86400.0, *row[1:]] for day in range(6)]
    store(hass_storage, end=end.isoformat(), next_day=6, columns=list(COLUMNS), rows=rows)
    assert await importing.run() is ImportStatus.DONE
    assert importing.begins == [end - timedelta(days=2), end - timedelta(days=1)]
    assert importing.learner.adopted is not None
    assert len(importing.learner.adopted) == 8


@pytest.mark.parametrize("day", [0, 1, 6], ids=["before the first day", "in the first days", "in the middle"])
async def test_learning_again_that_a_restart_interrupts_is_done_afterwards(
    importing: Importing, hass_storage: dict[str, Any], day: int
) -> None:
    """A system that asks for it has recorded enough by itself, and has imported before."""
    importing.learner.hours = 10.0 * 24
    store(hass_storage, done="2027-01-01T00:00:00+00:00", count=500)
    finished: list[bool] = []
    importing.importer._finished = finished.append
    importing.stop_after(day)
    importing.importer.start(again=True)
    await importing.stopped.wait()
    await importing.restart()
    importing.importer._finished = finished.append
    assert await importing.run() is ImportStatus.DONE
    assert (importing.learner.adopted, finished) == ([ROW] * DAYS, [True])
    await importing.restart()
    assert await importing.run() is ImportStatus.DONE
    assert len(importing.begins) == DAYS + day % 5, "only the days that were not stored are read twice"


@pytest.mark.parametrize(
    "damage",
    [
        {"end": "yesterday"},
        {"next_day": "6"},
        {"next_day": DAYS},
        {"columns": ["time_s", "room_c"]},
        {"rows": None},
        {"rows": [["warm"] * len(COLUMNS)]},
        {"rows": [[1.0] * (len(COLUMNS) + 1)]},
    ],
    ids=["end", "day is not a number", "day after the last", "other columns", "no rows", "no numbers", "too long"],
)
async def test_import_begins_again_where_what_was_stored_is_invalid(
    importing: Importing, hass_storage: dict[str, Any], damage: dict[str, Any]
) -> None:
    good = {"end": NOW.isoformat(), "next_day": 6, "columns": list(COLUMNS), "rows": [[1.0] * len(COLUMNS)] * 6}
    store(hass_storage, **{**good, **damage})
    assert await importing.run() is ImportStatus.DONE
    assert importing.begins[0] == NOW - timedelta(days=DAYS)
    assert importing.learner.adopted == [ROW] * DAYS


async def test_time_left_is_that_of_the_days_of_this_run(importing: Importing) -> None:
    progress = importing.importer.progress
    assert progress.left_s(0.0) is None, "not begun"
    progress.status, progress.began_s, progress.first_day, progress.days_done = ImportStatus.IMPORTING, 100.0, 2, 2
    assert progress.left_s(110.0) is None, "nothing is done yet"
    progress.days_done = 4
    assert (progress.left_s(110.0), progress.percent) == (20.0, 50)


async def test_removed_system_leaves_nothing_stored(importing: Importing, hass_storage: dict[str, Any]) -> None:
    await importing.run()
    assert KEY in hass_storage
    await async_remove_import(importing.hass, ENTRY_ID)
    assert KEY not in hass_storage


async def lived_before(importing: Importing, hass_storage: dict[str, Any]) -> None:
    """A home that was imported with another meter, and has recorded since."""
    importing.learner.hours = 400.0
    store(hass_storage, done="2027-01-01T00:00:00+00:00", count=500)
    assert await importing.run() is ImportStatus.DONE
    assert importing.begins == [], "the key of the home is adopted: nothing has changed"
    await importing.restart(KEY_AFTER)


async def test_home_with_another_meter_is_imported_again(
    importing: Importing, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await lived_before(importing, hass_storage)
    finished: list[bool] = []
    importing.importer._finished = finished.append
    await importing.importer.async_load()
    assert importing.importer.cause is Part.SOURCES
    assert await importing.run() is ImportStatus.DONE
    assert "Home: the heat sources or their meters changed: the history is read again" in caplog.text
    assert (len(importing.begins), finished, importing.saved) == (DAYS, [True], [None])
    assert "mixed" not in hass_storage[KEY]["data"]
    (rows, change) = importing.changes[0]
    assert rows == DAYS
    assert change == ChangedHome(
        since_s=standard_time_s(dt_util.as_local(NOW)), heat=True, source_ids=frozenset({"pump"})
    )
    assert (importing.importer.cause, importing.importer.since) == (None, NOW)
    await importing.restart()
    assert await importing.run() is ImportStatus.DONE
    assert (len(importing.begins), importing.importer.progress.rows) == (DAYS, DAYS), "once"
    assert importing.importer.since == NOW
    assert await importing.run(again=True) is ImportStatus.DONE
    assert len(importing.changes) == 1
    assert importing.learner.adopted == [ROW] * DAYS, "by the button, what it recorded itself takes precedence"


@pytest.mark.parametrize("day", [0, 1, 6], ids=["before the first day", "in the first days", "in the middle"])
async def test_second_import_that_is_interrupted_is_done_afterwards(
    importing: Importing, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory, day: int
) -> None:
    await lived_before(importing, hass_storage)
    importing.stop_after(day)
    importing.importer.start()
    await importing.stopped.wait()
    freezer.tick(timedelta(hours=3))
    await importing.restart()
    assert importing.importer.cause is None, "not loaded"
    assert await importing.run() is ImportStatus.DONE
    assert len(importing.begins) == DAYS + day % 5
    assert [(rows, change.since_s) for rows, change in importing.changes] == [
        (DAYS, standard_time_s(dt_util.as_local(NOW)))
    ]


async def test_kill_before_anything_is_stored_finds_the_change_again(
    importing: Importing, hass_storage: dict[str, Any]
) -> None:
    await lived_before(importing, hass_storage)
    before = deepcopy(hass_storage[KEY])
    await importing.importer.async_load()
    hass_storage[KEY] = before
    await importing.restart()
    assert await importing.run() is ImportStatus.DONE
    assert len(importing.changes) == 1


async def test_another_change_in_the_middle_begins_again(
    importing: Importing, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    await lived_before(importing, hass_storage)
    importing.stop_after(6)
    importing.importer.start()
    await importing.stopped.wait()
    freezer.tick(timedelta(minutes=1))
    await importing.restart(replace(KEY_AFTER, rooms=(Link("sensor.bath"),)))
    assert await importing.run() is ImportStatus.DONE
    assert len(importing.begins) == 6 + DAYS, "what was read is of another room"
    ((rows, change),) = importing.changes
    assert (rows, change.heat, change.room) == (DAYS, True, True)


@pytest.mark.parametrize(("minutes", "imports"), [(10, 0), (20, 1)])
async def test_change_that_is_undone_in_the_middle(
    importing: Importing, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory, minutes: int, imports: int
) -> None:
    """A row takes a quarter of an hour: after that, something was recorded with the other meter."""
    await lived_before(importing, hass_storage)
    importing.stop_after(6)
    importing.importer.start()
    await importing.stopped.wait()
    freezer.tick(timedelta(minutes=minutes))
    await importing.restart(KEY_BEFORE)
    assert await importing.run() is ImportStatus.DONE
    assert (len(importing.begins), len(importing.changes)) == (6 + imports * DAYS, imports)
    assert hass_storage[KEY]["data"].keys() == {"key", "done", "count"} | ({"since"} if imports else set())


async def test_button_during_the_second_import_does_not_disturb_it(
    importing: Importing, hass_storage: dict[str, Any]
) -> None:
    await lived_before(importing, hass_storage)
    importing.may_read.clear()
    importing.importer.start()
    await asyncio.sleep(0)
    importing.importer.start(again=True)
    importing.may_read.set()
    await importing.hass.async_block_till_done(wait_background_tasks=True)
    assert importing.importer.progress.status is ImportStatus.DONE
    assert (len(importing.begins), len(importing.changes)) == (DAYS, 1)


async def test_button_before_the_second_import_is_that_import(
    importing: Importing, hass_storage: dict[str, Any]
) -> None:
    await lived_before(importing, hass_storage)
    importing.hass.config.components.remove("recorder")
    assert await importing.run() is ImportStatus.NO_RECORDER
    importing.hass.config.components.add("recorder")
    assert await importing.run(again=True) is ImportStatus.DONE
    assert len(importing.changes) == 1


@pytest.mark.parametrize(
    ("entities", "status"),
    [
        (replace(ENTITIES, sources=(replace(ENTITIES.sources[0], meter=None),)), ImportStatus.NOT_MEASURED),
        (replace(ENTITIES, is_complete=False), ImportStatus.WAITING),
        (None, ImportStatus.NO_RECORDER),
    ],
    ids=["a source is not measured", "a source could not be set up", "no recorder"],
)
async def test_second_import_waits_until_it_is_possible(
    importing: Importing, hass_storage: dict[str, Any], entities: HomeEntities | None, status: ImportStatus
) -> None:
    await lived_before(importing, hass_storage)
    if entities is None:
        importing.hass.config.components.remove("recorder")
    else:
        importing.entities = entities
    for _ in range(2):
        assert await importing.run() is status
        assert (importing.begins, importing.changes, importing.importer.cause) == ([], [], Part.SOURCES)
        assert importing.learner.old_until_s == standard_time_s(dt_util.as_local(NOW))
        await importing.restart()
    importing.entities = ENTITIES
    importing.hass.config.components.add("recorder")
    assert await importing.run() is ImportStatus.DONE
    assert len(importing.changes) == 1


async def test_new_meter_without_history_is_known_all_the_same(
    importing: Importing, hass_storage: dict[str, Any]
) -> None:
    """What was learned with the meter before is forgotten, and the recorder is not read at each start."""
    await lived_before(importing, hass_storage)
    importing.rows_a_day = []
    assert await importing.run() is ImportStatus.NO_HISTORY
    assert [rows for rows, _ in importing.changes] == [0]
    importing.learner.old_until_s = -math.inf
    await importing.restart()
    assert await importing.run() is ImportStatus.NO_HISTORY
    assert (len(importing.begins), importing.importer.cause) == (DAYS, None)
    since_s = standard_time_s(dt_util.as_local(NOW))
    assert importing.learner.old_until_s == since_s, "known after a restart: it is dropped when there is enough"
    importing.rows_a_day = [ROW]
    assert await importing.run(again=True) is ImportStatus.DONE
    assert hass_storage[KEY]["data"]["mixed"], "by the button, nothing is measured otherwise"


async def test_system_that_recorded_enough_by_itself_imports_after_a_change(
    importing: Importing, hass_storage: dict[str, Any]
) -> None:
    """It has never imported anything."""
    importing.learner.hours = 10.0 * 24
    assert await importing.run() is ImportStatus.DONE
    await importing.restart(KEY_AFTER)
    assert await importing.run() is ImportStatus.DONE
    assert (len(importing.begins), len(importing.changes)) == (DAYS, 1)


async def test_sources_that_are_added_during_the_set_up_are_not_a_change(
    importing: Importing, hass_storage: dict[str, Any]
) -> None:
    """Nothing was recorded yet."""
    importing.stop_after(6)
    importing.importer.start()
    await importing.stopped.wait()
    await importing.restart(KEY_AFTER)
    assert await importing.run() is ImportStatus.DONE
    assert (len(importing.begins), importing.changes) == (6 + DAYS, [])
    assert importing.learner.adopted == [ROW] * DAYS
    assert importing.importer.since is None


async def test_change_is_found_again_after_a_full_disk(
    importing: Importing, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The home is heated all the same."""
    await lived_before(importing, hass_storage)
    with full_disk_of(DOMAIN):
        await importing.importer.async_load()
        assert f"{KEY}: could not be written: [Errno 28] No space left on device" in caplog.text
        assert importing.importer.cause is Part.SOURCES
        assert await importing.run() is ImportStatus.FAILED
    await importing.restart()
    assert await importing.run() is ImportStatus.DONE
    assert len(importing.changes) == 1
