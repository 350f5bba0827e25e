"""The devices of an account: discovery, entities, availability and energy counters."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval

from .. import repairs
from .._lib.steady_clock import SteadyClock
from ..api.families.specs import absent_values
from ..const import DOMAIN
from .device import Account, EcoflowDevice
from .energy_meter import EnergyMeter
from .store import EcoflowStore

_LOGGER = logging.getLogger(__name__)

type EntityFactory = Callable[[EcoflowDevice], Iterable[Entity]]

FRESHNESS_INTERVAL: Final = timedelta(seconds=10)
SAVE_INTERVAL: Final = timedelta(seconds=60)


class DeviceManager:
    """Creates the devices of an account and publishes their entities."""

    def __init__(self, account: Account, store: EcoflowStore) -> None:
        """Start without devices; `store` keeps the energy counters."""
        self.devices: dict[str, EcoflowDevice] = {}
        self._account = account
        self._store = store
        self._meter = EnergyMeter(store)
        self._clock = SteadyClock()
        self._removed: dict[str, EcoflowDevice] = {}
        self._platforms: list[tuple[EntityFactory, AddConfigEntryEntitiesCallback]] = []
        self._stopped = False

    def start(self) -> None:
        """Start the periodic checks; the first poll must be done."""
        self.check_freshness()
        hass, entry = self._account.hass, self._account.entry
        entry.async_on_unload(async_track_time_interval(hass, self._freshness_due, FRESHNESS_INTERVAL))
        entry.async_on_unload(async_track_time_interval(hass, self._save_due, SAVE_INTERVAL))

    def stop(self) -> None:
        """Delete the repair issues of all devices; the end of the connection is not reported as an outage."""
        self._stopped = True
        for sn in self.devices:
            repairs.async_delete_device_issues(self._account.hass, sn)

    # Discovery

    @callback
    def async_add_platform(self, add: AddConfigEntryEntitiesCallback, factory: EntityFactory) -> None:
        """Add the entities of a platform for all devices, and for devices and values that appear later."""
        self._platforms.append((factory, add))
        for device in self.devices.values():
            self._add_entities(device, factory, add)

    @callback
    def sync(self) -> None:
        """Add devices that appeared in the account and mark those that left it as unavailable."""
        client = self._account.client
        for sn in set(self.devices) - set(client.states):
            _LOGGER.info("%s was removed from the account", self._name(sn))
            self._set_fresh(self.devices[sn], False, False)
            # The entities stay unavailable until the user deletes them or the device returns.
            self._removed[sn] = self.devices.pop(sn)
            repairs.async_delete_device_issues(self._account.hass, sn)
        for sn, state in client.states.items():
            if sn not in self.devices and state.values:
                removed = self._removed.pop(sn, None)
                device = removed if removed is not None and removed.entities else EcoflowDevice(self._account, sn)
                self.devices[sn] = device
                self._discover_entities(device)
            repairs.async_check_device(self._account.hass, client, sn)

    def _discover_entities(self, device: EcoflowDevice) -> None:
        """Add entities for values that a device reports for the first time."""
        device.value_count = len(device.values)
        device.absent = absent_values(device.family, device.values)
        for factory, add in self._platforms:
            self._add_entities(device, factory, add)

    def _add_entities(self, device: EcoflowDevice, factory: EntityFactory, add: AddConfigEntryEntitiesCallback) -> None:
        new = [entity for entity in factory(device) if entity.unique_id not in device.unique_ids]
        if new:
            device.unique_ids.update(str(entity.unique_id) for entity in new)
            add(new)

    def _name(self, sn: str) -> str:
        registry = dr.async_get(self._account.hass)
        device = registry.async_get_device_by_identifier((DOMAIN, sn), self._account.entry.entry_id)
        return (device.name_by_user or device.name or "?") if device is not None else "?"

    # Values

    @callback
    def values_changed(self, sn: str, changed: frozenset[str]) -> None:
        """Publish the changed values of a device, or its availability."""
        if (device := self.devices.get(sn)) is None:
            return
        client = self._account.client
        if len(device.values) > device.value_count or changed & device.absent:
            self._discover_entities(device)
        is_fresh, was_fresh = client.is_fresh(sn), device.is_fresh
        self._meter.update(
            sn,
            device.family,
            device.values,
            fresh=is_fresh,
            at=self._clock(),
            max_age_s=client.timing.max_age_s,
        )
        self._set_fresh(device, is_fresh, client.is_online(sn))
        if is_fresh and was_fresh:
            device.publish(changed)
            device.call_listeners()

    def _set_fresh(self, device: EcoflowDevice, is_fresh: bool, is_online: bool | None) -> None:
        """Set whether the values of a device are current and it is online; a change concerns all its entities."""
        if (is_fresh, is_online) == (device.is_fresh, device.is_online):
            return
        if not self._stopped and is_online is not device.is_online:
            self._log(device.sn, device.is_online, is_online)
        device.is_fresh, device.is_online = is_fresh, is_online
        device.publish_all()
        device.call_listeners()

    def _log(self, sn: str, was_online: bool | None, is_online: bool | None) -> None:
        match is_online:
            case False:
                _LOGGER.warning("%s is offline", self._name(sn))
            case True if was_online is False:
                _LOGGER.info("%s is back online", self._name(sn))
            case None if was_online:
                _LOGGER.info("%s: values are outdated because EcoFlow could not be reached", self._name(sn))

    @callback
    def check_freshness(self) -> None:
        """Find devices whose values have become too old."""
        self._account.client.check_listening()
        for device in tuple(self.devices.values()):
            client = self._account.client
            self._set_fresh(device, client.is_fresh(device.sn), client.is_online(device.sn))

    @callback
    def _freshness_due(self, _now: datetime) -> None:
        self.check_freshness()

    async def _save_due(self, _now: datetime) -> None:
        await self.async_save_counters()

    async def async_save_counters(self) -> None:
        """Store the energy counters and publish those that changed."""
        for sn, key in await self._store.async_save_counters():
            if (device := self.devices.get(sn)) is not None:
                device.publish((f"counter:{key}",))
