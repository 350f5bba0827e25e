"""Hourly statistics of Home Assistant from single values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .readers import Sample


@dataclass(frozen=True, slots=True)
class Target:
    """Where a key is imported to.

    Attributes:
        statistic_id: The sensor.
        unit: Unit of the sensor's statistics.
        factor: From the unit of the former system to this one.
        is_counter: Whether the value is a counter (energy); the statistics then have a sum.
    """

    statistic_id: str
    unit: str | None
    factor: float = 1.0
    is_counter: bool = False


@dataclass(slots=True)
class _Hour:
    total: float
    count: int
    low: float
    high: float
    last: float
    first: float


def collect(samples: Iterable[Sample], targets: Mapping[str, Target]) -> dict[str, dict[datetime, _Hour]]:
    """Return key -> hour -> what was measured, for the keys that have a target."""
    found: dict[str, dict[datetime, _Hour]] = {key: {} for key in targets}
    for sample in samples:
        if sample.key not in targets:
            continue
        value = sample.value * targets[sample.key].factor
        hour = sample.when.replace(minute=0, second=0, microsecond=0)
        if (so_far := found[sample.key].get(hour)) is None:
            found[sample.key][hour] = _Hour(value, 1, value, value, value, value)
            continue
        so_far.total += value
        so_far.count += 1
        so_far.low, so_far.high = min(so_far.low, value), max(so_far.high, value)
        so_far.last = value
    return found


def rows(
    hours: Mapping[datetime, _Hour], target: Target, before: datetime | None, sum_then: float
) -> list[dict[str, Any]]:
    """Return the rows to import.

    Args:
        hours: Of one key.
        target: Where they go.
        before: The first hour that Home Assistant has itself; later ones are left alone. None: it has none.
        sum_then: The sum that Home Assistant has at that hour. The imported sums end there, so that no consumption is
            counted twice.
    """
    kept = sorted((hour, item) for hour, item in hours.items() if before is None or hour < before)
    if not target.is_counter:
        return [
            {"start": hour.isoformat(), "mean": item.total / item.count, "min": item.low, "max": item.high}
            for hour, item in kept
        ]
    sums, total, previous = [], 0.0, kept[0][1].first if kept else 0.0
    for _, item in kept:
        # A counter that fell began again at zero.
        total += item.last - previous if item.last >= previous else item.last
        previous = item.last
        sums.append(total)
    shift = (sum_then if before is not None else total) - total
    return [
        {"start": hour.isoformat(), "state": item.last, "sum": done + shift}
        for (hour, item), done in zip(kept, sums, strict=True)
    ]


def metadata(target: Target) -> dict[str, Any]:
    """Return what `recorder/import_statistics` wants to know."""
    return {
        "mean_type": 0 if target.is_counter else 1,
        "has_sum": target.is_counter,
        "name": None,
        "source": "recorder",
        "statistic_id": target.statistic_id,
        "unit_of_measurement": target.unit,
        "unit_class": UNIT_CLASSES.get(target.unit or ""),
    }


UNIT_CLASSES = {
    "A": "electric_current", "mA": "electric_current", "V": "voltage", "mV": "voltage", "W": "power", "kW": "power",
    "Wh": "energy", "kWh": "energy", "MWh": "energy", "°C": "temperature", "°F": "temperature", "hPa": "pressure",
    "%": "unitless",
}  # fmt: skip
