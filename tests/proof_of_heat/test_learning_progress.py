"""The sensor "Learning progress": how far the house is learned, not whether an import has ended."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.proof_of_heat.cards.overview import learning
from custom_components.proof_of_heat.data import HeatingSystem
from custom_components.proof_of_heat.engine.learning import FIRST_H
from custom_components.proof_of_heat.engine.model.history import STEP_S, History, Row
from custom_components.proof_of_heat.learning.history_import import DAYS, ImportStatus, Progress
from custom_components.proof_of_heat.sensors.system import SYSTEM_SENSORS

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone

LEARNING = next(description for description in SYSTEM_SENSORS if description.key == "learning_progress")
MODEL_ERROR = next(description for description in SYSTEM_SENSORS if description.key == "model_error")


def recorded(hours: float) -> History:
    """A history of so many hours."""
    rows = round(hours * 3600 / STEP_S)
    return History(Row(900.0 * i, 20.0, 3.0, 0.0, 1.0, 900.0, 300.0, 0.5, 30.0, 32.0) for i in range(rows))


@pytest.fixture
async def found(hass: HomeAssistant) -> HeatingSystem:
    """A home that has no recorder and was just set up."""
    hass.states.async_set(HEATER, "off")
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)
    heater = await source(hass, "entity", {"entity": HEATER, "source_kind": "direct_electric"})
    entry = system(zone(), heater)
    await start(hass, entry)
    system_: HeatingSystem = entry.runtime_data
    return system_


async def test_ended_import_is_not_a_learned_house(hass: HomeAssistant, found: HeatingSystem) -> None:
    assert hass.states.get("sensor.home_learning_progress").state == "0"  # type: ignore[union-attr]
    ended = (status for status in ImportStatus if status is not ImportStatus.IMPORTING)
    for status in ended:
        for hours, percent in ((0.0, 0), (0.5, 5), (FIRST_H / 2, 50), (FIRST_H - 0.25, 97), (FIRST_H, 99), (500.0, 99)):
            found.history_import.progress = Progress(status, days_done=DAYS if status is ImportStatus.DONE else 0)
            found.engine.history = recorded(hours)
            assert found.engine.learned is None
            assert LEARNING.value_fn(found) == percent, (status, hours)
            assert MODEL_ERROR.attributes_fn is not None
            assert MODEL_ERROR.attributes_fn(found)["progress"] == percent
            assert learning(found, dt_util.utcnow())["progress"] == percent


async def test_running_import_shows_its_days(found: HeatingSystem) -> None:
    found.engine.history = recorded(5.0)
    found.history_import.progress = Progress(ImportStatus.IMPORTING, days_done=DAYS // 4)
    assert LEARNING.value_fn(found) == 25


async def test_home_whose_heat_is_not_measured_shows_what_is_missing(
    hass: HomeAssistant, found: HeatingSystem, freezer: FrozenDateTimeFactory
) -> None:
    """A heater that is on, and of unknown size: it is not learned as 0 W, and there is no date of a plan."""
    (managed,) = found.sources.values()

    async def hours(count: int) -> None:
        for _ in range(4 * count + 1):
            freezer.tick(900)
            thermometer(hass, ROOM, 20.0)
            thermometer(hass, OUTDOOR, 3.0)
            await managed.source.refresh()
            await found.coordinator.async_refresh()
        await hass.async_block_till_done()

    setup, decision = "sensor.home_setup", "sensor.home_decision"
    hass.states.async_set(HEATER, "on")
    await hours(1)
    assert hass.states.get(setup).attributes["missing"] == ["control_off"]  # type: ignore[union-attr]
    await hours(2)
    assert hass.states.get(setup).state == "meter_missing"  # type: ignore[union-attr]
    assert LEARNING.value_fn(found) == 0
    shown = learning(found, dt_util.utcnow())
    assert (shown["progress"], shown["expected"]) == (0, None)
    notes = hass.states.get(decision).attributes["notes"]  # type: ignore[union-attr]
    assert notes[-1].endswith(": heat and power are not measured, the house cannot be learned")
    hass.states.async_set(HEATER, "off")
    await hours(1)
    assert hass.states.get(setup).attributes["missing"] == ["control_off"]  # type: ignore[union-attr]
    assert LEARNING.value_fn(found) > 0, "off is known"
    assert learning(found, dt_util.utcnow())["expected"] is not None
