"""The steps of *New rollout*: what, to whom, how; then what that means for this fleet, before it begins."""

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

from .coordinator import OtaCoordinator
from .plans import PLAN, rollout_of
from .rollout.errors import OtaError, RolloutError
from .rollout.plan import Mode, Rollout
from .rollout.state import State
from .rollout.versions import version_key

CONF_RELEASE: Final = "release"
CONF_STAGES: Final = "stages"
CONF_SOAK_MIN: Final = "soak_min"
SECTION_WHO: Final = "who"
SECTION_HOW: Final = "how"
_SEPARATOR: Final = "\n"
_PLAN_SCHEMA: Final = vol.Schema(PLAN)


def _names(found: Iterable[str | None]) -> SelectSelector:
    """Several of what there is."""
    options = sorted({name for name in found if name})
    return SelectSelector(SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN))


def _releases(state: State) -> list[SelectOptionDict]:
    """Each version once, whatever chips it is for; the newest of each product first."""
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
    who = {
        vol.Optional("groups", default=list): _names(device.group for device in devices),
        vol.Optional("tags", default=list): _names(tag for device in devices for tag in device.tags),
        vol.Optional("models", default=list): _names(device.model for device in devices),
        vol.Optional("devices", default=list): SelectSelector(
            SelectSelectorConfig(options=named, multiple=True, mode=SelectSelectorMode.DROPDOWN, sort=True)
        ),
    }
    how = {
        vol.Required("mode", default=Mode.AUTOMATIC.value): SelectSelector(
            SelectSelectorConfig(options=[mode.value for mode in Mode], translation_key="mode")
        ),
        vol.Required("auto_rollback", default=False): BooleanSelector(),
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
                SelectSelectorConfig(options=_releases(state), mode=SelectSelectorMode.DROPDOWN)
            ),
            vol.Required("strategy", default="canary"): SelectSelector(
                SelectSelectorConfig(options=["canary", "waves", "all"], translation_key="strategy")
            ),
            vol.Required("percent", default=10): NumberSelector(
                NumberSelectorConfig(min=1, max=100, step=1, unit_of_measurement="%")
            ),
            vol.Optional(CONF_STAGES, default="1, 10, 50, 100"): TextSelector(),
            vol.Required(SECTION_WHO): section(vol.Schema(who), {"collapsed": True}),
            vol.Required(SECTION_HOW): section(vol.Schema(how), {"collapsed": True}),
        }
    )


def _waves(stages: str) -> list[dict[str, float]]:
    """Cumulative percentages, as a person writes them.

    Raises:
        RolloutError: `bad_waves`.
    """
    try:
        return [{"percent": float(part.strip().rstrip("%"))} for part in stages.split(",") if part.strip()]
    except ValueError as err:
        raise RolloutError("bad_waves") from err


def plan_of(user_input: Mapping[str, Any], now: float) -> Rollout:
    """The rollout that the form describes.

    Raises:
        OtaError: It is impossible.
    """
    product, _, version = user_input[CONF_RELEASE].partition(_SEPARATOR)
    who, how = dict(user_input[SECTION_WHO]), dict(user_input[SECTION_HOW])
    soak_s = how.pop(CONF_SOAK_MIN) * 60
    data = {"product": product, "version": version, "strategy": user_input["strategy"], **who, **how}
    data["gate"] = {"soak_s": soak_s}
    if data["strategy"] == "canary":
        data["percent"] = user_input["percent"]
    if data["strategy"] == "waves":
        data["waves"] = _waves(user_input.get(CONF_STAGES, ""))
    try:
        checked = _PLAN_SCHEMA({key: value for key, value in data.items() if value != ""})
    except vol.Invalid as err:
        raise RolloutError("bad_waves") from err
    return rollout_of(checked, now)


class RolloutSteps(OptionsFlow):
    """A part of the options flow."""

    def __init__(self) -> None:
        """Nothing is planned."""
        self._plan: Rollout | None = None
        self._form: dict[str, Any] | None = None

    async def async_step_rollout(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """What shall be rolled out, to whom and how."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        coordinator: OtaCoordinator = self.config_entry.runtime_data
        if not _releases(coordinator.state):
            return self.async_abort(reason="no_releases")
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            self._form = user_input
            try:
                self._plan = plan_of(user_input, coordinator.now)
                return self._show_confirm(coordinator, self._plan)
            except OtaError as err:
                errors["base"] = err.code
                placeholders = err.placeholders
        return self.async_show_form(
            step_id="rollout",
            data_schema=self.add_suggested_values_to_schema(_schema(coordinator.state), self._form),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _show_confirm(self, coordinator: OtaCoordinator, plan: Rollout) -> ConfigFlowResult:
        waves = coordinator.engine.rollouts.preview(plan, coordinator.now)
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
        """Begin it."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        coordinator: OtaCoordinator = self.config_entry.runtime_data
        plan = self._plan
        assert plan is not None, "only the form leads here"
        try:
            coordinator.engine.rollouts.create(plan, coordinator.now)
            await coordinator.async_settle()
        except OtaError as err:
            return self.async_abort(reason=err.code, description_placeholders=err.placeholders)
        except HomeAssistantError as err:
            placeholders = err.translation_placeholders or {"error": str(err)}
            return self.async_abort(reason="storage_failed", description_placeholders=placeholders)
        return self.async_abort(reason="rollout_created", description_placeholders={"name": plan.name})
