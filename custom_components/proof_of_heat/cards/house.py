"""What the house report shows: the learned house with its uncertainty, its change over weeks, and its backtest."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import math
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..data import HeatingSystem
from ..drivers.values import number
from ..messages.formatter import rounded
from ..sensors.learned_house import house_details, import_details
from .overview import learning

HISTORY_DAYS: Final = 60
AFTER_CHANGE: Final = timedelta(hours=1)
"""By then, a home that has changed is learned again."""
DRIFT_DAYS: Final = 7
"""The first and the last days of the history whose means are compared."""
MIN_DRIFT_DAYS: Final = 21
_VALUES: Final = ("loss_w_k", "time_constant_h", "solar_gain_m2")


async def async_house(hass: HomeAssistant, system: HeatingSystem, now: datetime) -> dict[str, Any]:
    """Return the report; its values are None before the house is learned."""
    details = house_details(system)
    record = system.coordinator.data.decision.record
    loss = await _async_loss_history(hass, system, now)
    return {
        "available": True,
        "name": system.config.name,
        "time": now.isoformat(),
        "room_c": rounded(record.room_c),
        "outdoor_c": rounded(record.outdoor_c),
        "values": {
            name: None if name not in details else {"value": details[name], "sd": details.get(f"{name}_sd")}
            for name in _VALUES
        },
        "drift": drift(loss, details.get("loss_w_k_sd")),
        "loss_history": [[at, round(value, 1)] for at, value in loss],
        "days": details.get("learned_from_days"),
        "backtest": _backtest(details),
        "full_power_w": details.get("full_power_w"),
        "full_load_cop": details.get("full_load_cop"),
        "learning": learning(system, now),
        "import": dict(import_details(system)),
    }


def _backtest(details: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the errors by lead time: of the model, and of the guess that the room stays as it is."""
    model: Mapping[str, float] = details.get("backtest_error_k") or {}
    stays: Mapping[str, float] = details.get("persistence_error_k") or {}
    return [
        {"hours": int(hours), "error_k": error, "unchanged_k": stays.get(hours)}
        for hours, error in sorted(model.items(), key=lambda item: int(item[0]))
        if math.isfinite(error)
    ]


def drift(history: list[tuple[float, float]], sd: float | None) -> dict[str, Any] | None:
    """Return by how much the heat loss changed over the history; None if that is too short.

    `significant`: by more than twice the standard deviation of the difference of two values.
    """
    if not history or history[-1][0] - history[0][0] < MIN_DRIFT_DAYS * 86400:
        return None
    span = DRIFT_DAYS * 86400
    first = [value for at, value in history if at < history[0][0] + span]
    last = [value for at, value in history if at > history[-1][0] - span]
    before, after = sum(first) / len(first), sum(last) / len(last)
    if before <= 0:
        return None
    change = after - before
    return {
        "days": round((history[-1][0] - history[0][0]) / 86400),
        "change_w_k": round(change, 1),
        "percent": round(100 * change / before, 1),
        "significant": sd is not None and abs(change) > 2 * math.sqrt(2) * sd,
    }


async def _async_loss_history(hass: HomeAssistant, system: HeatingSystem, now: datetime) -> list[tuple[float, float]]:
    """Return the daily means of the sensor of the heat loss from the recorder, by the start of the day in seconds.

    What was learned before the home was measured otherwise does not count as a drift.
    """
    entry_id = system.coordinator.config_entry.entry_id
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry_id}_heat_loss")
    if entity_id is None or "recorder" not in hass.config.components:
        return []
    from homeassistant.components.recorder import get_instance

    begin, since = now - timedelta(days=HISTORY_DAYS), system.history_import.since
    if since is not None:
        begin = max(begin, since + AFTER_CHANGE)
    found: list[tuple[float, float]] = await get_instance(hass).async_add_executor_job(_read, hass, entity_id, begin)
    return found


def _read(hass: HomeAssistant, entity_id: str, begin: datetime) -> list[tuple[float, float]]:
    from homeassistant.components.recorder.statistics import statistics_during_period

    rows: Mapping[str, Any] = statistics_during_period(hass, begin, None, {entity_id}, "day", None, {"mean"})
    means = [(float(row["start"]), number(row.get("mean"))) for row in rows.get(entity_id, ())]
    return [(at, mean) for at, mean in means if mean is not None]
