"""The calibrated building: its entities, its heat pump on Modbus, and a configuration without sizes."""

from argparse import Namespace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, override

from homeassistant.core import HomeAssistant

from custom_components.proof_of_heat.sources.registry import forms
from simulators.framework import parser_of

from .heat_pump import TwinHeatPump
from .site import PRICE, Configuration, Site, market_prices, week

YEAR_START: Final = datetime(2027, 1, 1, tzinfo=UTC) - timedelta(hours=1)
"""Midnight of the building's year, whose first day is a Friday here; its own week is shifted (see week)."""
COMFORT_C, ECO_C, AWAY_C = 21.3, 15.3, 15.0
"""Their comfort bands, 0.3 K below the setpoint, begin at the building's bounds, 21 and 15 °C."""
WEATHER_HOURS: Final = 48
HOUR: Final = timedelta(hours=1)


class BuildingSite(Site):
    """The building."""

    time_zone: ClassVar[str] = "Etc/GMT-1"
    """Its local time, without daylight saving."""
    latitude: ClassVar[float] = 50.9
    longitude: ClassVar[float] = 4.53

    def __init__(self, plant: Any, ahead: Any, price: str, step_s: float) -> None:
        super().__init__()
        self._plant, self._ahead, self._price, self._step_s = plant, ahead, price, step_s
        self._pump: TwinHeatPump | None = None

    @property
    @override
    def now(self) -> datetime:
        return YEAR_START + timedelta(seconds=self._plant.observe()["time_s"])

    @override
    async def start(self, hass: HomeAssistant) -> None:
        args: Namespace = parser_of(TwinHeatPump).parse_args(["--port", "0", "--device", "idm"])
        self._pump = TwinHeatPump(args, self._plant, self._step_s)
        await self._pump.start()

    @override
    async def stop(self) -> None:
        await self._heat_pump.stop()

    @property
    def _heat_pump(self) -> TwinHeatPump:
        assert self._pump is not None
        return self._pump

    @override
    async def configuration(self, hass: HomeAssistant) -> Configuration:
        device = {"template": "idm_navigator", "address": "127.0.0.1", "port": self._heat_pump.port, "kind": "modbus"}
        lower_c = self._plant.boundary.lower_c
        first = (YEAR_START + HOUR).weekday()
        rows = week(first, lambda day, step: bool(lower_c[day * 288 + step] > 20))
        return Configuration(
            emitter="underfloor",
            zone={"comfort": COMFORT_C, "eco": ECO_C, "away": AWAY_C, "week": rows},
            options={"price": {"price_entity": PRICE}},
            devices=tuple(await forms()["modbus"].connect(hass, device)),
        )

    @override
    def advance(self, seconds: float) -> None:
        self._heat_pump.advance()

    @override
    def publish(self, hass: HomeAssistant) -> None:
        seen = self._plant.observe(self._price)
        self.report_temperatures(hass, seen["t_room_c"], seen["t_out_c"])
        if round(seen["time_s"]) % 3600 == 0 or not self.has_reported(PRICE):
            self.report(hass, PRICE, f"{seen['price_eur_kwh']:.5f}", self._prices(seen["time_s"]))
            self.report_weather(hass, seen["t_out_c"], seen["solar_w_m2"])

    def _prices(self, now_s: float) -> dict[str, Any]:
        prices = self._plant.boundary.price_eur_kwh[self._price]

        def price(start: datetime) -> float:
            return float(prices[round((start - YEAR_START).total_seconds() / 300) % len(prices)])

        midnight = YEAR_START + timedelta(seconds=now_s // 86400 * 86400)
        return market_prices(midnight, YEAR_START + timedelta(seconds=now_s), HOUR, price)

    @override
    def forecast(self) -> list[dict[str, Any]]:
        """Return the weather of the next two days by the hour, with the errors of the twin's forecast."""
        values = self._ahead.at(self._plant.index)
        rows = []
        for hour in range(WEATHER_HOURS):
            span = slice(12 * hour, 12 * hour + 12)
            when = self.now + hour * HOUR
            clouds = self.clouds(float(values["solar_w_m2"][span].mean()), when + HOUR / 2)
            temperature = round(float(values["t_out_c"][span].mean()), 1)
            rows.append({"datetime": when.isoformat(), "temperature": temperature, "cloud_coverage": clouds})
        return rows
