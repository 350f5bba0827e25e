"""A small house: room air, thermal mass, and a radiator circuit with a heat source."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import override

from .weather import Weather, weather_at

_STEP_S = 30.0


@dataclass(frozen=True, slots=True)
class HouseData:
    """Parameters of a house (defaults: a detached house of about 140 m2 from the 1990s).

    Attributes:
        loss_w_k: Heat loss of air and light parts to outside.
        mass_loss_w_k: Heat loss of the thermal mass (walls, slabs) to outside.
        coupling_w_k: Heat transfer between air and thermal mass.
        air_j_k: Heat capacity of air, furniture and plaster.
        mass_j_k: Heat capacity of the thermal mass.
        window_m2: Effective area for solar gain.
        gains_w: Internal gain of people and appliances.
        radiator_w_k: Radiator output per kelvin of excess temperature.
        water_j_k: Heat capacity of the heating water with pipes and radiators.
        heater_w: Heat output of the heat source while it runs.
    """

    loss_w_k: float = 160.0
    mass_loss_w_k: float = 90.0
    coupling_w_k: float = 900.0
    air_j_k: float = 6e6
    mass_j_k: float = 60e6
    window_m2: float = 5.0
    gains_w: float = 350.0
    radiator_w_k: float = 220.0
    water_j_k: float = 6e5
    heater_w: float = 11_000.0


class House:
    """A house in its weather. Temperatures in °C; call ``advance`` with the simulated time."""

    def __init__(self, start: datetime, data: HouseData | None = None, room_c: float = 20.0) -> None:
        self.data = data or HouseData()
        self.now = start
        self.room_c = room_c
        self.mass_c = room_c - 0.5
        self.flow_c = room_c + 8.0
        self.heating = False
        self.heat_j = 0.0
        self.water_w = 0.0
        """Heat output of attached heat sources to the water, in addition to the house's own heater (see home.py)."""
        self.air_w = 0.0
        """Heat output of devices that warm the air of the rooms."""

    @property
    def weather(self) -> Weather:
        """Return the current weather."""
        return weather_at(self.now)

    def advance(self, until: datetime) -> None:
        """Simulate a period, in steps of at most 30 s."""
        while (left := (until - self.now).total_seconds()) > 0:
            step = min(_STEP_S, left)
            self._step(step)
            self.now += (until - self.now) * (step / left)

    def _step(self, seconds: float) -> None:
        data, weather = self.data, self.weather
        radiator_w = data.radiator_w_k * max(0.0, self.flow_c - self.room_c)
        heater_w = (data.heater_w if self.heating else 0.0) + self.water_w
        self.heat_j += heater_w * seconds
        room_w = (
            radiator_w
            + self.air_w
            + data.gains_w
            + 0.6 * data.window_m2 * weather.solar_w_m2
            - data.loss_w_k * (self.room_c - weather.outdoor_c)
            - data.coupling_w_k * (self.room_c - self.mass_c)
        )
        mass_w = (
            data.coupling_w_k * (self.room_c - self.mass_c)
            + 0.4 * data.window_m2 * weather.solar_w_m2
            - data.mass_loss_w_k * (self.mass_c - weather.outdoor_c)
        )
        self.flow_c += (heater_w - radiator_w) * seconds / data.water_j_k
        self.room_c += room_w * seconds / data.air_j_k
        self.mass_c += mass_w * seconds / data.mass_j_k


class Surroundings(House):
    """What a heat source that runs elsewhere sees of the house: the temperatures of its air, water and weather."""

    def __init__(self, now: datetime, *, outdoor_c: float, flow_c: float, room_c: float) -> None:
        super().__init__(now, room_c=room_c)
        self.flow_c = flow_c
        self._outdoor_c = outdoor_c

    @property
    @override
    def weather(self) -> Weather:
        return replace(weather_at(self.now), outdoor_c=self._outdoor_c)
