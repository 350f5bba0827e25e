"""A small home to test against, written on its own: minutes of Euler steps, nothing of the engine's network."""

from dataclasses import dataclass, field
import math

import numpy as np

from custom_components.proof_of_heat.engine import (
    ComfortBand,
    Engine,
    EngineConfig,
    Forecast,
    SensorReading,
    Snapshot,
    SourceConfig,
    SourceKind,
    SourceSnapshot,
    Steering,
    ZoneSnapshot,
)
from custom_components.proof_of_heat.engine.model.history import Row

DAY_S = 86400
PUMP = "pump"


@dataclass
class Home:
    """A floor-heated house with a heat pump."""

    loss_w_k: float = 180.0
    floor_w_k: float = 1000.0
    wall_w_k: float = 900.0
    floor_j_k: float = 14e6
    air_j_k: float = 4e6
    wall_j_k: float = 35e6
    sun_m2: float = 3.0
    people_w: float = 80.0
    time_s: float = 0.0
    floor_c: float = 24.0
    air_c: float = 20.0
    wall_c: float = 19.5
    flow_c: float = 24.0
    heat_w: float = 0.0
    power_w: float = 0.0
    level: float = 0.0
    energy_kwh: float = field(default=0.0)

    @property
    def outdoor_c(self) -> float:
        """Days that differ, colder at night."""
        day = self.time_s / DAY_S
        return 3.0 + 3.5 * math.sin((day - 0.35) * 2 * math.pi) + 2.5 * math.sin(day * 0.9)

    @property
    def solar_w_m2(self) -> float:
        """A winter sun behind some clouds."""
        day = self.time_s / DAY_S
        cloud = 0.55 + 0.45 * math.sin(day * 2.3)
        return max(0.0, 320.0 * math.sin((day % 1 - 0.3) / 0.4 * math.pi)) * cloud if 0.3 < day % 1 < 0.7 else 0.0

    @property
    def people(self) -> float:
        """At home outside office hours."""
        return 0.0 if 8 <= self.time_s / 3600 % 24 < 17 else 3.0

    def run(self, level: float, seconds: float) -> None:
        """Let time pass at a level of the heat pump."""
        heat = power = 0.0
        steps = int(seconds // 60)
        for _ in range(steps):
            h, p = self._pump(level)
            heat, power = heat + h / steps, power + p / steps
            to_air = self.floor_w_k * (self.floor_c - self.air_c)
            to_wall = self.wall_w_k * (self.air_c - self.wall_c)
            loss = self.loss_w_k * (self.air_c - self.outdoor_c)
            gains = self.people_w * self.people + self.sun_m2 * self.solar_w_m2
            self.floor_c += 60 * (h - to_air) / self.floor_j_k
            self.air_c += 60 * (to_air - to_wall - loss + 0.6 * gains) / self.air_j_k
            self.wall_c += 60 * (to_wall + 0.4 * gains) / self.wall_j_k
            self.flow_c = self.floor_c + h / 1400
            self.time_s += 60
        self.heat_w, self.power_w, self.level = heat, power, level
        self.energy_kwh += power * seconds / 3.6e6

    def _pump(self, level: float) -> tuple[float, float]:
        if level <= 0:
            return 0.0, 0.0
        heat = level * 9500.0 * (1 + 0.025 * (self.outdoor_c - 2))
        power = 450.0 + level * 2300.0 * (1 + 0.02 * (self.flow_c - 33))
        return heat, power

    def row(self, before: Home) -> Row:
        """A history row for the quarter of an hour since ``before``."""
        runs = self.heat_w > 0
        water = self.flow_c - self.heat_w / 4200
        return Row(
            time_s=self.time_s,
            room_c=self.air_c,
            outdoor_c=(before.outdoor_c + self.outdoor_c) / 2,
            solar_w_m2=(before.solar_w_m2 + self.solar_w_m2) / 2,
            people=before.people,
            heat_w=self.heat_w,
            power_w=self.power_w,
            level=self.level,
            water_c=water if runs else math.nan,
            flow_c=self.flow_c if runs else math.nan,
            pump_heat_w=self.heat_w,
        )


def comfort(time_s: float) -> float:
    """21 degC from 6 to 8 and from 17 to 22, else 18."""
    hour = time_s / 3600 % 24
    return 21.0 if 6 <= hour < 8 or 17 <= hour < 22 else 18.0


def tariff(time_s: float) -> float:
    """Dear in the evening."""
    return 0.40 if 16 <= time_s / 3600 % 24 < 21 else 0.22


def band(time_s: float, steps: int = 192) -> ComfortBand:
    """The comfort band from a time on."""
    lower = np.array([comfort(time_s + 900 * k + 1) for k in range(steps)])
    return ComfortBand(lower, np.full(steps, 25.0))


def pump_config(**changes: object) -> SourceConfig:
    """A heat pump of unknown size."""
    base: dict[str, object] = {"source_id": PUMP, "kind": SourceKind.HEAT_PUMP, "steering": Steering.LEVEL}
    return SourceConfig(**(base | changes))  # type: ignore[arg-type]


def snapshot(home: Home, *, forecast: bool = True, **changes: object) -> Snapshot:
    """What the home shows."""
    ahead = None
    if forecast:
        times = [home.time_s + 3600 * k for k in range(48)]
        later = [Home(time_s=time_s) for time_s in times]
        ahead = Forecast(
            step_s=3600,
            outdoor_c=[h.outdoor_c for h in later],
            solar_w_m2=[h.solar_w_m2 for h in later],
            people=[h.people for h in later],
            price_kwh=[tariff(time_s) for time_s in times],
        )
    values: dict[str, object] = {
        "now_s": 1.75e9 + home.time_s,
        "local_s": home.time_s,
        "zones": (ZoneSnapshot(zone_id="home", room=SensorReading(home.air_c), target_c=comfort(home.time_s)),),
        "outdoor": SensorReading(home.outdoor_c),
        "solar": SensorReading(home.solar_w_m2),
        "people": home.people,
        "band": band(home.time_s),
        "price_kwh": tariff(home.time_s),
        "sources": (
            SourceSnapshot(
                source_id=PUMP,
                on=home.power_w > 0,
                level=home.level,
                power_w=home.power_w,
                heat_w=home.heat_w,
                flow_c=home.flow_c,
                return_c=home.flow_c - home.heat_w / 2100,
            ),
        ),
        "forecast": ahead,
    }
    return Snapshot(**(values | changes))  # type: ignore[arg-type]


def lived_history(days: float, levels: tuple[float, ...] = (1.0, 0.0, 0.5, 0.0, 0.0, 0.7, 0.35, 0.0)) -> list[Row]:
    """Rows of a home that was heated by some pattern, changing every hour and a half."""
    home, rows = Home(), []
    for step in range(int(days * 96)):
        before = Home(**vars(home))
        level = levels[step // 6 % len(levels)]
        home.run(level if home.air_c < 22.5 else 0.0, 900)
        rows.append(home.row(before))
    return rows


def live(engine: Engine, home: Home, days: float, **options: object) -> list[tuple[float, float]]:
    """Let the engine heat the home; the room temperatures with their times."""
    seen = []
    for _ in range(int(days * 96)):
        now = snapshot(home, **options)  # type: ignore[arg-type]
        engine.observe(now)
        while (job := engine.job(now)) is not None:
            engine.adopt(job())
        command = engine.decide(now).command(PUMP)
        home.run(command.level if command.on and not command.hold else 0.0, 900)
        seen.append((home.time_s, home.air_c))
    return seen


def new_engine(**changes: object) -> Engine:
    """An engine with one heat pump."""
    return Engine(EngineConfig(sources=(pump_config(),), **changes))  # type: ignore[arg-type]
