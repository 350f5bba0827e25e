"""Steps of the search for miners in an address range."""

from abc import abstractmethod
import asyncio
from typing import Any, Final

from homeassistant.components import network
from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import SelectOptionDict, TextSelector
import probatio as vol

from ..const import CONF_ADDRESS, SUBENTRY_SOURCE
from ..drivers.miner.probe import ProbeResult
from ..drivers.miner.scan import RangeError, ScanResult, hosts_of, scan
from .fields import select

CONF_RANGE: Final = "range"
CONF_FOUND: Final = "found"
_WIDEST_PREFIX: Final = 22


async def own_range(hass: HomeAssistant) -> str:
    """Return Home Assistant's own network if it is small enough to be searched, else ""."""
    for adapter in await network.async_get_adapters(hass):
        for ip in adapter["ipv4"]:
            if adapter["enabled"] and _WIDEST_PREFIX <= ip["network_prefix"] < 31:
                return f"{ip['address']}/{ip['network_prefix']}"
    return ""


class ScanSteps(ConfigSubentryFlow):
    """Address range, progress, selection of a miner, then the form of a miner with its address."""

    def __init__(self) -> None:
        self._range = ""
        self._scan: asyncio.Task[ScanResult] | None = None
        self._found: tuple[ProbeResult, ...] = ()
        self.address = ""

    async def async_step_scan(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Enter the address range."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._range = str(user_input[CONF_RANGE]).strip()
            try:
                hosts_of(self._range)
            except RangeError as err:
                errors[CONF_RANGE] = f"range_{err.key}"
            else:
                return await self.async_step_scanning()
        return await self._form(errors)

    async def async_step_scanning(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Search with a progress bar. Closing the dialog ends the search."""
        if self._scan is None:
            task = self.hass.async_create_background_task(
                scan(async_get_clientsession(self.hass), self._range, progress=self._progress), "proof_of_heat scan"
            )
            self._scan = task
        if not self._scan.done():
            return self.async_show_progress(
                step_id="scanning",
                progress_action="scanning",
                description_placeholders={CONF_RANGE: self._range},
                progress_task=self._scan,
            )
        result, self._scan = self._scan.result(), None
        known = {
            item.data.get(CONF_ADDRESS)
            for item in self._get_entry().subentries.values()
            if item.subentry_type == SUBENTRY_SOURCE
        }
        self._found = tuple(item for item in result.found if item.host not in known)
        return self.async_show_progress_done(next_step_id="found" if self._found else "not_found")

    def _progress(self, asked: int, total: int, found: tuple[ProbeResult, ...]) -> None:
        self.async_update_progress(asked / total)

    async def async_step_not_found(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """No new miner was found: enter another range."""
        return await self._form({CONF_RANGE: "nothing_found"})

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Select a miner."""
        if user_input is not None:
            self.address = str(user_input[CONF_FOUND])
            return await self.async_step_miner()
        options = [SelectOptionDict(value=item.host, label=f"{item.host} ({item.family})") for item in self._found]
        return self.async_show_form(
            step_id="found", data_schema=vol.Schema({vol.Required(CONF_FOUND): select(options)}), last_step=False
        )

    @abstractmethod
    async def async_step_miner(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form of a miner."""

    async def _form(self, errors: dict[str, str]) -> SubentryFlowResult:
        schema = vol.Schema({vol.Required(CONF_RANGE): TextSelector()})
        suggested = {CONF_RANGE: self._range or await own_range(self.hass)}
        return self.async_show_form(
            step_id="scan",
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            last_step=False,
        )

    def async_remove(self) -> None:
        """End the search when the dialog is closed."""
        if self._scan is not None:
            self._scan.cancel()
