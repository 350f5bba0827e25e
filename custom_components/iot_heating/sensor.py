"""Sensors of buildings and controllers."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import IotHeatingConfigEntry, IotHeatingData
from .entity import BuildingEntity, ControllerEntity, add_controller_entities
from .sensors.building import BUILDING_SENSORS
from .sensors.controller import CONTROLLER_SENSORS
from .sensors.description import BuildingSensorDescription, ControllerSensorDescription

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors."""
    async_add_entities(BuildingSensor(entry.runtime_data, description) for description in BUILDING_SENSORS)
    add_controller_entities(entry, async_add_entities, CONTROLLER_SENSORS, ControllerSensor)


class BuildingSensor(BuildingEntity, SensorEntity):
    """A value calculated for a building."""

    entity_description: BuildingSensorDescription

    def __init__(self, data: IotHeatingData, description: BuildingSensorDescription) -> None:
        super().__init__(data, description)
        self._monitor = data.hub.monitor

    @property
    @override
    def native_value(self) -> float | str | None:
        """The current value."""
        return self.entity_description.value_fn(self.building)

    @override
    async def async_added_to_hass(self) -> None:
        """Update the value as time passes and controllers report."""
        await super().async_added_to_hass()
        self.async_on_remove(self._monitor.subscribe(self.publish))


class ControllerSensor(ControllerEntity, SensorEntity):
    """A value that a controller reports, or one calculated from its reports."""

    entity_description: ControllerSensorDescription

    @property
    @override
    def native_value(self) -> float | str | datetime | None:
        """The current value."""
        return self.entity_description.value_fn(self.data, self.controller)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """The unit; the home's currency for costs."""
        if self.entity_description.in_currency:
            return self.hass.config.currency
        return super().native_unit_of_measurement

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When the period of a sum started."""
        reset = self.entity_description.last_reset_fn
        return reset() if reset else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Attributes of the value."""
        attributes = self.entity_description.attributes_fn
        return attributes(self.data, self.controller) if attributes else None
