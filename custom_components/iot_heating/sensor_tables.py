"""The sensors there are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfInformation,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.util import dt as dt_util

from .commands import newest
from .controller import Controller, Topic
from .coordinator import Building
from .entity import ControllerDescription, is_esp32
from .protocol.commands import CommandStatus
from .protocol.control import mode_at, room_setpoint_c
from .protocol.faults import NO_FAULT, Fault, text_of, worst
from .protocol.sessions import Usage

type Value = float | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class BuildingSensorDescription(SensorEntityDescription):
    """A sensor of the building."""

    value_fn: Callable[[Building], float | str | None]


@dataclass(frozen=True, kw_only=True)
class ControllerSensorDescription(SensorEntityDescription, ControllerDescription):
    """A sensor of a controller.

    Attributes:
        in_currency: Its unit is the home's currency.
        last_reset_fn: When its period began, of a sum over a day, week or month.
    """

    value_fn: Callable[[Building, Controller], Value]
    attributes_fn: Callable[[Building, Controller], dict[str, Any]] | None = None
    in_currency: bool = False
    last_reset_fn: Callable[[], datetime] | None = None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _temperature(key: str, value_fn: Callable[[Building], float | None]) -> BuildingSensorDescription:
    return BuildingSensorDescription(
        key=key,
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        value_fn=value_fn,
    )


BUILDING_SENSORS: Final = (
    BuildingSensorDescription(
        key="active_mode",
        device_class=SensorDeviceClass.ENUM,
        options=["auto", "eco", "manual", "off"],
        value_fn=lambda building: (
            mode_at(building.profile, dt_util.now()).value if building.profile.iot_enabled else "off"
        ),
    ),
    _temperature("flow_setpoint", lambda building: _rounded(building.flow_setpoint_c)),
    _temperature(
        "room_setpoint",
        lambda building: room_setpoint_c(building.profile, building.options.comfort, dt_util.now()),
    ),
)


def _errors(building: Building, controller: Controller) -> dict[str, Any]:
    return {"errors": [text_of(error) for error in controller.errors[:20]]}


def _command(building: Building, controller: Controller) -> str | None:
    command = newest(building.registry.devices.get(controller.device_id))
    return command.status.value if command else None


def _command_attributes(building: Building, controller: Controller) -> dict[str, Any]:
    command = newest(building.registry.devices.get(controller.device_id))
    if command is None:
        return {}
    return {"command": command.name.value, "id": command.id, "reason": command.reason, "attempts": command.attempts}


def _midnight() -> datetime:
    return dt_util.start_of_local_day()


def _monday() -> datetime:
    today = dt_util.now().date()
    return dt_util.start_of_local_day(today - timedelta(days=today.weekday()))


def _first() -> datetime:
    return dt_util.start_of_local_day(dt_util.now().date().replace(day=1))


type Period = tuple[str, Callable[[Controller], Usage], Callable[[], datetime]]

_PERIODS: Final[tuple[Period, ...]] = (
    ("today", lambda controller: controller.ledger.today(dt_util.utcnow()), _midnight),
    ("week", lambda controller: controller.ledger.week(dt_util.utcnow()), _monday),
    ("month", lambda controller: controller.ledger.month(dt_util.utcnow()), _first),
)


def _has_energy(building: Building, controller: Controller) -> bool:
    return controller.energy.known


def _has_cost(building: Building, controller: Controller) -> bool:
    options = building.options
    return controller.energy.known and (options.price is not None or options.price_entity is not None)


def _usage(period: Period) -> tuple[ControllerSensorDescription, ...]:
    """On-time, energy and cost of a period."""
    name, usage, since = period
    return (
        ControllerSensorDescription(
            key=f"on_time_{name}",
            topics=(Topic.USAGE,),
            always_available=True,
            device_class=SensorDeviceClass.DURATION,
            state_class=SensorStateClass.TOTAL,
            native_unit_of_measurement=UnitOfTime.SECONDS,
            suggested_unit_of_measurement=UnitOfTime.HOURS,
            suggested_display_precision=2,
            last_reset_fn=since,
            value_fn=lambda building, controller: round(usage(controller).on_s),
        ),
        ControllerSensorDescription(
            key=f"energy_{name}",
            topics=(Topic.USAGE,),
            always_available=True,
            exists_fn=_has_energy,
            device_class=SensorDeviceClass.ENERGY,
            state_class=SensorStateClass.TOTAL,
            native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            suggested_display_precision=2,
            last_reset_fn=since,
            value_fn=lambda building, controller: round(usage(controller).energy_kwh or 0, 4),
        ),
        ControllerSensorDescription(
            key=f"cost_{name}",
            topics=(Topic.USAGE,),
            always_available=True,
            exists_fn=_has_cost,
            device_class=SensorDeviceClass.MONETARY,
            state_class=SensorStateClass.TOTAL,
            in_currency=True,
            suggested_display_precision=2,
            last_reset_fn=since,
            value_fn=lambda building, controller: round(usage(controller).cost or 0, 4),
        ),
    )


_TOTALS: Final = (
    ControllerSensorDescription(
        key="on_time",
        topics=(Topic.USAGE,),
        always_available=True,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=1,
        value_fn=lambda building, controller: round(controller.ledger.total.on_s),
    ),
    ControllerSensorDescription(
        key="energy",
        topics=(Topic.USAGE,),
        always_available=True,
        exists_fn=_has_energy,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda building, controller: round(controller.ledger.total.energy_kwh or 0, 4),
    ),
    ControllerSensorDescription(
        key="cost",
        topics=(Topic.USAGE,),
        always_available=True,
        exists_fn=_has_cost,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        in_currency=True,
        suggested_display_precision=2,
        value_fn=lambda building, controller: round(controller.ledger.total.cost or 0, 4),
    ),
)


def _measured(key: str, topic: Topic, value_fn: Callable[[Controller], float | None]) -> ControllerSensorDescription:
    """A temperature that controllers report."""
    return ControllerSensorDescription(
        key=key,
        topics=(topic,),
        exists_fn=is_esp32,
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        value_fn=lambda building, controller: value_fn(controller),
    )


def _extra(key: str, name: str, **more: Any) -> ControllerSensorDescription:
    """A value of protocol 2, off until somebody wants it."""
    return ControllerSensorDescription(
        key=key,
        topics=(Topic.EXTRAS,),
        exists_fn=is_esp32,
        entity_registry_enabled_default=False,
        value_fn=lambda building, controller: controller.extras.get(name),
        **more,
    )


_TEMPERATURE: Final = {
    "device_class": SensorDeviceClass.TEMPERATURE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
    "suggested_display_precision": 1,
}
_DIAGNOSTIC: Final = {"entity_category": EntityCategory.DIAGNOSTIC}


def _booted(building: Building, controller: Controller) -> datetime | None:
    uptime = controller.extras.get("uptime_s")
    if not isinstance(uptime, int | float) or controller.last_seen is None:
        return None
    # To the minute: the time that a report takes is not to move it.
    return (controller.last_seen - timedelta(seconds=uptime)).replace(second=0, microsecond=0)


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
        topics=(Topic.ERRORS,),
        exists_fn=is_esp32,
        device_class=SensorDeviceClass.ENUM,
        options=[NO_FAULT, *(fault.value for fault in Fault)],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda building, controller: worst(controller.errors) or NO_FAULT,
        attributes_fn=_errors,
    ),
    ControllerSensorDescription(
        key="error_count",
        topics=(Topic.ERRORS,),
        exists_fn=is_esp32,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda building, controller: len(controller.errors),
    ),
    ControllerSensorDescription(
        key="last_seen",
        topics=(Topic.SEEN,),
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda building, controller: controller.last_seen,
        always_available=True,
    ),
    _measured("outdoor_temperature", Topic.OUTDOOR, lambda controller: controller.outdoor_c),
    _measured("supply_temperature", Topic.SUPPLY, lambda controller: controller.supply_c),
    ControllerSensorDescription(
        key="voltage",
        topics=(Topic.VOLTAGE,),
        exists_fn=is_esp32,
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=2,
        value_fn=lambda building, controller: controller.voltage_v,
    ),
    *_TOTALS,
    *(description for period in _PERIODS for description in _usage(period)),
    ControllerSensorDescription(
        key="boot_time",
        topics=(Topic.EXTRAS,),
        exists_fn=is_esp32,
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_booted,
    ),
    _extra("firmware_version", "firmware_version", **_DIAGNOSTIC),
    _extra(
        "free_heap",
        "free_heap",
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.KIBIBYTES,
        **_DIAGNOSTIC,
    ),
    _extra("return_temperature", "return_temp", **_TEMPERATURE),
    _extra("room_temperature", "room_temp", **_TEMPERATURE),
    _extra(
        "signal_strength",
        "rssi",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        **_DIAGNOSTIC,
    ),
)
