"""What a user sets on a zone is acted on at once: in the next cycles, not with the plan that was made before."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.proof_of_heat._lib.heat_source import Command, CommandResult
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.data import HeatingSystem
from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.engine.decision_record import ControlMode
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.messages import MessageCode
from custom_components.proof_of_heat.engine.model.history import History

from .engine.homes import lived_history
from .ha import HEATER, OUTDOOR, ROOM, cycles_end, idle, source, start, system, thermometer, zone

NOW = datetime(2027, 1, 20, 18, 0, tzinfo=UTC)
WARM_C = 21.6
"""Above the target of 21 degC: nothing needs heat for hours."""


@pytest.fixture(scope="module")
def learned() -> LearnedModel:
    """A house that was really learned from ten days."""
    history = History()
    for row in lived_history(10):
        history.add(row)
    return replace(learn(history.series(), None, 0.8), trusted=True)


@pytest.fixture(params=["heat_pump", "direct_electric", "boiler"])
async def home(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    learned: LearnedModel,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[MockConfigEntry]:
    """A warm home under control, with a plan that does not heat for hours."""
    freezer.move_to(NOW)
    monkeypatch.setitem(SourceBase.__init__.__kwdefaults__, "clock", time.monotonic)  # the test's
    hass.loop.set_debug(False)
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"heater": {}}})
    measure(hass, WARM_C)
    more = {"fuel_price": 0.12, "nominal_heat": 9000} if request.param == "boiler" else {"nominal_power": 12_000}
    data = {"entity": HEATER, "source_kind": request.param, "number_is": "power", **more}
    entry = system(zone(eco=20.5), await source(hass, "entity", data))
    await start(hass, entry)
    engine = entry.runtime_data.engine
    engine.learned, engine._observer = learned, learned.observer([])
    await entry.runtime_data.user.async_set_active(True)
    for _ in range(4):
        await cycle(hass, freezer, entry)
    yield entry
    await idle(entry)
    await hass.config_entries.async_unload(entry.entry_id)


def measure(hass: HomeAssistant, room_c: float) -> None:
    thermometer(hass, ROOM, room_c)
    thermometer(hass, OUTDOOR, 3.0)


async def settled(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await cycles_end(hass)
    await idle(entry)
    await hass.async_block_till_done(wait_background_tasks=False)


async def cycle(hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, seconds: int = 60) -> None:
    freezer.tick(seconds)
    measure(hass, WARM_C)
    async_fire_time_changed(hass)
    await settled(hass, entry)


def message_codes(entry: MockConfigEntry) -> set[MessageCode]:
    record = entry.runtime_data.coordinator.data.decision.record
    return {part.code for part in (*record.reasons, *record.limits)}


def climate_of(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    [entity_id] = [
        item.entity_id
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if item.domain == "climate"
    ]
    return entity_id


async def set_temperature(hass: HomeAssistant, entry: MockConfigEntry, target_c: float) -> None:
    data = {"entity_id": climate_of(hass, entry), "temperature": target_c}
    await hass.services.async_call("climate", "set_temperature", data, blocking=True)


def is_on(hass: HomeAssistant) -> bool:
    state = hass.states.get(HEATER)
    return state is not None and state.state == "on"


async def for_an_hour(hass: HomeAssistant, entry: MockConfigEntry, target_c: float) -> None:
    data = {"temperature": target_c, "duration": {"hours": 1}, "entity_id": climate_of(hass, entry)}
    await hass.services.async_call(DOMAIN, "override", data, blocking=True)


@pytest.mark.parametrize("ask", [set_temperature, for_an_hour])
async def test_a_higher_setpoint_starts_a_source_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: MockConfigEntry,
    ask: Callable[[HomeAssistant, MockConfigEntry, float], Awaitable[None]],
) -> None:
    system: HeatingSystem = home.runtime_data
    before = system.coordinator.data
    assert before.decision.record.control_mode is ControlMode.PLAN
    assert MessageCode.PLAN_BEGINS in message_codes(home)
    assert not is_on(hass)
    planned = system.engine.plan
    await ask(hass, home, 26.0)
    assert system.coordinator.data.cycle_id != before.cycle_id, "decided again at once"
    await settled(hass, home)
    await cycle(hass, freezer, home)
    assert system.engine.plan is not planned
    assert MessageCode.PLAN_BEGINS not in message_codes(home)
    assert is_on(hass)


async def test_commands_after_a_change_by_a_user_are_marked(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Command] = []
    apply = SourceBase.apply

    async def record(self: SourceBase, command: Command) -> CommandResult:
        sent.append(command)
        return await apply(self, command)

    monkeypatch.setattr(SourceBase, "apply", record)
    await cycle(hass, freezer, home)
    assert [command.by_user for command in sent] == [False]
    await set_temperature(hass, home, 26.0)
    await settled(hass, home)
    assert sent[-1].by_user
    for _ in range(4):
        await cycle(hass, freezer, home)
    assert not sent[-1].by_user


async def test_a_lower_setpoint_ends_heating_after_the_minimum_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: MockConfigEntry
) -> None:
    await set_temperature(hass, home, 26.0)
    await settled(hass, home)
    await cycle(hass, freezer, home)
    assert is_on(hass)
    await set_temperature(hass, home, 19.0)
    await settled(hass, home)
    for _ in range(20):
        await cycle(hass, freezer, home)
        if not is_on(hass):
            break
        is_wanted = home.runtime_data.coordinator.data.decision.record.requested_w > 0
        assert (MessageCode.PLAN_BEGINS in message_codes(home)) is not is_wanted, "it heats for its minimum time"
    assert not is_on(hass)
    await cycle(hass, freezer, home)
    assert MessageCode.PLAN_BEGINS in message_codes(home)
