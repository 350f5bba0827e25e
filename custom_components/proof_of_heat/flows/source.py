"""Heat sources: the steps."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)
import probatio as vol

from ..const import (
    CONF_KIND,
)
from .base import CAUGHT, Choice, error_of
from .kinds import FORMS

CONF_CHOICE = "choice"


class SourceSubentryFlow(ConfigSubentryFlow):
    """Add or change a heat source; it is tried out before it is taken."""

    def __init__(self) -> None:
        self._choices: list[Choice] = []

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the kind."""
        return self.async_show_menu(step_id="user", menu_options=list(FORMS))

    async def async_step_miner(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A miner on the LAN."""
        return await self._kind("miner", user_input)

    async def async_step_viessmann(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A Viessmann heat pump."""
        return await self._kind("viessmann", user_input)

    async def async_step_modbus(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A boiler or heat pump on Modbus."""
        return await self._kind("modbus", user_input)

    async def async_step_entity(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """An entity of Home Assistant."""
        return await self._kind("entity", user_input)

    async def async_step_external(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A source that another integration offers."""
        return await self._kind("external", user_input)

    async def async_step_nicehash(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A rig at NiceHash."""
        return await self._kind("nicehash", user_input)

    async def async_step_hiveos(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A worker at HiveOS."""
        return await self._kind("hiveos", user_input)

    async def async_step_choose(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """An account has several."""
        if user_input is not None:
            return self._take(next(item for item in self._choices if item.unique_id == user_input[CONF_CHOICE]))
        options = [SelectOptionDict(value=item.unique_id, label=item.title) for item in self._choices]
        schema = vol.Schema({vol.Required(CONF_CHOICE): SelectSelector(SelectSelectorConfig(options=options))})
        return self.async_show_form(step_id="choose", data_schema=schema)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a source: the form of its kind, with what is set."""
        return await self._kind(self._get_reconfigure_subentry().data[CONF_KIND], user_input, step="reconfigure")

    async def _kind(
        self, kind: str, user_input: dict[str, Any] | None, *, step: str | None = None
    ) -> SubentryFlowResult:
        form = FORMS[kind]
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._choices = await form.connect(self.hass, {**user_input, CONF_KIND: kind})
            except CAUGHT as err:
                errors["base"] = error_of(err)
            else:
                return await self._chosen(step)
        values: Mapping[str, Any] | None = user_input
        if values is None and step is not None:
            values = {
                key: value for key, value in self._get_reconfigure_subentry().data.items() if key not in form.secrets
            }
        schema = self.add_suggested_values_to_schema(await form.schema(self.hass), values)
        return self.async_show_form(step_id=step or kind, data_schema=schema, errors=errors)

    async def _chosen(self, step: str | None) -> SubentryFlowResult:
        if step is not None:
            return self._change()
        taken = {subentry.unique_id for subentry in self._get_entry().subentries.values()}
        free = [item for item in self._choices if item.unique_id not in taken]
        if not free:
            return self.async_abort(reason="already_configured" if self._choices else "nothing_found")
        self._choices = free
        return self._take(free[0]) if len(free) == 1 else await self.async_step_choose()

    def _take(self, choice: Choice) -> SubentryFlowResult:
        return self.async_create_entry(title=choice.title, data=choice.data, unique_id=choice.unique_id)

    def _change(self) -> SubentryFlowResult:
        subentry = self._get_reconfigure_subentry()
        match = next((item for item in self._choices if item.unique_id == subentry.unique_id), None)
        if match is None:
            return self.async_abort(reason="wrong_device")
        return self.async_update_and_abort(self._get_entry(), subentry, data=match.data)
