"""Config flow: keys and region of an account."""

from collections.abc import Mapping
import logging
from typing import Any, override
from urllib.parse import urlsplit

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio as vol

from .api.errors import EcoflowError, InvalidKeysError, RateLimitedError
from .api.models import REGIONS, Certification, Device
from .const import (
    CONF_ACCESS_KEY,
    CONF_CA_FILE,
    CONF_ENDPOINT,
    CONF_REGION,
    CONF_SECRET_KEY,
    CONF_URL,
    DOMAIN,
    SUBENTRY_SURPLUS,
)
from .flows.options import EcoflowOptionsFlow
from .flows.surplus_charging import SurplusChargingFlow
from .runtime.connection import CertificateFileError, async_tls_context, rest_client

_LOGGER = logging.getLogger(__name__)

_SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_KEYS: dict[Any, Any] = {vol.Required(CONF_ACCESS_KEY): TextSelector(), vol.Required(CONF_SECRET_KEY): _SECRET}
KEYS_SCHEMA = vol.Schema(_KEYS)
_ENDPOINT = vol.Schema(
    {
        vol.Optional(CONF_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
        vol.Optional(CONF_CA_FILE): TextSelector(),
    }
)


def account_schema(values: Mapping[str, Any] | None) -> vol.Schema:
    """Return the form for keys, region and endpoint; the endpoint is expanded if it has a value."""
    return vol.Schema(
        {
            **_KEYS,
            vol.Required(CONF_REGION, default="eu"): SelectSelector(
                SelectSelectorConfig(options=list(REGIONS), translation_key=CONF_REGION)
            ),
            vol.Required(CONF_ENDPOINT): section(_ENDPOINT, {"collapsed": not (values or {}).get(CONF_ENDPOINT)}),
        }
    )


class EcoflowConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account, or change its keys, region and endpoint."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start without devices."""
        self._devices: list[Device] = []

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return EcoflowOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the subentry types."""
        return {SUBENTRY_SURPLUS: SurplusChargingFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the keys and the region, and test them."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _stripped(user_input)
            certification = await self._async_test(data, errors)
            if certification is not None:
                await self.async_set_unique_id(certification.account)
                self._abort_if_unique_id_configured()
                return self.async_create_entry(title=self._title(data), data=data)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(account_schema(user_input), user_input),
            errors=errors,
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start after the cloud has refused the keys."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for new keys of the same account."""
        return await self._change("reauth_confirm", self._get_reauth_entry(), user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change keys, region or endpoint."""
        return await self._change("reconfigure", self._get_reconfigure_entry(), user_input)

    async def _change(self, step_id: str, entry: ConfigEntry, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**entry.data, **_stripped(user_input)}
            certification = await self._async_test(data, errors)
            if certification is not None:
                if not self._is_same_account(entry, certification):
                    return self.async_abort(reason="wrong_account")
                if entry.state is not ConfigEntryState.LOADED:
                    # A loaded entry is reloaded by its update listener.
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return self.async_update_and_abort(entry, unique_id=certification.account, data=data)
        values = dict(user_input) if user_input is not None else dict(entry.data)
        # The secret key is never sent to the browser.
        values.pop(CONF_SECRET_KEY, None)
        schema = account_schema(values)
        if self.source == SOURCE_REAUTH:
            values.pop(CONF_ENDPOINT, None)
            schema = KEYS_SCHEMA
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={"account": entry.title},
        )

    def _is_same_account(self, entry: ConfigEntry, certification: Certification) -> bool:
        """Whether keys belong to the account: by broker account, or by a common device if that has changed."""
        if certification.account == entry.unique_id:
            return True
        registry = dr.async_get(self.hass)
        known = {
            identifier
            for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
            for domain, identifier in device.identifiers
            if domain == DOMAIN
        }
        return any(device.sn in known for device in self._devices)

    async def _async_test(self, data: Mapping[str, Any], errors: dict[str, str]) -> Certification | None:
        """Read devices and broker credentials from the cloud; on failure set an error and return None."""
        custom = data.get(CONF_ENDPOINT, {}).get(CONF_URL)
        if custom and urlsplit(custom).scheme != "https":
            errors["base"] = "url_not_https"
            return None
        try:
            tls = await async_tls_context(self.hass, data)
        except CertificateFileError:
            errors["base"] = "certificate_file"
            return None
        rest = rest_client(self.hass, data, tls)
        try:
            self._devices = await rest.device_list()
            return await rest.certification()
        except InvalidKeysError:
            errors["base"] = "invalid_auth"
        except RateLimitedError:
            errors["base"] = "rate_limited"
        except EcoflowError as err:
            _LOGGER.debug("Testing the connection failed: %s", err)
            errors["base"] = "cannot_connect"
        return None

    def _title(self, data: Mapping[str, Any]) -> str:
        custom = data.get(CONF_ENDPOINT, {}).get(CONF_URL)
        location = urlsplit(custom).hostname if custom else str(data[CONF_REGION]).upper()
        return f"EcoFlow {location}"


def _stripped(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input without surrounding spaces, which pasted keys often have, and without empty fields."""
    data: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value for name, value in user_input.items()
    }
    if CONF_ENDPOINT in data:
        endpoint: Mapping[str, str] = user_input[CONF_ENDPOINT]
        data[CONF_ENDPOINT] = {name: value.strip() for name, value in endpoint.items() if value.strip()}
    return data
