"""Numbers: the outlets' trip threshold and the hub's main threshold."""

import time
from typing import Any, Final, override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory, UnitOfElectricCurrent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .model.commands import CommandName, Order
from .model.wire import MAIN_CURRENT_MAX_MA, THRESHOLD_MAX_MA

PARALLEL_UPDATES = 0

THRESHOLD: Final = NumberEntityDescription(
    key="threshold",
    device_class=NumberDeviceClass.CURRENT,
    entity_category=EntityCategory.CONFIG,
    native_unit_of_measurement=UnitOfElectricCurrent.MILLIAMPERE,
    native_min_value=0,
    native_max_value=THRESHOLD_MAX_MA,
    native_step=1,
    mode=NumberMode.BOX,
)
MAIN_THRESHOLD: Final = NumberEntityDescription(
    key="main_threshold",
    device_class=NumberDeviceClass.CURRENT,
    entity_category=EntityCategory.CONFIG,
    native_unit_of_measurement=UnitOfElectricCurrent.MILLIAMPERE,
    native_min_value=0,
    native_max_value=MAIN_CURRENT_MAX_MA,
    native_step=1,
    mode=NumberMode.BOX,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the thresholds."""
    async_add_entities([MainThreshold(entry.runtime_data, MAIN_THRESHOLD)])
    add_outlet_entities(entry, async_add_entities, lambda hub, outlet: [TripThreshold(hub, outlet, THRESHOLD)])


class TripThreshold(OutletEntity, NumberEntity):
    """The current at which an alert fires and the outlet trips; 0 for none."""

    @property
    @override
    def native_value(self) -> float | None:
        """What currents are held against here."""
        return self.outlet.threshold

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What the outlet itself says, and whether a new threshold is on its way."""
        command = self.running.hub.queue.open_for(self.outlet.device_id, CommandName.SET_THRESHOLD)
        return {
            "device_threshold": self.outlet.device_threshold,
            "pending_status": command.status.value if command is not None else None,
        }

    @property
    @override
    def published_value(self) -> object:
        """The value with its attributes."""
        return (self.native_value, *self.extra_state_attributes.values())

    @property
    @override
    def prompt_value(self) -> object:
        """How somebody's command goes."""
        return self.extra_state_attributes["pending_status"]

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Hold currents against the new threshold from now on, and send it to the outlet."""
        await self.async_order(Order(CommandName.SET_THRESHOLD, value=round(value)))
        self.publish_now()


class MainThreshold(HubEntity, NumberEntity):
    """The main current at which an alert fires; 0 for none. The hub does not know it."""

    @property
    @override
    def available(self) -> bool:
        """Always: it is ours."""
        return True

    @property
    @override
    def native_value(self) -> float | None:
        """The limit."""
        return self.hub.main_threshold_ma

    @property
    @override
    def published_value(self) -> object:
        """The limit."""
        return self.native_value

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the limit; on disk when this returns."""
        self.hub.set_main_threshold(round(value), time.time())
        await self.running.async_commit()
        self.publish_now()
