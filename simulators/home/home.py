"""The home around the other simulators: one building, one weather, one roof and one grid connection.

It asks the heat sources (``--part``: their control ports) what heat they make and what they draw, warms the building
with that, and reports the temperatures of its water to the heat sources and the power at the grid to the meter.
Thermometers, the weather station, the inverter and the tariff are published over MQTT, with Home Assistant's discovery,
as such devices do: see wire.py.
"""

import argparse
import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import json
from typing import Any, ClassVar, Final, override
from zoneinfo import ZoneInfo

import aiohttp

from simulators.mqtt_simulator import MqttSimulator
from simulators.world.weather import in_heating_season, weather_at

from .rooms import bedroom_c, household_w, lived, solar_w
from .tariff import quarters, retail_price
from .wire import Line

TOPIC: Final = "suite/home"
PARTS: Final = ("heat_pump", "miner", "bitaxe", "boiler", "meter")
SENSORS: Final[Mapping[str, tuple[str, str | None, str | None]]] = {
    "living_room": ("Living room thermometer", "°C", "temperature"),
    "bedroom": ("Bedroom thermometer", "°C", "temperature"),
    "outdoor": ("Weather station temperature", "°C", "temperature"),
    "humidity": ("Weather station humidity", "%", "humidity"),
    "solar": ("Solar power", "W", "power"),
    "solar_energy": ("Solar energy", "kWh", "energy"),
    "heat_pump_power": ("Heat pump meter power", "W", "power"),
    "heat_pump_energy": ("Heat pump meter energy", "kWh", "energy"),
    "price": ("Electricity tariff", "EUR/kWh", None),
    "forecast": ("Weather forecast", "°C", "temperature"),
}
"""Key -> name, unit, device class."""


def entity_id(key: str) -> str:
    """Return the id that the sensor with this key has in Home Assistant."""
    return f"sensor.{SENSORS[key][0].lower().replace(' ', '_')}"


_WITH_ATTRIBUTES: Final = ("price", "forecast")
_BEFORE: Final = timedelta(days=3)
_PERIOD_S: Final = 2.0
_BOILER_PUMP_W: Final = 80.0
_FORECAST_HOURS: Final = 48
_TOMORROW_FROM: Final = 13
"""Hour of the local day at which the prices of the next day are known."""
COUNTERS_KWH: Final[Mapping[str, float]] = {"solar_energy": 6120.0, "heat_pump_energy": 3480.0}
"""Where the energy meters start."""
_ROUNDING: Final = {
    "living_room": 1,
    "bedroom": 1,
    "outdoor": 1,
    "humidity": 0,
    "solar": 0,
    "solar_energy": 2,
    "heat_pump_power": 0,
    "heat_pump_energy": 2,
}
_MADE: Final = {"manufacturer": "Heat suite demo", "model": "Simulated home"}


class HomeSimulator(MqttSimulator):
    """The building and what measures it."""

    NAME = "home"
    FAULTS: ClassVar[dict[str, str]] = {
        "window_open": "the living room's window is open: it loses 300 W/K more",
        "no_prices": "the tariff has no prices but the present one",
        "thermometer_silent": "the thermometers send nothing more",
        "meter_restarts": "the energy meter of the heat pump counts from zero again, once",
        "clean": "every value arrives at once and is right",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.zone = ZoneInfo(args.time_zone)
        self.parts = dict(part.split("=", 1) for part in args.part)
        now = self.clock.now()
        *_, (self.sample, self.house, self.pump) = lived(now - _BEFORE, now, timedelta(hours=1))
        self.powers = dict.fromkeys(self.parts, 0.0)
        self.counters_kwh = dict(COUNTERS_KWH)
        self._sent: dict[str, str] = {}
        self._lines = {key: Line(key, now) for key in _ROUNDING}

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--part", action="append", default=[], help=f"NAME=CONTROL_PORT; names: {', '.join(PARTS)}")
        parser.add_argument("--time-zone", default="Europe/Rome")

    @override
    def state(self) -> dict[str, Any]:
        house, weather = self.house, self.house.weather
        return {
            "living_room_c": round(house.room_c, 3),
            "bedroom_c": round(bedroom_c(house), 3),
            "outdoor_c": round(weather.outdoor_c, 2),
            "flow_c": round(house.flow_c, 2),
            "heat_w": round(house.water_w + house.air_w),
            "solar_w": round(solar_w(weather)),
            "household_w": round(household_w(house.now.astimezone(self.zone))),
            "grid_w": round(self.grid_w),
            "powers_w": {name: round(power) for name, power in self.powers.items()},
            "price": self.price,
        }

    @property
    def price(self) -> float:
        """Return the present price in EUR/kWh."""
        return retail_price(self.house.now.astimezone(self.zone))

    @property
    def grid_w(self) -> float:
        """Return the power from the grid in W: all that is drawn less what the roof gives."""
        drawn = sum(power for name, power in self.powers.items() if name != "meter")
        return drawn + household_w(self.house.now.astimezone(self.zone)) - solar_w(self.house.weather)

    # --- life ---------------------------------------------------------------------------------------------

    @override
    async def run(self) -> None:
        self._publish()
        timeout = aiohttp.ClientTimeout(total=3)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                await asyncio.sleep(_PERIOD_S)
                await self.live_until(session, self.clock.now())
                self._publish()

    async def live_until(self, session: aiohttp.ClientSession, until: datetime) -> None:
        """Let the time up to ``until`` pass for the building and everything in it."""
        seconds = (until - self.house.now).total_seconds()
        house = self.house
        around = {
            "seconds": seconds,
            "outdoor_c": house.weather.outdoor_c,
            "flow_c": house.flow_c,
            "room_c": house.room_c,
        }
        water_w, air_w = 0.0, 0.0
        for name in self.parts:
            if name == "meter":
                continue
            reply = await self._ask(session, name, around)
            heat_w, self.powers[name] = float(reply.get("heat_w", 0.0)), float(reply.get("power_w", 0.0))
            if name == "boiler":
                self.powers[name] = _BOILER_PUMP_W if heat_w > 0 else 5.0
            if name in ("heat_pump", "boiler"):
                water_w += heat_w
            else:
                air_w += self.powers[name]
        house.water_w, house.air_w = water_w, air_w
        if "window_open" in self.faults:
            house.air_w -= 300.0 * (house.room_c - house.weather.outdoor_c)
        house.advance(until)
        self.counters_kwh["solar_energy"] += solar_w(house.weather) * seconds / 3.6e6
        self.counters_kwh["heat_pump_energy"] += self.powers.get("heat_pump", 0.0) * seconds / 3.6e6
        if "meter" in self.parts:
            await self._ask(session, "meter", {"watts": self.grid_w})

    async def _ask(self, session: aiohttp.ClientSession, name: str, around: Mapping[str, Any]) -> dict[str, Any]:
        """Report the surroundings to a device and return its state; without an answer it makes and draws nothing."""
        base = f"http://127.0.0.1:{self.parts[name]}"
        try:
            if name in ("heat_pump", "boiler", "meter"):
                async with session.post(f"{base}/do/{'grid' if name == 'meter' else 'house'}", json=around) as reply:
                    return dict((await reply.json())["result"])
            async with session.get(f"{base}/state") as reply:
                return dict(await reply.json())
        except aiohttp.ClientError, TimeoutError, KeyError, ValueError:
            return {}

    # --- on the wire ----------------------------------------------------------------------------------------

    @override
    def introduce(self) -> None:
        """Publish the sensors, as MQTT discovery has it."""
        assert self.link is not None
        self._sent.clear()
        for key, (name, unit, device_class) in SENSORS.items():
            about: dict[str, Any] = {
                "name": name,
                "unique_id": f"suite_home_{key}",
                "default_entity_id": entity_id(key),
                "state_topic": f"{TOPIC}/{key}",
                "unit_of_measurement": unit,
                "device": {"identifiers": ["suite_home"], "name": "Simulated home", **_MADE},
                "state_class": "total_increasing" if key in COUNTERS_KWH else "measurement",
            }
            if device_class:
                about["device_class"] = device_class
            if key in _WITH_ATTRIBUTES:
                about["json_attributes_topic"] = f"{TOPIC}/{key}/attributes"
            self.link.publish(f"homeassistant/sensor/suite_home/{key}/config", json.dumps(about), retain=True)

    def _publish(self) -> None:
        """Send what changed, as such devices do."""
        house, weather = self.house, self.house.weather
        values: dict[str, float] = {
            "living_room": house.room_c,
            "bedroom": bedroom_c(house),
            "outdoor": weather.outdoor_c,
            "humidity": weather.humidity_percent,
            "solar": solar_w(weather),
            "heat_pump_power": self.powers.get("heat_pump", 0.0),
            **self.counters_kwh,
        }
        if "thermometer_silent" in self.faults:
            del values["living_room"], values["bedroom"]
        if "meter_restarts" in self.faults:
            self.faults.clear("meter_restarts")
            self._lines["heat_pump_energy"].restart(values["heat_pump_energy"])
        for key, value in self._arriving(values).items():
            self._send(key, f"{round(value, _ROUNDING[key] or None)}")
        self._send("price", f"{self.price}")
        self._send("price/attributes", json.dumps(self._prices()))
        self._send("forecast", f"{weather.outdoor_c:.1f}")
        self._send("forecast/attributes", json.dumps({"forecast": self._forecast()}))

    def _arriving(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return what is received of the true values."""
        received = {key: self._lines[key].arrives(self.house.now, value) for key, value in values.items()}
        if "clean" in self.faults:
            return dict(values)
        return {key: value for key, value in received.items() if value is not None}

    def _send(self, topic: str, text: str) -> None:
        assert self.link is not None
        if self._sent.get(topic) != text:
            self._sent[topic] = text
            self.link.publish(f"{TOPIC}/{topic}", text, retain=True)

    def _prices(self) -> dict[str, Any]:
        local = self.house.now.astimezone(self.zone)
        today = local.replace(hour=0, minute=0, second=0, microsecond=0)
        days = {"prices_today": today}
        if local.hour >= _TOMORROW_FROM:
            days["prices_tomorrow"] = today + timedelta(days=1)
        if "no_prices" in self.faults:
            days = {}
        return {
            name: [{"start": start.isoformat(timespec="minutes"), "price": price} for start, price in quarters(day)]
            for name, day in days.items()
        }

    def _forecast(self) -> list[dict[str, Any]]:
        """Return the hours ahead; like any forecast, the further away the less right."""
        hour = self.house.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        error_k = 1.2 if hour.toordinal() % 2 else -0.9
        hours = []
        for ahead in range(_FORECAST_HOURS):
            when = hour + timedelta(hours=ahead)
            weather = weather_at(in_heating_season(when))
            hours.append(
                {
                    "datetime": when.isoformat(timespec="minutes"),
                    "temperature": round(weather.outdoor_c + error_k * ahead / _FORECAST_HOURS, 1),
                    "humidity": round(weather.humidity_percent),
                    "wind_speed": round(weather.wind_m_s * 3.6, 1),
                    "condition": _condition(weather.solar_w_m2, when.astimezone(self.zone)),
                }
            )
        return hours


def _condition(solar_w_m2: float, local: datetime) -> str:
    if not 7 <= local.hour <= 18:
        return "clear-night"
    return "sunny" if solar_w_m2 > 250 else "partlycloudy" if solar_w_m2 > 100 else "cloudy"
