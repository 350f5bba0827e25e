"""Sensors of a building: its active mode and its setpoints."""

from collections.abc import Callable
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfTemperature

from ..runtime.building import Building
from .description import BuildingSensorDescription


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
        value_fn=lambda building: building.mode,
    ),
    _temperature("flow_setpoint", lambda building: _rounded(building.flow_setpoint_c)),
    _temperature("room_setpoint", lambda building: building.room_setpoint_c),
)
