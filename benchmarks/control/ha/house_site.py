"""A home with a built-in house simulator: its entities, and what it costs while Home Assistant controls it."""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, override

from homeassistant.core import HomeAssistant

from simulators.world.weather import weather_at

from ..house_run import COMFORT_C, SETBACK_C, START, _comfort as comfort, _price as price
from ..houses.plant import Building, Plant
from ..houses.run import House, WeatherForecast
from ..houses.score import Score
from .site import PRICE, STEPS_PER_DAY, WEATHER, Configuration, Site, market_prices, week

BELOW_K: Final = 0.3
"""The comfort band begins this much below the setpoint: at the temperature that the thermostat has to keep."""
AWAY_C: Final = 16.0
MARKET_STEP: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)
KWH: Final = 3.6e6


class HouseSite(Site):
    """The home. A subclass has its devices."""

    time_zone: ClassVar[str] = "UTC"
    latitude: ClassVar[float] = 45.0
    longitude: ClassVar[float] = 8.0
    emitter: ClassVar[str] = "radiator"

    def __init__(self, house: House, building: Building, warm_up_days: float, scored_days: float) -> None:
        super().__init__()
        self.house, self.plant = house, Plant(building, START)
        scored = START + timedelta(days=warm_up_days)
        self.end = scored + timedelta(days=scored_days)
        self.score = Score(self.plant, scored, scored_days, house.upper_c, house.heat_price)
        self._weather = WeatherForecast()

    @property
    @override
    def now(self) -> datetime:
        return self.plant.now

    @abstractmethod
    def heat(self, seconds: float, price_kwh: float) -> tuple[float, float, int]:
        """Let time pass with the devices as they are commanded; return cost, heat in J, and starts."""

    @override
    def advance(self, seconds: float) -> None:
        when = self.now
        self.score.begin()
        cost, joules, starts = self.heat(seconds, price(when))
        self.score.add(when, cost, joules / KWH, starts)

    @abstractmethod
    async def devices(self, hass: HomeAssistant) -> list[Any]:
        """Return the heat sources as their forms find them."""

    def options(self) -> dict[str, Any]:
        """Return what an installer enters in addition to the devices."""
        return {"price": {"price_entity": PRICE}}

    @override
    async def configuration(self, hass: HomeAssistant) -> Configuration:
        monday = START.replace(hour=0, minute=0) - START.weekday() * timedelta(days=1)

        def is_warm(day: int, step: int) -> bool:
            return comfort(monday + timedelta(days=day) + step * timedelta(days=1) / STEPS_PER_DAY) == COMFORT_C

        setpoints = {"comfort": COMFORT_C + BELOW_K, "eco": SETBACK_C + BELOW_K, "away": AWAY_C}
        return Configuration(
            emitter=self.emitter,
            zone={**setpoints, "week": week(0, is_warm)},
            options=self.options(),
            devices=tuple(await self.devices(hass)),
        )

    @override
    def publish(self, hass: HomeAssistant) -> None:
        now, weather = self.now, weather_at(self.now)
        self.report_temperatures(hass, self.plant.room_c, weather.outdoor_c)
        if now.minute % 15 == 0 or not self.has_reported(PRICE):
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            self.report(hass, PRICE, f"{_of(now):.5f}", market_prices(midnight, now, MARKET_STEP, _of))
        if now.minute == 0 or not self.has_reported(WEATHER):
            self.report_weather(hass, weather.outdoor_c, weather.solar_w_m2)
        self.report_devices(hass)

    def report_devices(self, hass: HomeAssistant) -> None:
        """Publish the entities of the devices."""

    @override
    def forecast(self) -> list[dict[str, Any]]:
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        rows = []
        for index, (outdoor_c, solar) in enumerate(zip(*self._weather.at(self.now), strict=True)):
            when = hour + index * HOUR
            clouds = self.clouds(solar, when + HOUR / 2)
            rows.append({"datetime": when.isoformat(), "temperature": round(outdoor_c, 1), "cloud_coverage": clouds})
        return rows


def _of(start: datetime) -> float:
    """Return the price of a step of the market."""
    return price(start + MARKET_STEP / 2)
