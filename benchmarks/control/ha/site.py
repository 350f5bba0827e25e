"""A home as Home Assistant finds it: its entities, devices, forecasts, and what an installer enters.

Entities report as usual ones do: thermometers in tenths when they change or once per hour, a day-ahead price sensor
with tomorrow's prices from 13:00 on, a weather entity with cloud coverage and an hourly forecast.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from homeassistant.core import HomeAssistant

from custom_components.proof_of_heat.flows.form import DeviceCandidate
from custom_components.proof_of_heat.inputs.sun import elevation_sine, radiation_w_m2

ROOM, OUTDOOR, PRICE, WEATHER = "sensor.room", "sensor.outdoor", "sensor.price", "weather.home"
REPEAT: Final = timedelta(hours=1)
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STEPS_PER_DAY: Final = 288
TOMORROW_KNOWN_AT_H: Final = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What an installer enters."""

    emitter: str
    zone: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    devices: tuple[DeviceCandidate, ...]


class Site(ABC):
    """A home."""

    time_zone: ClassVar[str]
    latitude: ClassVar[float]
    longitude: ClassVar[float]

    def __init__(self) -> None:
        self._reported: dict[str, tuple[str, datetime]] = {}

    @property
    @abstractmethod
    def now(self) -> datetime:
        """The time of the home."""

    @abstractmethod
    async def start(self, hass: HomeAssistant) -> None:
        """Start its devices; the clock is that of the home."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop its devices."""

    @abstractmethod
    async def configuration(self, hass: HomeAssistant) -> Configuration:
        """Return what an installer enters, with the devices as their forms find them."""

    @abstractmethod
    def advance(self, seconds: float) -> None:
        """Let time pass in the home."""

    @abstractmethod
    def publish(self, hass: HomeAssistant) -> None:
        """Publish what the entities report now."""

    @abstractmethod
    def forecast(self) -> list[dict[str, Any]]:
        """Return the hourly forecast of the weather entity."""

    def report(self, hass: HomeAssistant, entity_id: str, value: str, attributes: Mapping[str, Any]) -> None:
        """Report a value that has changed, or that was reported an hour ago."""
        before, at = self._reported.get(entity_id, ("", self.now - REPEAT))
        if value != before or self.now - at >= REPEAT:
            hass.states.async_set(entity_id, value, attributes)
            self._reported[entity_id] = value, self.now

    def report_temperatures(self, hass: HomeAssistant, room_c: float, outdoor_c: float) -> None:
        """Report the thermometers."""
        for entity_id, value in ((ROOM, room_c), (OUTDOOR, outdoor_c)):
            self.report(hass, entity_id, f"{value:.1f}", {"unit_of_measurement": "°C", "device_class": "temperature"})

    def report_weather(self, hass: HomeAssistant, outdoor_c: float, solar_w_m2: float) -> None:
        """Report the weather entity."""
        attributes = {
            "temperature": round(outdoor_c, 1),
            "temperature_unit": "°C",
            "cloud_coverage": self.clouds(solar_w_m2, self.now),
        }
        self.report(hass, WEATHER, "cloudy", attributes)

    def clouds(self, solar_w_m2: float, when: datetime) -> int:
        """Return the cloud coverage in percent at which this radiation reaches the ground; half at night."""
        clear = radiation_w_m2(elevation_sine(when, self.latitude, self.longitude))
        if clear < 20:
            return 50
        lack = min(1.0, max(0.0, 1 - solar_w_m2 / clear) / 0.75)
        return round(100.0 * float(lack ** (1 / 3.4)))

    def has_reported(self, entity_id: str) -> bool:
        """Return whether an entity has reported before."""
        return entity_id in self._reported


def market_prices(
    midnight: datetime, now: datetime, step: timedelta, price: Callable[[datetime], float]
) -> dict[str, Any]:
    """Return the attributes of a price sensor, by the steps of the market. `price`: of a step, by its beginning."""

    def day(begin: datetime) -> list[dict[str, Any]]:
        starts = [begin + index * step for index in range(timedelta(days=1) // step)]
        return [{"start": start, "end": start + step, "value": price(start)} for start in starts]

    is_known = now - midnight >= timedelta(hours=TOMORROW_KNOWN_AT_H)
    return {
        "unit_of_measurement": "EUR/kWh",
        "raw_today": day(midnight),
        "raw_tomorrow": day(midnight + timedelta(days=1)) if is_known else [],
    }


def week(first_weekday: int, is_warm: Callable[[int, int], bool]) -> list[dict[str, Any]]:
    """Return a weekly schedule of comfort times. `is_warm`: of a day and its step of five minutes."""
    rows = []
    for day in range(7):
        slots, begin = [], None
        for step in range(STEPS_PER_DAY + 1):
            warm = step < STEPS_PER_DAY and is_warm(day, step)
            if warm and begin is None:
                begin = step
            elif not warm and begin is not None:
                slots.append(f"{_clock(begin)}-{_clock(step)}")
                begin = None
        rows.append({"day": DAYS[(first_weekday + day) % 7], "slots": slots})
    return rows


def _clock(step: int) -> str:
    return "24:00" if step == STEPS_PER_DAY else f"{step // 12:02}:{step % 12 * 5:02}"
