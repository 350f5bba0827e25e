"""Meters that are asked directly."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import (
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SCAN_INTERVAL,
    UnitOfTime,
)
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio as vol

from ..meters import CONF_INVERTED, DEFAULT_INTERVAL_S, meter_of
from .base import CAUGHT, error_of
from .fields import number

_METER = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=80): number(1, 65535),
        vol.Optional(CONF_PASSWORD): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD)),
        vol.Required(CONF_SCAN_INTERVAL, default=DEFAULT_INTERVAL_S): number(2, 60, UnitOfTime.SECONDS),
        vol.Required(CONF_INVERTED, default=False): BooleanSelector(),
    }
)


class MeterSubentryFlow(ConfigSubentryFlow):
    """Add or change a meter that is asked directly; it is tried out before it is taken."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Where it is."""
        errors: dict[str, str] = {}
        if user_input is not None:
            mac = await self._try(user_input, errors)
            if not errors:
                if any(item.unique_id == mac for item in self._get_entry().subentries.values()):
                    return self.async_abort(reason="already_configured")
                return self.async_create_entry(title=user_input[CONF_NAME].strip(), data=user_input, unique_id=mac)
        return self._form("user", user_input, errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change it."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            mac = await self._try(user_input, errors)
            if not errors and mac != subentry.unique_id:
                return self.async_abort(reason="wrong_device")
            if not errors:
                return self.async_update_and_abort(
                    self._get_entry(), subentry, title=user_input[CONF_NAME].strip(), data=user_input
                )
        return self._form("reconfigure", user_input or subentry.data, errors)

    async def _try(self, user_input: dict[str, Any], errors: dict[str, str]) -> str:
        if not user_input[CONF_NAME].strip():
            errors[CONF_NAME] = "name_empty"
            return ""
        meter = meter_of(self.hass, user_input)
        try:
            info = await meter.identify()
            await meter.read()
        except CAUGHT as err:
            errors["base"] = error_of(err)
            return ""
        return str(info["mac"])

    def _form(self, step: str, values: Mapping[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=self.add_suggested_values_to_schema(_METER, values), errors=errors
        )
