"""The benchmark through Home Assistant: its test clock stays that of the building, however long a step takes."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from benchmarks.control.ha.clock import LoopClock
from benchmarks.control.ha.home import Home

START = datetime(2027, 1, 1, tzinfo=UTC)
STEP_S = 300.0


@dataclass
class Building:
    """Counts the steps of the plant."""

    steps: int = 0
    published: list[datetime] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=STEP_S * self.steps)

    def advance(self, _: float) -> None:
        self.steps += 1

    def publish(self, _: HomeAssistant) -> None:
        self.published.append(dt_util.utcnow())


def home_of(hass: HomeAssistant, clock: FrozenDateTimeFactory, building: Building) -> Home:
    cycle = SimpleNamespace(jobs=SimpleNamespace(is_busy=False))
    coordinator = SimpleNamespace(_lock=asyncio.Lock(), cycle=cycle)
    entry: Any = SimpleNamespace(runtime_data=SimpleNamespace(sources={}, coordinator=coordinator))
    plant: Any = building
    return Home(hass, clock, LoopClock(0.0), entry, plant)


@pytest.mark.parametrize("late_s", [0.0, 0.5, 3.5, 20.0])
async def test_late_commands_do_not_move_the_clock_from_the_building(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, late_s: float
) -> None:
    freezer.move_to(START)
    building = Building()
    home = home_of(hass, freezer, building)
    for _ in range(12):
        await home.step(STEP_S)
        home._tick(late_s)
    assert building.published == [START + timedelta(seconds=STEP_S * step) for step in range(1, 13)]
