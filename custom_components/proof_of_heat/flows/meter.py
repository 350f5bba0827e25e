"""The form of a meter that is polled directly."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PASSWORD, CONF_PORT, CONF_SCAN_INTERVAL, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import BooleanSelector, TextSelector
import probatio as vol

from ..metering.coordinator import CONF_INVERTED, CONF_NET_BALANCING, DEFAULT_INTERVAL_S, create_meter
from .fields import PORT, SECRET, number
from .form import CONNECTION_ERRORS, DeviceCandidate, FieldError, error_key, same_device

METER_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=80): PORT,
        vol.Optional(CONF_PASSWORD): SECRET,
        vol.Required(CONF_SCAN_INTERVAL, default=DEFAULT_INTERVAL_S): number(1, 60, UnitOfTime.SECONDS),
        vol.Required(CONF_INVERTED, default=False): BooleanSelector(),
        vol.Required(CONF_NET_BALANCING, default=False): BooleanSelector(),
    }
)


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> DeviceCandidate:
    """Read the meter once; raises the errors that `errors_of` accepts."""
    name = data[CONF_NAME].strip()
    if not name:
        raise FieldError(CONF_NAME, "name_empty")
    stored = {**data, CONF_NAME: name, CONF_HOST: data[CONF_HOST].strip()}
    meter = create_meter(hass, stored)
    info = await meter.identify()
    await meter.read()
    return DeviceCandidate(name, str(info["mac"]), stored)


def errors_of(err: Exception) -> dict[str, str]:
    """Return the error's text key by field."""
    if isinstance(err, FieldError):
        return {err.field: err.key}
    key = error_key(err)
    return {CONF_PASSWORD if key == "invalid_auth" else CONF_HOST: key}


class MeterSubentryFlow(ConfigSubentryFlow):
    """Adds or changes a meter after a connection attempt."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Enter the address."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                candidate = await connect(self.hass, user_input)
            except CONNECTION_ERRORS as err:
                errors = errors_of(err)
            else:
                if any(
                    same_device(item.unique_id, candidate.unique_id) for item in self._get_entry().subentries.values()
                ):
                    return self.async_abort(reason="already_configured")
                return self.async_create_entry(
                    title=candidate.title, data=candidate.data, unique_id=candidate.unique_id
                )
        return self._form("user", user_input, errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change the meter."""
        subentry = self._get_reconfigure_subentry()
        kept = {key: subentry.data[key] for key in (CONF_PASSWORD,) if key in subentry.data}
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                candidate = await connect(self.hass, {**kept, **user_input})
            except CONNECTION_ERRORS as err:
                errors = errors_of(err)
            else:
                if not same_device(candidate.unique_id, subentry.unique_id):
                    return self.async_abort(reason="wrong_device")
                return self.async_update_and_abort(
                    self._get_entry(), subentry, title=candidate.title, data=candidate.data
                )
        values = {key: value for key, value in subentry.data.items() if key != CONF_PASSWORD}
        return self._form("reconfigure", user_input or values, errors)

    def _form(self, step: str, values: Mapping[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=self.add_suggested_values_to_schema(METER_SCHEMA, values), errors=errors
        )
