"""The clock of Home Assistant is set: what waits waits as long as it should."""

from datetime import UTC, datetime, timedelta
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib import steady_clock
from custom_components.proof_of_heat.runtime.background_query import BackgroundQuery

from . import ha


class Machine:
    """The monotonic clock of the machine, apart from its wall clock."""

    def __init__(self, freezer: FrozenDateTimeFactory) -> None:
        self._freezer = freezer
        self._jumped_s = 0.0

    def __call__(self) -> float:
        return time.time() - self._jumped_s

    def jump(self, seconds: float) -> None:
        self._freezer.move_to(self._freezer.time_to_freeze + timedelta(seconds=seconds))
        self._jumped_s += seconds


@pytest.fixture
def machine(freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> Machine:
    freezer.move_to("2026-01-15T11:00:00+00:00")
    machine = Machine(freezer)
    original = steady_clock.SteadyClock.__init__

    def with_machine(self: Any, *_: Any, **__: Any) -> None:
        original(self, monotonic=machine)

    monkeypatch.setattr(steady_clock.SteadyClock, "__init__", with_machine)
    return machine


async def _started(hass: HomeAssistant) -> MockConfigEntry:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    ha.thermometer(hass, ha.ROOM, 17.0)
    hass.states.async_set(ha.HEATER, "off")
    data = {"entity": ha.HEATER, "source_kind": "direct_electric", "nominal_power": 3000.0}
    entry = ha.system(ha.zone(), await ha.source(hass, "entity", data))
    await ha.start(hass, entry)
    await entry.runtime_data.user.async_set_active(True)
    return entry


@pytest.mark.parametrize("jump_s", [-7200.0, -86_400.0, 7200.0, 0.0])
async def test_read_only_minute_is_a_minute(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, machine: Machine, jump_s: float
) -> None:
    entry = await _started(hass)
    sent: list[str] = []
    supervisor = entry.runtime_data.supervisor
    supervisor.send_commands = lambda cycle_id, *_: sent.append(cycle_id)  # type: ignore[method-assign]
    freezer.tick(20)
    machine.jump(jump_s)
    await entry.runtime_data.coordinator.async_refresh()
    assert sent == []
    freezer.tick(50)
    await entry.runtime_data.coordinator.async_refresh()
    assert len(sent) == 1


@pytest.mark.parametrize("jump_s", [-7200.0, 7200.0, 0.0])
async def test_a_problem_is_reported_once_it_has_lasted(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, machine: Machine, jump_s: float
) -> None:
    entry = await _started(hass)
    (zone_id,) = (item.subentry_id for item in entry.subentries.values() if item.subentry_type == "zone")
    ha.thermometer(hass, ha.ROOM, "unavailable")

    async def is_reported() -> bool:
        await entry.runtime_data.coordinator.async_refresh()
        return ("proof_of_heat", f"sensor_dead_{zone_id}") in ir.async_get(hass).issues

    assert not await is_reported()
    machine.jump(jump_s)
    freezer.tick(60)
    assert not await is_reported()
    freezer.tick(1800)
    assert await is_reported()


@pytest.mark.parametrize("jump_s", [-86_400.0, -30.0, 0.0, 86_400.0])
async def test_weather_and_prices_are_queried_again(hass: HomeAssistant, jump_s: float) -> None:
    entry, asked = MockConfigEntry(title="Home"), []

    async def fetch() -> int:
        asked.append(1)
        return 1

    query: BackgroundQuery[int] = BackgroundQuery(hass, entry, "weather", fetch, interval_s=3600.0)
    begin = datetime(2026, 1, 15, 12, tzinfo=UTC)
    for seconds in (0.0, 60.0, jump_s + 120.0, jump_s + 120.0 + 3600.0):
        query.refresh_if_due(begin + timedelta(seconds=seconds))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert len(asked) == (2 if jump_s in (0.0, -30.0) else 3)


async def test_the_state_is_stored_although_the_clock_was_set_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, machine: Machine
) -> None:
    entry = await _started(hass)
    store, saved = entry.runtime_data.store, []

    async def save() -> None:
        saved.append(1)
        store._saved_at = dt_util.utcnow()

    store.async_save = save  # type: ignore[method-assign]
    await store.async_save_if_due(dt_util.utcnow())
    before = len(saved)
    machine.jump(-86_400.0)
    for _ in range(3):
        freezer.tick(60)
        await store.async_save_if_due(dt_util.utcnow())
    assert len(saved) == before + 1
