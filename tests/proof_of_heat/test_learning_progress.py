"""The sensor "Learning progress": how far the house is learned, not whether an import has ended."""

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


async def test_ended_import_is_no_learned_house(hass: HomeAssistant, found: HeatingSystem) -> None:
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
