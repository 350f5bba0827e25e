"""Repair issues: stopped rollouts, stuck updates and failing release sources."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import LOCALE_EN, async_get_translations
from homeassistant.util import language as language_util

from .const import DOMAIN
from .hub import OtaHub
from .rollout.errors import OtaError
from .rollout.models import Device
from .rollout.plan import Rollout, Status
from .rollout.rollout_manager import FAILURES, ROLLBACK

MAX_LISTED_DEVICES: Final = 5
_LANGUAGES: Final = (LOCALE_EN, "de", "fi", "ru")
_COMMON: Final = f"component.{DOMAIN}.common."


async def async_load_reasons(hass: HomeAssistant) -> Mapping[str, str]:
    """Return the texts of failure reasons, in the language of Home Assistant or else in English."""
    matches = language_util.matches(hass.config.language, _LANGUAGES, hass.config.country)
    texts = await async_get_translations(hass, matches[0] if matches else LOCALE_EN, "common", {DOMAIN})
    return {key.removeprefix(_COMMON): text for key, text in texts.items()}


@callback
def update_rollout_issue(hass: HomeAssistant, hub: OtaHub, rollout: Rollout) -> None:
    """Create or delete the issue of a rollout that its gate stopped."""
    stopped = rollout.pause_reason is not None and rollout.status in (Status.PAUSED, Status.ROLLED_BACK)
    if not stopped:
        delete_rollout_issue(hass, rollout.rollout_id)
        return
    paused = rollout.status is Status.PAUSED
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"rollout_{rollout.rollout_id}",
        data={"rollout": rollout.rollout_id},
        is_fixable=paused,
        is_persistent=False,
        severity=ir.IssueSeverity.ERROR if paused else ir.IssueSeverity.WARNING,
        translation_key="rollout_stopped" if paused else "rollout_rolled_back",
        translation_placeholders=stopped_placeholders(hub, rollout),
    )


@callback
def delete_rollout_issue(hass: HomeAssistant, rollout_id: str) -> None:
    """Delete the issue of a rollout."""
    ir.async_delete_issue(hass, DOMAIN, f"rollout_{rollout_id}")


def stopped_placeholders(hub: OtaHub, rollout: Rollout) -> dict[str, str]:
    """Return what a user has to know to decide about a stopped rollout."""
    finished = sum(hub.engine.rollouts.counts(rollout))
    jobs = [
        job
        for job in hub.state.jobs_in(rollout.rollout_id)
        if job.state in FAILURES and not job.excused and job.reason != ROLLBACK
    ]
    jobs.sort(key=lambda job: job.updated_at)
    names = [
        f"{hub.state.devices[job.uid].name} ({job.version}: {hub.reason_text(job.reason)})"
        for job in jobs[:MAX_LISTED_DEVICES]
    ]
    return {
        "name": rollout.name,
        "failed": str(len(jobs)),
        "finished": str(finished),
        "wave": str(rollout.wave + 1),
        "waves": str(len(rollout.waves)),
        "devices": ", ".join(names) + (", …" if len(jobs) > MAX_LISTED_DEVICES else ""),
    }


@callback
def create_stuck_issue(hass: HomeAssistant, device: Device, version: str) -> None:
    """Create the issue of a device whose update makes no progress."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"stuck_{device.uid}",
        is_fixable=False,
        is_persistent=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="device_stuck",
        translation_placeholders={"device": device.name, "version": version},
    )


@callback
def delete_stuck_issue(hass: HomeAssistant, uid: str) -> None:
    """Delete the issue of a device."""
    ir.async_delete_issue(hass, DOMAIN, f"stuck_{uid}")


@callback
def create_source_issue(hass: HomeAssistant, source_id: str, name: str, error: str) -> None:
    """Create the issue of a release source that failed repeatedly."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"source_{source_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="source_failing",
        translation_placeholders={"name": name, "error": error},
    )


@callback
def delete_source_issue(hass: HomeAssistant, source_id: str) -> None:
    """Delete the issue of a release source."""
    ir.async_delete_issue(hass, DOMAIN, f"source_{source_id}")


class StoppedRolloutFlow(RepairsFlow):
    """Let the user resume, retry, roll back or abort a stopped rollout."""

    def __init__(self, rollout_id: str) -> None:
        """Start the flow for a rollout."""
        self._rollout_id = rollout_id

    def _hub(self) -> OtaHub | None:
        for entry in self.hass.config_entries.async_loaded_entries(DOMAIN):
            hub: OtaHub = entry.runtime_data.hub
            return hub
        return None

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Describe the failures and show the choices."""
        hub = self._hub()
        if hub is None:
            return self.async_abort(reason="not_loaded")
        rollout = hub.state.rollouts.get(self._rollout_id)
        if rollout is None:
            return self.async_abort(reason="unknown_rollout")
        return self.async_show_menu(
            step_id="init",
            menu_options=["resume", "retry", "rollback", "abort"],
            description_placeholders=stopped_placeholders(hub, rollout),
        )

    async def async_step_resume(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Excuse the failures and resume."""
        return await self._async_run("resume")

    async def async_step_retry(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Offer the release to the failed devices again and resume."""
        return await self._async_run("retry", "resume")

    async def async_step_rollback(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Roll back the updated devices."""
        return await self._async_run("rollback")

    async def async_step_abort(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Abort the rollout; updated devices keep the new version."""
        return await self._async_run("abort")

    async def _async_run(self, *operations: str) -> RepairsFlowResult:
        hub = self._hub()
        if hub is None:
            return self.async_abort(reason="not_loaded")
        reason = None
        try:
            for operation in operations:
                getattr(hub.engine.rollouts, operation)(self._rollout_id, hub.now)
        except OtaError as err:
            reason = err.code
        try:
            await hub.async_commit()
        except HomeAssistantError as err:
            placeholders = err.translation_placeholders or {"error": str(err)}
            return self.async_abort(reason="storage_failed", description_placeholders=placeholders)
        return self.async_create_entry(data={}) if reason is None else self.async_abort(reason=reason)


async def async_create_fix_flow(hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None) -> RepairsFlow:
    """Create the flow that fixes an issue."""
    return StoppedRolloutFlow(str((data or {}).get("rollout", "")))
