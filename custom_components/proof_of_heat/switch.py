"""Switches: control of the heat sources, the one-time charge of hot water, lights that show where a device is."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import HeatConfigEntry
from .drivers.hot_water import ONE_TIME_CHARGE, HotWaterCharge
from .drivers.operations import LOCATE_LIGHT, Operable, Operation
from .entity import OperationEntity, SystemEntity

PARALLEL_UPDATES = 1
_ACTIVE: Final = SwitchEntityDescription(key="control_active")
_CHARGE: Final = SwitchEntityDescription(key=ONE_TIME_CHARGE)
_LIGHT: Final = SwitchEntityDescription(key=LOCATE_LIGHT, entity_category=EntityCategory.CONFIG)


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
