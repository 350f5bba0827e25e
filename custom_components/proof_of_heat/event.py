"""Reports of what was saved: an event every week and every month, with the figures."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
import math
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import HeatConfigEntry, HeatingSystem
from .engine.savings import SavingsReport
from .entity import SystemEntity

PARALLEL_UPDATES = 0
READY: Final = "ready"
SETTLED_AFTER: Final = timedelta(hours=2)
"""How long after midnight the day before is judged: the engine's days are those of standard time."""


def week_of(day: date) -> tuple[date, int]:
    """The Monday of a day's week, and how many days the week before it had."""
    return day - timedelta(days=day.weekday()), 7


def month_of(day: date) -> tuple[date, int]:
    """The first of a day's month, and how many days the month before it had."""
    first = day.replace(day=1)
    return first, (first - timedelta(days=1)).day


@dataclass(frozen=True, kw_only=True)
class ReportDescription(EventEntityDescription):
    """A report. `period_fn`: when the running period began, and the days of the one before it."""

    period_fn: Callable[[date], tuple[date, int]]


REPORTS: Final = (
    ReportDescription(key="month_report", event_types=[READY], period_fn=month_of),
    ReportDescription(key="week_report", event_types=[READY], period_fn=week_of),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the reports."""
    async_add_entities(ReportEvent(entry.runtime_data, description) for description in REPORTS)


def figures(proof: SavingsReport) -> dict[str, Any]:
    """What a report says; money in the home's currency, the interval holds 90 %."""
    return {
        "days": proof.days,
        "cost": round(proof.cost, 2),
        "reference_cost": round(proof.reference_cost, 2),
        "saved": round(proof.saved, 2),
        "saved_low": round(proof.saved_low, 2),
        "saved_high": round(proof.saved_high, 2),
        "saved_percent": round(proof.saved_pct, 1) if math.isfinite(proof.saved_pct) else None,
        "energy_kwh": round(proof.energy_kwh, 1),
        "reference_energy_kwh": round(proof.reference_energy_kwh, 1),
    }


class ReportEvent(SystemEntity, EventEntity):
    """Fires once in a period, as soon as the period before it can be judged."""

    entity_description: ReportDescription

    def __init__(self, system: HeatingSystem, description: ReportDescription) -> None:
        super().__init__(system, description)
        self._told: date | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Take up where the last run ended; look at each cycle."""
        await super().async_added_to_hass()
        if (last := await self.async_get_last_state()) is not None and (when := dt_util.parse_datetime(last.state)):
            self._told = dt_util.as_local(when).date()
        self.async_on_remove(self.system.async_add_listener(self._look))

    @callback
    def _look(self) -> None:
        today = (dt_util.now() - SETTLED_AFTER).date()
        begin, days = self.entity_description.period_fn(today)
        if self._told is None:  # the first report comes at the end of the period that runs now
            self._told = today
        if self._told >= begin or (proof := self.system.engine.savings_report(days)) is None:
            return
        self._told = today
        report = {**figures(proof), "currency": self.hass.config.currency, "until": begin.isoformat()}
        self._trigger_event(READY, report)
        self.async_write_ha_state()
        self.system.tell("savings_report_ready", {"period": self.entity_description.key.partition("_")[0], **report})
