"""Sensors of a controller."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    UnitOfElectricPotential,
    UnitOfInformation,
    UnitOfTemperature,
)

from ..data import IotHeatingData
from ..entity import is_esp32
from ..protocol.commands import CommandStatus, status_of
from ..protocol.faults import NO_FAULT, Fault, error_text, most_urgent_fault
from ..protocol.fields import ERRORS, TELEMETRY_FIELDS, UPTIME, FieldSensor, Quantity, TelemetryField
from ..runtime.command_dispatcher import command_event_data, last_command
from ..runtime.controller import Controller, Topic
from .description import ControllerSensorDescription
from .usage import USAGE_SENSORS

_MAX_ERROR_TEXTS: Final = 20


@dataclass(frozen=True, slots=True)
class _Traits:
    """How a quantity is shown."""

    device_class: SensorDeviceClass | None = None
    unit: str | None = None
    suggested_unit: str | None = None
    precision: int | None = None


_TRAITS: Final = {
    Quantity.DATA_SIZE: _Traits(
        SensorDeviceClass.DATA_SIZE, UnitOfInformation.BYTES, suggested_unit=UnitOfInformation.KIBIBYTES
    ),
    Quantity.SIGNAL_STRENGTH: _Traits(SensorDeviceClass.SIGNAL_STRENGTH, SIGNAL_STRENGTH_DECIBELS_MILLIWATT),
    Quantity.TEMPERATURE: _Traits(SensorDeviceClass.TEMPERATURE, UnitOfTemperature.CELSIUS, precision=1),
    Quantity.TEXT: _Traits(),
    Quantity.VOLTAGE: _Traits(SensorDeviceClass.VOLTAGE, UnitOfElectricPotential.VOLT, precision=2),
}


def _field_sensor(field: TelemetryField, sensor: FieldSensor) -> ControllerSensorDescription:
    """Return the sensor of a telemetry field."""
    traits = _TRAITS[sensor.quantity]
    return ControllerSensorDescription(
        key=sensor.key,
        topics=(field.name,),
        exists_fn=is_esp32,
        device_class=traits.device_class,
        state_class=SensorStateClass.MEASUREMENT if traits.unit else None,
        native_unit_of_measurement=traits.unit,
        suggested_unit_of_measurement=traits.suggested_unit,
        suggested_display_precision=traits.precision,
        entity_category=EntityCategory.DIAGNOSTIC if sensor.is_diagnostic else None,
        entity_registry_enabled_default=field.protocol == 1,
        value_fn=lambda data, controller: controller.values.get(field.name),
    )


def _errors(data: IotHeatingData, controller: Controller) -> dict[str, Any]:
    return {"errors": [error_text(error) for error in controller.errors[:_MAX_ERROR_TEXTS]]}


def _command(data: IotHeatingData, controller: Controller) -> str | None:
    command = last_command(data.commands.record(controller.device_id))
    return status_of(command).value if command else None


def _command_attributes(data: IotHeatingData, controller: Controller) -> dict[str, Any]:
    command = last_command(data.commands.record(controller.device_id))
    if command is None:
        return {}
    attributes = command_event_data(command)
    del attributes["status"]  # the state
    return attributes


def _boot_time(data: IotHeatingData, controller: Controller) -> datetime | None:
    uptime_s = controller.values.get(UPTIME)
    if uptime_s is None or controller.last_seen is None:
        return None
    # Rounded to the minute, so that the duration of a request does not change it.
    return (controller.last_seen - timedelta(seconds=uptime_s)).replace(second=0, microsecond=0)


CONTROLLER_SENSORS: Final = (
    ControllerSensorDescription(
        key="command",
        topics=(Topic.COMMAND,),
        always_available=True,
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in CommandStatus],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_command,
        attributes_fn=_command_attributes,
    ),
    ControllerSensorDescription(
        key="error",
        topics=(ERRORS,),
        exists_fn=is_esp32,
        device_class=SensorDeviceClass.ENUM,
        options=[NO_FAULT, *(fault.value for fault in Fault)],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data, controller: most_urgent_fault(controller.errors) or NO_FAULT,
        attributes_fn=_errors,
    ),
    ControllerSensorDescription(
        key="error_count",
        topics=(ERRORS,),
        exists_fn=is_esp32,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data, controller: len(controller.errors),
    ),
    ControllerSensorDescription(
        key="last_seen",
        topics=(Topic.LAST_SEEN,),
        always_available=True,
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda data, controller: controller.last_seen,
    ),
    ControllerSensorDescription(
        key="boot_time",
        topics=(UPTIME,),
        exists_fn=is_esp32,
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_boot_time,
    ),
    *USAGE_SENSORS,
    *(_field_sensor(field, field.sensor) for field in TELEMETRY_FIELDS if field.sensor is not None),
)
