"""Weekly and monthly savings reports: their periods and figures."""

from datetime import date, timedelta
import math
from typing import Any, Final

from ..engine.engine import Engine
from ..engine.savings import SavingsReport
from ..engine.shadow.savings import ShadowReport
from .shadow_mode import ShadowMode

SETTLED_AFTER: Final = timedelta(hours=2)
"""How long after midnight the previous day is complete: the engine's days are those of standard time."""


def week_of(day: date) -> tuple[date, int]:
    """Return the Monday of a day's week, and the number of days of the week before it."""
    return day - timedelta(days=day.weekday()), 7


def month_of(day: date) -> tuple[date, int]:
    """Return the first of a day's month, and the number of days of the month before it."""
    first = day.replace(day=1)
    return first, (first - timedelta(days=1)).day


def report_data(engine: Engine, shadow: ShadowMode, last_days: int) -> dict[str, Any] | None:
    """Return the figures of the last days: money in the home's currency, intervals cover 90 %. None without any.

    While control is simulated, `cost` is what it would have cost, and `reference_cost` what the home really cost.
    Before the first simulated or measured day, the figures are those of the history (`from_history`).
    """
    if (simulation := shadow.report(last_days)) is not None:
        return _simulated(simulation, offer=shadow.is_offered)
    report = engine.savings_report(last_days)
    if report is not None:
        return _measured(report)
    return history_data(shadow, last_days)


def history_data(shadow: ShadowMode, last_days: int) -> dict[str, Any] | None:
    """Return what control would have saved in the last days of the history, before it was installed; None without."""
    past = shadow.past(last_days)
    return None if past is None else {**_simulated(past, offer=False), "from_history": True}


def _measured(report: SavingsReport) -> dict[str, Any]:
    return {
        "simulated": False,
        "days": report.days,
        "cost": round(report.cost, 2),
        "reference_cost": round(report.reference_cost, 2),
        "saved": round(report.saved, 2),
        "saved_low": round(report.saved_low, 2),
        "saved_high": round(report.saved_high, 2),
        "saved_percent": _percent(report.saved_pct),
        "energy_kwh": round(report.energy_kwh, 1),
        "reference_energy_kwh": round(report.reference_energy_kwh, 1),
    }


def _simulated(report: ShadowReport, *, offer: bool) -> dict[str, Any]:
    return {
        "simulated": True,
        "offer": offer,
        "days": report.days,
        "cost": round(report.cost, 2),
        "reference_cost": round(report.real_cost, 2),
        "saved": round(report.saved, 2),
        "saved_low": round(report.saved_low, 2),
        "saved_high": round(report.saved_high, 2),
        "saved_percent": _percent(report.percent),
        "saved_percent_low": _percent(report.percent_low),
        "saved_percent_high": _percent(report.percent_high),
        "energy_kwh": round(report.kwh, 1),
        "reference_energy_kwh": round(report.real_kwh, 1),
        "below_comfort_kh": round(report.below_kh, 1),
        "reference_below_comfort_kh": round(report.real_below_kh, 1),
    }


def _percent(value: float) -> float | None:
    return round(value, 1) if math.isfinite(value) else None
