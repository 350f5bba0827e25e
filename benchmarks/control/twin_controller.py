"""The heating engine with the twin's controller interface.

    python run.py --controller benchmarks.control.twin_controller:Controller --scenario tuning --period 900

It converts the twin's observation to a snapshot, and the command to a modulation. The engine has its default
configuration with one modulating heat pump of unknown size.
"""

import importlib
import importlib.util
from pathlib import Path
import sys
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "custom_components.proof_of_heat"
SOURCE = "heat_pump"
ROOM_SPAN_S = 900


def _engine() -> ModuleType:
    """Return the engine's package, also without Home Assistant (which its parent package imports)."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    if PACKAGE not in sys.modules and importlib.util.find_spec("homeassistant") is None:
        parent = ModuleType(PACKAGE)
        parent.__path__ = [str(ROOT / "custom_components" / "proof_of_heat")]
        sys.modules[PACKAGE] = parent
    return importlib.import_module(f"{PACKAGE}.engine")


engine = _engine()


def configuration() -> Any:
    """Return the configuration: a heat pump controlled by modulation, of unknown size, in an unknown house."""
    pump = engine.SourceConfig(
        source_id=SOURCE, kind=engine.SourceKind.HEAT_PUMP, steering=engine.Steering.LEVEL, min_on_s=900, min_off_s=900
    )
    return engine.EngineConfig(sources=(pump,))


def _band(forecast: dict[str, np.ndarray]) -> Any:
    """Return the comfort band per 15 minutes: the strictest of its five-minute steps."""
    lower, upper = (forecast[key] for key in ("lower_c", "upper_c"))
    whole = len(lower) // 3 * 3
    return engine.ComfortBand(lower[:whole].reshape(-1, 3).max(axis=1), upper[:whole].reshape(-1, 3).min(axis=1))


def snapshot(obs: dict[str, float], forecast: dict[str, np.ndarray]) -> Any:
    """Return the engine's snapshot for an observation of the twin."""
    band = _band(forecast)
    target = band.lower_c[0] if obs["occupants"] > 0 else min(band.lower_c[0], float(band.lower_c.max()))
    return engine.Snapshot(
        now_s=obs["time_s"],
        local_s=obs["time_s"],
        zones=(
            engine.ZoneSnapshot(
                zone_id="home", room=engine.SensorReading(obs["t_room_c"]), target_c=float(target) + 0.2
            ),
        ),
        outdoor=engine.SensorReading(obs["t_out_c"]),
        solar=engine.SensorReading(obs["solar_w_m2"]),
        people=obs["occupants"],
        band=band,
        price_kwh=obs["price_eur_kwh"],
        emission_kg_kwh=obs["emission_kg_kwh"],
        sources=(
            engine.SourceSnapshot(
                source_id=SOURCE,
                on=obs["power_w"] > 0,
                level=obs["modulation"],
                power_w=obs["power_w"],
                heat_w=obs["heat_w"],
                flow_c=obs["t_supply_c"],
                return_c=obs["t_return_c"],
            ),
        ),
        forecast=engine.Forecast(
            step_s=300,
            outdoor_c=forecast["t_out_c"],
            solar_w_m2=forecast["solar_w_m2"],
            people=forecast["occupants"],
            price_kwh=forecast["price_eur_kwh"],
            emission_kg_kwh=forecast["emission_kg_kwh"],
        ),
    )


class Controller:
    """The controller that the twin calls every control period."""

    def __init__(self) -> None:
        self.engine = engine.Engine(configuration())
        self._modulation = 0.0
        self.decision: Any = None

    def __call__(self, obs: dict[str, float], forecast: dict[str, np.ndarray]) -> float:
        """Return the modulation until the next call."""
        now = snapshot(obs, forecast)
        self.engine.observe(now)
        while (job := self.engine.job(now)) is not None:
            self.engine.adopt(job())
        self.decision = self.engine.decide(now)
        command = self.decision.command(SOURCE)
        if not command.hold:
            self._modulation = command.level if command.on else 0.0
        return self._modulation
