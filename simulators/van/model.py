"""What happens in the van: energy, heat and water, in the weather of a typical year."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from simulators.world.weather import weather_at

_BATTERY_WH: Final = 2560.0  # 200 Ah LiFePO4
_PANEL_M2: Final = 2.0
_PANEL_EFFICIENCY: Final = 0.2
_HEAT_LOSS_W_K: Final = 45.0
_HEAT_CAPACITY_WH_K: Final = 90.0
_HEATER_W: Final = 2000.0
_CHARGER_W: Final = 350.0
_TANK_L: Final = 90.0
_STEP: Final = timedelta(minutes=1)


@dataclass(slots=True)
class VanModel:
    """State of the van; `advance` moves it on."""

    now: datetime
    cabin_c: float = 17.0
    target_c: float = 19.0
    heating: bool = False
    charge_wh: float = 1800.0
    solar_w: float = 0.0
    load_w: float = 60.0
    plugged_in: bool = False
    solar_wh_total: float = 41_300.0
    water_l: float = 72.0
    door_open: bool = False

    def advance(self, when: datetime, rng: Any) -> None:
        """Let time pass, in steps of at most a minute."""
        while self.now < when:
            step = min(_STEP, when - self.now)
            self._step(step / timedelta(hours=1), rng)
            self.now += step

    def _step(self, hours: float, rng: Any) -> None:
        weather = weather_at(self.now)
        self.solar_w = max(0.0, weather.solar_w_m2 * _PANEL_M2 * _PANEL_EFFICIENCY + rng.gauss(0, 2))
        evening = self.now.hour >= 17 or self.now.hour < 6
        self.load_w = (85 if evening else 45) + (35 if self.heating else 0) + rng.gauss(0, 3)
        if self.cabin_c < self.target_c - 0.5:
            self.heating = True
        elif self.cabin_c > self.target_c + 0.5:
            self.heating = False
        heat = (_HEATER_W if self.heating else 0.0) + self.solar_w * 0.3
        surplus_w = heat - _HEAT_LOSS_W_K * (self.cabin_c - weather.outdoor_c)
        self.cabin_c += surplus_w / _HEAT_CAPACITY_WH_K * hours
        # Its people look for shore power when the battery runs low.
        self.plugged_in = self.share < 0.95 if self.plugged_in else self.share < 0.25
        solar = self.solar_w if self.share < 1 else min(self.solar_w, self.load_w)
        self.solar_wh_total += solar * hours
        charge = solar + (_CHARGER_W if self.plugged_in else 0.0)
        self.charge_wh = min(_BATTERY_WH, max(0.1 * _BATTERY_WH, self.charge_wh + (charge - self.load_w) * hours))
        if rng.random() < hours * 0.5:
            self.water_l = self.water_l - rng.uniform(0.5, 4) if self.water_l > 8 else _TANK_L
        if rng.random() < hours:
            self.door_open = not self.door_open

    @property
    def share(self) -> float:
        """How full the battery is, 0 to 1."""
        return self.charge_wh / _BATTERY_WH

    def battery(self) -> dict[str, Any]:
        """What the battery's computer measures."""
        current = (self.solar_w + (_CHARGER_W if self.plugged_in else 0.0) - self.load_w) / 13.2
        return {
            "voltage_v": round(12.8 + 0.9 * (self.share - 0.5) + current * 0.006, 2),
            "current_a": round(current, 2),
            "soc_percent": round(self.share * 100, 1),
            "solar_power_w": round(self.solar_w, 1),
            "power_w": round(self.load_w, 1),
            "energy_kwh": round(self.solar_wh_total / 1000, 3),
            "charging": current > 0,
        }

    def cabin(self) -> dict[str, Any]:
        """What the cabin's computer measures."""
        weather = weather_at(self.now)
        return {
            "temperature_c": round(self.cabin_c, 2),
            "humidity_percent": round(min(95.0, 35 + weather.humidity_percent * 0.2), 1),
            "co2_ppm": (620 + (0 if self.door_open else 480)),
            "door_open": self.door_open,
            "heater_mode": "heating" if self.heating else "idle",
        }

    def tank(self) -> dict[str, Any]:
        """What the tank's computer measures."""
        return {"water_level_percent": round(self.water_l / _TANK_L * 100, 1), "water_volume_l": round(self.water_l, 1)}
