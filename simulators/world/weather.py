"""Weather of a typical meteorological year (45 N 8 E; origin and terms in NOTICE.md), at any moment."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

_SERIES = Path(__file__).with_name("typical_year_45n_8e.csv")
_HEATING_MONTHS = (10, 11, 12, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Weather:
    """The weather at a time.

    Attributes:
        outdoor_c: Air temperature.
        humidity_percent: Relative humidity.
        solar_w_m2: Global radiation on the horizontal.
        wind_m_s: At 10 m.
    """

    outdoor_c: float
    humidity_percent: float
    solar_w_m2: float
    wind_m_s: float


@cache
def _series() -> dict[tuple[int, int, int], Weather]:
    with _SERIES.open(encoding="utf-8", newline="") as file:
        return {
            (int(row["month"]), int(row["day"]), int(row["hour_utc"])): Weather(
                float(row["outdoor_c"]),
                float(row["humidity_percent"]),
                float(row["global_horizontal_w_m2"]),
                float(row["wind_m_s"]),
            )
            for row in csv.DictReader(file)
        }


def _hour(when: datetime) -> Weather:
    day = 28 if (when.month, when.day) == (2, 29) else when.day
    return _series()[(when.month, day, when.hour)]


def weather_at(when: datetime) -> Weather:
    """The weather at a time (any zone), linear between the full hours."""
    when = when.astimezone(UTC)
    full = when.replace(minute=0, second=0, microsecond=0)
    left, right = _hour(full), _hour(full + timedelta(hours=1))
    part = (when - full) / timedelta(hours=1)

    def between(a: float, b: float) -> float:
        return a + (b - a) * part

    return Weather(
        between(left.outdoor_c, right.outdoor_c),
        between(left.humidity_percent, right.humidity_percent),
        between(left.solar_w_m2, right.solar_w_m2),
        between(left.wind_m_s, right.wind_m_s),
    )


def in_heating_season(when: datetime) -> datetime:
    """The same time of day on a day that needs heating: ``when`` itself in winter, else half a year away."""
    if when.month in _HEATING_MONTHS:
        return when
    return when + timedelta(days=182)
