"""The first plan tonight: the house is learned from what the recorder has."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.data import HeatingSystem
from custom_components.proof_of_heat.engine.model.history import Row
from custom_components.proof_of_heat.learning import history_import, history_replay
from custom_components.proof_of_heat.learning.history_import import ImportStatus

from .engine.homes import Home
from .ha import HEATER, OUTDOOR, ROOM, cycles_end, real_pause, source, start, system, zone

METER = "sensor.heat_pump_power"
NOW = datetime(2027, 1, 20, 18, 0, tzinfo=UTC)
DAYS = 11
STATE_DAYS = 2
UNITS = {ROOM: ("°C", "temperature"), OUTDOOR: ("°C", "temperature"), METER: ("W", "power")}


def lived(days: float) -> list[tuple[datetime, dict[str, float]]]:
    """The readings of a home with a heat pump that is on or off, by the quarter of an hour."""
    home, found, on = Home(), [], False
    for step in range(round(days * 96)):
        on = home.air_c < 20.6 if not on else home.air_c < 21.4
        home.run(1.0 if on else 0.0, 900)
        when = NOW - timedelta(days=days) + timedelta(minutes=15 * (step + 1))
        found.append((when, {ROOM: home.air_c, OUTDOOR: home.outdoor_c, METER: home.power_w}))
    return found


def write_states(hass: HomeAssistant, readings: dict[str, float], **units: str) -> None:
    for entity_id, value in readings.items():
        unit, device_class = UNITS[entity_id]
        shown = value
        if units.get(device_class) == "°F":
            unit, shown = "°F", value * 1.8 + 32
        if units.get(device_class) == "kW":
            unit, shown = "kW", value / 1000
        attributes = {"unit_of_measurement": unit, "device_class": device_class, "state_class": "measurement"}
        hass.states.async_set(entity_id, f"{shown:.3f}", attributes)


def write_statistics(
    hass: HomeAssistant, readings: list[tuple[datetime, dict[str, float]]], ids: Mapping[str, str] | None = None
) -> None:
    """Write the hours' means; ``ids``: the entity IDs that readings have there."""
    for entity_id, (unit, device_class) in UNITS.items():
        hours: dict[datetime, list[float]] = {}
        for when, values in readings:
            begin = (when - timedelta(minutes=1)).replace(minute=0, second=0, microsecond=0)
            hours.setdefault(begin, []).append(values[entity_id])
        meta: Any = {
            "has_sum": False,
            "mean_type": StatisticMeanType.ARITHMETIC,
            "name": None,
            "source": "recorder",
            "statistic_id": (ids or {}).get(entity_id, entity_id),
            "unit_class": device_class,
            "unit_of_measurement": unit,
        }
        rows: Any = [{"start": begin, "mean": sum(values) / len(values)} for begin, values in hours.items()]
        async_import_statistics(hass, meta, rows)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """The recorder has to be there before Home Assistant."""


@pytest.fixture
async def home(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """A home whose recorder has two days of states and statistics from before."""
    monkeypatch.setattr(history_import, "DAYS", DAYS)
    monkeypatch.setattr(history_replay, "DAYS", 1)  # too few to simulate
    await hass.config.async_set_time_zone("UTC")
    hass.loop.set_debug(False)
    readings = lived(DAYS)
    hass.states.async_set(HEATER, "off")

    async def record(since: int = 0, **units: str) -> None:
        for when, values in readings[-STATE_DAYS * 96 :]:
            freezer.move_to(when)
            write_states(hass, values, **units)
        write_statistics(hass, readings[since * 96 :])
        freezer.move_to(NOW)
        await async_wait_recording_done(hass)

    return record


async def set_up(hass: HomeAssistant, **data: Any) -> MockConfigEntry:
    assert await async_setup_component(hass, DOMAIN, {})
    pump = await source(hass, "entity", {"entity": HEATER, "source_kind": "heat_pump", "number_is": "power", **data})
    entry = system(zone(comfort=21.0, eco=20.0), pump)
    await start(hass, entry)
    return entry


async def finished(hass: HomeAssistant, entry: MockConfigEntry) -> HeatingSystem:
    found: HeatingSystem = entry.runtime_data
    while found.history_import.is_running:
        await real_pause()
    return found


async def minute(hass: HomeAssistant, freezer: FrozenDateTimeFactory, found: HeatingSystem) -> None:
    freezer.tick(60)
    async_fire_time_changed(hass)
    await cycles_end(hass)


@pytest.mark.slow
async def test_the_first_plan_is_there_within_ten_minutes(
    home: Callable[..., Any], hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await home()
    entry = await set_up(hass, meter=METER)
    found = await finished(hass, entry)
    assert found.history_import.progress.status is ImportStatus.DONE
    assert found.history_import.progress.rows > 9 * 96
    for _ in range(10):
        freezer.tick(1)
        write_states(hass, {ROOM: 20.4, OUTDOOR: 4.0, METER: 0.0})
        await minute(hass, freezer, found)
        if found.engine.plan is not None:
            break
    assert found.engine.learned is not None
    assert found.engine.learned.trusted
    assert found.engine.plan is not None
    assert dt_util.utcnow() - NOW <= timedelta(minutes=10)
    report = await hass.services.async_call(DOMAIN, "get_learned_house", {}, blocking=True, return_response=True)
    assert report is not None
    house: Any = report["house"]
    assert house["loss_w_k"] == pytest.approx(180.0, rel=0.5)
    assert house["loss_w_k_sd"] > 0
    assert house["backtest_error_k"]["12"] < house["persistence_error_k"]["12"]
    assert house["backtest_errors_12h_k"] == [house["backtest_error_k"]["12"]]
    assert house["backtest_limit_k"] == 0.8
    assert (house["loss_history_w_k"], house["drift_pct"]) == ([house["loss_w_k"]], None)
    assert house["meter_doubt"] is None
    assert report["import"]["status"] == "done"  # type: ignore[index,call-overload]
    assert hass.states.get("sensor.home_learning_progress").state == "100"  # type: ignore[union-attr]
    assert float(hass.states.get("sensor.home_heat_loss").state) == pytest.approx(house["loss_w_k"], abs=0.1)  # type: ignore[union-attr]


@pytest.mark.slow
async def test_units_may_change_within_the_history(home: Callable[..., Any], hass: HomeAssistant) -> None:
    await home(temperature="°F", power="kW")
    found = await finished(hass, await set_up(hass, meter=METER))
    rows = found.engine.history.all_rows
    assert len(rows) > 9 * 96
    assert all(15 < row.room_c < 25 for row in rows)
    assert max(row.power_w for row in rows[-96:]) > 2000


@pytest.mark.slow
async def test_without_a_meter_nothing_is_guessed(home: Callable[..., Any], hass: HomeAssistant) -> None:
    await home()
    found = await finished(hass, await set_up(hass))
    assert found.history_import.progress.status is ImportStatus.NOT_MEASURED
    assert found.engine.history.hours == 0


@pytest.mark.slow
async def test_an_interrupted_import_continues_after_a_restart(
    home: Callable[..., Any], hass: HomeAssistant, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await home()
    read, days = history_import.HistoryImport._day, list[datetime]()

    async def stops_at_day_seven(self: Any, entities: Any, begin: datetime) -> list[Row]:
        if len(days) == 7:
            raise RuntimeError("Home Assistant stops")
        days.append(begin)
        return await read(self, entities, begin)

    monkeypatch.setattr(history_import.HistoryImport, "_day", stops_at_day_seven)
    entry = await set_up(hass, meter=METER)
    found = await finished(hass, entry)
    assert found.history_import.progress.status is ImportStatus.FAILED
    key = f"{DOMAIN}.learning.{entry.entry_id}"
    assert deepcopy(hass_storage[key]["data"]["next_day"]) == 5
    days.clear()
    monkeypatch.setattr(history_import.HistoryImport, "_day", read)
    assert await hass.config_entries.async_reload(entry.entry_id)
    found = await finished(hass, entry)
    assert found.history_import.progress.status is ImportStatus.DONE
    assert found.history_import.progress.rows > 9 * 96
    assert hass_storage[key]["data"].keys() == {"key", "done", "count"}


@pytest.mark.slow
async def test_the_button_learns_again(home: Callable[..., Any], hass: HomeAssistant) -> None:
    await home(since=DAYS - 1)
    found = await finished(hass, await set_up(hass, meter=METER))
    before = found.history_import.progress.rows
    found.history_import.progress.rows = 0
    await hass.services.async_call("button", "press", {"entity_id": "button.home_learn_from_history"}, blocking=True)
    found = await finished(hass, hass.config_entries.async_entries(DOMAIN)[0])  # type: ignore[arg-type]
    assert found.history_import.progress.rows == before > 96


@pytest.mark.slow
async def test_wrong_meter_is_reported_although_no_heat_is_measured(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The meter of a refrigerator: 60 W for half of each hour."""
    monkeypatch.setattr(history_import, "DAYS", DAYS)
    monkeypatch.setattr(history_replay, "DAYS", 1)  # too few to simulate
    await hass.config.async_set_time_zone("UTC")
    hass.states.async_set(HEATER, "off")
    write_statistics(hass, [(when, {**values, METER: 120.0 * (when.minute < 30)}) for when, values in lived(DAYS)])
    freezer.move_to(NOW)
    await async_wait_recording_done(hass)
    entry = await set_up(hass, meter=METER)
    found = await finished(hass, entry)
    assert found.history_import.progress.rows > 9 * 96
    for _ in range(25):
        write_states(hass, {ROOM: 20.4, OUTDOOR: 4.0, METER: 60.0})
        await minute(hass, freezer, found)
    (subentry_id,) = [item.subentry_id for item in found.sources.values()]
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"meter_implausible_{subentry_id}")
    assert issue is not None
    assert issue.translation_key == "meter_implausible"
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["found"].endswith(" W/K")
    assert issue.translation_placeholders["entity"] == METER
    assert found.engine.plan is None, "no plan by a wrong meter"


@pytest.mark.slow
async def test_meter_of_the_whole_home_is_found_by_what_it_shows_while_the_source_is_off(
    home: Callable[..., Any], hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The history allows a plan; then the meter shows 420 W while the switch of the heat pump is off."""
    await home()
    found = await finished(hass, await set_up(hass, meter=METER))
    for step in range(60):
        if found.engine.meter_problem is not None:
            break
        is_on = step % 12 < 2
        hass.states.async_set(HEATER, "on" if is_on else "off")
        write_states(hass, {ROOM: 20.4 + 0.01 * (step % 2), OUTDOOR: 4.0, METER: 420.0 + 2300.0 * is_on + step % 2})
        freezer.tick(300)
        await minute(hass, freezer, found)
        if step == 3:
            assert found.engine.plan is not None
            assert found.engine.predicting
    assert not found.engine.predicting
    assert found.coordinator.data.decision.record.control_mode != "plan"
    for _ in range(20):
        write_states(hass, {ROOM: 20.4, OUTDOOR: 4.0, METER: 420.0})
        await minute(hass, freezer, found)
    (subentry_id,) = [item.subentry_id for item in found.sources.values()]
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"meter_implausible_{subentry_id}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    watts, unit = issue.translation_placeholders["found"].split()
    assert (400 < float(watts) < 520, unit) == (True, "W")
    report = await hass.services.async_call(DOMAIN, "get_learned_house", {}, blocking=True, return_response=True)
    assert report is not None
    house: Any = report["house"]
    assert (house["trusted"], house["meter_doubt"]) == (False, issue.translation_placeholders["found"])
