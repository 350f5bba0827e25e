"""Config flow: add or rename a building, and add discovered controllers."""

from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig, TextSelector
import probatio as vol

from ._lib.device_keys import KeyRing
from .const import CONF_DEVICE_ID, DOMAIN, SUBENTRY_CONTROLLER, SUBENTRY_LINKED
from .flows.controller import ControllerSubentryFlow
from .flows.linked_entity import LinkedEntitySubentryFlow
from .flows.options import BuildingOptionsFlow
from .runtime.discovery import DISCOVERY, DiscoveredController
from .storage.device_store import DEVICE_STORE

CONF_BUILDING: Final = "building"
_BUILDING_SCHEMA = vol.Schema({vol.Required(CONF_NAME): TextSelector()})


class IotHeatingConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add a building, or a discovered controller to a building."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        self._device_id = ""

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the subentries: controllers and linked entities."""
        return {SUBENTRY_CONTROLLER: ControllerSubentryFlow, SUBENTRY_LINKED: LinkedEntitySubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return BuildingOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name the building."""
        errors: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            if not name:
                errors[CONF_NAME] = "name_required"
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
                errors[CONF_NAME] = "name_required"
            elif any(
                other.data.get(CONF_NAME) == name
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

    async def async_step_integration_discovery(self, discovery_info: dict[str, Any]) -> ConfigFlowResult:
        """Handle a call of an unregistered controller."""
        self._device_id = discovery_info[CONF_DEVICE_ID]
        await self.async_set_unique_id(self._device_id)
        self._abort_if_unique_id_configured()
        if self._device_id in self.hass.data[DEVICE_STORE].devices:
            return self.async_abort(reason="controller_registered")
        self.context["title_placeholders"] = {"device_id": self._device_id}
        return await self.async_step_approve()

    async def async_step_approve(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Select the building. The controller keeps its key."""
        found = self.hass.data[DISCOVERY].controllers.get(self._device_id)
        if found is None:
            return self.async_abort(reason="discovery_expired")
        errors: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            entry = self.hass.config_entries.async_get_entry(user_input[CONF_BUILDING])
            if entry is None:
                return self.async_abort(reason="building_removed")
            if not name:
                errors[CONF_NAME] = "name_required"
            else:
                return await self._async_add_controller(found, entry, name)
        buildings = [
            SelectOptionDict(value=entry.entry_id, label=entry.title)
            for entry in self._async_current_entries(include_ignore=False)
        ]
        if not buildings:
            return self.async_abort(reason="no_building")
        schema = vol.Schema(
            {
                vol.Required(CONF_BUILDING, default=buildings[0]["value"]): SelectSelector(
                    SelectSelectorConfig(options=buildings)
                ),
                vol.Required(CONF_NAME): TextSelector(),
            }
        )
        return self.async_show_form(
            step_id="approve",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders={
                "device_id": found.device_id,
                "address": found.address,
                "fingerprint": found.fingerprint,
                "other_keys": str(found.other_keys),
            },
        )

    async def _async_add_controller(
        self, found: DiscoveredController, entry: ConfigEntry, name: str
    ) -> ConfigFlowResult:
        """Register the controller with the first key that it presented."""
        data = {CONF_DEVICE_ID: found.device_id}
        store = self.hass.data[DEVICE_STORE]
        if found.device_id in store.devices:
            return self.async_abort(reason="controller_registered")
        await store.async_add_device(
            found.device_id, entry.entry_id, name, KeyRing(current=found.key_hash), config=data
        )
        self.hass.data[DISCOVERY].controllers.pop(found.device_id, None)
        subentry = ConfigSubentry(
            data=MappingProxyType(data), subentry_type=SUBENTRY_CONTROLLER, title=name, unique_id=found.device_id
        )
        self.hass.config_entries.async_add_subentry(entry, subentry)
        return self.async_abort(
            reason="controller_added", description_placeholders={"name": name, "building": entry.title}
        )
