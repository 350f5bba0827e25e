"""Repairs: what to do with a rollout that stopped by itself."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .coordinator import OtaCoordinator
from .notices import stop_facts
from .rollout.errors import OtaError


class StoppedRolloutFlow(RepairsFlow):
    """Let a person decide: go on, retry the failed devices, roll back, abort."""

    def __init__(self, rollout_id: str) -> None:
        """For one rollout."""
        self._rollout_id = rollout_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Say what happened, and offer the choices."""
        for entry in self.hass.config_entries.async_loaded_entries(DOMAIN):
            coordinator: OtaCoordinator = entry.runtime_data
            rollout = coordinator.state.rollouts.get(self._rollout_id)
            if rollout is None:
                return self.async_abort(reason="unknown_rollout")
            return self.async_show_menu(
                step_id="init",
                menu_options=["resume", "retry", "rollback", "abort"],
                description_placeholders=stop_facts(coordinator, rollout),
            )
        return self.async_abort(reason="not_loaded")

    async def async_step_resume(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Excuse the failures and go on."""
        return await self._async_do("resume")

    async def async_step_retry(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Offer it once more to the failed devices, and go on."""
        return await self._async_do("retry", "resume")

    async def async_step_rollback(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Take the updated devices back."""
        return await self._async_do("rollback")

    async def async_step_abort(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """End it; updated devices stay as they are."""
        return await self._async_do("abort")

    async def _async_do(self, *names: str) -> RepairsFlowResult:
        for entry in self.hass.config_entries.async_loaded_entries(DOMAIN):
            coordinator: OtaCoordinator = entry.runtime_data
            try:
                for name in names:
                    getattr(coordinator.engine.rollouts, name)(self._rollout_id, coordinator.now)
            except OtaError as err:
                await coordinator.async_settle()
                return self.async_abort(reason=err.code)
            await coordinator.async_settle()
            return self.async_create_entry(data={})
        return self.async_abort(reason="not_loaded")


async def async_create_fix_flow(hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None) -> RepairsFlow:
    """The flow of a repair."""
    return StoppedRolloutFlow(str((data or {}).get("rollout", "")))
