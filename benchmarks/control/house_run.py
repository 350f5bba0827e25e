"""The engine in a house with radiators, an 11 kW electric boiler that is on or off, and another climate.

The plant is `simulators.world.house`. The reference is a room thermostat with a hysteresis of 0.3 K and the same
schedule. Only prices are forecast, so that the engine derives the weather from the days before.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from simulators.world.house import House

from .twin_controller import engine

START = datetime(2026, 1, 5, tzinfo=UTC)
WARM_UP_DAYS, SCORED_DAYS = 7, 14
CYCLE_S = 300
BOILER_W = 11_000.0
COMFORT_C, SETBACK_C, UPPER_C = 21.0, 17.0, 24.0
DAY_HOURS = ((6, 9), (17, 23))
MAX_FLOW_C = 75.0
HYSTERESIS_K = 0.3


def _comfort(when: datetime) -> float:
    hour = when.hour + when.minute / 60
    at_home = when.weekday() >= 5 and 7 <= hour < 23
    return COMFORT_C if at_home or any(a <= hour < b for a, b in DAY_HOURS) else SETBACK_C


def _price(when: datetime) -> float:
    """Return a price with the daily course of a day-ahead market: low at night and at noon, high in the evening."""
    hour = when.hour + when.minute / 60
    return 0.25 + 0.07 * float(np.cos((hour - 19) / 24 * 2 * np.pi)) + 0.05 * float(np.cos((hour - 7) / 12 * 2 * np.pi))


def _series(when: datetime, of: Any, hours: int) -> np.ndarray:
    return np.array([of(when + timedelta(minutes=15 * step)) for step in range(hours * 4)])


class Thermostat:
    """The reference control."""

    def __init__(self) -> None:
        self._on = False

    def __call__(self, house: House, _heat_w: float) -> bool:
        """Return whether the boiler is on."""
        target = _comfort(house.now)
        if house.room_c < target:
            self._on = True
        elif house.room_c > target + HYSTERESIS_K:
            self._on = False
        return self._on


class Engine:
    """The engine with an electric boiler that is on or off."""

    def __init__(self) -> None:
        boiler = engine.SourceConfig(
            source_id="boiler",
            kind=engine.SourceKind.DIRECT_ELECTRIC,
            nominal_heat_w=BOILER_W,
            nominal_power_w=BOILER_W,
            flow_limit_c=MAX_FLOW_C,
        )
        limits = engine.SafetyLimits(max_flow_c=MAX_FLOW_C)
        curve = engine.CurveConfig(slope=1.4, design_flow_c=65.0, design_return_c=50.0)
        self.engine = engine.Engine(engine.EngineConfig(sources=(boiler,), safety=limits, curve=curve))

    def __call__(self, house: House, heat_w: float) -> bool:
        """Return whether the boiler is on."""
        now = house.now
        lower = _series(now, _comfort, 48)
        snapshot = engine.Snapshot(
            now_s=now.timestamp(),
            local_s=now.timestamp(),
            zones=(
                engine.ZoneSnapshot(
                    zone_id="home", room=engine.SensorReading(house.room_c), target_c=_comfort(now) + 0.2
                ),
            ),
            outdoor=engine.SensorReading(house.weather.outdoor_c),
            solar=engine.SensorReading(house.weather.solar_w_m2),
            people=1.0 if lower[0] > SETBACK_C else 0.0,
            band=engine.ComfortBand(lower, np.full(len(lower), UPPER_C)),
            price_kwh=_price(now),
            sources=(
                engine.SourceSnapshot(
                    source_id="boiler",
                    on=heat_w > 0,
                    power_w=heat_w,
                    heat_w=heat_w,
                    flow_c=house.flow_c,
                ),
            ),
            forecast=engine.Forecast(step_s=900, price_kwh=_series(now, _price, 24)),
        )
        self.engine.observe(snapshot)
        while (job := self.engine.job(snapshot)) is not None:
            self.engine.adopt(job())
        return bool(self.engine.decide(snapshot).command("boiler").on)


def _run(control: Any, scored_days: int) -> dict[str, float]:
    house = House(START, room_c=20.0)
    cost = energy = discomfort = 0.0
    starts: list[datetime] = []
    most_starts, was_on = 0, False
    end = START + timedelta(days=WARM_UP_DAYS + scored_days)
    scored = START + timedelta(days=WARM_UP_DAYS)
    while house.now < end:
        now, counts = house.now, house.now >= scored
        house.heating = control(house, BOILER_W if was_on else 0.0)
        if house.heating and not was_on:
            starts = [start for start in starts if (now - start).total_seconds() < 3600] + [now]
            most_starts = max(most_starts, len(starts)) if counts else most_starts
        was_on = house.heating
        house.advance(now + timedelta(seconds=CYCLE_S))
        if counts:
            kwh = BOILER_W * CYCLE_S / 3.6e6 if was_on else 0.0
            energy += kwh
            cost += kwh * _price(now)
            off = max(0.0, _comfort(now) - house.room_c) + max(0.0, house.room_c - UPPER_C)
            discomfort += off * CYCLE_S / 3600
    return {"cost_eur": cost, "energy_kwh": energy, "discomfort_kh": discomfort, "starts_per_h_max": float(most_starts)}


def compare(scored_days: int = SCORED_DAYS) -> dict[str, dict[str, float]]:
    """Return the results of engine and thermostat over the same days."""
    return {"engine": _run(Engine(), scored_days), "thermostat": _run(Thermostat(), scored_days)}


def table(result: dict[str, dict[str, float]]) -> str:
    """Return the results as a Markdown table."""
    ours, base = result["engine"], result["thermostat"]
    lines = ["| Own house, 14 days | engine | thermostat | change |", "| --- | --- | --- | --- |"]
    for key, name in (("cost_eur", "cost EUR"), ("energy_kwh", "energy kWh"), ("discomfort_kh", "discomfort K·h")):
        change = f"{(ours[key] / base[key] - 1) * 100:+.1f} %" if base[key] else "-"
        lines.append(f"| {name} | {ours[key]:.1f} | {base[key]:.1f} | {change} |")
    lines.append(f"| starts/h | {ours['starts_per_h_max']:.0f} | {base['starts_per_h_max']:.0f} | |")
    return "\n".join(lines)
