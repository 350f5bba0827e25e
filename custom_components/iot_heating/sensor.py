"""Sensors: what controllers measure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfElectricPotential, UnitOfTemperature
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import Building, Controller, IotHeatingConfigEntry
from .entity import ControllerEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ControllerSensorDescription(SensorEntityDescription):
    """A sensor of a controller.

    Attributes:
        value_fn: Its value.
        always_available: Told even of a controller that does not call.
    """

    value_fn: Callable[[Controller], float | datetime | None]
    always_available: bool = False


SENSORS: Final = (
    ControllerSensorDescription(
        key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda controller: controller.last_seen,
        always_available=True,
    ),
    ControllerSensorDescription(
        key="outdoor_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        value_fn=lambda controller: controller.outdoor_c,
    ),
    ControllerSensorDescription(
        key="supply_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        value_fn=lambda controller: controller.supply_c,
    ),
    ControllerSensorDescription(
        key="voltage",
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=2,
        value_fn=lambda controller: controller.voltage_v,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of all controllers, and of those that come later."""
    building = entry.runtime_data
    building.each_controller(partial(_add, building, async_add_entities))


@callback
def _add(building: Building, async_add_entities: AddConfigEntryEntitiesCallback, controller: Controller) -> None:
    async_add_entities(
        [ControllerSensor(building, controller, description) for description in SENSORS],
        config_subentry_id=controller.subentry_id,
    )


class ControllerSensor(ControllerEntity, SensorEntity):
    """A value that a controller reports."""

    entity_description: ControllerSensorDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """The value last reported."""
        return self.entity_description.value_fn(self.controller)

    @property
    @override
    def available(self) -> bool:
        """Some are told of a silent controller too."""
        return self.entity_description.always_available or super().available
