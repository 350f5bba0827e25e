"""The building with its rooms and its roof, and how it lived until now under the heat pump's own curve."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import override

from simulators.viessmann_cloud.heat_pump import HeatPump
from simulators.world.house import House, HouseData
from simulators.world.weather import Weather, in_heating_season, weather_at

BUILDING = HouseData(loss_w_k=150.0, mass_loss_w_k=70.0, window_m2=6.0, gains_w=320.0, radiator_w_k=320.0)
"""A detached house of about 140 m2 with underfloor heating."""
ROOF_KW = 5.0
_ROOF_EFFICIENCY = 0.82
_STEP_S = 60.0
_BEDROOM_BELOW_K = 1.6


class Building(House):
    """The house in a season that needs heating, on any date."""

    @property
    @override
    def weather(self) -> Weather:
        return weather_at(in_heating_season(self.now))


@dataclass(frozen=True, slots=True)
class Sample:
    """The home at a time. Temperatures in °C, powers in W, ``heat_pump_kwh``: electricity since the beginning."""

    when: datetime
    outdoor_c: float
    living_room_c: float
    bedroom_c: float
    flow_c: float
    heat_pump_w: float
    heat_w: float
    solar_w: float
    household_w: float
    heat_pump_kwh: float = 0.0

    @property
    def grid_w(self) -> float:
        """Return the power from the grid; negative: into it."""
        return self.household_w + self.heat_pump_w - self.solar_w


def solar_w(weather: Weather) -> float:
    """Return the power of the roof in W."""
    return ROOF_KW * weather.solar_w_m2 * _ROOF_EFFICIENCY


def household_w(when: datetime) -> float:
    """Return the consumption of everything but heating, in W: a base, cooking and evenings, a fridge."""
    hour = when.hour + when.minute / 60
    routine = 260 * math.exp(-(((hour - 7) / 0.9) ** 2)) + 620 * math.exp(-(((hour - 18.5) / 1.6) ** 2))
    fridge = 90.0 if when.minute % 40 < 14 else 0.0
    return 210.0 + routine + fridge


def bedroom_c(house: House) -> float:
    """Return the temperature of a room that follows the walls more than the air."""
    return 0.35 * house.room_c + 0.65 * house.mass_c - _BEDROOM_BELOW_K


def lived(start: datetime, until: datetime, sample: timedelta) -> Iterator[tuple[Sample, Building, HeatPump]]:
    """Live from ``start`` under the heat pump's own curve; yield a sample at each step, and the live objects."""
    house, pump = Building(start, BUILDING, 20.8), HeatPump(start, slope=0.6, in_house=True)
    begin_kwh = pump.energy["el_heating"]
    next_sample = start
    while house.now < until:
        if house.now >= next_sample:
            yield _sample(house, pump, pump.energy["el_heating"] - begin_kwh), house, pump
            next_sample += sample
        seconds = min(_STEP_S, (until - house.now).total_seconds())
        house.water_w = pump.heat_into(house, seconds)
        house.advance(house.now + timedelta(seconds=seconds))
    yield _sample(house, pump, pump.energy["el_heating"] - begin_kwh), house, pump


def _sample(house: Building, pump: HeatPump, energy_kwh: float) -> Sample:
    weather = house.weather
    return Sample(
        house.now,
        weather.outdoor_c,
        house.room_c,
        bedroom_c(house),
        pump.flow_c,
        pump.power_w,
        pump.heat_w,
        solar_w(weather),
        household_w(house.now),
        energy_kwh,
    )
