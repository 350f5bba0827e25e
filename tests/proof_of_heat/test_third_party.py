"""A source of a third-party integration works without a change to proof_of_heat."""

from types import ModuleType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockModule,
    async_fire_time_changed,
    mock_integration,
    mock_platform,
)

from custom_components.proof_of_heat.const import DOMAIN
from lib.heat_source import Capabilities, Command, CommandResult, Control, Health, Outcome, SourceKind, SourceState
from tests.heat_source_contract import assert_keeps_contract

from .ha import OUTDOOR, ROOM, cycles_end, start, system, thermometer, zone


class Stove:
    """A pellet stove of another integration: the whole of what it takes to plug in."""

    source_id, name, device_id = "stove:1", "Stove", None
    capabilities = Capabilities(kind=SourceKind.BOILER, controls=frozenset({Control.ON_OFF}), fuel="pellets")

    def __init__(self) -> None:
        self.on, self._listeners = False, []

    @property
    def state(self) -> SourceState:
        return SourceState(at=dt_util.utcnow(), health=Health.OK, on=self.on, power_w=40.0 if self.on else 0.0)

    async def refresh(self) -> SourceState:
        for listener in self._listeners:
            listener()
        return self.state

    async def apply(self, command: Command) -> CommandResult:
        outcome = Outcome.UNCHANGED if command.on in (None, self.on) else Outcome.APPLIED
        self.on = self.on if command.on is None else command.on
        return CommandResult(command_id=command.id, outcome=outcome, state=self.state)

    async def release(self) -> CommandResult:
        return await self.apply(Command(id="release", on=False))

    def subscribe(self, listener: Any) -> Any:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


async def offer(hass: HomeAssistant, stoves: list[Stove]) -> None:
    platform = ModuleType("stove.proof_of_heat")

    async def async_get_heat_sources(_: HomeAssistant) -> list[Stove]:
        return stoves

    platform.async_get_heat_sources = async_get_heat_sources  # type: ignore[attr-defined]
    mock_integration(hass, MockModule("stove"))
    mock_platform(hass, f"stove.{DOMAIN}", platform)
    assert await async_setup_component(hass, "stove", {})


async def test_source_fulfills_the_contract() -> None:
    await assert_keeps_contract(Stove(), Command(id="c", on=True))  # type: ignore[arg-type]


async def test_source_is_found_added_and_commanded(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    stove = Stove()
    thermometer(hass, ROOM, 16.0)
    thermometer(hass, OUTDOOR, 0.0)
    await offer(hass, [stove])
    assert await async_setup_component(hass, DOMAIN, {})
    entry = system(zone())
    await start(hass, entry)
    result: Any = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "source"), context={"source": SOURCE_USER}
    )
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {"next_step_id": "external"})
    values = {"reference": "stove:1", "nominal_heat": 6000.0, "nominal_power": 40.0, "fuel_price": 0.07}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], values)
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Stove")
    await hass.async_block_till_done()
    heating = entry.runtime_data
    await heating.user.async_set_active(True)
    for _ in range(3):
        freezer.tick(61)
        async_fire_time_changed(hass)
        await cycles_end(hass)
    assert stove.on
    await heating.user.async_set_active(False)
    for _ in range(5):
        await hass.async_block_till_done()
    assert not stove.on


async def test_platform_that_raises_does_not_affect_others(hass: HomeAssistant) -> None:
    platform = ModuleType("stove.proof_of_heat")

    async def async_get_heat_sources(_: HomeAssistant) -> list[Stove]:
        raise RuntimeError("boom")

    platform.async_get_heat_sources = async_get_heat_sources  # type: ignore[attr-defined]
    mock_integration(hass, MockModule("stove"))
    mock_platform(hass, f"stove.{DOMAIN}", platform)
    assert await async_setup_component(hass, "stove", {})
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 16.0)
    thermometer(hass, OUTDOOR, 0.0)
    await start(hass, system(zone()))
