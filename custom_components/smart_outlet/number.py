"""Numbers: the trip threshold of an outlet and the main current threshold of a hub."""

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

from ._lib.action_fields import require_finite
from .data import SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .model.ccu_protocol import MAIN_CURRENT_MAX_MA, THRESHOLD_MAX_MA
from .model.commands import CommandName, CommandRequest

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
    """Set up the thresholds."""
    async_add_entities([MainThreshold(entry.runtime_data, MAIN_THRESHOLD)])
    add_outlet_entities(entry, async_add_entities, lambda hub, outlet: [TripThreshold(hub, outlet, THRESHOLD)])


class TripThreshold(OutletEntity, NumberEntity):
    """The current at which an alert is raised and the outlet trips; 0 for none."""

    @property
    @override
    def native_value(self) -> float | None:
        """Return the threshold set in Home Assistant."""
        return self.outlet.threshold

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the threshold reported by the outlet and the status of the open command."""
        command = self.hub.model.commands.open_for(self.outlet.device_id, CommandName.SET_THRESHOLD)
        return {
            "device_threshold": self.outlet.device_threshold,
            "pending_status": command.status.value if command is not None else None,
        }

    @property
    @override
    def published_value(self) -> object:
        """Return the value with its attributes."""
        return (self.native_value, *self.extra_state_attributes.values())

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the threshold and send it to the outlet."""
        require_finite(self, value)
        try:
            await self.async_send_command(CommandRequest(CommandName.SET_THRESHOLD, value=round(value)))
        finally:
            self.publish_now()


class MainThreshold(HubEntity, NumberEntity):
    """The main current at which an alert is raised; 0 for none. The device does not know it."""

    @property
    @override
    def available(self) -> bool:
        """Return True: the threshold is stored in Home Assistant."""
        return True

    @property
    @override
    def native_value(self) -> float | None:
        """Return the threshold."""
        return self.hub.model.main_threshold_ma

    @property
    @override
    def published_value(self) -> object:
        """Return the threshold."""
        return self.native_value

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the threshold; it is on disk on return.

        Raises:
            HomeAssistantError: It could not be stored and is as before.
        """
        require_finite(self, value)
        try:
            await self.hub.async_set_main_threshold(round(value))
        finally:
            self.publish_now()
