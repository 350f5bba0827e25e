"""Sources of other integrations: followed while they come and go."""

from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockModule, mock_integration, mock_platform

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.sources.external import DIRECTORY, ExternalSource
from lib.heat_source import Capabilities, Command, CommandResult, Control, Health, Outcome, SourceKind, SourceState

CAPABILITIES = Capabilities(kind=SourceKind.BOILER, controls=frozenset({Control.ON_OFF}))


class Boiler:
    """Of another integration."""

    source_id, name, device_id = "other:1", "Boiler", "device-1"
    capabilities = Capabilities(kind=SourceKind.BOILER, controls=frozenset({Control.ON_OFF, Control.FLOW}))
    state = SourceState(at=datetime.now(UTC), health=Health.OK, on=True)

    def __init__(self) -> None:
        self.listeners: list[Any] = []

    async def refresh(self) -> SourceState:
        return self.state

    async def apply(self, command: Command) -> CommandResult:
        return CommandResult(command_id=command.id, outcome=Outcome.APPLIED)

    async def release(self) -> CommandResult:
        return CommandResult(command_id="release", outcome=Outcome.APPLIED)

    def subscribe(self, listener: Any) -> Any:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


async def offered(hass: HomeAssistant, boilers: list[Boiler]) -> list[Any]:
    """Set up an integration that offers heat sources; return the listeners subscribed to its changes."""
    listeners: list[Any] = []
    platform: Any = ModuleType("other.proof_of_heat")

    async def async_get_heat_sources(_: HomeAssistant) -> list[Boiler]:
        return list(boilers)

    platform.async_get_heat_sources = async_get_heat_sources
    platform.async_subscribe_heat_sources = lambda _, listener: listeners.append(listener)
    mock_integration(hass, MockModule("other"))
    mock_platform(hass, f"other.{DOMAIN}", platform)
    mock_integration(hass, MockModule("plain"))
    mock_platform(hass, f"plain.{DOMAIN}", ModuleType("plain.proof_of_heat"))
    assert await async_setup_component(hass, "other", {})
    assert await async_setup_component(hass, "plain", {})
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    return listeners


async def test_source_that_goes_fails_and_comes_back(hass: HomeAssistant) -> None:
    boilers = [Boiler()]
    listeners = await offered(hass, boilers)
    source = ExternalSource(hass, "other:1", "Mine", CAPABILITIES)
    notices: list[Health] = []
    stop = source.subscribe(lambda: notices.append(source.state.health))
    assert (source.source_id, source.name, source.device_id) == ("other:1", "Mine", "device-1")
    assert Control.FLOW in source.capabilities.controls
    assert (await source.refresh()).on is True
    assert (await source.apply(Command(id="a", on=True))).outcome == Outcome.APPLIED
    assert (await source.release()).outcome == Outcome.APPLIED

    gone = boilers.pop()
    listeners[0]()
    await hass.async_block_till_done()
    assert notices[-1] == Health.FAILING
    assert gone.listeners == []
    assert source.device_id is None
    assert source.capabilities == CAPABILITIES
    assert (await source.refresh()).detail == "no longer offered by its integration"
    assert (await source.refresh()).reason == "removed"
    assert (await source.apply(Command(id="b"))).outcome == Outcome.FAILED
    assert (await source.release()).outcome == Outcome.FAILED

    boilers.append(Boiler())
    listeners[0]()
    await hass.async_block_till_done()
    assert notices[-1] == Health.OK
    for listener in boilers[0].listeners:
        listener()
    before = len(notices)
    stop()
    stop()
    boilers[0].listeners[0]()
    assert len(notices) == before
    await source.close()
    assert boilers[0].listeners == []
    assert set(hass.data[DIRECTORY].sources) == {"other:1"}
