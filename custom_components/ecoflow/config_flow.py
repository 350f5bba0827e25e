"""Config flow: an account's keys and region; options; surplus charging as subentries."""

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
from homeassistant.helpers.aiohttp_client import async_get_clientsession
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
from .api.rest import RestClient
from .api.signing import Keys
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
from .endpoint import CertificateFileError, async_tls_context, base_url
from .options_flow import EcoflowOptionsFlow
from .surplus_flow import SurplusSubentryFlow

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


def account_schema(shown: Mapping[str, Any] | None) -> vol.Schema:
    """Keys, region and endpoint; what is entered for the endpoint is not hidden."""
    return vol.Schema(
        {
            **_KEYS,
            vol.Required(CONF_REGION, default="eu"): SelectSelector(
                SelectSelectorConfig(options=list(REGIONS), translation_key=CONF_REGION)
            ),
            vol.Required(CONF_ENDPOINT): section(_ENDPOINT, {"collapsed": not (shown or {}).get(CONF_ENDPOINT)}),
        }
    )


class EcoflowConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account, renew its keys, or change where it is."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._devices: list[Device] = []

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """How often to poll, and when values are too old."""
        return EcoflowOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """A station's charging can follow surplus."""
        return {SUBENTRY_SURPLUS: SurplusSubentryFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the keys and the region, and try them."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _stripped(user_input)
            certification = await self._try(data, errors)
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
        """The cloud no longer accepts the keys."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for new keys of the same account."""
        return await self._renew("reauth_confirm", self._get_reauth_entry(), user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change keys, region or endpoint."""
        return await self._renew("reconfigure", self._get_reconfigure_entry(), user_input)

    async def _renew(self, step_id: str, entry: ConfigEntry, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**entry.data, **_stripped(user_input)}
            certification = await self._try(data, errors)
            if certification is not None:
                if not self._is_same_account(entry, certification):
                    return self.async_abort(reason="wrong_account")
                if entry.state is not ConfigEntryState.LOADED:
                    # A loaded one reloads by its own listener.
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return self.async_update_and_abort(entry, unique_id=certification.account, data=data)
        shown = dict(user_input) if user_input is not None else dict(entry.data)
        # A secret is never sent back to the browser.
        shown.pop(CONF_SECRET_KEY, None)
        schema = account_schema(shown)
        if self.source == SOURCE_REAUTH:
            shown.pop(CONF_ENDPOINT, None)
            schema = KEYS_SCHEMA
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={"account": entry.title},
        )

    def _is_same_account(self, entry: ConfigEntry, certification: Certification) -> bool:
        """By the broker account, or by a device in common: new keys may come with a new broker account."""
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

    async def _try(self, data: Mapping[str, Any], errors: dict[str, str]) -> Certification | None:
        """Ask the cloud for devices and credentials; None and an error when it refuses."""
        custom = data.get(CONF_ENDPOINT, {}).get(CONF_URL)
        if custom and urlsplit(custom).scheme != "https":
            errors["base"] = "url_not_https"
            return None
        try:
            tls = await async_tls_context(self.hass, data)
        except CertificateFileError:
            errors["base"] = "certificate_file"
            return None
        keys = Keys(data[CONF_ACCESS_KEY], data[CONF_SECRET_KEY])
        rest = RestClient(async_get_clientsession(self.hass), base_url(data), keys, ssl_context=tls)
        try:
            self._devices = await rest.device_list()
            return await rest.certification()
        except InvalidKeysError:
            errors["base"] = "invalid_auth"
        except RateLimitedError:
            errors["base"] = "rate_limited"
        except EcoflowError as err:
            _LOGGER.debug("The cloud could not be asked: %s", err)
            errors["base"] = "cannot_connect"
        return None

    def _title(self, data: Mapping[str, Any]) -> str:
        custom = data.get(CONF_ENDPOINT, {}).get(CONF_URL)
        place = urlsplit(custom).hostname if custom else str(data[CONF_REGION]).upper()
        return f"EcoFlow {place}"


def _stripped(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Keys are pasted, often with a space; empty fields of the endpoint are none."""
    data: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value for name, value in user_input.items()
    }
    if CONF_ENDPOINT in data:
        endpoint: Mapping[str, str] = user_input[CONF_ENDPOINT]
        data[CONF_ENDPOINT] = {name: value.strip() for name, value in endpoint.items() if value.strip()}
    return data
