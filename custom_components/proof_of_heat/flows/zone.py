"""The form of a zone."""

from collections.abc import Mapping
from typing import Any
import unicodedata

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import (
    CONF_NAME,
    UnitOfTemperature,
)
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    TextSelector,
)
import probatio as vol

from ..const import (
    CONF_HEAT_REQUEST,
    CONF_SCHEDULE,
    CONF_TEMPERATURE,
    CONF_WEEK,
    CONF_WINDOWS,
    SUBENTRY_ZONE,
)
from .advanced import ZONE_ADVANCED, with_section, without_empty
from .fields import TEMPERATURE, is_own_control, number

ZONE_SCHEMA = with_section(
    vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_TEMPERATURE): TEMPERATURE,
            vol.Optional(CONF_WINDOWS): EntitySelector(EntitySelectorConfig(domain="binary_sensor", multiple=True)),
            vol.Optional(CONF_SCHEDULE): EntitySelector(
                EntitySelectorConfig(domain=["schedule", "calendar", "input_boolean", "binary_sensor"])
            ),
            vol.Optional(CONF_HEAT_REQUEST): EntitySelector(
                EntitySelectorConfig(domain=["binary_sensor", "switch", "input_boolean", "valve", "climate"])
            ),
            vol.Required("comfort", default=21.0): number(5, 28, UnitOfTemperature.CELSIUS, 0.1),
            vol.Required("eco", default=18.5): number(5, 28, UnitOfTemperature.CELSIUS, 0.1),
            vol.Required("away", default=16.0): number(5, 28, UnitOfTemperature.CELSIUS, 0.1),
        }
    ),
    ZONE_ADVANCED,
)


def problems_of(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return the error of a zone by field."""
    if not user_input[CONF_NAME].strip():
        return {CONF_NAME: "name_empty"}
    if not user_input["comfort"] >= user_input["eco"] >= user_input["away"]:
        return {"eco" if user_input["comfort"] < user_input["eco"] else "away": "temperatures_disordered"}
    return {}


def name_key(name: str) -> str:
    """Return what two names of zones must not have in common: they differ in more than case and spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _with_week(user_input: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data to store: the form does not have the weekly schedule, which the week-schedule card changes."""
    week = {CONF_WEEK: stored[CONF_WEEK]} if CONF_WEEK in stored else {}
    return without_empty(user_input) | week


class ZoneSubentryFlow(ConfigSubentryFlow):
    """Adds or changes a zone."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Enter sensors, schedule and temperatures."""
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._problems(user_input)):
            return self.async_create_entry(
                title=user_input[CONF_NAME].strip(),
                data=without_empty(user_input),
                unique_id=f"{user_input[CONF_TEMPERATURE]}_{user_input[CONF_NAME].strip()}",
            )
        return self._form("user", user_input, errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change the zone."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._problems(user_input, subentry.title)):
            return self.async_update_and_abort(
                self._get_entry(),
                subentry,
                title=user_input[CONF_NAME].strip(),
                data=_with_week(user_input, subentry.data),
            )
        return self._form("reconfigure", user_input or subentry.data, errors)

    def _problems(self, user_input: Mapping[str, Any], title: str | None = None) -> dict[str, str]:
        name, zones = user_input[CONF_NAME], self._get_entry().get_subentries_of_type(SUBENTRY_ZONE)
        if name.strip() != title and name_key(name) in {name_key(zone.title) for zone in zones if zone.title != title}:
            return {CONF_NAME: "name_used"}
        own = [key for key in (CONF_TEMPERATURE, CONF_HEAT_REQUEST) if is_own_control(self.hass, user_input.get(key))]
        return problems_of(user_input) | dict.fromkeys(own, "own_entity")

    def _form(self, step: str, values: Mapping[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=self.add_suggested_values_to_schema(ZONE_SCHEMA, values), errors=errors
        )
