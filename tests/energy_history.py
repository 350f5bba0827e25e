"""Energy in a recorder's statistics that was counted wrongly, for tests of the actions that correct it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from homeassistant.components.recorder.db_schema import Statistics, StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

START: Final = datetime(2026, 1, 5, 0, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)


async def import_rows(
    hass: HomeAssistant, entity: str, unit: str, values: list[dict[str, Any]], step: timedelta, unit_class: str | None
) -> None:
    """Import the rows of a statistic."""
    meta: Any = {
        "statistic_id": entity,
        "source": "recorder",
        "name": None,
        "unit_of_measurement": unit,
        "unit_class": unit_class,
        "has_sum": "sum" in values[0],
        "mean_type": StatisticMeanType.ARITHMETIC if "mean" in values[0] else StatisticMeanType.NONE,
    }
    table = StatisticsShortTerm if step < HOUR else Statistics
    stats: Any = [{"start": START + i * step, **value} for i, value in enumerate(values)]
    get_instance(hass).async_import_statistics(meta, stats, table)
    await async_wait_recording_done(hass)


async def import_glitch(hass: HomeAssistant, energy: str, power: str, *, power_w: float = 500.0) -> None:
    """A constant power, and its energy: in the third hour a fall by 1 Wh was billed as a new meter of 240 kWh."""
    kwh = abs(power_w) / 1000
    shown = [240.0 + kwh * i for i in range(6)]
    counted = [kwh * i + (240.0 if i >= 2 else 0.0) for i in range(6)]
    rows = [{"state": state, "sum": total} for state, total in zip(shown, counted, strict=True)]
    await import_rows(hass, energy, "kWh", rows, HOUR, "energy")
    await import_rows(hass, power, "W", [{"mean": power_w, "min": power_w, "max": power_w}] * 6, HOUR, "power")


async def sums(hass: HomeAssistant, entity: str, period: Any = "hour") -> list[float]:
    """The sums of a statistic in kWh or money."""
    await async_wait_recording_done(hass)
    rows = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(hass, START, None, {entity}, period, {"energy": "kWh"}, {"sum"})
    )
    return [round(row["sum"] or 0, 6) for row in rows.get(entity, [])]
