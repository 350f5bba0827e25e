"""Config flow steps of an HC-12 radio."""

from collections.abc import Mapping
import logging
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlowResult
from homeassistant.const import CONF_NAME

from ..const import (
    CONF_BAUD,
    CONF_CHANNEL,
    CONF_KIND,
    CONF_MODE,
    CONF_PORT,
    CONF_POWER,
    CONF_RADIO_ADDRESS,
    CONF_SET_PIN,
    CONF_WRITE_MODULE,
    HubKind,
)
from ..model.ccu_protocol import parse_device_id
from ..model.errors import FieldError
from ..radio.at import RadioSettings, set_up_module
from ..radio.errors import AtError
from ..radio.port import PortError, SetPin, check_port, open_at
from ..radio.timing import Mode
from .base import HubFlow
from .schemas import MODULE_SCHEMA, RADIO_SCHEMA

_LOGGER = logging.getLogger(__name__)


class RadioFlow(HubFlow):
    """Add or reconfigure an HC-12 radio."""

    async def async_step_radio(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the serial port and the address of the radio."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._data = {CONF_KIND: HubKind.RADIO.value} | _validate_radio(user_input, errors)
            self._async_abort_entries_match({CONF_PORT: self._data[CONF_PORT]})
            if not errors and await self._async_check_port(errors):
                return await self.async_step_module()
        return self.async_show_form(
            step_id="radio",
            data_schema=self.add_suggested_values_to_schema(RADIO_SCHEMA, user_input),
            errors=errors,
        )

    async def _async_check_port(self, errors: dict[str, str]) -> bool:
        try:
            await check_port(self._data[CONF_PORT], self._data[CONF_BAUD])
        except PortError as err:
            _LOGGER.debug("Cannot open serial port: %s", err)
            errors[CONF_PORT] = "cannot_open_port"
            return False
        return True

    async def async_step_module(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the settings of the HC-12 module."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                settings = RadioSettings(
                    channel=int(user_input[CONF_CHANNEL]),
                    power=int(user_input[CONF_POWER]),
                    mode=Mode(user_input[CONF_MODE]),
                    baud=self._data[CONF_BAUD],
                )
            except ValueError:
                errors[CONF_MODE] = "mode_not_supported"
            else:
                self._data |= {
                    CONF_SET_PIN: user_input[CONF_SET_PIN],
                    CONF_MODE: settings.mode.value,
                    CONF_CHANNEL: settings.channel,
                    CONF_POWER: settings.power,
                }
                if not user_input[CONF_WRITE_MODULE] or await self._async_write_module(settings, errors):
                    return self._finish_radio()
        return self.async_show_form(
            step_id="module",
            data_schema=self.add_suggested_values_to_schema(MODULE_SCHEMA, user_input or self._data),
            errors=errors,
        )

    async def _async_write_module(self, settings: RadioSettings, errors: dict[str, str]) -> bool:
        """Write the settings to the module; a loaded entry releases the port meanwhile."""
        entry = self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None
        if entry is not None:
            await self.hass.config_entries.async_unload(entry.entry_id)
        pin = SetPin(self._data[CONF_SET_PIN])
        try:
            await set_up_module(lambda baud: open_at(self._data[CONF_PORT], baud, pin), settings)
        except PortError:
            errors["base"] = "cannot_open_port"
        except AtError as err:
            _LOGGER.debug("HC-12 module: %s", err)
            errors["base"] = "module_not_responding"
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

    async def async_step_reconfigure_radio(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the serial port, baud rate or address of a radio."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            self._data = {**entry.data, **_validate_radio(user_input, errors)}
            is_new_port = self._data[CONF_PORT] != entry.data[CONF_PORT]
            if is_new_port:
                self._async_abort_entries_match({CONF_PORT: self._data[CONF_PORT]})
            # The current port is in use by the loaded entry and cannot be checked.
            if not errors and (not is_new_port or await self._async_check_port(errors)):
                return await self.async_step_module()
        return self.async_show_form(
            step_id="reconfigure_radio",
            data_schema=self.add_suggested_values_to_schema(RADIO_SCHEMA, user_input or _form_values(entry.data)),
            errors=errors,
        )


def _form_values(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a radio as values of its form."""
    return {**data, CONF_BAUD: str(data[CONF_BAUD]), CONF_RADIO_ADDRESS: f"{data[CONF_RADIO_ADDRESS]:02X}"}


def _validate_radio(user_input: dict[str, Any], errors: dict[str, str]) -> dict[str, Any]:
    """Return name, port, baud rate and address of a radio; adds to ``errors`` what is invalid."""
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
