"""Central Control Units as a fleet for firmware updates (docs/ota-fleets.md)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ._lib.fleet import FleetDevice, FleetListener, FleetOffer, Unsubscribe
from .const import DOMAIN, Kind
from .coordinator import RunningHub
from .hubs import HUBS, Hubs
from .model.outlet import Outlet

FLEET: HassKey[CcuFleet] = HassKey(f"{DOMAIN}_fleet")
PRODUCT: Final = "smart-outlet-ccu"
CHIP: Final = "esp32"
SIGN_OF_LIFE_S: Final = 10.0
"""A unit calls several times a second; that it still does is told this often."""


def fleet_id(ccu_id: str) -> str:
    """What a unit is called in the fleet."""
    return f"ccu-{ccu_id}"


def _device(hub: RunningHub) -> FleetDevice:
    seen = hub.hub.last_seen
    cut = hub.hub.cut
    return FleetDevice(
        device_id=fleet_id(hub.ccu_id or ""),
        name=hub.entry.title,
        product=PRODUCT,
        chip=CHIP,
        model="Central Control Unit",
        installed_version=hub.firmware,
        group=hub.entry.title,
        last_seen=datetime.fromtimestamp(seen, UTC) if seen is not None else None,
        # A unit that restarts now would leave sockets on that are to be cut.
        busy="power_cut" if cut is not None and cut.finished is None else None,
        device_registry_id=hub.device_id or None,
    )


class CcuFleet:
    """All units that are set up; one object as long as Home Assistant runs."""

    domain = DOMAIN
    name = "Smart Outlet"

    def __init__(self, hubs: Hubs) -> None:
        self._hubs = hubs
        self._listeners: list[FleetListener] = []
        self._told: dict[str, FleetDevice] = {}
        self._watched: dict[str, tuple[RunningHub, Callable[[Outlet | None], None]]] = {}
        hubs.subscribe(self._follow)
        self._follow()

    def devices(self) -> Mapping[str, FleetDevice]:
        """The units by their fleet id."""
        hubs = (hub for hub in self._hubs.running.values() if hub.kind is Kind.CCU)
        return {device.device_id: device for device in map(_device, hubs)}

    def authenticate(self, device_id: str, key: str) -> bool:
        """Whether a key is the unit's, now."""
        found = self._hubs.registry.find(key) if key else None
        return found is not None and fleet_id(found[0].ccu_id) == device_id

    def subscribe(self, listener: FleetListener) -> Unsubscribe:
        """Call ``listener`` after units came, went or changed."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def offer(self, device_id: str, offer: FleetOffer | None) -> None:
        """Units ask ota themselves: their own protocol has no place for an offer."""

    @callback
    def _follow(self) -> None:
        """Hubs came or went."""
        running = {ident: hub for ident, hub in self._hubs.running.items() if hub.kind is Kind.CCU}
        for entry_id in [ident for ident, (hub, _) in self._watched.items() if running.get(ident) is not hub]:
            hub, watcher = self._watched.pop(entry_id)
            hub.watchers.remove(watcher)
        for entry_id, hub in running.items():
            if entry_id not in self._watched:
                watcher = partial(self._look, hub)
                hub.watchers.append(watcher)
                self._watched[entry_id] = (hub, watcher)
        now = dict(self.devices())
        self._tell(now.keys() ^ self._told.keys())
        self._told = now

    @callback
    def _look(self, hub: RunningHub, outlet: Outlet | None) -> None:
        """A hub reported: tell what is worth it."""
        if outlet is not None:
            return
        device = _device(hub)
        before = self._told.get(device.device_id)
        if before is not None and not _worth_telling(before, device):
            return
        self._told[device.device_id] = device
        self._tell({device.device_id})

    def _tell(self, ids: set[str]) -> None:
        if ids:
            for listener in tuple(self._listeners):
                listener(frozenset(ids))


def _worth_telling(before: FleetDevice, now: FleetDevice) -> bool:
    if (before.name, before.installed_version, before.busy) != (now.name, now.installed_version, now.busy):
        return True
    if now.last_seen is None or before.last_seen is None:
        return now.last_seen is not before.last_seen
    return (now.last_seen - before.last_seen).total_seconds() >= SIGN_OF_LIFE_S


@callback
def async_fleet(hass: HomeAssistant) -> CcuFleet:
    """The domain's fleet, made when it is first asked for."""
    if FLEET not in hass.data:
        hass.data[FLEET] = CcuFleet(hass.data[HUBS])
    return hass.data[FLEET]
