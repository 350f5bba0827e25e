"""The known devices of a config entry: stored, shown in the device registry, announced to the platforms."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import Store

from ._lib.publisher import Publisher
from .const import DOMAIN
from .decoders import Address
from .device import DeviceRecord, EdgeDevice
from .naming import system_device_info
from .value_types import ValueType

type NewDevice = Callable[[EdgeDevice], None]
type NewMetrics = Callable[[EdgeDevice, dict[str, ValueType]], None]
type Removed = Callable[[EdgeDevice], None]

_STORE_VERSION: Final = 1
_SAVE_DELAY_S: Final = 10


def device_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the store of a config entry's devices."""
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.{entry_id}")


class DeviceDirectory(Mapping[Address, EdgeDevice]):
    """The devices by address."""

    def __init__(self, hass: HomeAssistant, entry_id: str, publisher: Publisher, max_metrics: int) -> None:
        self._hass = hass
        self._entry_id = entry_id
        self._publisher = publisher
        self._max_metrics = max_metrics
        self._store = device_store(hass, entry_id)
        self._has_unsaved_changes = False
        self._devices: dict[Address, EdgeDevice] = {}
        # Registry ID of the device that represents a site's system.
        self._systems: dict[tuple[str, str], str] = {}
        self._new_device: list[NewDevice] = []
        self._new_metrics: dict[Platform, NewMetrics] = {}
        self._new_commands: list[NewDevice] = []
        self._new_clock: list[NewDevice] = []
        self._removed: list[Removed] = []

    @override
    def __getitem__(self, address: Address) -> EdgeDevice:
        """Return a device."""
        return self._devices[address]

    @override
    def __iter__(self) -> Iterator[Address]:
        """Yield the addresses."""
        return iter(self._devices)

    @override
    def __len__(self) -> int:
        """Return the number of devices."""
        return len(self._devices)

    def find(self, identifiers: Iterable[tuple[str, str]]) -> EdgeDevice | None:
        """Return the device with one of these identifiers of the device registry."""
        ids = {identifier for domain, identifier in identifiers if domain == DOMAIN}
        return next((device for device in self._devices.values() if self.identifier(device) in ids), None)

    def identifier(self, device: EdgeDevice) -> str:
        """Return a device's identifier in the device registry."""
        return f"{self._entry_id}_{device.id}"

    async def async_load(self) -> None:
        """Load the stored devices."""
        for stored in (await self._store.async_load() or {}).get("devices", []):
            self._make(DeviceRecord.from_dict(stored))

    async def async_save(self) -> None:
        """Save unsaved changes now."""
        if self._has_unsaved_changes:
            await self._store.async_save(self._as_stored())

    @callback
    def save_later(self) -> None:
        """Save the devices within some seconds."""
        self._has_unsaved_changes = True
        self._store.async_delay_save(self._as_stored, _SAVE_DELAY_S)

    # Changes

    @callback
    def add(self, record: DeviceRecord) -> EdgeDevice:
        """Add a new device."""
        device = self._make(record)
        self.save_later()
        for announce in self._new_device:
            announce(device)
        return device

    @callback
    def remove(self, device: EdgeDevice) -> None:
        """Remove a device; it returns with its next message."""
        if self._devices.pop(device.address, None) is not None:
            self.save_later()
            for removed in self._removed:
                removed(device)

    @callback
    def delete(self, device: EdgeDevice) -> None:
        """Remove a device that has withdrawn itself, also from the device registry."""
        self.remove(device)
        registry = dr.async_get(self._hass)
        found = registry.async_get_device_by_identifier((DOMAIN, self.identifier(device)), self._entry_id)
        if found is not None:
            registry.async_update_device(found.id, remove_config_entry_id=self._entry_id)

    @callback
    def remove_metrics(self, device: EdgeDevice, keys: Iterable[str]) -> None:
        """Remove metrics of a device; they return when it sends them again."""
        device.remove_metrics(set(keys))
        self.save_later()

    @callback
    def add_metrics(self, device: EdgeDevice, new: dict[str, ValueType]) -> None:
        """Announce metrics that a device did not have so far."""
        self.save_later()
        for announce in self._new_metrics.values():
            announce(device, new)

    @callback
    def set_commands(self, device: EdgeDevice, commands: tuple[str, ...]) -> None:
        """Set the commands that a device announces."""
        if commands == device.record.commands:
            return
        device.record.commands = commands
        self.save_later()
        for announce in self._new_commands:
            announce(device)

    @callback
    def note_clock(self, device: EdgeDevice) -> None:
        """Announce a device that has reported its own time."""
        if not device.record.has_clock:
            device.record.has_clock = True
            self.save_later()
            for announce in self._new_clock:
                announce(device)

    @callback
    def update_info(self, device: EdgeDevice, info: dict[str, str]) -> None:
        """Update what a device reports about itself."""
        known = device.record.info
        if all(known.get(name) == value for name, value in info.items()):
            return
        known.update(info)
        self.save_later()
        registry = dr.async_get(self._hass)
        found = registry.async_get_device_by_identifier((DOMAIN, self.identifier(device)), self._entry_id)
        if found is not None:
            registry.async_update_device(
                found.id,
                name=device.name,
                model=known.get("model", found.model),
                sw_version=known.get("sw_version"),
                hw_version=known.get("hw_version"),
            )

    def system_device_id(self, address: Address) -> str:
        """Return the registry ID of the device that represents a site's system; it is created when first needed."""
        key, registry = (address.site, address.system), dr.async_get(self._hass)
        if (known := self._systems.get(key)) is None or registry.async_get(known) is None:
            found = registry.async_get_or_create(
                config_entry_id=self._entry_id, **system_device_info(self._entry_id, address)
            )
            self._systems[key] = known = found.id
        return known

    # Subscriptions of the platforms; the directory lives as long as these

    @callback
    def on_new_device(self, announce: NewDevice) -> None:
        """Call `announce` with each device, now and when one is added."""
        self._new_device.append(announce)
        for device in self._devices.values():
            announce(device)

    @callback
    def on_new_commands(self, announce: NewDevice) -> None:
        """Call `announce` with a device whose announced commands change."""
        self._new_commands.append(announce)

    @callback
    def on_new_clock(self, announce: NewDevice) -> None:
        """Call `announce` with each device that reports its time, now and when one does so for the first time."""
        self._new_clock.append(announce)
        for device in self._devices.values():
            if device.record.has_clock:
                announce(device)

    @callback
    def on_new_metrics(self, platform: Platform, announce: NewMetrics) -> None:
        """Call `announce` with the metrics of each device, now and when one has new metrics."""
        self._new_metrics[platform] = announce
        for device in self._devices.values():
            announce(device, device.record.metrics)

    @callback
    def on_removed(self, removed: Removed) -> None:
        """Call `removed` with each device that is removed."""
        self._removed.append(removed)

    def _make(self, record: DeviceRecord) -> EdgeDevice:
        device = EdgeDevice(record, self._publisher, self._max_metrics)
        self._devices[record.address] = device
        return device

    @callback
    def _as_stored(self) -> dict[str, Any]:
        self._has_unsaved_changes = False
        return {"devices": [device.record.as_dict() for device in self._devices.values()]}
