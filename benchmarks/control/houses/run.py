"""Runs engine and thermostat in the two homes, over the same days."""

from datetime import datetime, timedelta
import random
from typing import Any, Protocol

import numpy as np

from simulators.world.weather import weather_at

from ..house_run import COMFORT_C, SETBACK_C, START, _comfort as comfort, _price as price
from ..twin_controller import engine
from . import flat, radiators
from .plant import Plant
from .score import CYCLE_S, Score

WARM_UP_DAYS, SCORED_DAYS = 7, 14
HOURS = 48
FORECAST_ERROR_K = 0.3
"""Of each hour's step; the error is about 1.2 K a day in advance."""


class House(Protocol):
    """What the runs need of a home."""

    name: str
    upper_c: float

    def config(self) -> Any:
        """Return the engine's configuration."""

    def readings(self, plant: Plant) -> tuple[Any, ...]:
        """Return what the sources report."""

    def command(self, decision: Any) -> None:
        """Apply a decision."""

    def thermostat(self, level: float, error_k: float) -> None:
        """Apply the thermostat's output."""

    def advance(self, plant: Plant, seconds: float, price: float) -> float:
        """Let time pass; return the cost."""

    @property
    def runs(self) -> bool:
        """Whether the source that is counted for starts is on."""

    def heat_price(self, mean_price: float) -> float:
        """Return the usual cost of a kWh of heat."""


OVER_COMFORT_K = 0.2
PROGRAMS = {
    "thermostat": (COMFORT_C - 0.5,),
    "deep_setback": (SETBACK_C + OVER_COMFORT_K,),
    "deep_setback_early": (SETBACK_C + OVER_COMFORT_K, 1.0),
}
"""The thermostats: the reference control of the savings (comfort + 0.2 K, setback by 0.5 K), and two with the setback
that the engine may use, of which one is programmed an hour earlier."""
NAMES = {
    "engine": "engine",
    "thermostat": "thermostat, setback by 0.5 K",
    "deep_setback": "thermostat, setback to 17 °C",
    "deep_setback_early": "the same, an hour earlier",
}
HOUSES = ((radiators.Radiators, radiators.BUILDING), (flat.Flat, flat.BUILDING))


class Thermostat:
    """A programmed room thermostat: PI as the engine's reference for a modulating source, two-point for others.

    ``setback_c``: its setpoint outside of the comfort hours; ``early_h``: by how much the user programs the comfort
    hours earlier, so that the rooms are warm in time.
    """

    def __init__(self, setback_c: float, early_h: float = 0.0) -> None:
        self._setback_c = setback_c
        self._early = timedelta(hours=early_h)
        self._integral_k = 0.0

    def control(self, house: House, plant: Plant) -> None:
        """Apply the thermostat's output until the next cycle."""
        lower = max(comfort(plant.now), comfort(plant.now + self._early))
        setpoint = lower + OVER_COMFORT_K if lower == COMFORT_C else self._setback_c
        error = setpoint - plant.room_c
        wanted = 0.6 * (error + self._integral_k)
        level = min(1.0, max(0.0, wanted))
        self._integral_k += CYCLE_S / 8000 * (error - (wanted - level) / 0.54)
        house.thermostat(level, error)


class WeatherForecast:
    """An hourly forecast that is renewed each hour; its error grows with the time in advance."""

    def __init__(self) -> None:
        self._random = random.Random(7)
        self._hours: tuple[datetime, list[float], list[float]] | None = None

    def at(self, when: datetime) -> tuple[list[float], list[float]]:
        """Return outdoor temperatures and radiation from the present full hour on."""
        hour = when.replace(minute=0, second=0, microsecond=0)
        if self._hours is None or self._hours[0] != hour:
            error, outdoor, solar = 0.0, [], []
            for step in range(HOURS):
                error = 0.97 * error + self._random.gauss(0, FORECAST_ERROR_K)
                truth = weather_at(hour + timedelta(hours=step, minutes=30))
                outdoor.append(truth.outdoor_c + error)
                solar.append(max(0.0, truth.solar_w_m2 * (1 + 0.1 * error)))
            self._hours = hour, outdoor, solar
        return self._hours[1], self._hours[2]


class Controlled:
    """The engine, with a weather forecast that has errors."""

    def __init__(self, house: House) -> None:
        self.engine = engine.Engine(house.config())
        self._weather = WeatherForecast()

    def control(self, house: House, plant: Plant) -> None:
        """Decide and apply until the next cycle."""
        now = self._snapshot(house, plant)
        self.engine.observe(now)
        while (job := self.engine.job(now)) is not None:
            self.engine.adopt(job())
        house.command(self.engine.decide(now))

    def _snapshot(self, house: House, plant: Plant) -> Any:
        when = plant.now
        lower = np.array([comfort(when + timedelta(minutes=15 * step)) for step in range(HOURS * 4)])
        outdoor, solar = self._weather.at(when)
        reading = weather_at(when)
        return engine.Snapshot(
            now_s=when.timestamp(),
            local_s=when.timestamp(),
            zones=(
                engine.ZoneSnapshot(
                    zone_id="home", room=engine.SensorReading(round(plant.room_c, 1)), target_c=comfort(when) + 0.2
                ),
            ),
            outdoor=engine.SensorReading(round(reading.outdoor_c, 1)),
            solar=engine.SensorReading(reading.solar_w_m2),
            people=0.0,
            band=engine.ComfortBand(lower, np.full(len(lower), house.upper_c)),
            price_kwh=price(when),
            hashprice_ph_day=flat.HASHPRICE,
            sources=house.readings(plant),
            forecast=engine.Forecast(
                step_s=3600,
                outdoor_c=outdoor,
                solar_w_m2=solar,
                price_kwh=[price(when + timedelta(hours=hour)) for hour in range(24)],
            ),
        )


def _run(house: House, building: Any, control: Any, warm_up_days: float, scored_days: float) -> dict[str, float]:
    plant = Plant(building, START)
    scored = START + timedelta(days=warm_up_days)
    end = scored + timedelta(days=scored_days)
    score = Score(plant, scored, scored_days, house.upper_c, house.heat_price)
    was_on = False
    while plant.now < end:
        when = plant.now
        score.begin()
        control.control(house, plant)
        starts = int(house.runs and not was_on)
        was_on = house.runs
        spent = house.advance(plant, CYCLE_S, price(when))
        score.add(when, spent, (plant.emitter_w + plant.direct_w) * CYCLE_S / 3.6e6, starts)
    return score.result()


def compare(
    scored_days: float = SCORED_DAYS, warm_up_days: float = WARM_UP_DAYS
) -> dict[str, dict[str, dict[str, float]]]:
    """Return the results of engine and thermostat in each home. Heat that is left at the end is counted."""
    results = {}
    for make, building in HOUSES:
        ours, days = make(), (warm_up_days, scored_days)
        results[ours.name] = {
            "engine": _run(ours, building, Controlled(ours), *days),
            **{name: _run(make(), building, Thermostat(*program), *days) for name, program in PROGRAMS.items()},
        }
    return results


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the results as a Markdown table."""
    lines = [
        "| Home | control | cost EUR | against it | discomfort K·h | mean room °C | heat kWh | ct/kWh | starts/h |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for home, result in results.items():
        ours = result["engine"]
        for key, one in result.items():
            change = "" if key == "engine" else f"{(ours['cost_eur'] / one['cost_eur'] - 1) * 100:+.1f} %"
            lines.append(
                f"| {home} | {NAMES[key]} | {one['cost_eur']:.1f} | {change} "
                f"| {one['discomfort_kh']:.1f} | {one['room_c']:.2f} | {one['heat_kwh']:.0f} "
                f"| {100 * one['eur_per_kwh']:.2f} | {one['starts_per_h_max']:.0f} |"
            )
    return "\n".join(lines)
