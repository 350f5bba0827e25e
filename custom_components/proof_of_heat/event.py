"""Event entities for the weekly and monthly savings reports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .data import HeatConfigEntry, HeatingSystem
from .entity import SystemEntity
from .runtime.savings_report import SETTLED_AFTER, history_data, month_of, report_data, week_of

PARALLEL_UPDATES = 0
READY: Final = "ready"


@dataclass(frozen=True, kw_only=True)
class ReportDescription(EventEntityDescription):
    """A report. `period_fn`: the start of the current period, and the number of days of the one before it."""

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


class ReportEvent(SystemEntity, EventEntity):
    """Fires once per period, as soon as the savings of the period before it are known."""

    entity_description: ReportDescription

    def __init__(self, system: HeatingSystem, description: ReportDescription) -> None:
        super().__init__(system, description)
        self._last_report: date | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the day of the last report, and check in each cycle."""
        await super().async_added_to_hass()
        if (last := await self.async_get_last_state()) is not None and (when := dt_util.parse_datetime(last.state)):
            self._last_report = dt_util.as_local(when).date()
        self.async_on_remove(self.system.coordinator.async_add_listener(self._check))

    @callback
    def _check(self) -> None:
        today = (dt_util.now() - SETTLED_AFTER).date()
        start, days = self.entity_description.period_fn(today)
        if self._last_report is None:  # the first report follows at the end of the current period
            self._last_report = today
        if self._last_report >= start or (savings := report_data(self.system.engine, self.system.shadow, days)) is None:
            return
        if savings.get("from_history"):
            return  # those days are not of the period
        self._last_report = today
        report = {**savings, "currency": self.hass.config.currency, "until": start.isoformat()}
        if (past := history_data(self.system.shadow, days)) is not None:
            report["history"] = past
        self._trigger_event(READY, report)
        self.async_write_ha_state()
        period = self.entity_description.key.partition("_")[0]
        self.system.events.fire("savings_report_ready", {"period": period, **report})
