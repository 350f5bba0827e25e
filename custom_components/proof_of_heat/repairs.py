"""Repairs: what the user should look at, with a fix where there is one."""

from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN, SUBENTRY_SOURCE


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


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """The fix of every issue of ours."""
    return ReloadFlow(str((data or {}).get("entry_id", "")))
