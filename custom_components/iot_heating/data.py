"""Runtime data of a config entry."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from ._lib.publisher import Publisher
from .hub import ControllerHub
from .runtime.building import Building
from .runtime.command_dispatcher import CommandDispatcher
from .runtime.weather_forecast import WeatherForecast


@dataclass(frozen=True, slots=True)
class IotHeatingData:
    """The parts of a loaded building."""

    building: Building
    hub: ControllerHub
    commands: CommandDispatcher
    forecast: WeatherForecast
    publisher: Publisher


type IotHeatingConfigEntry = ConfigEntry[IotHeatingData]
