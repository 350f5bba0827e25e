"""A home that changes after its history was imported: another meter, thermometer or heat source."""

import asyncio
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.data import HeatingSystem
from custom_components.proof_of_heat.engine.model.history import History, Row
from custom_components.proof_of_heat.engine.shadow import replay as replay_module
from custom_components.proof_of_heat.learning import history_import, history_replay
from custom_components.proof_of_heat.learning.history_import import HistoryImport, ImportStatus
from custom_components.proof_of_heat.learning.history_replay import ReplayStatus
from custom_components.proof_of_heat.runtime import assembly

from .ha import HEATER, ROOM, real_pause, source, start, system, zone
from .test_history_import import METER, NOW, lived, write_states, write_statistics
from .test_history_replay import shown, simulated
from .test_shadow_mode import simulated_days

OTHER_METER = "sensor.whole_heat_pump"
OTHER_ROOM = "sensor.bedroom"
STOVE = "input_boolean.stove"
STOVE_METER = "sensor.stove_power"
DAYS = 6
STATE_DAYS = 1
PRICE = {"price": {"fixed_price": 0.3, "fees": 0.0, "tax": 0.0}}
OWN_PEOPLE = 3.0
"""What nothing but the integration itself records."""

type Readings = list[tuple[Any, dict[str, float]]]


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """The recorder has to be there before Home Assistant."""


@dataclass
class Changing:
    """A home whose configuration changes."""

    hass: HomeAssistant
    entry: MockConfigEntry
    readings: Readings

    @property
    def system(self) -> HeatingSystem:
        found: HeatingSystem = self.entry.runtime_data
        return found

    @property
    def rows(self) -> list[Row]:
        return self.system.engine.history.all_rows

    def subentry(self, kind: str) -> ConfigSubentry:
        return next(item for item in self.entry.subentries.values() if item.subentry_type == kind)

    def update(self, kind: str, **data: Any) -> None:
        """Change a zone or a heat source as its form does."""
        item = self.subentry(kind)
        self.hass.config_entries.async_update_subentry(self.entry, item, data={**item.data, **data})

    async def change(self, kind: str, **data: Any) -> None:
        """Change it, and wait for the end of the import."""
        self.update(kind, **data)
        await self.settle()

    async def settle(self) -> HeatingSystem:
        """Wait for reloads, the import and the simulation."""
        await self.hass.async_block_till_done()
        return await simulated(self.hass, self.entry)

    def importing(self) -> Any:
        return shown(self.hass, self.entry, "learning_progress").attributes

    async def own_rows(self, days: float) -> None:
        """Let the last rows be those that the integration has recorded: with the people in the home."""
        engine = self.system.engine
        first = len(engine.history) - round(days * 96)
        engine.history = History(
            replace(row, people=OWN_PEOPLE if place >= first else 0.0) for place, row in enumerate(self.rows)
        )
        await self.system.store.async_save()

    async def record(self, entity_id: str, of: str, values: Callable[[float], float], days: int = DAYS) -> None:
        """Write the hourly statistics of a new entity, made of those of another one."""
        readings = [(when, {**now, of: values(now[of])}) for when, now in self.readings[-days * 96 :]]
        write_statistics(self.hass, readings, {of: entity_id})
        await async_wait_recording_done(self.hass)
        self.hass.states.async_set(entity_id, "0", dict(self.hass.states.get(of).attributes))  # type: ignore[union-attr]


@pytest.fixture
async def home(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Changing:
    """A home that was set up, its history imported."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(history_import, "DAYS", DAYS)
    monkeypatch.setattr(history_replay, "DAYS", 1)  # too few to simulate
    await hass.config.async_set_time_zone("UTC")
    hass.loop.set_debug(False)
    hass.states.async_set(HEATER, "off")
    hass.states.async_set(STOVE, "off")
    readings = lived(DAYS)
    for when, values in readings[-STATE_DAYS * 96 :]:
        freezer.move_to(when)
        write_states(hass, values)
    write_statistics(hass, readings)
    freezer.move_to(NOW)
    await async_wait_recording_done(hass)
    assert await async_setup_component(hass, DOMAIN, {})
    pump = await source(
        hass, "entity", {"entity": HEATER, "source_kind": "heat_pump", "number_is": "power", "meter": METER}
    )
    entry = system(zone(comfort=20.6, eco=20.6), pump, options=PRICE)
    await start(hass, entry)
    await simulated(hass, entry)
    found = Changing(hass, entry, readings)
    assert found.system.history_import.progress.status is ImportStatus.DONE
    assert len(found.rows) > (DAYS - 1.5) * 96
    return found


async def stove(hass: HomeAssistant) -> ConfigSubentry:
    data = {"entity": STOVE, "source_kind": "direct_electric", "number_is": "power", "meter": STOVE_METER}
    return await source(hass, "entity", data)


@pytest.mark.slow
async def test_another_meter_is_read_and_the_own_rows_keep_the_rest(
    home: Changing, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    await home.own_rows(2)
    before = {round(row.time_s / 900): row for row in home.rows}
    await home.record(OTHER_METER, METER, lambda watts: 2 * watts)
    freezer.tick(timedelta(minutes=20))
    await home.change("source", meter=OTHER_METER)
    assert "the heat sources or their meters changed: the history is read again" in caplog.text
    assert home.system.history_import.progress.status is ImportStatus.DONE
    after = {round(row.time_s / 900): row for row in home.rows}
    both = sorted(before.keys() & after.keys())
    assert len(both) > (DAYS - 1.5) * 96
    # The state of the last day has minutes, the statistics of the new meter only hours: means of days are compared.
    for name, factor in (("heat_w", 2.0), ("power_w", 2.0), ("room_c", 1.0), ("outdoor_c", 1.0)):
        sums = [sum(getattr(rows[step], name) for step in both) for rows in (before, after)]
        assert sums[1] == pytest.approx(factor * sums[0], rel=0.03), name
    own = [step for step in both if after[step].people == OWN_PEOPLE]
    assert len(own) >= 1.9 * 96, "still its own rows"
    assert all(after[step].room_c == before[step].room_c for step in own)
    (managed,) = home.system.sources.values()
    assert managed.meter == OTHER_METER
    await home.system.coordinator.async_refresh()
    learned = home.system.engine.learned
    assert learned is not None
    assert learned.losses_w_k == (learned.fitted.parameters.total_loss_w_k,), "no drift from the meter before"
    assert learned.fitted.parameters.total_loss_w_k == pytest.approx(360.0, rel=0.5)


@pytest.mark.slow
async def test_another_thermometer_is_read_and_the_heat_is_kept(home: Changing) -> None:
    await home.own_rows(2)
    before = {round(row.time_s / 900): row for row in home.rows}
    await home.record(OTHER_ROOM, ROOM, lambda kelvin: kelvin - 2.0)
    await home.change("zone", temperature=OTHER_ROOM)
    assert home.system.history_import.progress.status is ImportStatus.DONE
    own = [row for row in home.rows if row.people == OWN_PEOPLE]
    assert len(own) > 1.9 * 96
    for row in own:
        same = before[round(row.time_s / 900)]
        assert (row.heat_w, row.power_w, row.outdoor_c) == (same.heat_w, same.power_w, same.outdoor_c)
    cooler = [before[round(row.time_s / 900)].room_c - row.room_c for row in own]
    assert sum(cooler) / len(cooler) == pytest.approx(2.0, abs=0.1)


@pytest.mark.slow
async def test_what_happens_is_shown(home: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    read, may_read = HistoryImport._day, asyncio.Event()

    async def day(self: Any, entities: Any, begin: Any) -> list[Row]:
        await may_read.wait()
        return await read(self, entities, begin)

    assert home.importing()["reason"] is None
    monkeypatch.setattr(HistoryImport, "_day", day)
    await home.record(OTHER_METER, METER, lambda watts: 2 * watts)
    home.update("source", meter=OTHER_METER)
    await home.hass.async_block_till_done()
    attributes = home.importing()
    assert (attributes["status"], attributes["reason"], attributes["simulation"]) == ("importing", "sources", "waiting")
    report = await home.hass.services.async_call(DOMAIN, "get_learned_house", {}, blocking=True, return_response=True)
    assert report is not None
    assert report["import"]["reason"] == "sources"  # type: ignore[index,call-overload]
    may_read.set()
    await home.settle()
    await home.hass.async_block_till_done()
    assert (home.importing()["status"], home.importing()["reason"]) == ("done", None)


@pytest.mark.slow
async def test_renamed_meter_is_not_a_change(
    home: Changing, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first import was made before it was registered, which is not a change either."""
    imports = 0
    run = HistoryImport._import

    async def counted(self: Any, state: Any) -> None:
        nonlocal imports
        imports += state.is_asked
        await run(self, state)

    monkeypatch.setattr(HistoryImport, "_import", counted)
    registry = er.async_get(home.hass)
    name = METER.partition(".")[2]
    home.hass.states.async_remove(METER)
    made = registry.async_get_or_create("sensor", "test", "meter", suggested_object_id=name)
    assert made.entity_id == METER
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    registry.async_update_entity(METER, new_entity_id="sensor.compressor")
    await home.settle()
    (managed,) = home.system.sources.values()
    assert managed.meter == "sensor.compressor"
    assert imports == 0
    await home.change("source", meter=OTHER_METER)
    assert imports == 1


@pytest.mark.slow
async def test_second_source_counts_in_the_heat_and_its_removal_too(home: Changing) -> None:
    """A stove of 800 W that was on all the time. It is removed an hour later: it was that of the neighbor."""
    heat_w = sum(row.heat_w for row in home.rows) / len(home.rows)
    await home.record(STOVE_METER, METER, lambda _: 800.0)
    added = await stove(home.hass)
    assert home.hass.config_entries.async_add_subentry(home.entry, added)
    await home.settle()
    assert len(home.system.sources) == 2
    assert sum(row.heat_w for row in home.rows) / len(home.rows) == pytest.approx(heat_w + 800.0, rel=0.03)
    power_w = sum(row.power_w for row in home.rows) / len(home.rows)
    assert power_w == pytest.approx(heat_w / 3.0, rel=0.15), "of the heat pump"
    assert home.system.history_import.since == NOW
    home.hass.config_entries.async_remove_subentry(home.entry, added.subentry_id)
    await home.settle()
    assert len(home.system.sources) == 1
    assert sum(row.heat_w for row in home.rows) / len(home.rows) == pytest.approx(heat_w, rel=0.03)


@pytest.mark.slow
async def test_source_that_is_added_and_removed_at_once_changes_nothing(
    home: Changing, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its import has begun, and is not continued."""
    begins: list[Any] = []
    read, may_read = HistoryImport._day, asyncio.Event()

    async def day(self: Any, entities: Any, begin: Any) -> list[Row]:
        begins.append(begin)
        await may_read.wait()
        return await read(self, entities, begin)

    monkeypatch.setattr(HistoryImport, "_day", day)
    home.system.shadow.home.days = simulated_days(3)
    await home.system.store.async_save()
    before = [row.heat_w for row in home.rows]
    added = await stove(home.hass)
    for wait in (False, True):
        assert home.hass.config_entries.async_add_subentry(home.entry, added)
        if wait:
            await home.hass.async_block_till_done()
            assert home.system.history_import.is_running
            assert home.system.shadow.report() is None, "of the home without the stove"
        home.hass.config_entries.async_remove_subentry(home.entry, added.subentry_id)
        await home.settle()
        assert len(begins) == wait
        assert home.system.history_import.cause is None
        assert [row.heat_w for row in home.rows] == before
        report = home.system.shadow.report()
        assert report is not None
        assert report.days == 3, "still of this home"
    assert hass_storage[f"{DOMAIN}.learning.{home.entry.entry_id}"]["data"].keys() == {"key", "done", "count"}


@pytest.mark.slow
async def test_kill_in_the_middle_of_the_second_import(
    home: Changing, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Learn from history* is pressed while it runs; then the process ends without a word."""
    begins: list[Any] = []
    read, may_read = HistoryImport._day, asyncio.Event()

    async def day(self: Any, entities: Any, begin: Any) -> list[Row]:
        if len(begins) == 3:
            await may_read.wait()
        begins.append(begin)
        return await read(self, entities, begin)

    monkeypatch.setattr(HistoryImport, "_day", day)
    await home.record(OTHER_METER, METER, lambda watts: 2 * watts)
    before = sum(row.heat_w for row in home.rows)
    home.update("source", meter=OTHER_METER)
    await home.hass.async_block_till_done()
    while home.system.history_import.progress.days_done < 3:
        await real_pause()
    button = {"entity_id": "button.home_learn_from_history"}
    await home.hass.services.async_call("button", "press", button, blocking=True)
    assert home.system.history_import.progress.days_done == 3
    assert sum(row.heat_w for row in home.rows) == pytest.approx(before), "no part of it is used yet"
    disk = deepcopy(hass_storage)
    assert await home.hass.config_entries.async_unload(home.entry.entry_id)
    hass_storage.clear()
    hass_storage.update(disk)
    may_read.set()
    assert await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert home.system.history_import.progress.status is ImportStatus.DONE
    assert len(begins) == 3 + DAYS, "stored every five days"
    assert sum(row.heat_w for row in home.rows) == pytest.approx(2 * before, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("days", [1, 3])
async def test_new_meter_of_which_the_recorder_has_some_days(home: Changing, days: int) -> None:
    """With one day, those of the other meter are used until there are two; with three, they are not needed."""
    await home.own_rows(DAYS)
    before = home.rows
    await home.record(OTHER_METER, METER, lambda watts: 2 * watts, days=days)
    await home.change("source", meter=OTHER_METER)
    assert home.system.history_import.progress.status is ImportStatus.DONE
    assert home.system.history_import.progress.rows == pytest.approx(days * 96, abs=8)
    heat = sum(row.heat_w for row in home.rows)
    if days == 1:
        assert [row.heat_w for row in home.rows] == [row.heat_w for row in before]
        assert {row.power_w for row in home.rows} == {0.0}, "not of a heat pump with this meter"
        assert await home.hass.config_entries.async_reload(home.entry.entry_id)
        await home.settle()
        history = home.system.engine.history
        for step in range(1, 2 * 96 + 1):
            history.add(replace(before[-1], time_s=before[-1].time_s + 900.0 * step))
        assert len(history) == 2 * 96, "since the change"
    else:
        assert len(home.rows) == home.system.history_import.progress.rows
        assert heat == pytest.approx(2 * sum(row.heat_w for row in before[-len(home.rows) :]), rel=0.05)


@pytest.mark.slow
async def test_source_that_cannot_be_set_up_once_is_not_removed(
    home: Changing, monkeypatch: pytest.MonkeyPatch, hass_storage: dict[str, Any]
) -> None:
    """Nothing is imported without it, not even if another change asks for that."""
    create, before = assembly.async_create_source, [row.heat_w for row in home.rows]

    async def fails(*_: object) -> None:
        raise RuntimeError("not now")

    monkeypatch.setattr(assembly, "async_create_source", fails)
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert (len(home.system.sources), home.system.history_import.cause) == (0, None)
    await home.record(OTHER_ROOM, ROOM, lambda kelvin: kelvin - 2.0)
    await home.change("zone", temperature=OTHER_ROOM)
    assert home.system.history_import.progress.status is ImportStatus.WAITING
    assert [row.heat_w for row in home.rows] == before
    monkeypatch.setattr(assembly, "async_create_source", create)
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert home.system.history_import.progress.status is ImportStatus.DONE
    assert len(home.rows) >= len(before) - 2, "the mean of an hour is that of its middle"
    assert [row.heat_w for row in home.rows] == before[: len(home.rows)], "only the thermometer is another one"


@pytest.mark.slow
async def test_without_a_recorder_the_change_waits(home: Changing) -> None:
    hours = home.system.engine.history.hours
    home.hass.config.components.remove("recorder")
    await home.record(OTHER_METER, METER, lambda watts: 2 * watts)
    await home.change("source", meter=OTHER_METER)
    assert home.system.history_import.progress.status is ImportStatus.NO_RECORDER
    assert home.importing()["reason"] == "sources"
    assert home.system.engine.history.hours == hours
    home.hass.config.components.add("recorder")
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert home.system.history_import.progress.status is ImportStatus.DONE
    assert home.importing()["reason"] is None


@pytest.mark.slow
async def test_savings_are_simulated_again_for_the_home_as_it_is_now(
    home: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the first simulation of the new home leaves no figures of the one before; the next start has them."""
    monkeypatch.setattr(history_replay, "DAYS", DAYS)
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    old = (await home.settle()).history_replay.report()
    assert old is not None
    run = replay_module.Replay.run

    def fails(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(replay_module.Replay, "run", fails)
    await home.record(OTHER_METER, METER, lambda watts: 2 * watts)
    await home.change("source", meter=OTHER_METER)
    assert home.system.history_import.progress.status is ImportStatus.DONE
    assert home.system.history_replay.status is ReplayStatus.FAILED
    await home.hass.async_block_till_done()
    assert shown(home.hass, home.entry, "simulated_savings").state == "unknown"
    monkeypatch.setattr(replay_module.Replay, "run", run)
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert home.system.history_replay.status is ReplayStatus.DONE
    new = home.system.history_replay.report()
    assert new is not None
    assert new.real_kwh / new.days == pytest.approx(2 * old.real_kwh / old.days, rel=0.1)
