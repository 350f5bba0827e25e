"""A window of the building under control of the integration, in a process of its own."""

import asyncio
from dataclasses import dataclass
import logging
import time
from typing import Any

import numpy as np

from ..window import Case, load_twin

COLUMNS = ("index", "t_room_c", "power_w", "heat_w", "modulation")


@dataclass(frozen=True, slots=True)
class ThroughHa:
    """The results over the scored days, and how the integration got there."""

    case: Case
    kpi: dict[str, float]
    series: dict[str, np.ndarray]
    first_plan_h: float | None
    """Hours from set-up to the first planned decision; None without any."""
    modes: dict[str, int]
    """How many cycles of the scored days used each control mode."""
    seconds: float


def run(case: Case, warm_up_days: int | None = None, scored_days: int | None = None) -> ThroughHa:
    """Run a window; to be called in a process whose modules may be patched for good."""
    logging.disable(logging.WARNING)  # Home Assistant's remarks about custom integrations
    return asyncio.run(_run(case, warm_up_days, scored_days))


async def _run(case: Case, warm_up_days: int | None, scored_days: int | None) -> ThroughHa:
    from . import clock  # before all that imports Home Assistant's recorder

    clock.patch_clock()
    from .building import BuildingSite
    from .home import running_home

    twin = load_twin()
    began = time.process_time()
    warm_days = twin.WARM_UP_DAYS if warm_up_days is None else warm_up_days
    days = twin.SCORED_DAYS if scored_days is None else scored_days
    per_day = 86400 // twin.STEP_S
    steps, warm_up = (warm_days + days) * per_day, warm_days * per_day
    plant = twin.Twin(dict(case.scale))
    plant.reset((case.day - twin.SCORED_DAYS // 2 - warm_days) * 86400)
    hours = steps // twin.STEPS_PER_HOUR + 2
    ahead = twin.NoisyForecast(plant.index, hours, case.seed, case.price)
    if case.forecast != "noisy":
        ahead = twin.PerfectForecast(case.price)
    rows, modes = np.empty((steps, 5)), dict[str, int]()
    first_plan_h: float | None = None
    async with running_home(BuildingSite(plant, ahead, case.price, twin.STEP_S)) as home:
        for i in range(steps):
            index = plant.index
            await home.step(twin.STEP_S)
            rows[i] = index, plant.t_room_c, plant.power_w, plant.heat_w, plant.modulation
            mode = str(home.record.control_mode)
            if first_plan_h is None and mode == "plan":
                first_plan_h = (i + 1) * twin.STEP_S / 3600
            if i >= warm_up:
                modes[mode] = modes.get(mode, 0) + 1
    series: dict[str, Any] = dict(zip(COLUMNS, rows[warm_up:].T, strict=True))
    series["index"] = series["index"].astype(int)
    kpi = twin.kpis(series, case.price)
    return ThroughHa(case, kpi, series, first_plan_h, modes, time.process_time() - began)
