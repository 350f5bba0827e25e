"""Forecast of the heating energy of the next 24 hours, from the plan, with an interval for model and weather errors."""

from dataclasses import dataclass
import math

import numpy as np

from .model.house_fit import HouseFit
from .planning.planner import Plan

HOURS = 24.0
Z_90 = 1.645
FORECAST_SIGMA_K = 1.5
"""Typical error of an outdoor temperature forecast, as a mean over the next day."""
LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class ConsumptionForecast:
    """Electricity (or fuel) and cost of the next 24 hours; low and high are the limits of the 90 % interval."""

    energy_kwh: float
    low_kwh: float
    high_kwh: float
    heat_kwh: float
    cost: float


def forecast_next_day(plan: Plan, fitted: HouseFit, outdoor_c: float) -> ConsumptionForecast:
    """Return the forecast for the plan's first 24 hours. ``outdoor_c`` is the mean outdoor temperature expected."""
    begin = plan.grid.begin / 4.0
    hours = np.clip(HOURS - begin, 0.0, plan.grid.hours)
    energy = float((plan.power_w * hours).sum() / 1000)
    heat = float((plan.heat_w * hours).sum() / 1000)
    cost_h = sum(
        (segment.cost_h * use for segment, use in zip(plan.segments, plan.use, strict=True)), np.zeros(len(hours))
    )
    room = float(np.average(plan.room_c, weights=plan.grid.hours))
    lift = max(room - outdoor_c, 3.0)
    loss = math.hypot(fitted.relative_error("loss_w_k"), LEAST_SHARE)
    weather_kwh = FORECAST_SIGMA_K * fitted.parameters.total_loss_w_k * HOURS / 1000
    heat_sigma = math.hypot(loss * fitted.parameters.total_loss_w_k * lift * HOURS / 1000, weather_kwh)
    per_heat = energy / heat if heat > 0 else 0.3
    spread = Z_90 * heat_sigma * per_heat
    return ConsumptionForecast(
        energy_kwh=energy,
        low_kwh=max(0.0, energy - spread),
        high_kwh=energy + spread,
        heat_kwh=heat,
        cost=float(((cost_h - plan.surplus_savings_h) * hours).sum()),
    )
