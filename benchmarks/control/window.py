"""A window of the twin: runs a controller, and returns its KPIs and the states for the limit."""

from collections.abc import Callable
from dataclasses import dataclass
import importlib
import os
from pathlib import Path
import sys
import time
from types import ModuleType
from typing import Any

import numpy as np

KELVIN = 273.15
PLACES = (Path(__file__).resolve().parents[3] / "shared/bench/twin", Path("/work/shared/bench/twin"))

type Controller = Callable[[dict[str, float], dict[str, np.ndarray]], float]


@dataclass(frozen=True, slots=True)
class Case:
    """A window to run."""

    day: int
    price: str = "dynamic"
    forecast: str = "noisy"
    seed: int = 1
    period_s: int = 900
    scale: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results over the scored days."""

    case: Case
    kpi: dict[str, float]
    series: dict[str, np.ndarray]
    start_c: np.ndarray
    """Floor, zone and mass temperature at the start of the scored days."""
    end_c: np.ndarray
    slowest_s: float
    """Longest call of the controller."""


def load_twin(place: Path | None = None) -> ModuleType:
    """Return the twin's module.

    Raises:
        FileNotFoundError: it is in none of the known folders.
    """
    named = os.environ.get("HEAT_TWIN")
    for candidate in (place, Path(named) if named else None, *PLACES):
        if candidate is not None and (candidate / "twin.py").is_file():
            if str(candidate) not in sys.path:
                sys.path.append(str(candidate))
            return importlib.import_module("twin")
    raise FileNotFoundError("the folder of the twin is required: --twin FOLDER or HEAT_TWIN")


def temperatures(plant: Any) -> np.ndarray:
    """Return the temperatures of floor, zone and mass in degC."""
    return np.array([plant._floor, plant._zone, plant._mass]) - KELVIN  # noqa: SLF001


def run_window(twin: ModuleType, make: Callable[[], Controller], case: Case) -> Outcome:
    """Run the twin's ``simulate`` and keep the states."""
    per_day = 86400 // twin.STEP_S
    warm_up, steps = twin.WARM_UP_DAYS * per_day, (twin.WARM_UP_DAYS + twin.SCORED_DAYS) * per_day
    plant = twin.Twin(dict(case.scale))
    plant.reset((case.day - twin.WARM_UP_DAYS - twin.SCORED_DAYS // 2) * 86400)
    if case.forecast == "noisy":
        ahead = twin.NoisyForecast(plant.index, steps // twin.STEPS_PER_HOUR, case.seed, case.price)
    else:
        ahead = twin.PerfectForecast(case.price)
    control, wanted, slowest = make(), 0.0, 0.0
    rows = np.empty((steps, 5))
    start_c = temperatures(plant)
    for i in range(steps):
        if i == warm_up:
            start_c = temperatures(plant)
        if i % (case.period_s // twin.STEP_S) == 0:
            began = time.perf_counter()
            wanted = float(control(plant.observe(case.price), ahead.at(plant.index)))
            slowest = max(slowest, time.perf_counter() - began)
        index = plant.index
        plant.step(wanted)
        rows[i] = index, plant.t_room_c, plant.power_w, plant.heat_w, plant.modulation
    names = ("index", "t_room_c", "power_w", "heat_w", "modulation")
    series = dict(zip(names, rows[warm_up:].T, strict=True))
    series["index"] = series["index"].astype(int)
    return Outcome(case, twin.kpis(series, case.price), series, start_c, temperatures(plant), slowest)
