"""Discovery: a new device is added to a heating system, a known one gets its new address."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult, ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import SelectOptionDict, TextSelector
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import probatio as vol

from ..const import CONF_ADDRESS, CONF_KIND, DOMAIN, SUBENTRY_METER, SUBENTRY_SOURCE
from ..drivers.errors import DriverError
from ..drivers.miner.client_factory import create_client
from ..drivers.miner.models import MinerFamily
from ..drivers.miner.probe import probe
from ..sources.types import miner
from .fields import select
from .form import CONNECTION_ERRORS, GUIDE_LINK, DeviceCandidate, same_device
from .meter import METER_SCHEMA, connect as connect_meter, errors_of as meter_errors

CONF_SYSTEM: Final = "system"
_WITHOUT_POWER: Final = (MinerFamily.ANTMINER, MinerFamily.AVALON, MinerFamily.OTHER)
"""Families in which there are miners that do not report their power."""
_SHELLY: Final = "shellypro3em"
_ADDRESS_FIELD: Final[Mapping[str, str]] = {SUBENTRY_SOURCE: CONF_ADDRESS, SUBENTRY_METER: CONF_HOST}


class DiscoverySteps(ConfigFlow):
    """Adds a device found by zeroconf or DHCP as a subentry of the selected heating system."""

    def __init__(self) -> None:
        super().__init__()
        self._type = SUBENTRY_SOURCE
        self._host = ""
        self._port = 80
        self._name = ""
        self._family: MinerFamily | None = None

    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Handle a Shelly Pro 3EM or a miner with AxeOS."""
        self._host, self._port = str(discovery_info.ip_address), discovery_info.port or 80
        instance = discovery_info.name.partition(".")[0]
        if instance.lower().startswith(_SHELLY):
            self._type, self._name = SUBENTRY_METER, "Shelly Pro 3EM"
            return await self._discovered(instance.rpartition("-")[2])
        return await self._miner(None)

    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Handle a miner by its host name, or a configured device by its MAC address."""
        self._host = discovery_info.ip
        mac = discovery_info.macaddress
        if refresh_address(self.hass, mac, self._host):
            return self.async_abort(reason="already_configured")
        return await self._miner(mac)

    async def _miner(self, mac: str | None) -> ConfigFlowResult:
        """Check whether the device is a miner; no credentials are sent."""
        session = async_get_clientsession(self.hass)
        try:
            found = await probe(session, self._host, self._port)
            if mac is None:
                mac = (await create_client(found, session, None, http_port=self._port).identify()).mac
        except DriverError:
            return self.async_abort(reason="not_supported", description_placeholders=GUIDE_LINK)
        self._family = found.family
        self._name = str(found.family).capitalize()
        return await self._discovered(mac or self._host)

    async def _discovered(self, unique_id: str) -> ConfigFlowResult:
        if refresh_address(self.hass, unique_id, self._host):
            return self.async_abort(reason="already_configured")
        if not self._systems():
            return self.async_abort(reason="no_system")
        await self.async_set_unique_id(unique_id)
        self._abort_if_unique_id_configured()
        self.context["title_placeholders"] = {CONF_NAME: f"{self._name} ({self._host})"}
        return await (self.async_step_found_meter() if self._type == SUBENTRY_METER else self.async_step_found_miner())

    async def async_step_found_miner(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enter what cannot be read from the miner."""
        form = miner.SOURCE_TYPE.forms[miner.KEY]
        errors: dict[str, str] = {}
        if user_input is not None:
            entered = {**user_input, CONF_ADDRESS: self._host, CONF_PORT: self._port, CONF_KIND: miner.KEY}
            system, name = self._system(entered), str(entered.pop(CONF_NAME, "")).strip()
            try:
                candidate = (await form.connect(self.hass, entered))[0]
            except CONNECTION_ERRORS as err:
                errors = form.errors(err)
                if CONF_ADDRESS in errors:  # the form has no such field
                    errors["base"] = errors.pop(CONF_ADDRESS)
            else:
                return self._add(system, candidate, name)
        schema = await form.schema(self.hass)
        schema = vol.Schema({vol.Optional(CONF_NAME): TextSelector(), **schema.schema})
        hidden = (CONF_ADDRESS, CONF_PORT, *(() if self._family is MinerFamily.ANTMINER else form.of_some))
        if self._family not in _WITHOUT_POWER:
            hidden += form.advanced
        return self._show("found_miner", schema, hidden, user_input or {}, errors)

    async def async_step_found_meter(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enter name and password."""
        errors: dict[str, str] = {}
        if user_input is not None:
            entered = {**user_input, CONF_HOST: self._host, CONF_PORT: self._port}
            system = self._system(entered)
            try:
                candidate = await connect_meter(self.hass, entered)
            except CONNECTION_ERRORS as err:
                errors = meter_errors(err)
                if CONF_HOST in errors:  # the form has no such field
                    errors["base"] = errors.pop(CONF_HOST)
            else:
                return self._add(system, candidate)
        suggested = user_input or {CONF_NAME: self._name}
        return self._show("found_meter", METER_SCHEMA, (CONF_HOST, CONF_PORT), suggested, errors)

    def _show(
        self, step: str, full: vol.Schema, known: tuple[str, ...], values: Mapping[str, Any], errors: dict[str, str]
    ) -> ConfigFlowResult:
        """Show a form without the known fields, and with the heating system if there are several."""
        fields = {key: value for key, value in full.schema.items() if str(key) not in known}
        systems = self._systems()
        if len(systems) > 1:
            options = [SelectOptionDict(value=item.entry_id, label=item.title) for item in systems]
            fields = {vol.Required(CONF_SYSTEM): select(options), **fields}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), values),
            errors=errors,
            description_placeholders={CONF_NAME: self._name, CONF_HOST: self._host},
        )

    def _systems(self) -> list[ConfigEntry]:
        return self.hass.config_entries.async_entries(DOMAIN, include_ignore=False)

    def _system(self, entered: dict[str, Any]) -> str:
        return str(entered.pop(CONF_SYSTEM, None) or self._systems()[0].entry_id)

    def _add(self, entry_id: str, candidate: DeviceCandidate, name: str = "") -> ConfigFlowResult:
        title = name or candidate.readable_title
        if refresh_address(self.hass, candidate.unique_id, self._host):
            return self.async_abort(reason="already_configured")
        self.hass.config_entries.async_add_subentry(
            self.hass.config_entries.async_get_known_entry(entry_id),
            ConfigSubentry(
                data=MappingProxyType(candidate.data),
                subentry_type=self._type,
                title=title,
                unique_id=candidate.unique_id,
            ),
        )
        return self.async_abort(reason="device_added", description_placeholders={CONF_NAME: title})


def refresh_address(hass: HomeAssistant, unique_id: str, host: str) -> bool:
    """Return whether a device is configured, after updating its address."""
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        for subentry in entry.subentries.values():
            field = _ADDRESS_FIELD.get(subentry.subentry_type)
            if field is None or subentry.data.get(field) is None or not same_device(subentry.unique_id, unique_id):
                continue
            if subentry.data[field] != host:
                hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, field: host})
            return True
    return False
