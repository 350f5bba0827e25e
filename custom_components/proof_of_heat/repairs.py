"""Repairs: what the user should look at, with a fix where there is one."""

from abc import abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import Selector
import probatio as vol

from ._lib.heat_source import Health
from .const import CONF_DAY_LIMIT, CONF_OUTDOOR, CONF_TEMPERATURE, DOMAIN, SUBENTRY_SOURCE
from .drivers.call_budget import BudgetState
from .engine.snapshot import SensorReading
from .flows.fields import TEMPERATURE, number
from .inputs.states import temperature
from .runtime.curve_advice import CurveAdvice, take_over

if TYPE_CHECKING:
    from .coordinator import HeatingSystem

LASTING: Final = timedelta(minutes=15)
LOW_SHARE: Final = 0.9
SILENT_S: Final = 4 * 3600.0
"""A thermometer that did not report for so long is dead."""


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
                data={"entry_id": entry.entry_id},
            )


def forget_issues(hass: HomeAssistant, entry_id: str, keep: Iterable[str] = ()) -> None:
    """Drop what was told of an entry, but for its parts that are still there."""
    kept = set(keep)
    for domain, issue_id in list((registry := ir.async_get(hass)).issues):
        issue = registry.issues[domain, issue_id]
        ours = domain == DOMAIN and (issue.data or {}).get("entry_id") == entry_id
        if ours and issue_id.rpartition("_")[2] not in kept:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


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
        self._looked_at: set[str] = set()
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
            lost = _dead(temperature(self._system.hass, zone.temperature))
            key = f"sensor_dead_{zone.zone_id}"
            self._lasting(key, now, lost, "sensor_dead", {"name": zone.name, "entity": zone.temperature})
        self._outdoor(now)
        self._curve()

    def _outdoor(self, now: datetime) -> None:
        settings, entry_id = self._system.settings, self._system.config_entry.entry_id
        entity = settings.outdoor or settings.weather or ""
        lost = _dead(temperature(self._system.hass, entity))
        placeholders = {"name": settings.name, "entity": entity}
        self._lasting(f"outdoor_dead_{entry_id}", now, lost, "outdoor_dead", placeholders)

    def _curve(self) -> None:
        """Suggest the curve that fits, as long as it differs from the one that is set."""
        system, advice = self._system, self._system.curve.advice()
        entry_id = system.config_entry.entry_id
        issue = f"curve_suggestion_{entry_id}"
        if advice is None or not advice.worth_telling:
            if self._curve_told is not None or issue not in self._looked_at:
                self._curve_told = None
                self._looked_at.add(issue)
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
            # The first look also clears what an earlier run of the system has told.
            if self._since.pop(issue, None) is not None or issue not in self._looked_at:
                ir.async_delete_issue(self._system.hass, DOMAIN, issue)
            self._looked_at.add(issue)
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
        elif not low and (subentry_id in self._low or issue not in self._looked_at):
            self._low.discard(subentry_id)
            self._looked_at.add(issue)
            ir.async_delete_issue(self._system.hass, DOMAIN, issue)


def _dead(reading: SensorReading) -> bool:
    """Nothing told, or nothing for hours: sensors that report changes only are silent for a while."""
    return not reading.known or reading.age_s > SILENT_S


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


class SubentryFlow(RepairsFlow):
    """Change one value of a zone or source; the system is set up anew with it."""

    step: str
    key: str

    def __init__(self, entry_id: str, subentry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id
        self._subentry_id = subentry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Straight to the form."""
        return await self._ask(None)

    async def _ask(self, user_input: dict[str, Any] | None) -> RepairsFlowResult:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        subentry = None if entry is None else entry.subentries.get(self._subentry_id)
        if entry is None or subentry is None:
            return self.async_abort(reason="gone")
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._check(user_input)):
            data = {**subentry.data, self.key: user_input[self.key]}
            if not self.hass.config_entries.async_update_subentry(entry, subentry, data=data):
                self.hass.config_entries.async_schedule_reload(entry.entry_id)  # a change reloads by itself
            return self.async_create_entry(data={})
        schema = vol.Schema({vol.Required(self.key, default=subentry.data.get(self.key)): self._selector()})
        placeholders = {"name": subentry.title}
        return self.async_show_form(
            step_id=self.step, data_schema=schema, errors=errors, description_placeholders=placeholders
        )

    def _check(self, user_input: dict[str, Any]) -> dict[str, str]:
        return {}

    @abstractmethod
    def _selector(self) -> Selector[Any]:
        """Of the value."""


class SensorFlow(SubentryFlow):
    """Another room sensor in the place of the dead one."""

    step, key = "sensor", CONF_TEMPERATURE

    async def async_step_sensor(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Which one."""
        return await self._ask(user_input)

    @override
    def _check(self, user_input: dict[str, Any]) -> dict[str, str]:
        dead = _dead(temperature(self.hass, user_input[self.key]))
        return {self.key: "no_temperature"} if dead else {}

    @override
    def _selector(self) -> Selector[Any]:
        return TEMPERATURE


class OutdoorFlow(RepairsFlow):
    """Another outdoor sensor in the place of the dead one."""

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Straight to the form."""
        return await self.async_step_outdoor()

    async def async_step_outdoor(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Which one."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None:
            return self.async_abort(reason="gone")
        errors: dict[str, str] = {}
        if user_input is not None:
            if not _dead(temperature(self.hass, user_input[CONF_OUTDOOR])):
                data = {**entry.data, CONF_OUTDOOR: user_input[CONF_OUTDOOR]}
                if not self.hass.config_entries.async_update_entry(entry, data=data):
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)  # a change reloads by itself
                return self.async_create_entry(data={})
            errors = {CONF_OUTDOOR: "no_temperature"}
        key = vol.Required(CONF_OUTDOOR, description={"suggested_value": entry.data.get(CONF_OUTDOOR)})
        return self.async_show_form(
            step_id="outdoor",
            data_schema=vol.Schema({key: TEMPERATURE}),
            errors=errors,
            description_placeholders={"name": entry.title},
        )


class BudgetFlow(SubentryFlow):
    """The limit that the contract really has."""

    step, key = "limit", CONF_DAY_LIMIT

    async def async_step_limit(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """How many calls."""
        return await self._ask(user_input)

    @override
    def _selector(self) -> Selector[Any]:
        return number(100, 100_000)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """The fix of every issue of ours."""
    entry_id = str((data or {}).get("entry_id", ""))
    if issue_id.startswith("curve_suggestion_"):
        return CurveFlow(entry_id)
    if issue_id.startswith("outdoor_dead_"):
        return OutdoorFlow(entry_id)
    for prefix, flow in (("sensor_dead_", SensorFlow), ("budget_low_", BudgetFlow)):
        if issue_id.startswith(prefix):
            return flow(entry_id, issue_id.removeprefix(prefix))
    return ReloadFlow(entry_id)
