"""Config flow: a Central Control Unit or an HC-12 radio; outlets are subentries."""

from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.core import callback

from .const import CONF_KIND, DOMAIN, SUBENTRY_OUTLET, HubKind
from .flows.ccu import CcuFlow
from .flows.options import SmartOutletOptionsFlow
from .flows.outlet import OutletSubentryFlow
from .flows.radio import RadioFlow


class SmartOutletConfigFlow(CcuFlow, RadioFlow, domain=DOMAIN):
    """Add or reconfigure a hub."""

    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the subentry types of a hub."""
        return {SUBENTRY_OUTLET: OutletSubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return SmartOutletOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Select the kind of hub."""
        return self.async_show_menu(step_id="user", menu_options=[HubKind.CCU.value, HubKind.RADIO.value])

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Reconfigure a CCU or a radio."""
        entry = self._get_reconfigure_entry()
        if entry.data[CONF_KIND] == HubKind.RADIO:
            return await self.async_step_reconfigure_radio()
        return await self.async_step_reconfigure_ccu()
