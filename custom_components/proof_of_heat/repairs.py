"""Repair issues and their fix flows."""

from abc import abstractmethod
from collections.abc import Collection, Iterable
from typing import Any, Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import Selector
import probatio as vol

from ._lib.entity_fix import fix_flow
from ._lib.entity_refs import ISSUE_KEY as MISSING_ENTITY
from ._lib.money import is_plausible_price
from .const import (
    CONF_DAY_LIMIT,
    CONF_LIMITS,
    CONF_OUTDOOR,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_PRICE_UNIT,
    CONF_SITE_METER,
    CONF_TEMPERATURE,
    DOMAIN,
    SUBENTRY_SOURCE,
)
from .data import HeatConfigEntry
from .flows.fields import POWER, TEMPERATURE, is_own_control, number, select
from .inputs.states import is_dead, known, number_of, power, temperature
from .prices.units import SELECTABLE
from .runtime.curve_advice import apply_curve
from .sources.release_issue import PREFIX as RELEASE_ISSUE, issue_id as release_issue_id
from .sources.releaser import releaser

OFFER_ISSUE: Final = "control_offer_"
"""Begin of the id of the issue that offers to turn on control."""


def check_source_issues(hass: HomeAssistant, entry: ConfigEntry, usable: Collection[str]) -> None:
    """Raise an issue for every source that could not be created, and clear those of the others."""
    for subentry_id, subentry in entry.subentries.items():
        if subentry.subentry_type != SUBENTRY_SOURCE:
            continue
        issue = f"source_unusable_{subentry_id}"
        if subentry_id in usable:
            clear_issue(hass, issue)
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


def clear_issues(hass: HomeAssistant, entry_id: str, keep: Iterable[str] = ()) -> None:
    """Clear the issues of an entry, except those of the parts in `keep`."""
    kept = set(keep)
    for domain, issue_id in list((registry := ir.async_get(hass)).issues):
        issue = registry.issues[domain, issue_id]
        belongs = domain == DOMAIN and (issue.data or {}).get("entry_id") == entry_id
        if belongs and issue_id.rpartition("_")[2] not in kept:
            clear_issue(hass, issue_id)


def raise_issue(
    hass: HomeAssistant, issue: str, key: str, placeholders: dict[str, str], entry_id: str, *, fixable: bool = True
) -> None:
    """Raise an issue of an entry."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        is_fixable=fixable,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=placeholders,
        data={"entry_id": entry_id},
    )


def clear_issue(hass: HomeAssistant, issue: str) -> None:
    """Clear an issue."""
    ir.async_delete_issue(hass, DOMAIN, issue)


class ConfirmEntryFlow(ConfirmRepairFlow):
    """A confirmation that concerns a heating system."""

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id


class ReloadFlow(ConfirmEntryFlow):
    """Reload the heating system."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Reload after the user checked the device."""
        if user_input is not None:
            self.hass.config_entries.async_schedule_reload(self._entry_id)
        return await super().async_step_confirm(user_input)


class CurveFlow(ConfirmEntryFlow):
    """Apply the suggested heating curve."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Apply the curve that fits now; it may be newer than the suggested one."""
        entry: HeatConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if user_input is not None and entry is not None and entry.state is ConfigEntryState.LOADED:
            system = entry.runtime_data
            if (advice := system.curve_advisor.advice()) is not None:
                apply_curve(self.hass, entry, system.config, advice)
        return await super().async_step_confirm(user_input)


class OfferFlow(ConfirmEntryFlow):
    """Turn on control."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Turn on control after the user confirmed it."""
        entry: HeatConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if user_input is not None and entry is not None and entry.state is ConfigEntryState.LOADED:
            await entry.runtime_data.user.async_set_active(True)
        return await super().async_step_confirm(user_input)


class SubentryFlow(RepairsFlow):
    """Change one value of a zone or source, which reloads the system."""

    step: str
    key: str

    def __init__(self, entry_id: str, subentry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id
        self._subentry_id = subentry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show the form."""
        return await self._edit(None)

    async def _edit(self, user_input: dict[str, Any] | None) -> RepairsFlowResult:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        subentry = None if entry is None else entry.subentries.get(self._subentry_id)
        if entry is None or subentry is None:
            return self.async_abort(reason="gone")
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._check(user_input)):
            data = {**subentry.data, self.key: user_input[self.key]}
            if not self.hass.config_entries.async_update_subentry(entry, subentry, data=data):
                self.hass.config_entries.async_schedule_reload(entry.entry_id)  # a change reloads the entry itself
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
        """Return the selector of the value."""


class SensorFlow(SubentryFlow):
    """Select another room sensor."""

    step, key = "sensor", CONF_TEMPERATURE

    async def async_step_sensor(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Select the sensor."""
        return await self._edit(user_input)

    @override
    def _check(self, user_input: dict[str, Any]) -> dict[str, str]:
        if (problem := _own_entity(self.hass, user_input[self.key])) is not None:
            return {self.key: problem}
        dead = is_dead(temperature(self.hass, user_input[self.key]))
        return {self.key: "no_temperature"} if dead else {}

    @override
    def _selector(self) -> Selector[Any]:
        return TEMPERATURE


class EntryFlow(RepairsFlow):
    """Select another value for the whole heating system, which reloads it."""

    step: str
    key: str
    error: str
    selector: Selector[Any]

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show the form."""
        return await self._edit(None)

    async def _edit(self, user_input: dict[str, Any] | None) -> RepairsFlowResult:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None:
            return self.async_abort(reason="gone")
        errors: dict[str, str] = {}
        if user_input is not None:
            if self._is_valid(user_input[self.key]):
                if not self._update(entry, user_input[self.key]):
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)  # a change reloads the entry itself
                return self.async_create_entry(data={})
            errors = {self.key: self.error}
        key = vol.Required(self.key, description={"suggested_value": self._current(entry)})
        return self.async_show_form(
            step_id=self.step,
            data_schema=vol.Schema({key: self.selector}),
            errors=errors,
            description_placeholders=self._placeholders(entry),
        )

    def _placeholders(self, entry: ConfigEntry) -> dict[str, str]:
        return {"name": entry.title}

    @abstractmethod
    def _is_valid(self, value: str) -> bool:
        """Return whether the choice can be used."""

    @abstractmethod
    def _current(self, entry: ConfigEntry) -> str | None:
        """Return the present choice."""

    @abstractmethod
    def _update(self, entry: ConfigEntry, value: str) -> bool:
        """Store the choice; return whether it is another one."""


class OutdoorFlow(EntryFlow):
    """Select another outdoor sensor."""

    step, key, error, selector = "outdoor", CONF_OUTDOOR, "no_temperature", TEMPERATURE

    async def async_step_outdoor(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Select the sensor."""
        return await self._edit(user_input)

    @override
    def _is_valid(self, value: str) -> bool:
        return not is_dead(temperature(self.hass, value))

    @override
    def _current(self, entry: ConfigEntry) -> str | None:
        return entry.data.get(CONF_OUTDOOR)

    @override
    def _update(self, entry: ConfigEntry, value: str) -> bool:
        return self.hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_OUTDOOR: value})


class PriceUnitFlow(EntryFlow):
    """Select the unit of the prices of a sensor without one."""

    step, key, error, selector = "unit", CONF_PRICE_UNIT, "price_implausible", select(list(SELECTABLE), CONF_PRICE_UNIT)

    async def async_step_unit(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Select the unit."""
        return await self._edit(user_input)

    @override
    def _placeholders(self, entry: ConfigEntry) -> dict[str, str]:
        return {"name": entry.title, "entity": str(entry.options.get(CONF_PRICE, {}).get(CONF_PRICE_ENTITY, ""))}

    @override
    def _is_valid(self, value: str) -> bool:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        price = {} if entry is None else entry.options.get(CONF_PRICE, {})
        shown = number_of(known(self.hass, price.get(CONF_PRICE_ENTITY)))
        return shown is None or is_plausible_price(shown * SELECTABLE[value], self.hass.config.currency)

    @override
    def _current(self, entry: ConfigEntry) -> str | None:
        found: str | None = entry.options.get(CONF_PRICE, {}).get(CONF_PRICE_UNIT)
        return found

    @override
    def _update(self, entry: ConfigEntry, value: str) -> bool:
        price = {**entry.options.get(CONF_PRICE, {}), CONF_PRICE_UNIT: value}
        return self.hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_PRICE: price})


class SiteMeterFlow(EntryFlow):
    """Select another meter of the home's power."""

    step, key, error, selector = "site_meter", CONF_SITE_METER, "no_power", POWER

    async def async_step_site_meter(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Select the meter."""
        return await self._edit(user_input)

    @override
    def _is_valid(self, value: str) -> bool:
        return power(self.hass, value).known

    @override
    def _current(self, entry: ConfigEntry) -> str | None:
        found: str | None = entry.options.get(CONF_LIMITS, {}).get(CONF_SITE_METER)
        return found

    @override
    def _update(self, entry: ConfigEntry, value: str) -> bool:
        limits = {**entry.options.get(CONF_LIMITS, {}), CONF_SITE_METER: value}
        return self.hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_LIMITS: limits})


class BudgetFlow(SubentryFlow):
    """Correct the daily call limit."""

    step, key = "limit", CONF_DAY_LIMIT

    async def async_step_limit(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Enter the limit of the contract."""
        return await self._edit(user_input)

    @override
    def _selector(self) -> Selector[Any]:
        return number(100, 100_000)


class ReleaseFlow(RepairsFlow):
    """Try the release of a source again, or leave the rest to the user."""

    def __init__(self, subentry_id: str, name: str) -> None:
        super().__init__()
        self._subentry_id = subentry_id
        self._name = name

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Select what to do."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, release_issue_id(self._subentry_id))
        placeholders = (issue.translation_placeholders if issue is not None else None) or {"name": self._name}
        return self.async_show_menu(
            step_id="init", menu_options=["retry", "forget"], description_placeholders={"error": "-", **placeholders}
        )

    async def async_step_retry(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Try again now; the issue is raised again if that fails."""
        releaser(self.hass).retry(self._subentry_id)
        return self.async_create_entry(data={})

    async def async_step_forget(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """The user restored the settings of the device."""
        await releaser(self.hass).async_forget(self._subentry_id)
        return self.async_create_entry(data={})


def _own_entity(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the error of an entity by which this integration controls itself."""
    return "own_entity" if is_own_control(hass, entity_id) else None


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the fix flow of an issue."""
    entry_id = str((data or {}).get("entry_id", ""))
    if issue_id.startswith(MISSING_ENTITY):
        return fix_flow(DOMAIN, issue_id, _own_entity)
    if issue_id.startswith(RELEASE_ISSUE):
        return ReleaseFlow(issue_id.removeprefix(RELEASE_ISSUE), str((data or {}).get("name", "")))
    if issue_id.startswith("curve_suggestion_"):
        return CurveFlow(entry_id)
    if issue_id.startswith(OFFER_ISSUE):
        return OfferFlow(entry_id)
    if issue_id.startswith("price_unit_missing_"):
        return PriceUnitFlow(entry_id)
    if issue_id.startswith("outdoor_dead_"):
        return OutdoorFlow(entry_id)
    if issue_id.startswith("site_meter_lost_"):
        return SiteMeterFlow(entry_id)
    for prefix, flow in (("sensor_dead_", SensorFlow), ("budget_low_", BudgetFlow)):
        if issue_id.startswith(prefix):
            return flow(entry_id, issue_id.removeprefix(prefix))
    return ReloadFlow(entry_id)
