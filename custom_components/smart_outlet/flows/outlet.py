"""Subentry flow of an outlet."""

from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME

from ..const import CONF_DEVICE_ID, CONF_KIND, CONF_LOCATION, CONF_PROTECTED, CONF_RADIO_ADDRESS, HubKind
from ..model.ccu_protocol import parse_device_id
from ..model.errors import FieldError
from .schemas import OUTLET_SCHEMA, RECONFIGURE_OUTLET_SCHEMA

_RESERVED_ON_RADIO: Final = frozenset({"00", "FF"})
"""00 is not an address, FF is the broadcast address."""


class OutletSubentryFlow(ConfigSubentryFlow):
    """Add or reconfigure an outlet."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add an outlet."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _details(user_input)
            if not (name := user_input[CONF_NAME].strip()):
                errors[CONF_NAME] = "name_empty"
            if (device_id := self._validate_device_id(user_input[CONF_DEVICE_ID], errors)) is not None and not errors:
                return self.async_create_entry(
                    title=name, data={CONF_DEVICE_ID: device_id, **data}, unique_id=device_id
                )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(OUTLET_SCHEMA, user_input),
            errors=errors,
        )

    def _validate_device_id(self, text: str, errors: dict[str, str]) -> str | None:
        entry = self._get_entry()
        try:
            device_id = parse_device_id(text.strip())
        except FieldError:
            errors[CONF_DEVICE_ID] = "device_id_invalid"
            return None
        if any(subentry.unique_id == device_id for subentry in entry.subentries.values()):
            errors[CONF_DEVICE_ID] = "device_id_in_use"
        elif entry.data[CONF_KIND] == HubKind.RADIO:
            controller_address = f"{entry.data[CONF_RADIO_ADDRESS]:02X}"
            if device_id in _RESERVED_ON_RADIO or device_id == controller_address:
                errors[CONF_DEVICE_ID] = "device_id_reserved"
        return device_id

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change name, location and protected sockets; the device ID cannot be changed."""
        subentry: ConfigSubentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            if name := user_input[CONF_NAME].strip():
                return self.async_update_and_abort(
                    self._get_entry(),
                    subentry,
                    title=name,
                    data={CONF_DEVICE_ID: subentry.data[CONF_DEVICE_ID], **_details(user_input)},
                )
            errors[CONF_NAME] = "name_empty"
        suggested = user_input or {CONF_NAME: subentry.title, **subentry.data}
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(RECONFIGURE_OUTLET_SCHEMA, suggested),
            description_placeholders={"device_id": subentry.data[CONF_DEVICE_ID]},
            errors=errors,
        )


def _details(user_input: dict[str, Any]) -> dict[str, Any]:
    return {
        CONF_LOCATION: user_input.get(CONF_LOCATION, "").strip(),
        CONF_PROTECTED: sorted(user_input.get(CONF_PROTECTED, [])),
    }
