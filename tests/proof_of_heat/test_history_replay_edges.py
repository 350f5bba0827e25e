"""Simulations of the past that have nothing to do, nothing valid, or end early; prices and setpoints of past days."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import math
from threading import Event
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat._lib.week_schedule import WeekSchedule
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.config import EngineConfig, SourceConfig
from custom_components.proof_of_heat.engine.model.reference_house import MEMBERS
from custom_components.proof_of_heat.engine.shadow.replay import BAND_STEPS, Replayed, TooFewDaysError
from custom_components.proof_of_heat.engine.shadow.savings import dump
from custom_components.proof_of_heat.learning import history_replay
from custom_components.proof_of_heat.learning.history_entities import HomeEntities, SourceEntities
from custom_components.proof_of_heat.learning.history_replay import HistoryReplay, ReplayStatus
from custom_components.proof_of_heat.learning.home_key import HomeKey, Link
from custom_components.proof_of_heat.learning.past_home import DaySteps, PastDay, assemble, has_price, steps_of
from custom_components.proof_of_heat.learning.rows import HomeSeries, SourceSeries
from custom_components.proof_of_heat.system_config import SystemConfig, read_config
from tests.full_disk import full_disk_of

from .ha import system, zone
from .test_shadow_mode import simulated_days

BEGIN = datetime(2027, 1, 18, tzinfo=UTC)
PUMP = SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP)
MINER = SourceConfig(source_id="miner", kind=SourceKind.MINER, efficiency_j_th=(20.0,))
FIXED = {"price": {"fixed_price": 0.3, "fees": 0.0, "tax": 0.0}}


def config_of(options: dict[str, Any] | None = None, **zone_data: Any) -> SystemConfig:
    return read_config(system(zone(comfort=21.0, eco=18.0, **zone_data), options=options))


def entities(*sources: SourceConfig, meter: str | None = "sensor.meter") -> HomeEntities:
    return HomeEntities(
        ("sensor.room",), "sensor.outdoor", None, tuple(SourceEntities(item, meter=meter) for item in sources)
    )


def day(begin: datetime = BEGIN, **more: Any) -> PastDay:
    """A day in which every value was recorded by the hour."""
    hours = [begin.timestamp() + 3600.0 * hour for hour in range(25)]

    def constant(value: float) -> list[tuple[float, float]]:
        return [(at, value) for at in hours]

    source = SourceSeries(config=PUMP, power_w=constant(1000.0))
    home = HomeSeries(rooms_c=(constant(20.0),), outdoor_c=constant(3.0), sources=(source,))
    values: dict[str, Any] = {"begin": begin, "home": home, "switched": {}}
    return PastDay(**(values | more))


def steps(config: SystemConfig, **more: Any) -> DaySteps:
    return steps_of(day(**more), config, (52.0, 13.0))


@pytest.fixture(autouse=True)
async def in_utc(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(BEGIN + timedelta(days=2, hours=18))
    await hass.config.async_set_time_zone("UTC")


def test_price_sensor_is_paid_with_fees_and_tax() -> None:
    config = config_of({"price": {"price_entity": "sensor.price", "fees": 0.1, "tax": 20.0}})
    prices = [(BEGIN.timestamp() - 3600, 0.2), (BEGIN.timestamp() + 12 * 3600, math.nan)]
    found = steps(config, prices=prices)
    assert found.price_kwh[:48] == pytest.approx(np.full(48, 0.36))
    assert np.isnan(found.price_kwh[48:]).all(), "an unknown price is not guessed"


def test_tariff_and_fixed_price_are_known_for_the_past() -> None:
    windows = [{"days": "Daily", "start": "00:00", "end": "06:00", "price": 0.2}]
    config = config_of({"price": {"base_price": 0.4, "tariff_windows": windows, "fees": 0.0, "tax": 0.0}})
    assert has_price(config)
    found = steps(config)
    assert found.price_kwh[:24] == pytest.approx(np.full(24, 0.2))
    assert found.price_kwh[24:] == pytest.approx(np.full(72, 0.4))
    fixed = config_of(FIXED)
    home = assemble([steps(fixed)], fixed, {}, publishes_forecast=False)
    assert set(home.price_kwh.tolist()) == {0.3}
    assert set(home.known_steps.tolist()) == {BAND_STEPS}


@pytest.mark.parametrize(("publishes", "known"), [(True, {0: 95, 54: 41, 55: 136, 95: 96}), (False, {0: 0, 95: 0})])
def test_prices_of_tomorrow_are_known_in_the_afternoon(publishes: bool, known: dict[int, int]) -> None:
    config = config_of({"price": {"price_entity": "sensor.price", "fees": 0.0, "tax": 0.0}})
    home = assemble([steps(config)], config, {}, publishes_forecast=publishes)
    assert {step: int(home.known_steps[step]) for step in known} == known


def test_setpoints_follow_the_schedule() -> None:
    week = [{"day": "Daily", "slots": ["06:00-22:00"]}]
    config = config_of(FIXED, week=week)
    (room,) = assemble([steps(config)], config, {}, publishes_forecast=False).zones
    assert (room.target_c[22], room.target_c[23], room.target_c[87]) == (18.0, 21.0, 18.0)
    assert len(room.target_c) == 96 + BAND_STEPS
    helper = config_of(FIXED, schedule="schedule.home")
    found = assemble([steps(helper)], helper, {"schedule.home": WeekSchedule.parse(week)}, publishes_forecast=False)
    assert found.zones[0].target_c.tolist() == room.target_c.tolist()
    (always,) = assemble([steps(config_of())], config_of(), {}, publishes_forecast=False).zones
    assert set(always.target_c.tolist()) == {21.0}


def test_setpoints_follow_a_recorded_calendar_and_are_unknown_without_it() -> None:
    config = config_of(FIXED, schedule="calendar.home")
    on = [(BEGIN.timestamp(), 0.0), (BEGIN.timestamp() + 8 * 3600, 1.0), (BEGIN.timestamp() + 16 * 3600, math.nan)]
    home = assemble([steps(config, switched={"calendar.home": on})], config, {}, publishes_forecast=False)
    target = home.zones[0].target_c
    assert (target[10], target[40]) == (18.0, 21.0)
    assert np.isnan(target[70])
    assert not home.measured[70]
    unknown = assemble([steps(config, switched={"calendar.home": ()})], config, {}, publishes_forecast=False)
    assert not unknown.measured.any()


@pytest.mark.parametrize(
    ("solar", "limits", "grid_w", "surplus_w"),
    [
        ({"export_meter": "sensor.export", "feed_in_price": 0.08}, {}, 500.0, 1500.0),
        ({"feed_in_price": 0.08}, {"site_meter": "sensor.grid"}, -500.0, 1500.0),
        ({"feed_in_price": 0.08}, {"site_meter": "sensor.grid"}, 3000.0, 0.0),
    ],
    ids=["export meter", "grid meter exports", "grid meter draws"],
)
def test_surplus_of_the_past_is_that_without_the_heat_sources(
    solar: dict[str, Any], limits: dict[str, Any], grid_w: float, surplus_w: float
) -> None:
    config = config_of({**FIXED, "solar": solar, "limits": limits})
    grid = [(BEGIN.timestamp() + 3600 * hour, grid_w) for hour in range(12)]
    home = assemble([steps(config, grid_w=grid)], config, {}, publishes_forecast=False)
    assert home.surplus_w is not None
    assert home.surplus_w[20] == pytest.approx(surplus_w)
    assert np.isnan(home.surplus_w[95]), "not measured any more"
    assert home.surplus_price_kwh == 0.08


def test_quiet_hours_and_no_solar() -> None:
    config = config_of({**FIXED, "limits": {"quiet_from": "22:00:00", "quiet_to": "06:00:00"}})
    home = assemble([steps(config)], config, {}, publishes_forecast=False)
    assert (home.quiet[0], home.quiet[40]) == (1.0, 0.0)
    assert home.surplus_w is None


class FakeReplay:
    """A simulation with a known result."""

    error: Exception | None = None
    days = simulated_days(3)
    untrusted_blocks = 0
    ran: list[Any]

    def __init__(self, *_: object) -> None:
        if FakeReplay.error is not None:
            raise FakeReplay.error
        FakeReplay.ran = []
        self.blocks = [[1], [2]]

    def run(self, block: list[int]) -> None:
        FakeReplay.ran.append(block)

    def result(self) -> Replayed:
        return Replayed(tuple(FakeReplay.days), np.zeros(MEMBERS))


class Replaying:
    """A simulation of the past whose recorder always has the same day."""

    def __init__(self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, config: SystemConfig) -> None:
        self.hass, self.config = hass, config
        self.entities = entities(PUMP)
        self.needed, self.controlled = True, False
        self.key = HomeKey()
        self.begins: list[datetime] = []
        self.changes = 0
        self.entry = MockConfigEntry(domain=DOMAIN, title="Home", entry_id="01HOME")
        self.entry.add_to_hass(hass)
        hass.config.components.add("recorder")
        for name, value in (("error", None), ("days", simulated_days(3)), ("untrusted_blocks", 0)):
            monkeypatch.setattr(FakeReplay, name, value)
        monkeypatch.setattr(history_replay, "Replay", FakeReplay)
        monkeypatch.setattr(history_replay, "DAYS", 2)

        async def a_day(_: HistoryReplay, __: HomeEntities, begin: datetime, ___: object) -> DaySteps:
            self.begins.append(begin)
            return steps_of(day(begin), self.config, (52.0, 13.0))

        monkeypatch.setattr(HistoryReplay, "_day", a_day)
        self.replay = self.new()

    def new(self) -> HistoryReplay:
        return HistoryReplay(
            self.hass,
            self.entry,
            self.config,
            lambda: EngineConfig(sources=(PUMP,)),
            lambda: self.entities,
            key=self.key,
            is_needed=lambda: self.needed,
            was_controlled=lambda: self.controlled,
            changed=self._changed,
        )

    def _changed(self) -> None:
        self.changes += 1

    async def run(self, *, again: bool = False) -> ReplayStatus:
        self.replay.start(again=again)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        assert not self.replay.is_running
        return self.replay.status


@pytest.fixture
def replaying(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Replaying:
    """A home with a heat pump and a fixed price."""
    return Replaying(hass, monkeypatch, config_of(FIXED))


async def test_result_is_stored_and_not_simulated_again_unless_asked(replaying: Replaying) -> None:
    assert await replaying.run() is ReplayStatus.DONE
    assert (FakeReplay.ran, len(replaying.begins)) == ([[1], [2]], 2)
    before = replaying.replay.report()
    replaying.replay = replaying.new()
    await replaying.replay.async_load()
    assert (replaying.replay.report(), replaying.replay.status) == (before, ReplayStatus.DONE)
    assert await replaying.run() is ReplayStatus.DONE
    assert len(replaying.begins) == 2
    assert await replaying.run(again=True) is ReplayStatus.DONE
    assert len(replaying.begins) == 4
    replaying.needed = False
    assert await replaying.run(again=True) is ReplayStatus.DONE, "what was simulated before stays known"
    assert len(replaying.begins) == 4


async def test_simulation_that_was_asked_for_is_repeated_after_a_restart(replaying: Replaying) -> None:
    assert await replaying.run() is ReplayStatus.DONE
    before = replaying.replay.report()
    FakeReplay.error = RuntimeError("killed")
    assert await replaying.run(again=True) is ReplayStatus.FAILED
    FakeReplay.error = None
    FakeReplay.days = simulated_days(2)
    for _ in range(2):
        replaying.replay = replaying.new()
        await replaying.replay.async_load()
        assert replaying.replay.report() is not None
        assert await replaying.run() is ReplayStatus.DONE
    assert len(replaying.begins) == 6, "once after the restart"
    assert replaying.replay.report() != before


async def test_simulation_without_a_new_result_is_not_repeated(replaying: Replaying) -> None:
    assert await replaying.run() is ReplayStatus.DONE
    replaying.controlled, replaying.needed = True, False
    assert await replaying.run(again=True) is ReplayStatus.DONE
    replaying.replay, replaying.needed = replaying.new(), True
    await replaying.replay.async_load()
    assert await replaying.run() is ReplayStatus.DONE
    assert len(replaying.begins) == 2


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"needed": False}, ReplayStatus.NOT_NEEDED),
        ({"entities": entities(PUMP, meter=None)}, ReplayStatus.NOT_MEASURED),
        ({"entities": HomeEntities((), None, None, ())}, ReplayStatus.NOT_MEASURED),
        ({"entities": entities(MINER)}, ReplayStatus.NO_HASHPRICE),
    ],
    ids=["savings are known", "no meter", "nothing", "unknown revenue"],
)
async def test_refusals(replaying: Replaying, change: dict[str, Any], status: ReplayStatus) -> None:
    for name, value in change.items():
        setattr(replaying, name, value)
    assert await replaying.run() is status
    assert (replaying.begins, replaying.replay.report()) == ([], None)


async def test_home_without_a_recorder_is_not_simulated(replaying: Replaying) -> None:
    replaying.hass.config.components.remove("recorder")
    assert await replaying.run() is ReplayStatus.NO_RECORDER


async def test_it_begins_as_soon_as_a_price_is_entered(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    replaying = Replaying(hass, monkeypatch, config_of({"price": {"fees": 0.0, "tax": 0.0}}))
    assert await replaying.run() is ReplayStatus.NO_PRICE
    replaying.replay.start_if_possible_now()
    assert not replaying.replay.is_running, "still no price"
    replaying.config.adopt(config_of(FIXED))
    replaying.replay.start_if_possible_now()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert replaying.replay.status is ReplayStatus.DONE


async def test_miner_with_a_fixed_hashprice_is_simulated(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    replaying = Replaying(hass, monkeypatch, config_of({"price": {**FIXED["price"], "hashprice": 48.0}}))
    replaying.entities = entities(MINER)
    assert await replaying.run() is ReplayStatus.DONE


@pytest.mark.parametrize(
    ("error", "days", "untrusted", "status"),
    [
        (TooFewDaysError("2 days"), 0, 0, ReplayStatus.TOO_SHORT),
        (RuntimeError("a fault"), 0, 0, ReplayStatus.FAILED),
        (None, 0, 2, ReplayStatus.NOT_TRUSTED),
        (None, 0, 0, ReplayStatus.TOO_SHORT),
    ],
)
async def test_simulations_without_a_result(
    replaying: Replaying, error: Exception | None, days: int, untrusted: int, status: ReplayStatus
) -> None:
    FakeReplay.error, FakeReplay.days, FakeReplay.untrusted_blocks = error, simulated_days(days), untrusted
    assert await replaying.run() is status
    assert replaying.replay.report() is None


async def test_only_days_before_control_are_simulated(replaying: Replaying, freezer: FrozenDateTimeFactory) -> None:
    replaying.controlled = True
    created = replaying.entry.created_at.replace(minute=0, second=0, microsecond=0)
    freezer.tick(timedelta(days=30))
    assert await replaying.run() is ReplayStatus.DONE
    assert replaying.begins[-1] == created - timedelta(days=1)


@pytest.mark.parametrize("stops", [False, True], ids=["the entry is unloaded", "Home Assistant stops"])
async def test_end_of_the_entry_ends_it(replaying: Replaying, monkeypatch: pytest.MonkeyPatch, stops: bool) -> None:
    began = Event()

    def busy(replay: Any, block: list[int]) -> None:
        began.set()
        while True:
            replaying.replay._pause(0.001)

    monkeypatch.setattr(history_replay, "_run_block", busy)
    replaying.replay.start()
    assert await replaying.hass.async_add_executor_job(began.wait, 60)
    if stops:
        replaying.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    else:
        for unload in replaying.entry._on_unload or ():
            unload()
    await replaying.hass.async_block_till_done(wait_background_tasks=True)
    assert replaying.replay.status is ReplayStatus.SIMULATING, "it is repeated after the start"
    assert replaying.replay.report() is None


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"days": [], "map_error": [0.0] * MEMBERS},
        {"days": dump(simulated_days(1)), "map_error": [0.0]},
        {"days": dump(simulated_days(1)), "map_error": "all"},
        {"days": dump(simulated_days(1)), "map_error": [math.nan] * MEMBERS},
    ],
)
async def test_invalid_results_are_simulated_again(
    replaying: Replaying, hass_storage: dict[str, Any], data: dict[str, Any]
) -> None:
    key = f"{DOMAIN}.replay.01HOME"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": data}
    await replaying.replay.async_load()
    assert replaying.replay.status is ReplayStatus.WAITING
    assert await replaying.run() is ReplayStatus.DONE


HOME = HomeKey(rooms=(Link("sensor.room"),), price=(Link("sensor.price"),))


@pytest.mark.parametrize(
    "other",
    [replace(HOME, rooms=(Link("sensor.bath"),)), replace(HOME, price=(Link("sensor.spot"),))],
    ids=["another room", "another price sensor"],
)
async def test_result_of_another_home_is_not_shown(
    replaying: Replaying, hass_storage: dict[str, Any], other: HomeKey
) -> None:
    """It is simulated again; a fault in between leaves nothing of the home before."""

    async def start(key: HomeKey) -> ReplayStatus:
        replaying.key = key
        replaying.replay = replaying.new()
        await replaying.replay.async_load()
        return replaying.replay.status

    assert await start(HOME) is ReplayStatus.WAITING
    assert await replaying.run() is ReplayStatus.DONE
    assert await start(other) is ReplayStatus.WAITING
    assert replaying.replay.report() is None
    FakeReplay.error = RuntimeError("a fault")
    assert await replaying.run(again=True) is ReplayStatus.FAILED
    assert replaying.replay.report() is None
    assert await start(HOME) is ReplayStatus.DONE, "of this home"
    assert await replaying.run() is ReplayStatus.DONE
    assert len(replaying.begins) == 4, "known"
    FakeReplay.error, FakeReplay.days = None, simulated_days(2)
    assert await start(other) is ReplayStatus.WAITING
    assert await replaying.run() is ReplayStatus.DONE, "a normal start"
    report = replaying.replay.report()
    assert report is not None
    assert report.days == 2
    assert await start(other) is ReplayStatus.DONE
    assert await start(HOME) is ReplayStatus.WAITING


async def test_result_without_a_key_is_that_of_the_present_home(
    replaying: Replaying, hass_storage: dict[str, Any]
) -> None:
    """It was stored by an earlier version: nothing is simulated again after the update, but after a change."""
    key = f"{DOMAIN}.replay.01HOME"
    data = {"days": dump(simulated_days(3)), "map_error": [0.0] * MEMBERS}
    hass_storage[key] = {"version": 1, "minor_version": 2, "key": key, "data": {**data, "key": None}}
    with full_disk_of(DOMAIN):
        replaying.key = HOME
        replaying.replay = replaying.new()
        await replaying.replay.async_load()
        assert replaying.replay.report() is not None, "the set-up continues"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": data}
    for home, status in ((HOME, ReplayStatus.DONE), (HomeKey(), ReplayStatus.WAITING), (HOME, ReplayStatus.DONE)):
        replaying.key = home
        replaying.replay = replaying.new()
        await replaying.replay.async_load()
        assert replaying.replay.status is status
        assert (replaying.replay.report() is None) == (status is ReplayStatus.WAITING)
    assert HomeKey.restored(hass_storage[key]["data"]["key"]) == HOME


async def test_home_of_which_a_source_could_not_be_set_up_is_not_simulated(replaying: Replaying) -> None:
    replaying.entities = replace(entities(PUMP), is_complete=False)
    assert await replaying.run() is ReplayStatus.WAITING
    assert replaying.begins == []
    replaying.entities = entities(PUMP)
    assert await replaying.run() is ReplayStatus.DONE


async def test_week_of_a_schedule_helper_is_fetched(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    replaying = Replaying(hass, monkeypatch, config_of(FIXED, schedule="schedule.home"))
    week = WeekSchedule.parse([{"day": "Daily", "slots": ["06:00-22:00"]}])

    async def fetch(_: HomeAssistant, entity_id: str) -> WeekSchedule:
        assert entity_id == "schedule.home"
        return week

    monkeypatch.setattr(history_replay, "fetch_week", fetch)
    assert await replaying.replay._weeks() == {"schedule.home": week}

    async def fails(_: HomeAssistant, entity_id: str) -> WeekSchedule:
        raise ValueError("no such schedule")

    monkeypatch.setattr(history_replay, "fetch_week", fails)
    assert await replaying.replay._weeks() == {}
