"""Switches: control, the one-time charge of hot water, lights that show where a device is, boards of miners."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .data import HeatConfigEntry, HeatingSystem
from .drivers.hot_water import ONE_TIME_CHARGE, HotWaterCharge
from .drivers.operations import LOCATE_LIGHT, BoardSwitches, Operable, Operation
from .entity import OperationEntity, SystemEntity
from .sources.managed_source import ManagedSource

PARALLEL_UPDATES = 1
_ACTIVE: Final = SwitchEntityDescription(key="control_active")
_CHARGE: Final = SwitchEntityDescription(key=ONE_TIME_CHARGE)
_LIGHT: Final = SwitchEntityDescription(key=LOCATE_LIGHT, entity_category=EntityCategory.CONFIG)
_BOARDS: Final = {
    number: SwitchEntityDescription(
        key=f"board_{number}_enabled", entity_category=EntityCategory.CONFIG, entity_registry_enabled_default=False
    )
    for number in range(1, 5)
}


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches."""
    system = entry.runtime_data
    async_add_entities([ControlSwitch(system, _ACTIVE)])
    for managed in system.sources.values():
        if isinstance(managed.source, HotWaterCharge) and managed.source.can_charge_hot_water:
            async_add_entities([HotWaterSwitch(system, managed, _CHARGE)], config_subentry_id=managed.subentry_id)
        if isinstance(managed.source, Operable) and Operation.LOCATE in managed.source.operations:
            async_add_entities([LocateSwitch(system, managed, _LIGHT)], config_subentry_id=managed.subentry_id)
        if isinstance(managed.source, BoardSwitches):
            _add_boards(entry, managed, managed.source, async_add_entities)


@callback
def _add_boards(
    entry: HeatConfigEntry,
    managed: ManagedSource,
    source: BoardSwitches,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of boards when the miner reports them, or at once if they are registered."""
    system = entry.runtime_data
    registry = er.async_get(system.coordinator.hass)
    waiting = {number: BoardSwitch(system, managed, number) for number in _BOARDS}

    @callback
    def add_ready() -> None:
        if entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
            return  # a new entity would not be unloaded any more
        ready = [
            waiting.pop(number)
            for number, entity in tuple(waiting.items())
            if number in source.switchable_boards
            or registry.async_get_entity_id("switch", DOMAIN, str(entity.unique_id))
        ]
        if ready:
            async_add_entities(ready, config_subentry_id=managed.subentry_id)

    add_ready()
    entry.async_on_unload(system.source_updates.subscribe(add_ready, managed.subentry_id))


class ControlSwitch(SystemEntity, SwitchEntity):
    """Whether the heat sources are controlled."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether control is on."""
        return self.system.user.active

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn control on."""
        await self.system.user.async_set_active(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn control off: all sources are released to their own control."""
        await self.system.user.async_set_active(False)


class HotWaterSwitch(OperationEntity, SwitchEntity):
    """The one-time charge of hot water, as the device reports it. It ends by itself."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the charge is active."""
        active = self.managed.source.state.extra.get(ONE_TIME_CHARGE)
        return active if isinstance(active, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Start the charge."""
        await self._charge(active=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Stop the charge."""
        await self._charge(active=False)

    async def _charge(self, *, active: bool) -> None:
        assert isinstance(self.managed.source, HotWaterCharge)
        self.check(await self.managed.source.charge_hot_water(active), "hot_water_not_changed")


class LocateSwitch(OperationEntity, SwitchEntity):
    """The light that shows where a device is, as the device reports it; unknown where it does not."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the light is on."""
        lit = self.managed.source.state.extra.get(LOCATE_LIGHT)
        return lit if isinstance(lit, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn the light on and verify it."""
        await self.async_operate(Operation.LOCATE)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn the light off and verify it."""
        await self.async_operate(Operation.STOP_LOCATING)


class BoardSwitch(OperationEntity, SwitchEntity):
    """A hash board of a miner, as the miner reports it. Control leaves it as the user switched it."""

    def __init__(self, system: HeatingSystem, managed: ManagedSource, number: int) -> None:
        super().__init__(system, managed, _BOARDS[number])
        self._number = number

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the board is switched on."""
        return self._source.is_board_on(self._number)

    @property
    def _source(self) -> BoardSwitches:
        source = self.managed.source
        assert isinstance(source, BoardSwitches)
        return source

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch the board on; its chips are tuned again for some minutes."""
        await self._switch(on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch the board off."""
        await self._switch(on=False)

    async def _switch(self, *, on: bool) -> None:
        result = await self._source.switch_board(self._number, on)
        self.check(result, "board_not_switched", board=str(self._number))
