"""Sensors of heating time, energy and cost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfTime
from homeassistant.util import dt as dt_util

from ..data import IotHeatingData
from ..protocol.session_tracker import Usage
from ..runtime.controller import Controller, Topic
from .description import ControllerSensorDescription

type UsageFn = Callable[[Controller], Usage]
type ResetFn = Callable[[], datetime]


def _has_energy(data: IotHeatingData, controller: Controller) -> bool:
    return controller.energy.is_configured


def _has_cost(data: IotHeatingData, controller: Controller) -> bool:
    options = data.building.options
    return controller.energy.is_configured and (options.price is not None or options.price_entity is not None)


def _usage_sensors(
    suffix: str, usage: UsageFn, state_class: SensorStateClass, reset: ResetFn | None = None
) -> tuple[ControllerSensorDescription, ...]:
    """Return the sensors of heating time, energy and cost of a period."""
    return (
        ControllerSensorDescription(
            key=f"on_time{suffix}",
            topics=(Topic.USAGE,),
            always_available=True,
            device_class=SensorDeviceClass.DURATION,
            state_class=state_class,
            native_unit_of_measurement=UnitOfTime.SECONDS,
            suggested_unit_of_measurement=UnitOfTime.HOURS,
            suggested_display_precision=1 if reset is None else 2,
            last_reset_fn=reset,
            value_fn=lambda data, controller: round(usage(controller).on_s),
        ),
        ControllerSensorDescription(
            key=f"energy{suffix}",
            topics=(Topic.USAGE,),
            always_available=True,
            exists_fn=_has_energy,
            device_class=SensorDeviceClass.ENERGY,
            state_class=state_class,
            native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            suggested_display_precision=2,
            last_reset_fn=reset,
            value_fn=lambda data, controller: round(usage(controller).energy_kwh or 0, 4),
        ),
        ControllerSensorDescription(
            key=f"cost{suffix}",
            topics=(Topic.USAGE,),
            always_available=True,
            exists_fn=_has_cost,
            device_class=SensorDeviceClass.MONETARY,
            # Costs can decrease where prices are negative.
            state_class=SensorStateClass.TOTAL,
            in_currency=True,
            suggested_display_precision=2,
            last_reset_fn=reset,
            value_fn=lambda data, controller: round(usage(controller).cost or 0, 4),
        ),
    )


def _start_of_week() -> datetime:
    today = dt_util.now().date()
    return dt_util.start_of_local_day(today - timedelta(days=today.weekday()))


def _start_of_month() -> datetime:
    return dt_util.start_of_local_day(dt_util.now().date().replace(day=1))


# A total, not one that only increases: Home Assistant takes a smaller value of the latter for a new meter, and counts
# it again in full. Energy that was counted wrongly can be corrected.
USAGE_SENSORS: Final = (
    *_usage_sensors("", lambda controller: controller.tracker.total, SensorStateClass.TOTAL),
    *_usage_sensors(
        "_today",
        lambda controller: controller.tracker.today(dt_util.utcnow()),
        SensorStateClass.TOTAL,
        dt_util.start_of_local_day,
    ),
    *_usage_sensors(
        "_week",
        lambda controller: controller.tracker.week(dt_util.utcnow()),
        SensorStateClass.TOTAL,
        _start_of_week,
    ),
    *_usage_sensors(
        "_month",
        lambda controller: controller.tracker.month(dt_util.utcnow()),
        SensorStateClass.TOTAL,
        _start_of_month,
    ),
)
