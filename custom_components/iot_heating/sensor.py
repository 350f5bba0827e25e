"""Sensors: what controllers measure, what they have used, and what the building's curve asks for."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .controller import subscribe
from .coordinator import IotHeatingConfigEntry
from .entity import BuildingEntity, ControllerEntity, add_controller_entities
from .sensor_tables import BUILDING_SENSORS, CONTROLLER_SENSORS, BuildingSensorDescription, ControllerSensorDescription

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the building, of all controllers, and of those that come later."""
    async_add_entities(BuildingSensor(entry.runtime_data, description) for description in BUILDING_SENSORS)
    add_controller_entities(entry, async_add_entities, CONTROLLER_SENSORS, ControllerSensor)


class BuildingSensor(BuildingEntity, SensorEntity):
    """A value computed for the building."""

    entity_description: BuildingSensorDescription

    @property
    @override
    def native_value(self) -> float | str | None:
        """The value now."""
        return self.entity_description.value_fn(self.building)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the time and what controllers report."""
        await super().async_added_to_hass()
        self.async_on_remove(subscribe(self.building.tick_listeners, self.publish))


class ControllerSensor(ControllerEntity, SensorEntity):
    """A value that a controller reports, or that follows from its reports."""

    entity_description: ControllerSensorDescription

    @property
    @override
    def native_value(self) -> float | str | datetime | None:
        """The value now."""
        return self.entity_description.value_fn(self.building, self.controller)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """The unit; costs are in the home's currency."""
        if self.entity_description.in_currency:
            return self.hass.config.currency
        return super().native_unit_of_measurement

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When the period of a sum began."""
        reset = self.entity_description.last_reset_fn
        return reset() if reset else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What belongs to the value."""
        attributes = self.entity_description.attributes_fn
        return attributes(self.building, self.controller) if attributes else None
