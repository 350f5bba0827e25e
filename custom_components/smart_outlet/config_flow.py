"""Config flow: a Central Control Unit or a radio; its outlets are subentries."""

import ipaddress
import logging
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.network import NoURLAvailableError, get_url
import probatio as vol

from ._lib.device_keys import new_key
from .const import (
    CONF_BAUD,
    CONF_CCU_ID,
    CONF_CHANNEL,
    CONF_KEYLESS,
    CONF_KIND,
    CONF_MODE,
    CONF_NEW_KEY,
    CONF_PORT,
    CONF_POWER,
    CONF_RADIO_ADDRESS,
    CONF_SET_PIN,
    CONF_SOURCE_ADDRESS,
    CONF_WRITE_MODULE,
    DOMAIN,
    SUBENTRY_OUTLET,
    Kind,
)
from .flow_schemas import CCU_SCHEMA, MODULE_SCHEMA, RADIO_SCHEMA, RECONFIGURE_CCU_SCHEMA
from .hubs import async_get_hubs
from .model.errors import FieldError
from .model.wire import parse_device_id
from .options_flow import SmartOutletOptionsFlow
from .outlet_flow import OutletSubentryFlow
from .radio.at import RadioSettings, write_settings
from .radio.errors import AtError
from .radio.port import PortError, SetPin, check_port, open_at
from .radio.timing import Mode

_LOGGER = logging.getLogger(__name__)
_NO_KEY: Final = vol.Schema({})


class SmartOutletConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add a hub."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        self._data: dict[str, Any] = {}
        self._key = ""

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """A hub has outlets."""
        return {SUBENTRY_OUTLET: OutletSubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Mains and heartbeat."""
        return SmartOutletOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """A unit that calls us, or a radio of our own."""
        return self.async_show_menu(step_id="user", menu_options=[Kind.CCU.value, Kind.RADIO.value])

    # A Central Control Unit

    async def async_step_ccu(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name the unit, and say whether it has a key."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._data = self._checked(user_input, errors)
            try:
                ccu_id = parse_device_id(user_input[CONF_CCU_ID].strip())
            except FieldError:
                errors[CONF_CCU_ID] = "ccu_id_invalid"
            else:
                self._data |= {CONF_KIND: Kind.CCU.value, CONF_CCU_ID: ccu_id}
                await self.async_set_unique_id(f"ccu_{ccu_id}")
                self._abort_if_unique_id_configured()
            if not errors:
                return await self._async_next(ccu_id)
        return self.async_show_form(
            step_id="ccu",
            data_schema=self.add_suggested_values_to_schema(CCU_SCHEMA, user_input),
            errors=errors,
        )

    async def _async_next(self, ccu_id: str) -> ConfigFlowResult:
        if self._data[CONF_KEYLESS]:
            return self.async_create_entry(title=self._data[CONF_NAME], data=self._data)
        self._key = new_key()
        return await self.async_step_key()

    async def async_step_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the key once; it counts when the user goes on."""
        if user_input is None:
            return self.async_show_form(
                step_id="key", data_schema=_NO_KEY, description_placeholders=self._key_placeholders()
            )
        # On disk before the entry is made: what the user was shown must open the door.
        hubs = await async_get_hubs(self.hass)
        await hubs.registry.async_set_key(self._data[CONF_CCU_ID], self._data[CONF_NAME], self._key)
        return self.async_create_entry(title=self._data[CONF_NAME], data=self._data)

    async def async_step_import(self, import_data: dict[str, Any]) -> ConfigFlowResult:
        """Bring back a unit whose key was shown just before a crash that lost its entry."""
        hubs = await async_get_hubs(self.hass)
        record = hubs.registry.units[import_data[CONF_CCU_ID]]
        await self.async_set_unique_id(f"ccu_{record.ccu_id}")
        self._abort_if_unique_id_configured()
        _LOGGER.info("Bringing back unit %s, added just before a crash", record.ccu_id)
        data = {
            CONF_KIND: Kind.CCU.value,
            CONF_NAME: record.name,
            CONF_CCU_ID: record.ccu_id,
            CONF_KEYLESS: False,
        }
        return self.async_create_entry(title=record.name, data=data)

    def _key_placeholders(self) -> dict[str, str]:
        try:
            url = get_url(self.hass, allow_external=False, allow_cloud=False, prefer_external=False)
        except NoURLAvailableError:
            url = "http://homeassistant.local:8123"
        return {"device_key": self._key, "ccu_id": self._data[CONF_CCU_ID], "url": url}

    def _checked(self, user_input: dict[str, Any], errors: dict[str, str]) -> dict[str, Any]:
        """Name and access of a unit; what is wrong goes to ``errors``."""
        name, keyless = user_input[CONF_NAME].strip(), user_input[CONF_KEYLESS]
        if not name:
            errors[CONF_NAME] = "name_empty"
        data = {CONF_NAME: name, CONF_KEYLESS: keyless}
        if not keyless:
            return data
        try:
            address = str(ipaddress.ip_address(user_input.get(CONF_SOURCE_ADDRESS, "").strip()))
        except ValueError:
            errors[CONF_SOURCE_ADDRESS] = "address_invalid"
            return data
        own = self.context.get("entry_id")
        if any(
            entry.data.get(CONF_SOURCE_ADDRESS) == address and entry.data.get(CONF_KEYLESS)
            for entry in self._async_current_entries()
            if entry.entry_id != own
        ):
            errors[CONF_SOURCE_ADDRESS] = "address_taken"
        return data | {CONF_SOURCE_ADDRESS: address}

    # A radio

    async def async_step_radio(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the serial port and our address."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._data = {CONF_KIND: Kind.RADIO.value} | _checked_radio(user_input, errors)
            self._async_abort_entries_match({CONF_PORT: self._data[CONF_PORT]})
            if not errors and await self._async_port_works(errors):
                return await self.async_step_module()
        return self.async_show_form(
            step_id="radio",
            data_schema=self.add_suggested_values_to_schema(RADIO_SCHEMA, user_input),
            errors=errors,
        )

    async def _async_port_works(self, errors: dict[str, str]) -> bool:
        try:
            await check_port(self._data[CONF_PORT], self._data[CONF_BAUD])
        except PortError as err:
            _LOGGER.debug("Serial port: %s", err)
            errors[CONF_PORT] = "cannot_open"
            return False
        return True

    async def async_step_module(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set the module up: channel, power, mode."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                wanted = RadioSettings(
                    channel=int(user_input[CONF_CHANNEL]),
                    power=int(user_input[CONF_POWER]),
                    mode=Mode(user_input[CONF_MODE]),
                    baud=self._data[CONF_BAUD],
                )
            except ValueError:
                errors[CONF_MODE] = "mode_needs_other_baud"
            else:
                self._data |= {
                    CONF_SET_PIN: user_input[CONF_SET_PIN],
                    CONF_MODE: wanted.mode.value,
                    CONF_CHANNEL: wanted.channel,
                    CONF_POWER: wanted.power,
                }
                if not user_input[CONF_WRITE_MODULE] or await self._async_write(wanted, errors):
                    return self._finish_radio()
        return self.async_show_form(
            step_id="module",
            data_schema=self.add_suggested_values_to_schema(MODULE_SCHEMA, user_input or self._data),
            errors=errors,
        )

    async def _async_write(self, wanted: RadioSettings, errors: dict[str, str]) -> bool:
        """Set the module up; a running radio lets go of the port for that."""
        entry = self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None
        if entry is not None:
            await self.hass.config_entries.async_unload(entry.entry_id)
        pin = SetPin(self._data[CONF_SET_PIN])
        try:
            async with open_at(self._data[CONF_PORT], self._data[CONF_BAUD], pin) as port:
                await write_settings(port, wanted)
        except PortError:
            errors["base"] = "cannot_open"
        except AtError as err:
            _LOGGER.debug("HC-12: %s", err)
            errors["base"] = "module_silent"
        finally:
            if entry is not None:
                self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return not errors

    def _finish_radio(self) -> ConfigFlowResult:
        title = self._data[CONF_NAME]
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            return self.async_update_and_abort(entry, title=title, data=self._data)
        return self.async_create_entry(title=title, data=self._data)

    # Changing a hub

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change a unit's access or a radio's port."""
        entry = self._get_reconfigure_entry()
        if entry.data[CONF_KIND] == Kind.RADIO:
            return await self.async_step_reconfigure_radio()
        return await self.async_step_reconfigure_ccu()

    async def async_step_reconfigure_ccu(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Rename a unit, give it a new key, or let it in without one."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            fixed = {CONF_KIND: Kind.CCU.value, CONF_CCU_ID: entry.data[CONF_CCU_ID]}
            self._data = fixed | self._checked(user_input, errors)
            if not errors:
                return await self._async_change_ccu(entry, new=user_input[CONF_NEW_KEY])
        return self.async_show_form(
            step_id="reconfigure_ccu",
            data_schema=self.add_suggested_values_to_schema(RECONFIGURE_CCU_SCHEMA, user_input or entry.data),
            description_placeholders={"ccu_id": entry.data[CONF_CCU_ID]},
            errors=errors,
        )

    async def _async_change_ccu(self, entry: ConfigEntry, *, new: bool) -> ConfigFlowResult:
        hubs = await async_get_hubs(self.hass)
        ccu_id = self._data[CONF_CCU_ID]
        if self._data[CONF_KEYLESS]:
            await hubs.registry.async_remove(ccu_id)
        elif new or ccu_id not in hubs.registry.units:
            self._key = new_key()
            return await self.async_step_new_key()
        return self.async_update_and_abort(entry, title=self._data[CONF_NAME], data=self._data)

    async def async_step_new_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the new key once; the old one is good until it is used, for a day at most."""
        if user_input is None:
            return self.async_show_form(
                step_id="new_key", data_schema=_NO_KEY, description_placeholders=self._key_placeholders()
            )
        hubs = await async_get_hubs(self.hass)
        await hubs.registry.async_set_key(self._data[CONF_CCU_ID], self._data[CONF_NAME], self._key)
        entry = self._get_reconfigure_entry()
        return self.async_update_and_abort(entry, title=self._data[CONF_NAME], data=self._data)

    async def async_step_reconfigure_radio(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change a radio's port, which has to work, its speed or our address."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            self._data = {**entry.data, **_checked_radio(user_input, errors)}
            is_new = self._data[CONF_PORT] != entry.data[CONF_PORT]
            if is_new:
                self._async_abort_entries_match({CONF_PORT: self._data[CONF_PORT]})
            # The port that it has is in use by the running radio.
            if not errors and (not is_new or await self._async_port_works(errors)):
                return await self.async_step_module()
        return self.async_show_form(
            step_id="reconfigure_radio",
            data_schema=self.add_suggested_values_to_schema(RADIO_SCHEMA, user_input or _shown(entry.data)),
            errors=errors,
        )


def _shown(data: Any) -> dict[str, Any]:
    """A radio's data as its form shows it: choices are text."""
    return {**data, CONF_BAUD: str(data[CONF_BAUD]), CONF_RADIO_ADDRESS: f"{data[CONF_RADIO_ADDRESS]:02X}"}


def _checked_radio(user_input: dict[str, Any], errors: dict[str, str]) -> dict[str, Any]:
    """Name, port, baud rate and address of a radio; what is wrong goes to ``errors``."""
    if not (name := user_input[CONF_NAME].strip()):
        errors[CONF_NAME] = "name_empty"
    try:
        address = int(parse_device_id(user_input[CONF_RADIO_ADDRESS].strip()), 16)
    except FieldError:
        address = 0
    if address in (0x00, 0xFF):
        errors[CONF_RADIO_ADDRESS] = "radio_address_invalid"
    return {
        CONF_NAME: name,
        CONF_PORT: user_input[CONF_PORT].strip(),
        CONF_BAUD: int(user_input[CONF_BAUD]),
        CONF_RADIO_ADDRESS: address,
    }
