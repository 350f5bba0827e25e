"""Config flow: a building; its controllers are subentries."""

import re
from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import TextSelector
import probatio as vol

from ._lib.device_keys import KeyRing, new_key
from .const import CONF_DEVICE_ID, DOMAIN, SUBENTRY_CONTROLLER
from .registry import REGISTRY

_DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_BUILDING_SCHEMA = vol.Schema({vol.Required(CONF_NAME): TextSelector()})
_CONTROLLER_SCHEMA = vol.Schema({vol.Required(CONF_NAME): TextSelector(), vol.Required(CONF_DEVICE_ID): TextSelector()})


class IotHeatingConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add a building."""

    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """A building has controllers."""
        return {SUBENTRY_CONTROLLER: ControllerSubentryFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name the building."""
        errors: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            if not name:
                errors[CONF_NAME] = "name_empty"
            else:
                self._async_abort_entries_match({CONF_NAME: name})
                return self.async_create_entry(title=name, data={CONF_NAME: name})
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_BUILDING_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Rename the building."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            if not name:
                errors[CONF_NAME] = "name_empty"
            elif any(
                other.data[CONF_NAME] == name
                for other in self._async_current_entries()
                if other.entry_id != entry.entry_id
            ):
                return self.async_abort(reason="already_configured")
            else:
                return self.async_update_and_abort(entry, title=name, data={CONF_NAME: name})
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(_BUILDING_SCHEMA, user_input or entry.data),
            errors=errors,
        )


class ControllerSubentryFlow(ConfigSubentryFlow):
    """Add a controller: its key is made here, shown once, and kept as a hash."""

    def __init__(self) -> None:
        self._name = ""
        self._device_id = ""
        self._key = ""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Name the controller and the id it calls itself."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._name = user_input[CONF_NAME].strip()
            self._device_id = user_input[CONF_DEVICE_ID].strip()
            if not self._name:
                errors[CONF_NAME] = "name_empty"
            if not _DEVICE_ID.fullmatch(self._device_id):
                errors[CONF_DEVICE_ID] = "device_id_invalid"
            elif self._device_id in self.hass.data[REGISTRY].devices:
                errors[CONF_DEVICE_ID] = "device_id_taken"
            if not errors:
                self._key = new_key()
                return await self.async_step_key()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_CONTROLLER_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_key(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the key once; the controller is registered when the user goes on."""
        if user_input is None:
            return self.async_show_form(
                step_id="key",
                data_schema=vol.Schema({}),
                description_placeholders={
                    "device_id": self._device_id,
                    "device_key": self._key,
                    "url": self._sync_url(),
                },
            )
        registry = self.hass.data[REGISTRY]
        if self._device_id in registry.devices:
            return self.async_abort(reason="already_configured")
        # On disk before the subentry is made: what the user was shown must open the door.
        await registry.async_add_device(self._device_id, self._get_entry().entry_id, self._name, KeyRing.of(self._key))
        return self.async_create_entry(
            title=self._name, data={CONF_DEVICE_ID: self._device_id}, unique_id=self._device_id
        )

    def _sync_url(self) -> str:
        """Where the controller has to call."""
        try:
            base = get_url(self.hass, allow_external=False, allow_cloud=False, prefer_external=False)
        except NoURLAvailableError:
            base = "http://homeassistant.local:8123"
        return f"{base}/api/iot/device/{self._device_id}/sync/"
