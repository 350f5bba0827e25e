"""Central Control Units as a fleet for firmware updates (docs/ota-fleets.md)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ._lib.fleet import FleetDevice, FleetListener, FleetOffer, Unsubscribe
from .const import DOMAIN, HubKind
from .data import HubData
from .domain.directory import HubDirectory
from .domain.key_store import CcuKeyStore
from .domain.parts import DOMAIN_PARTS
from .hub.notifier import ReportListener
from .model.outlet import Outlet

FLEET: HassKey[CcuFleet] = HassKey(f"{DOMAIN}_fleet")
PRODUCT: Final = "smart-outlet-ccu"
LAST_SEEN_INTERVAL_S: Final = 10.0
"""A CCU calls several times a second; a new time of its last call is published this often."""


def fleet_id(ccu_id: str) -> str:
    """Return the ID of a CCU in the fleet."""
    return f"ccu-{ccu_id}"


def _device(hub: HubData) -> FleetDevice:
    last_seen, power_off = hub.model.to_wall(hub.model.last_seen), hub.model.power_off
    return FleetDevice(
        device_id=fleet_id(hub.info.ccu_id or ""),
        name=hub.info.title,
        product=PRODUCT,
        chip=hub.info.chip,
        model=hub.texts.get("model_ccu"),
        installed_version=hub.info.firmware,
        group=hub.info.title,
        last_seen=datetime.fromtimestamp(last_seen, UTC) if last_seen is not None else None,
        # A CCU that restarts now would leave sockets on that must be switched off.
        busy="power_cut" if power_off is not None and power_off.finished is None else None,
        device_registry_id=hub.info.device_registry_id or None,
    )


class CcuFleet:
    """All loaded Central Control Units; one object as long as Home Assistant runs."""

    domain = DOMAIN
    name = "Smart Outlet"

    def __init__(self, directory: HubDirectory, keys: CcuKeyStore) -> None:
        self._directory = directory
        self._keys = keys
        self._listeners: list[FleetListener] = []
        self._published: dict[str, FleetDevice] = {}
        self._subscribed: dict[str, tuple[HubData, ReportListener]] = {}
        directory.subscribe(self._hubs_changed)
        self._hubs_changed()

    def devices(self) -> Mapping[str, FleetDevice]:
        """Return the devices by their fleet ID."""
        hubs = (hub for hub in self._directory.hubs.values() if hub.info.kind is HubKind.CCU)
        return {device.device_id: device for device in map(_device, hubs)}

    def authenticate(self, device_id: str, key: str) -> bool:
        """Return whether a key is currently valid for a device."""
        found = self._keys.find(key) if key else None
        return found is not None and fleet_id(found[0].ccu_id) == device_id

    def subscribe(self, listener: FleetListener) -> Unsubscribe:
        """Call a listener after devices were added, removed or changed."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def offer(self, device_id: str, offer: FleetOffer | None) -> None:
        """Do nothing: a CCU asks for updates itself, and its protocol has no field for an offer."""

    @callback
    def _hubs_changed(self) -> None:
        hubs = {entry_id: hub for entry_id, hub in self._directory.hubs.items() if hub.info.kind is HubKind.CCU}
        for entry_id in [each for each, (hub, _) in self._subscribed.items() if hubs.get(each) is not hub]:
            hub, listener = self._subscribed.pop(entry_id)
            hub.notifier.report_listeners.remove(listener)
        for entry_id, hub in hubs.items():
            if entry_id not in self._subscribed:
                listener = partial(self._on_report, hub)
                hub.notifier.report_listeners.append(listener)
                self._subscribed[entry_id] = (hub, listener)
        devices = dict(self.devices())
        self._notify(devices.keys() ^ self._published.keys())
        self._published = devices

    @callback
    def _on_report(self, hub: HubData, outlet: Outlet | None) -> None:
        if outlet is not None:
            return
        device = _device(hub)
        published = self._published.get(device.device_id)
        if published is not None and not _is_significant(published, device):
            return
        self._published[device.device_id] = device
        self._notify({device.device_id})

    def _notify(self, device_ids: set[str]) -> None:
        if device_ids:
            for listener in tuple(self._listeners):
                listener(frozenset(device_ids))


def _is_significant(published: FleetDevice, current: FleetDevice) -> bool:
    if (published.name, published.chip, published.installed_version, published.busy) != (
        current.name,
        current.chip,
        current.installed_version,
        current.busy,
    ):
        return True
    if current.last_seen is None or published.last_seen is None:
        return current.last_seen is not published.last_seen
    return (current.last_seen - published.last_seen).total_seconds() >= LAST_SEEN_INTERVAL_S


@callback
def async_fleet(hass: HomeAssistant) -> CcuFleet:
    """Return the fleet, created on first use."""
    if FLEET not in hass.data:
        parts = hass.data[DOMAIN_PARTS]
        hass.data[FLEET] = CcuFleet(parts.directory, parts.keys)
    return hass.data[FLEET]
