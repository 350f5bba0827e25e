"""Subentry flows: a controller with its key, an entity of Home Assistant linked as a controller."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME, UnitOfPower
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
)
import probatio as vol

from ._lib.device_keys import KeyRing, new_key
from .const import (
    CONF_DEVICE_ID,
    CONF_ENERGY_ENTITY,
    CONF_LINKED,
    CONF_POWER_ENTITY,
    CONF_RATED_POWER,
)
from .device_id import is_device_id
from .keys import async_revoke, async_rotate
from .linked import LINKABLE, entity_of
from .provisioning import esphome_substitutions, qr_markdown
from .records import Kind
from .registry import REGISTRY

CONF_NEW_KEY: Final = "new_key"
CONF_REVOKE: Final = "revoke"

_ENERGY: Final = {
    vol.Optional(CONF_RATED_POWER): NumberSelector(
        NumberSelectorConfig(
            min=0, max=1_000_000, step="any", unit_of_measurement=UnitOfPower.WATT, mode=NumberSelectorMode.BOX
        )
    ),
    vol.Optional(CONF_POWER_ENTITY): EntitySelector(EntitySelectorConfig(domain="sensor", device_class="power")),
    vol.Optional(CONF_ENERGY_ENTITY): EntitySelector(EntitySelectorConfig(domain="sensor", device_class="energy")),
}
_NAME: Final = {vol.Required(CONF_NAME): TextSelector()}
_CONTROLLER: Final = vol.Schema({**_NAME, vol.Required(CONF_DEVICE_ID): TextSelector(), **_ENERGY})
_CONTROLLER_AGAIN: Final = vol.Schema(
    {
        **_NAME,
        **_ENERGY,
        vol.Required(CONF_NEW_KEY, default=False): BooleanSelector(),
        vol.Required(CONF_REVOKE, default=False): BooleanSelector(),
    }
)
_LINKED: Final = vol.Schema(
    {
        **_NAME,
        vol.Required(CONF_LINKED): EntitySelector(EntitySelectorConfig(domain=list(LINKABLE))),
        **_ENERGY,
    }
)
_LINKED_AGAIN: Final = vol.Schema({**_NAME, **_ENERGY})


def _energy_of(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Where the energy is known from, of what a user entered."""
    return {
        name: user_input[name]
        for name in (CONF_RATED_POWER, CONF_POWER_ENTITY, CONF_ENERGY_ENTITY)
        if user_input.get(name) not in (None, "")
    }


class ControllerSubentryFlow(ConfigSubentryFlow):
    """Add a controller: its key is made here, shown once, and kept as a hash."""

    def __init__(self) -> None:
        self._name = ""
        self._device_id = ""
        self._key = ""
        self._data: dict[str, Any] = {}

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Name the controller and the id it calls itself."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._name = user_input[CONF_NAME].strip()
            self._device_id = user_input[CONF_DEVICE_ID].strip()
            if not self._name:
                errors[CONF_NAME] = "name_empty"
            if not is_device_id(self._device_id):
                errors[CONF_DEVICE_ID] = "device_id_invalid"
            elif self._device_id in self.hass.data[REGISTRY].devices:
                errors[CONF_DEVICE_ID] = "device_id_taken"
            if not errors:
                self._data = {CONF_DEVICE_ID: self._device_id, **_energy_of(user_input)}
                self._key = new_key()
                return await self.async_step_key()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_CONTROLLER, user_input),
            errors=errors,
        )

    async def async_step_key(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the key once; the controller is registered when the user goes on."""
        if user_input is None:
            return await self._async_show_key("key")
        registry = self.hass.data[REGISTRY]
        if self._device_id in registry.devices:
            return self.async_abort(reason="already_configured")
        # On disk before the subentry is made: what the user was shown must open the door.
        await registry.async_add_device(
            self._device_id, self._get_entry().entry_id, self._name, KeyRing.of(self._key), config=self._data
        )
        return self.async_create_entry(title=self._name, data=self._data, unique_id=self._device_id)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Rename the controller, change where its energy is known from, replace or revoke its key."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            self._name = user_input[CONF_NAME].strip()
            self._device_id = subentry.data[CONF_DEVICE_ID]
            if not self._name:
                errors[CONF_NAME] = "name_empty"
            elif user_input[CONF_REVOKE] and user_input[CONF_NEW_KEY]:
                errors[CONF_REVOKE] = "revoke_or_new"
            else:
                self._data = {CONF_DEVICE_ID: self._device_id, **_energy_of(user_input)}
                if user_input[CONF_REVOKE]:
                    await async_revoke(self.hass, self._device_id)
                if user_input[CONF_NEW_KEY]:
                    self._key = await async_rotate(self.hass, self._device_id)
                    return await self._async_show_key("new_key")
                return self._finish()
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                _CONTROLLER_AGAIN, user_input or {CONF_NAME: subentry.title, **subentry.data}
            ),
            errors=errors,
            description_placeholders={"device_id": subentry.data[CONF_DEVICE_ID]},
        )

    async def async_step_new_key(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """The new key was shown; both are valid until it is first used, or seven days."""
        return self._finish()

    def _finish(self) -> SubentryFlowResult:
        return self.async_update_and_abort(
            self._get_entry(), self._get_reconfigure_subentry(), title=self._name, data=self._data
        )

    async def _async_show_key(self, step_id: str) -> SubentryFlowResult:
        """The key as text, as QR code and as ESPHome substitutions."""
        base = self._base_url()
        url = f"{base}/api/iot/device/{self._device_id}/sync/"
        qr = await self.hass.async_add_executor_job(qr_markdown, base, self._device_id, self._key)
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            description_placeholders={
                "device_id": self._device_id,
                "device_key": self._key,
                "url": url,
                "qr": qr,
                "esphome": esphome_substitutions(base, self._name, self._device_id, self._key),
            },
        )

    def _base_url(self) -> str:
        """Where the controller finds Home Assistant."""
        try:
            return get_url(self.hass, allow_external=False, allow_cloud=False, prefer_external=False)
        except NoURLAvailableError:
            return "http://homeassistant.local:8123"


class LinkedSubentryFlow(ConfigSubentryFlow):
    """Link an entity that Home Assistant has already: a relay, a thermostat."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the entity and name what it heats."""
        errors: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            reference = self._reference(user_input[CONF_LINKED])
            if not name:
                errors[CONF_NAME] = "name_empty"
            elif reference in self.hass.data[REGISTRY].devices:
                errors[CONF_LINKED] = "linked_taken"
            else:
                data = {CONF_LINKED: reference, **_energy_of(user_input)}
                await self.hass.data[REGISTRY].async_add_device(
                    reference, self._get_entry().entry_id, name, KeyRing(), kind=Kind.LINKED, config=data
                )
                return self.async_create_entry(title=name, data=data, unique_id=reference)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_LINKED, user_input),
            errors=errors,
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Rename it, or change where its energy is known from."""
        subentry = self._get_reconfigure_subentry()
        reference = subentry.data[CONF_LINKED]
        errors: dict[str, str] = {}
        if user_input is not None:
            if name := user_input[CONF_NAME].strip():
                return self.async_update_and_abort(
                    self._get_entry(), subentry, title=name, data={CONF_LINKED: reference, **_energy_of(user_input)}
                )
            errors[CONF_NAME] = "name_empty"
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                _LINKED_AGAIN, user_input or {CONF_NAME: subentry.title, **subentry.data}
            ),
            errors=errors,
            description_placeholders={"entity": entity_of(self.hass, reference) or reference},
        )

    def _reference(self, entity_id: str) -> str:
        """What the entity is known by when it is renamed: its registry id, where it has one."""
        entry = er.async_get(self.hass).async_get(entity_id)
        return entry.id if entry is not None else entity_id
