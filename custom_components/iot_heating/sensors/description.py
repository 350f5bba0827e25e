"""Types of sensor descriptions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.components.sensor import SensorEntityDescription

from ..data import IotHeatingData
from ..entity import ControllerDescription
from ..runtime.building import Building
from ..runtime.controller import Controller

type SensorValue = float | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class BuildingSensorDescription(SensorEntityDescription):
    """Description of a sensor of a building."""

    value_fn: Callable[[Building], float | str | None]


@dataclass(frozen=True, kw_only=True)
class ControllerSensorDescription(SensorEntityDescription, ControllerDescription):
    """Description of a sensor of a controller.

    Attributes:
        in_currency: Whether its unit is the home's currency.
        last_reset_fn: When its period started, for a sum by day, week or month.
    """

    value_fn: Callable[[IotHeatingData, Controller], SensorValue]
    attributes_fn: Callable[[IotHeatingData, Controller], dict[str, Any]] | None = None
    in_currency: bool = False
    last_reset_fn: Callable[[], datetime] | None = None
