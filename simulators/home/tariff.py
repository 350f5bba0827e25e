"""A day-ahead tariff by the quarter of an hour, modelled on the usual shape of a spot market.

Two peaks, cheap nights, a dip at noon on sunny days, and nights with much wind that cost almost nothing. Each day is
drawn from its date, so every part of the world that asks for a day gets the same prices.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import math
import random

QUARTER = timedelta(minutes=15)
NETWORK_AND_TAX = 0.14
"""EUR/kWh in addition to the market's price, before value added tax."""
VALUE_ADDED_TAX = 0.19


def market_price(when: datetime) -> float:
    """Return the market's price in EUR/kWh for the quarter of an hour of a time."""
    day = random.Random(when.astimezone(UTC).date().toordinal())
    level, windy, sunny = day.uniform(0.75, 1.3), day.random() < 0.35, day.random() < 0.4
    hour = when.hour + (when.minute // 15) / 4
    price = 0.082 + 0.055 * _bump(hour, 8, 1.8) + 0.085 * _bump(hour, 18.5, 2.0) - 0.045 * _bump(hour, 3, 2.8)
    price -= (0.05 if sunny else 0.01) * _bump(hour, 13, 2.0)
    # Within an hour prices rise or fall toward the next one.
    price += 0.006 * math.sin(2 * math.pi * (when.minute // 15) / 4) * (1 if hour < 12 else -1)
    return round(level * price - (0.06 if windy and hour < 6 else 0.0), 5)


def retail_price(when: datetime) -> float:
    """Return what the home pays in EUR/kWh."""
    return round((market_price(when) + NETWORK_AND_TAX) * (1 + VALUE_ADDED_TAX), 5)


def quarters(day: datetime) -> Iterator[tuple[datetime, float]]:
    """Yield the starts and retail prices of a local day; ``day``: its midnight, with a time zone."""
    start, end = day.astimezone(UTC), (day + timedelta(days=1)).astimezone(UTC)
    while start < end:
        yield start, retail_price(start.astimezone(day.tzinfo))
        start += QUARTER


def _bump(hour: float, center: float, width: float) -> float:
    return math.exp(-(((hour - center) / width) ** 2))
