"""Heat sources that other integrations offer through `<domain>/proof_of_heat.py`."""

from collections.abc import Callable
import logging
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.integration_platform import async_process_integration_platforms
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .._lib.heat_source import (
    Capabilities,
    Command,
    CommandResult,
    FaultReason,
    Health,
    HeatSource,
    Outcome,
    SourceState,
    Unsubscribe,
)
from ..const import DOMAIN
from ..drivers.device_settings import DeviceSettings
from ..drivers.source_size import SourceSize
from ..drivers.verification import shown_fields

_LOGGER = logging.getLogger(__name__)


class SourceDirectory:
    """All sources that other integrations offer, by id."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._platforms: dict[str, Any] = {}
        self._sources: dict[str, HeatSource] = {}
        self._listeners: list[Callable[[], None]] = []

    async def async_start(self) -> None:
        """Find the platforms of all integrations, now and when they are loaded later."""
        await async_process_integration_platforms(self._hass, DOMAIN, self._found, wait_for_platforms=True)

    async def _found(self, hass: HomeAssistant, domain: str, platform: Any) -> None:
        if domain == DOMAIN or not hasattr(platform, "async_get_heat_sources"):
            return
        self._platforms[domain] = platform
        if hasattr(platform, "async_subscribe_heat_sources"):
            platform.async_subscribe_heat_sources(
                hass, lambda: hass.async_create_task(self.async_refresh(), f"{DOMAIN} sources of {domain}")
            )
        await self.async_refresh()

    async def async_refresh(self) -> None:
        """Update the sources of every integration; one that raises offers none."""
        found: dict[str, HeatSource] = {}
        for domain, platform in self._platforms.items():
            try:
                sources = await platform.async_get_heat_sources(self._hass)
            except Exception:
                _LOGGER.exception("%s: unexpected error while its heat sources were listed", domain)
                continue
            found.update({source.source_id: source for source in sources})
        self._sources = found
        for listener in tuple(self._listeners):
            listener()

    @property
    def sources(self) -> dict[str, HeatSource]:
        """The sources that are offered now."""
        return dict(self._sources)

    @callback
    def subscribe(self, listener: Callable[[], None]) -> Unsubscribe:
        """Call `listener` when sources are added or removed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


DIRECTORY: HassKey[SourceDirectory] = HassKey(f"{DOMAIN}_directory")


class ExternalSource:
    """Proxy of another integration's source; failing while that integration does not offer it."""

    def __init__(self, hass: HomeAssistant, reference: str, name: str, capabilities: Capabilities) -> None:
        self._directory = hass.data[DIRECTORY]
        self._reference = reference
        self._name = name
        self.size = SourceSize()
        self._capabilities = capabilities
        self._listeners: list[Callable[[], None]] = []
        self._settings = DeviceSettings()
        self._followed: tuple[HeatSource, Unsubscribe] | None = None
        self._unsubscribe = self._directory.subscribe(self._follow)
        self._follow()

    @property
    def _source(self) -> HeatSource | None:
        return self._directory.sources.get(self._reference)

    @property
    def source_id(self) -> str:
        """The id at the other integration."""
        return self._reference

    @property
    def name(self) -> str:
        """The name of the subentry."""
        return self._name

    @property
    def device_id(self) -> str | None:
        """The device of the other integration."""
        return self._source.device_id if self._source else None

    @property
    def capabilities(self) -> Capabilities:
        """The present capabilities, or those stored when it was added."""
        return self._source.capabilities if self._source else self._capabilities

    @property
    def state(self) -> SourceState:
        """The last report."""
        if self._source is None:
            return SourceState(
                at=dt_util.utcnow(),
                health=Health.FAILING,
                detail="no longer offered by its integration",
                reason=FaultReason.REMOVED,
            )
        return self.size.checked(self._source.state)

    def keep_settings(self, settings: DeviceSettings) -> None:
        """Keep that the source is controlled where a restart does not lose it."""
        self._settings = settings

    async def refresh(self) -> SourceState:
        """Read the source."""
        return self.state if self._source is None else await self._source.refresh()

    async def apply(self, command: Command) -> CommandResult:
        """Send a command."""
        if self._source is None:
            return CommandResult(
                command_id=command.id, outcome=Outcome.FAILED, detail=self.state.detail, reason=self.state.reason
            )
        await self._settings.hold(shown_fields(self.capabilities, self.state))
        return await self._source.apply(command)

    async def release(self) -> CommandResult:
        """Release the source to its own control."""
        if self._source is None:
            return CommandResult(
                command_id="release", outcome=Outcome.FAILED, detail=self.state.detail, reason=self.state.reason
            )
        result = await self._source.release()
        if result.settled:
            await self._settings.clear()
        return result

    def subscribe(self, listener: Callable[[], None]) -> Unsubscribe:
        """Call `listener` when the source reports, is added or is removed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def close(self) -> None:
        """End all subscriptions."""
        self._unsubscribe()
        if self._followed is not None:
            self._followed[1]()

    @callback
    def _follow(self) -> None:
        source = self._source
        if self._followed is None or self._followed[0] is not source:
            if self._followed is not None:
                self._followed[1]()
            self._followed = None if source is None else (source, source.subscribe(self._notify))
        self._notify()

    @callback
    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()
