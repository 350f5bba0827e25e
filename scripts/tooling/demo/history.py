"""Fill the history of the demo's entities: states with their own times, and hourly statistics."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from .client import HomeAssistant
from .plugin import Entities, Series


async def fill(ha: HomeAssistant, series: Sequence[Series], entities: Entities) -> int:
    """Write all series; return the number of states."""
    written = 0
    for item in series:
        entity_id = item.entity_id or entities[item.device][item.key]
        points = [[when.timestamp(), state] for when, state in item.points]
        await ha.call("suite_demo/write_history", entity_id=entity_id, points=points)
        written += len(points)
        if item.unit is not None:
            await _statistics(ha, entity_id, item)
    return written


async def _statistics(ha: HomeAssistant, entity_id: str, series: Series) -> None:
    hours: defaultdict[datetime, list[float]] = defaultdict(list)
    for when, state in series.points:
        hours[when.astimezone(UTC).replace(minute=0, second=0, microsecond=0)].append(float(state))
    # Home Assistant itself compiles the statistics of the current hour.
    last = max(hours)
    rows: list[dict[str, Any]] = [
        {"start": hour.isoformat(), **_row(values, mean=series.mean)}
        for hour, values in sorted(hours.items())
        if hour != last
    ]
    await ha.call(
        "recorder/import_statistics",
        metadata={
            "mean_type": 1 if series.mean else 0,
            "has_sum": not series.mean,
            "name": None,
            "source": "recorder",
            "statistic_id": entity_id,
            "unit_class": series.unit_class,
            "unit_of_measurement": series.unit,
        },
        stats=rows,
    )


def _row(values: Sequence[float], *, mean: bool) -> dict[str, float]:
    if mean:
        return {"mean": fmean(values), "min": min(values), "max": max(values)}
    return {"state": values[-1], "sum": values[-1]}
