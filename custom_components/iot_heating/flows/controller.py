"""Subentry flow of a controller."""

from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import BooleanSelector, TextSelector
import probatio as vol

from .._lib.device_keys import KeyRing, new_key
from ..const import CONF_DEVICE_ID
from ..protocol.device_id import is_valid_device_id
from ..runtime.key_rotation import async_revoke_keys, async_rotate_key
from ..storage.device_store import DEVICE_STORE
from .energy_fields import ENERGY_FIELDS, NAME_FIELD, energy_data
from .provisioning import esphome_substitutions, qr_markdown

CONF_NEW_KEY: Final = "new_key"
CONF_REVOKE: Final = "revoke"

_USER_SCHEMA: Final = vol.Schema({**NAME_FIELD, vol.Required(CONF_DEVICE_ID): TextSelector(), **ENERGY_FIELDS})
_RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        **NAME_FIELD,
        **ENERGY_FIELDS,
        vol.Required(CONF_NEW_KEY, default=False): BooleanSelector(),
        vol.Required(CONF_REVOKE, default=False): BooleanSelector(),
    }
)


class ControllerSubentryFlow(ConfigSubentryFlow):
    """Add a controller. Its key is created here, shown once, and stored as a hash."""

    def __init__(self) -> None:
        self._name = ""
        self._device_id = ""
        self._key = ""
        self._data: dict[str, Any] = {}

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Enter the name and the device ID."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._name = user_input[CONF_NAME].strip()
            self._device_id = user_input[CONF_DEVICE_ID].strip()
            if not self._name:
                errors[CONF_NAME] = "name_required"
            if not is_valid_device_id(self._device_id):
                errors[CONF_DEVICE_ID] = "device_id_invalid"
            elif self._device_id in self.hass.data[DEVICE_STORE].devices:
                errors[CONF_DEVICE_ID] = "device_id_registered"
            if not errors:
                self._data = {CONF_DEVICE_ID: self._device_id, **energy_data(user_input)}
                self._key = new_key()
                return await self.async_step_key()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_USER_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_key(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the key; the controller is registered when the user submits the form."""
        if user_input is None:
            return await self._async_show_key("key")
        store = self.hass.data[DEVICE_STORE]
        if self._device_id in store.devices:
            return self.async_abort(reason="already_configured")
        # Saved before the subentry is created: the key that was shown must be valid even after a crash.
        await store.async_add_device(
            self._device_id, self._get_entry().entry_id, self._name, KeyRing.of(self._key), config=self._data
        )
        return self.async_create_entry(title=self._name, data=self._data, unique_id=self._device_id)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change the name or the energy sources, replace or revoke the key."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            self._name = user_input[CONF_NAME].strip()
            self._device_id = subentry.data[CONF_DEVICE_ID]
            if not self._name:
                errors[CONF_NAME] = "name_required"
            elif user_input[CONF_REVOKE] and user_input[CONF_NEW_KEY]:
                errors[CONF_REVOKE] = "revoke_or_new_key"
            else:
                self._data = {CONF_DEVICE_ID: self._device_id, **energy_data(user_input)}
                return await self._async_apply(revoke=user_input[CONF_REVOKE], create_key=user_input[CONF_NEW_KEY])
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                _RECONFIGURE_SCHEMA, user_input or {CONF_NAME: subentry.title, **subentry.data}
            ),
            errors=errors,
            description_placeholders={"device_id": subentry.data[CONF_DEVICE_ID]},
        )

    async def _async_apply(self, *, revoke: bool, create_key: bool) -> SubentryFlowResult:
        store = self.hass.data[DEVICE_STORE]
        if revoke:
            await async_revoke_keys(store, self._device_id)
        if create_key:
            self._key = await async_rotate_key(store, self._device_id)
            return await self._async_show_key("new_key")
        return self._finish()

    async def async_step_new_key(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Finish after the new key was shown."""
        return self._finish()

    def _finish(self) -> SubentryFlowResult:
        return self.async_update_and_abort(
            self._get_entry(), self._get_reconfigure_subentry(), title=self._name, data=self._data
        )

    async def _async_show_key(self, step_id: str) -> SubentryFlowResult:
        """Show the key as text, QR code and ESPHome substitutions."""
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
        """Return the address at which controllers reach Home Assistant."""
        try:
            return get_url(self.hass, allow_external=False, allow_cloud=False, prefer_external=False)
        except NoURLAvailableError:
            return "http://homeassistant.local:8123"
