"""Config flow steps of a Central Control Unit."""

import ipaddress
import json
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.network import NoURLAvailableError, get_url
import probatio as vol

from .._lib.device_keys import new_key
from ..const import (
    CONF_ACCEPT_WITHOUT_KEY,
    CONF_CCU_ID,
    CONF_KIND,
    CONF_NEW_KEY,
    CONF_SOURCE_ADDRESS,
    HubKind,
)
from ..domain.parts import async_get_parts
from ..model.ccu_protocol import parse_device_id
from ..model.errors import FieldError
from .base import HubFlow
from .schemas import CCU_SCHEMA, RECONFIGURE_CCU_SCHEMA

_NO_FIELDS: Final = vol.Schema({})
_DEFAULT_URL: Final = "http://homeassistant.local:8123"


def _esphome_substitutions(name: str, url: str, ccu_id: str, key: str) -> str:
    """Return the substitutions of the ESPHome configuration of a CCU (firmware/esphome/ccu.yaml)."""
    values = {"friendly_name": name, "outlet_url": url, "outlet_ccu_id": ccu_id, "outlet_ccu_key": key}
    lines = [f"  {field}: {json.dumps(value, ensure_ascii=False)}" for field, value in values.items()]
    return "\n".join(["substitutions:", *lines])


class CcuFlow(HubFlow):
    """Add or reconfigure a Central Control Unit."""

    _key = ""

    async def async_step_ccu(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for name, ID and authentication."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._data = self._validate_access(user_input, errors)
            try:
                ccu_id = parse_device_id(user_input[CONF_CCU_ID].strip())
            except FieldError:
                errors[CONF_CCU_ID] = "ccu_id_invalid"
            else:
                self._data |= {CONF_KIND: HubKind.CCU.value, CONF_CCU_ID: ccu_id}
                await self.async_set_unique_id(f"ccu_{ccu_id}")
                self._abort_if_unique_id_configured()
            if not errors:
                return await self._async_create_ccu()
        return self.async_show_form(
            step_id="ccu",
            data_schema=self.add_suggested_values_to_schema(CCU_SCHEMA, user_input),
            errors=errors,
        )

    async def _async_create_ccu(self) -> ConfigFlowResult:
        if self._data[CONF_ACCEPT_WITHOUT_KEY]:
            return self.async_create_entry(title=self._data[CONF_NAME], data=self._data)
        self._key = new_key()
        return await self.async_step_key()

    async def async_step_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the key once; it is valid after the user has confirmed."""
        if user_input is None:
            return self._show_key("key")
        # On disk before the entry is created: a key that was shown must be accepted.
        if not await self._async_store_key():
            return self._show_key("key", {"base": "storage_failed"})
        return self.async_create_entry(title=self._data[CONF_NAME], data=self._data)

    async def async_step_import(self, import_data: dict[str, Any]) -> ConfigFlowResult:
        """Restore a config entry that was lost in a crash just after its key was shown."""
        parts = await async_get_parts(self.hass)
        record = parts.keys.records[import_data[CONF_CCU_ID]]
        await self.async_set_unique_id(f"ccu_{record.ccu_id}")
        self._abort_if_unique_id_configured()
        data = {
            CONF_KIND: HubKind.CCU.value,
            CONF_NAME: record.name,
            CONF_CCU_ID: record.ccu_id,
            CONF_ACCEPT_WITHOUT_KEY: False,
        }
        return self.async_create_entry(title=record.name, data=data)

    async def _async_store_key(self) -> bool:
        parts = await async_get_parts(self.hass)
        try:
            await parts.keys.async_set_key(self._data[CONF_CCU_ID], self._data[CONF_NAME], self._key)
        except HomeAssistantError:
            return False  # the store logs the reason
        return True

    def _show_key(self, step_id: str, errors: dict[str, str] | None = None) -> ConfigFlowResult:
        try:
            url = get_url(self.hass, allow_external=False, allow_cloud=False, prefer_external=False)
        except NoURLAvailableError:
            url = _DEFAULT_URL
        ccu_id = self._data[CONF_CCU_ID]
        placeholders = {
            "device_key": self._key,
            "ccu_id": ccu_id,
            "url": url,
            "esphome": _esphome_substitutions(self._data[CONF_NAME], url, ccu_id, self._key),
        }
        return self.async_show_form(
            step_id=step_id, data_schema=_NO_FIELDS, description_placeholders=placeholders, errors=errors
        )

    def _validate_access(self, user_input: dict[str, Any], errors: dict[str, str]) -> dict[str, Any]:
        """Return name and authentication of a CCU; adds to ``errors`` what is invalid."""
        name, without_key = user_input[CONF_NAME].strip(), user_input[CONF_ACCEPT_WITHOUT_KEY]
        if not name:
            errors[CONF_NAME] = "name_empty"
        data = {CONF_NAME: name, CONF_ACCEPT_WITHOUT_KEY: without_key}
        if not without_key:
            return data
        try:
            address = str(ipaddress.ip_address(user_input.get(CONF_SOURCE_ADDRESS, "").strip()))
        except ValueError:
            errors[CONF_SOURCE_ADDRESS] = "address_invalid"
            return data
        if any(
            entry.data.get(CONF_SOURCE_ADDRESS) == address and entry.data.get(CONF_ACCEPT_WITHOUT_KEY)
            for entry in self._async_current_entries()
            if entry.entry_id != self.context.get("entry_id")
        ):
            errors[CONF_SOURCE_ADDRESS] = "address_in_use"
        return data | {CONF_SOURCE_ADDRESS: address}

    async def async_step_reconfigure_ccu(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the name or the authentication of a CCU."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            fixed = {CONF_KIND: HubKind.CCU.value, CONF_CCU_ID: entry.data[CONF_CCU_ID]}
            self._data = fixed | self._validate_access(user_input, errors)
            if not errors:
                return await self._async_update_ccu(entry, create_key=user_input[CONF_NEW_KEY])
        return self.async_show_form(
            step_id="reconfigure_ccu",
            data_schema=self.add_suggested_values_to_schema(RECONFIGURE_CCU_SCHEMA, user_input or entry.data),
            description_placeholders={"ccu_id": entry.data[CONF_CCU_ID]},
            errors=errors,
        )

    async def _async_update_ccu(self, entry: ConfigEntry, *, create_key: bool) -> ConfigFlowResult:
        parts = await async_get_parts(self.hass)
        ccu_id = self._data[CONF_CCU_ID]
        if self._data[CONF_ACCEPT_WITHOUT_KEY]:
            await parts.keys.async_remove(ccu_id)
        elif create_key or ccu_id not in parts.keys.records:
            self._key = new_key()
            return await self.async_step_new_key()
        return self.async_update_and_abort(entry, title=self._data[CONF_NAME], data=self._data)

    async def async_step_new_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the new key once; the previous one is valid until the new one is used, for a day at most."""
        if user_input is None:
            return self._show_key("new_key")
        if not await self._async_store_key():
            return self._show_key("new_key", {"base": "storage_failed"})
        entry = self._get_reconfigure_entry()
        return self.async_update_and_abort(entry, title=self._data[CONF_NAME], data=self._data)
