"""Repairs: what the user should look at, with a fix where there is one."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from ._lib.heat_source import Health
from .const import DOMAIN, SUBENTRY_SOURCE
from .curve_advice import CurveAdvice, take_over
from .drivers.budget import BudgetState
from .inputs import temperature

if TYPE_CHECKING:
    from .coordinator import HeatingSystem

LASTING: Final = timedelta(minutes=15)
LOW_SHARE: Final = 0.9


async def async_check_templates(hass: HomeAssistant, entry: ConfigEntry, built: set[str]) -> None:
    """Raise an issue for every source that could not be made, and clear those of sources that could."""
    for subentry_id, subentry in entry.subentries.items():
        if subentry.subentry_type != SUBENTRY_SOURCE:
            continue
        issue = f"source_unusable_{subentry_id}"
        if subentry_id in built:
            ir.async_delete_issue(hass, DOMAIN, issue)
        else:
            ir.async_create_issue(
                hass,
                DOMAIN,
                issue,
                is_fixable=False,
                severity=ir.IssueSeverity.ERROR,
                translation_key="source_unusable",
                translation_placeholders={"name": subentry.title},
            )


def watch(
    hass: HomeAssistant, issue: str, *, wrong: bool, key: str, placeholders: dict[str, str], entry_id: str
) -> None:
    """Raise or clear an issue that a reload of the entry may fix."""
    if not wrong:
        ir.async_delete_issue(hass, DOMAIN, issue)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=placeholders,
        data={"entry_id": entry_id},
    )


class Watch:
    """Looks each cycle for what lasts too long, and tells it once."""

    def __init__(self, system: HeatingSystem) -> None:
        self._system = system
        self._since: dict[str, datetime] = {}
        self._low: set[str] = set()
        self._curve_told: CurveAdvice | None = None

    def look(self, now: datetime) -> None:
        """Sources that fail, sensors that are lost, budgets that run out."""
        for unit in self._system.units.values():
            failing = unit.source.state.health == Health.FAILING
            self._lasting(f"source_failing_{unit.subentry_id}", now, failing, "source_failing", {"name": unit.name})
            if unit.budget is not None:
                self._budget(unit.subentry_id, unit.name, unit.budget.state())
        for zone in self._system.settings.zones:
            lost = not temperature(self._system.hass, zone.temperature).known
            key = f"sensor_dead_{zone.zone_id}"
            self._lasting(key, now, lost, "sensor_dead", {"name": zone.name, "entity": zone.temperature})
        self._curve()

    def _curve(self) -> None:
        """Suggest the curve that fits, as long as it differs from the one that is set."""
        system, advice = self._system, self._system.curve.advice()
        entry_id = system.config_entry.entry_id
        issue = f"curve_suggestion_{entry_id}"
        if advice is None or not advice.worth_telling:
            if self._curve_told is not None:
                self._curve_told = None
                ir.async_delete_issue(system.hass, DOMAIN, issue)
        elif advice != self._curve_told:
            self._curve_told = advice
            placeholders = {
                "name": system.settings.name,
                "slope": f"{advice.slope:g}",
                "level": f"{advice.level:g}",
                "slope_now": f"{system.settings.slope:g}",
                "level_now": f"{system.settings.level:g}",
                "confidence": f"{100 * advice.confidence:.0f}",
            }
            watch(system.hass, issue, wrong=True, key="curve_suggestion", placeholders=placeholders, entry_id=entry_id)

    def _lasting(self, issue: str, now: datetime, wrong: bool, key: str, placeholders: dict[str, str]) -> None:
        if not wrong:
            if self._since.pop(issue, None) is not None:
                ir.async_delete_issue(self._system.hass, DOMAIN, issue)
            return
        since = self._since.setdefault(issue, now)
        if now - since >= LASTING:
            entry_id = self._system.config_entry.entry_id
            watch(self._system.hass, issue, wrong=True, key=key, placeholders=placeholders, entry_id=entry_id)

    def _budget(self, subentry_id: str, name: str, state: BudgetState) -> None:
        low = state.used_day >= LOW_SHARE * state.limit_day or state.blocked_until is not None
        issue = f"budget_low_{subentry_id}"
        if low and subentry_id not in self._low:
            self._low.add(subentry_id)
            placeholders = {"name": name, "used": str(state.used_day), "limit": str(state.limit_day)}
            self._system.tell("budget_low", {"source": name, "used": state.used_day, "limit": state.limit_day})
            entry_id = self._system.config_entry.entry_id
            watch(self._system.hass, issue, wrong=True, key="budget_low", placeholders=placeholders, entry_id=entry_id)
        elif not low and subentry_id in self._low:
            self._low.discard(subentry_id)
            ir.async_delete_issue(self._system.hass, DOMAIN, issue)


class ReloadFlow(ConfirmRepairFlow):
    """Read everything anew."""

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Reload the system after the user looked at the device."""
        if user_input is not None:
            self.hass.config_entries.async_schedule_reload(self._entry_id)
        return await super().async_step_confirm(user_input)


class CurveFlow(ConfirmRepairFlow):
    """Take the suggested curve over."""

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Set the curve that fits now; it may be newer than the one that was told."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if user_input is not None and entry is not None and entry.state is ConfigEntryState.LOADED:
            system: HeatingSystem = entry.runtime_data
            if (advice := system.curve.advice()) is not None:
                take_over(self.hass, entry, system.settings, advice)
        return await super().async_step_confirm(user_input)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """The fix of every issue of ours."""
    entry_id = str((data or {}).get("entry_id", ""))
    return CurveFlow(entry_id) if issue_id.startswith("curve_suggestion_") else ReloadFlow(entry_id)
