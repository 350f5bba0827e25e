"""Weekly and monthly savings reports: their periods and figures."""

from datetime import date, timedelta
import math
from typing import Any, Final

from ..engine.savings import SavingsReport

SETTLED_AFTER: Final = timedelta(hours=2)
"""How long after midnight the previous day is complete: the engine's days are those of standard time."""


def week_of(day: date) -> tuple[date, int]:
    """Return the Monday of a day's week, and the number of days of the week before it."""
    return day - timedelta(days=day.weekday()), 7


def month_of(day: date) -> tuple[date, int]:
    """Return the first of a day's month, and the number of days of the month before it."""
    first = day.replace(day=1)
    return first, (first - timedelta(days=1)).day


def report_data(report: SavingsReport) -> dict[str, Any]:
    """Return a report's figures: money in the home's currency, the interval covers 90 %."""
    return {
        "days": report.days,
        "cost": round(report.cost, 2),
        "reference_cost": round(report.reference_cost, 2),
        "saved": round(report.saved, 2),
        "saved_low": round(report.saved_low, 2),
        "saved_high": round(report.saved_high, 2),
        "saved_percent": round(report.saved_pct, 1) if math.isfinite(report.saved_pct) else None,
        "energy_kwh": round(report.energy_kwh, 1),
        "reference_energy_kwh": round(report.reference_energy_kwh, 1),
    }
