"""An account at run time: polls what MQTT leaves silent, tells entities what changed, finds new devices."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
import time
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.hass_dict import HassKey

from . import issues
from ._lib.publisher import PublishedEntity, Publisher
from .api.client import EcoflowClient
from .api.errors import SIGNATURE_WRONG, EcoflowError, InvalidKeysError, RateLimitedError
from .api.families import GENERIC_NAME, Family
from .api.mqtt import LinkState
from .const import CONF_USE_MQTT, DOMAIN, MANUFACTURER
from .energy import EnergyMeter
from .store import EcoflowStore

if TYPE_CHECKING:
    from .surplus import Surplus

_LOGGER = logging.getLogger(__name__)

type EcoflowConfigEntry = ConfigEntry[EcoflowCoordinator]
type Build = Callable[[Station], Iterable[Entity]]

TICK: Final = timedelta(seconds=10)
COUNTERS_EVERY: Final = timedelta(seconds=60)
# The cloud calls a good signature wrong now and then: the user is asked for new keys only after so many in a row,
# counted over set-ups too.
REFUSALS_BEFORE_REAUTH: Final = 3
# Nobody else has shown with the key for so long: he is gone.
KEY_OURS_AFTER_S: Final = 3600.0
REFUSALS: Final[HassKey[dict[str, int]]] = HassKey(f"{DOMAIN}_refusals")


@dataclass(slots=True)
class Station:
    """A device and the entities that show it."""

    sn: str
    entities: list[PublishedEntity] = field(default_factory=list)
    by_name: dict[str, list[PublishedEntity]] = field(default_factory=dict)
    listeners: list[CALLBACK_TYPE] = field(default_factory=list)
    names: int = 0
    fresh: bool = False
    added: set[str] = field(default_factory=set)

    def follow(self, entity: PublishedEntity, names: Iterable[str]) -> CALLBACK_TYPE:
        """Have an entity told when one of the wire names changes; returns what ends it."""
        names = tuple(names)
        self.entities.append(entity)
        for name in names:
            self.by_name.setdefault(name, []).append(entity)

        def leave() -> None:
            self.entities.remove(entity)
            for name in names:
                self.by_name[name].remove(entity)

        return leave


class EcoflowCoordinator(DataUpdateCoordinator[None]):
    """An account."""

    config_entry: EcoflowConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: EcoflowConfigEntry,
        store: EcoflowStore,
        interval: timedelta,
    ) -> None:
        """`client` has to be set before the first refresh: it takes this coordinator's methods as its listeners."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=interval)
        self.client: EcoflowClient
        self.store = store
        self.publisher = Publisher.for_entry(hass, entry)
        self.stations: dict[str, Station] = {}
        self._gone: dict[str, Station] = {}
        self.account_entities: list[PublishedEntity] = []
        self.account_device_id = ""
        self.surplus: dict[str, Surplus] = {}
        self._platforms: list[tuple[Build, AddConfigEntryEntitiesCallback]] = []
        # Answers to commands that were not ours, and when somebody else was last noticed to use the key.
        self._foreign = 0
        self._foreign_at: float | None = None
        self._entry_id = entry.entry_id
        self._meter = EnergyMeter(store)
        self._stopped = False

    # Polling

    @override
    async def _async_update_data(self) -> None:
        try:
            await self.client.poll()
        except InvalidKeysError as err:
            refusals = self.hass.data.setdefault(REFUSALS, {})
            refusals[self._entry_id] = refusals.get(self._entry_id, 0) + 1
            if err.code != SIGNATURE_WRONG or refusals[self._entry_id] >= REFUSALS_BEFORE_REAUTH:
                del refusals[self._entry_id]
                raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="invalid_keys") from err
            raise _failed(err) from err
        except RateLimitedError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN, translation_key="rate_limited", retry_after=err.retry_after_s
            ) from err
        except EcoflowError as err:
            raise _failed(err) from err
        self.hass.data.get(REFUSALS, {}).pop(self._entry_id, None)
        issues.async_check_clock(self.hass, self.config_entry, self.client.rest.clock_offset_s)
        self._sync_stations()
        await self._ensure_link()

    async def _ensure_link(self) -> None:
        if not self.config_entry.options.get(CONF_USE_MQTT, True) or self._stopped:
            return
        try:
            await self.client.ensure_link()
        except EcoflowError as err:
            # Polling goes on; the client waits longer before each new attempt.
            _LOGGER.debug("No credentials for the broker yet: %s", err)

    # Devices and entities

    async def async_start(self) -> None:
        """Begin to follow time; the first refresh is done."""
        entry = self.config_entry
        self._tick(None)
        # Without a listener the coordinator would not go on polling.
        entry.async_on_unload(self.async_add_listener(self._polled))
        entry.async_on_unload(async_track_time_interval(self.hass, self._tick, TICK))
        entry.async_on_unload(async_track_time_interval(self.hass, self._async_save_counters, COUNTERS_EVERY))

    @callback
    def async_add_platform(self, add: AddConfigEntryEntitiesCallback, build: Build) -> None:
        """Have a platform's entities made for all devices, now and when more appear or a device shows more."""
        self._platforms.append((build, add))
        for station in self.stations.values():
            self._add_entities(station, build, add)

    def _sync_stations(self) -> None:
        for sn in set(self.stations) - set(self.client.states):
            _LOGGER.info("A device is no longer in the account: %s", self._name(sn))
            self._set_fresh(self.stations[sn], False)
            # Its entities stay, unavailable, until the user removes them or it returns.
            self._gone[sn] = self.stations.pop(sn)
            issues.async_forget_device(self.hass, sn)
        for sn in self.client.states:
            if sn not in self.stations and self.client.states[sn].values:
                gone = self._gone.pop(sn, None)
                self.stations[sn] = station = gone if gone is not None and gone.entities else Station(sn)
                self._discover(station)
            issues.async_check_device(self.hass, self, sn)

    def _discover(self, station: Station) -> None:
        """Make entities for what a device shows for the first time."""
        station.names = len(self.client.states[station.sn].values)
        for build, add in self._platforms:
            self._add_entities(station, build, add)

    def _add_entities(self, station: Station, build: Build, add: AddConfigEntryEntitiesCallback) -> None:
        new = [entity for entity in build(station) if entity.unique_id not in station.added]
        if new:
            station.added.update(str(entity.unique_id) for entity in new)
            add(new)

    def _name(self, sn: str) -> str:
        registry = dr.async_get(self.hass)
        device = registry.async_get_device_by_identifier((DOMAIN, sn), self.config_entry.entry_id)
        return (device.name_by_user or device.name or "?") if device is not None else "?"

    def family(self, sn: str) -> Family:
        """Return a device's family."""
        return self.client.family(sn)

    def values(self, sn: str) -> Mapping[str, Any]:
        """Return a device's wire values, none for one that is gone."""
        state = self.client.states.get(sn)
        return state.values if state is not None else {}

    def device_info(self, sn: str) -> dr.DeviceInfo:
        """Return what the device registry shall know of a device."""
        device, family = self.client.states[sn].device, self.family(sn)
        known = family.name != GENERIC_NAME
        return dr.DeviceInfo(
            identifiers={(DOMAIN, sn)},
            manufacturer=MANUFACTURER,
            model=family.model if known else (device.product or None),
            name=device.name,
            serial_number=sn,
            via_device_id=self.account_device_id,
        )

    # What the client tells

    @callback
    def on_values(self, sn: str, changed: frozenset[str]) -> None:
        """A device's values or its being there changed."""
        if (station := self.stations.get(sn)) is None:
            return
        state = self.client.states[sn]
        if len(state.values) > station.names:
            self._discover(station)
        self._meter.measure(
            sn,
            self.family(sn),
            state.values,
            fresh=self.client.is_fresh(sn),
            at=time.monotonic(),
            max_age_s=self.client.timing.max_age_s,
        )
        was_fresh = station.fresh
        self._set_fresh(station, self.client.is_fresh(sn))
        if not station.fresh or not was_fresh:
            return
        seen: set[int] = set()
        for name in changed:
            for entity in station.by_name.get(name, ()):
                if id(entity) not in seen:
                    seen.add(id(entity))
                    entity.publish()
        for listener in tuple(station.listeners):
            listener()

    def _set_fresh(self, station: Station, fresh: bool) -> None:
        """Note whether a device's values may be shown; a change is shown by all its entities."""
        if fresh is station.fresh:
            return
        station.fresh = fresh
        if not self._stopped:
            level = logging.INFO if fresh else logging.WARNING
            _LOGGER.log(level, "%s %s", self._name(station.sn), "is back" if fresh else "gives no sign of life")
        for entity in tuple(station.entities):
            entity.publish()
        for listener in tuple(station.listeners):
            listener()

    @callback
    def on_link(self, state: LinkState) -> None:
        """The broker connection changed."""
        if state is LinkState.CONTENDED:
            self._key_in_use()
        for entity in tuple(self.account_entities):
            entity.publish_now()

    @callback
    def on_foreign(self) -> None:
        """A device answered a command that was not ours: somebody else uses the key."""
        self._foreign += 1
        if self._foreign >= 2:
            self._key_in_use()

    def _key_in_use(self) -> None:
        if self._foreign_at is None:
            issues.async_key_in_use(self.hass, self.config_entry)
        self._foreign_at = time.monotonic()

    def _check_key(self) -> None:
        """Withdraw the notice when we have had the connection to ourselves for long."""
        link = self.client.link
        if self._foreign_at is None or link is None or link.state is not LinkState.CONNECTED:
            return
        if time.monotonic() - self._foreign_at > KEY_OURS_AFTER_S:
            self._foreign, self._foreign_at = 0, None
            issues.async_key_is_ours(self.hass, self.config_entry)

    # Time

    @callback
    def _polled(self) -> None:
        self._tick(None)
        self._check_key()
        for entity in tuple(self.account_entities):
            entity.publish()

    @callback
    def _tick(self, _now: datetime | None) -> None:
        """Find devices that have become too old to be shown."""
        for station in tuple(self.stations.values()):
            self._set_fresh(station, self.client.is_fresh(station.sn))

    async def _async_save_counters(self, _now: datetime | None = None) -> None:
        for sn, key in await self.store.async_save_counters():
            if (station := self.stations.get(sn)) is not None:
                for entity in station.by_name.get(f"counter:{key}", ()):
                    entity.publish()

    async def async_stop(self) -> None:
        """End the connections; keep the counters."""
        self._stopped = True
        await self.client.stop()
        await self._async_save_counters()


def _failed(err: EcoflowError) -> UpdateFailed:
    return UpdateFailed(
        translation_domain=DOMAIN, translation_key="update_failed", translation_placeholders={"error": str(err)}
    )
