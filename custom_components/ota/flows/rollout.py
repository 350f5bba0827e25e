"""Steps of the options flow that create a rollout: the plan, then a preview of its waves to confirm."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.data_entry_flow import section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateTimeSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio as vol

from ..actions.schema import PLAN, build_rollout
from ..data import OtaData
from ..hub import OtaHub
from ..rollout.errors import OtaError, RolloutError
from ..rollout.plan import Mode, Rollout
from ..rollout.state import State
from ..rollout.versions import version_key

CONF_RELEASE: Final = "release"
CONF_STAGES: Final = "stages"
CONF_SOAK_MIN: Final = "soak_min"
SECTION_TARGET: Final = "target"
SECTION_OPTIONS: Final = "options"
_SEPARATOR: Final = "\n"
_PLAN_SCHEMA: Final = vol.Schema(PLAN)


def _name_selector(names: Iterable[str | None]) -> SelectSelector:
    """Return a selector for several of the names in use."""
    options = sorted({name for name in names if name})
    return SelectSelector(SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN))


def _release_options(state: State) -> list[SelectOptionDict]:
    """Return each version once for all its chips, sorted by product, the newest version first."""
    chips: dict[tuple[str, str], list[str]] = {}
    for release in state.releases.values():
        if not release.withdrawn:
            chips.setdefault((release.product, release.version), []).append(release.chip)
    newest_first = sorted(chips, key=lambda known: version_key(known[1]), reverse=True)
    return [
        SelectOptionDict(
            value=f"{product}{_SEPARATOR}{version}",
            label=f"{product} {version} ({', '.join(sorted(chips[product, version]))})",
        )
        for product, version in sorted(newest_first, key=lambda known: known[0])
    ]


def _schema(state: State) -> vol.Schema:
    devices = state.devices.values()
    named = [SelectOptionDict(value=device.uid, label=device.name) for device in devices]
    target = {
        vol.Optional("groups", default=list): _name_selector(device.group for device in devices),
        vol.Optional("tags", default=list): _name_selector(tag for device in devices for tag in device.tags),
        vol.Optional("models", default=list): _name_selector(device.model for device in devices),
        vol.Optional("devices", default=list): SelectSelector(
            SelectSelectorConfig(options=named, multiple=True, mode=SelectSelectorMode.DROPDOWN, sort=True)
        ),
    }
    options = {
        vol.Required("mode", default=Mode.AUTOMATIC.value): SelectSelector(
            SelectSelectorConfig(options=[mode.value for mode in Mode], translation_key="mode")
        ),
        vol.Required("auto_rollback", default=False): BooleanSelector(),
        vol.Required("allow_without_rollback", default=False): BooleanSelector(),
        vol.Required("late_joiners", default=True): BooleanSelector(),
        vol.Required(CONF_SOAK_MIN, default=30): NumberSelector(
            NumberSelectorConfig(min=0, max=44_640, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement="min")
        ),
        vol.Optional("start"): DateTimeSelector(),
        vol.Optional("name"): TextSelector(),
    }
    return vol.Schema(
        {
            vol.Required(CONF_RELEASE): SelectSelector(
                SelectSelectorConfig(options=_release_options(state), mode=SelectSelectorMode.DROPDOWN)
            ),
            vol.Required("strategy", default="canary"): SelectSelector(
                SelectSelectorConfig(options=["canary", "waves", "all"], translation_key="strategy")
            ),
            vol.Required("percent", default=10): NumberSelector(
                NumberSelectorConfig(min=1, max=100, step=1, unit_of_measurement="%")
            ),
            vol.Optional(CONF_STAGES, default="1, 10, 50, 100"): TextSelector(),
            vol.Required(SECTION_TARGET): section(vol.Schema(target), {"collapsed": True}),
            vol.Required(SECTION_OPTIONS): section(vol.Schema(options), {"collapsed": True}),
        }
    )


def _waves(stages: str) -> list[dict[str, float]]:
    """Parse cumulative percentages such as "1, 10, 50 %".

    Raises:
        RolloutError: `bad_waves`.
    """
    try:
        return [{"percent": float(part.strip().rstrip("%"))} for part in stages.split(",") if part.strip()]
    except ValueError as err:
        raise RolloutError("bad_waves") from err


def plan_from_form(user_input: Mapping[str, Any], now: float) -> Rollout:
    """Return the rollout that the form describes.

    Raises:
        OtaError: The plan is not possible.
    """
    product, _, version = user_input[CONF_RELEASE].partition(_SEPARATOR)
    target, options = dict(user_input[SECTION_TARGET]), dict(user_input[SECTION_OPTIONS])
    soak_s = options.pop(CONF_SOAK_MIN) * 60
    data = {"product": product, "version": version, "strategy": user_input["strategy"], **target, **options}
    data["gate"] = {"soak_s": soak_s}
    if data["strategy"] == "canary":
        data["percent"] = user_input["percent"]
    if data["strategy"] == "waves":
        data["waves"] = _waves(user_input.get(CONF_STAGES, ""))
    try:
        validated = _PLAN_SCHEMA({key: value for key, value in data.items() if value != ""})
    except vol.Invalid as err:
        raise RolloutError("bad_waves") from err
    return build_rollout(validated, now)


class RolloutSteps(OptionsFlow):
    """The rollout steps of the options flow."""

    _plan: Rollout | None = None
    _plan_values: dict[str, Any] | None = None

    async def async_step_rollout(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for release, target and options."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        data: OtaData = self.config_entry.runtime_data
        hub = data.hub
        if not _release_options(hub.state):
            return self.async_abort(reason="no_releases")
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            self._plan_values = user_input
            try:
                self._plan = plan_from_form(user_input, hub.now)
                return self._show_preview(hub, self._plan)
            except OtaError as err:
                errors["base"] = err.code
                placeholders = err.placeholders
        return self.async_show_form(
            step_id="rollout",
            data_schema=self.add_suggested_values_to_schema(_schema(hub.state), self._plan_values),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _show_preview(self, hub: OtaHub, plan: Rollout) -> ConfigFlowResult:
        waves = hub.engine.rollouts.preview(plan, hub.now)
        return self.async_show_form(
            step_id="rollout_confirm",
            data_schema=vol.Schema({}),
            description_placeholders={
                "name": plan.name,
                "devices": str(sum(waves)),
                "waves": " + ".join(str(count) for count in waves),
            },
        )

    async def async_step_rollout_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create the rollout."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        data: OtaData = self.config_entry.runtime_data
        plan = self._plan
        assert plan is not None, "only async_step_rollout leads here"
        try:
            data.hub.engine.rollouts.create(plan, data.hub.now)
            await data.hub.async_commit()
        except OtaError as err:
            return self.async_abort(reason=err.code, description_placeholders=err.placeholders)
        except HomeAssistantError as err:
            placeholders = err.translation_placeholders or {"error": str(err)}
            return self.async_abort(reason="storage_failed", description_placeholders=placeholders)
        return self.async_abort(reason="rollout_created", description_placeholders={"name": plan.name})
