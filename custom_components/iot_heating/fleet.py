"""The fleet of ESP32 controllers for firmware updates by ota (docs/ota-fleets.md)."""

from asyncio import Handle
from collections.abc import Mapping
from dataclasses import asdict
from math import inf
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ._lib.device_keys import EMPTY_RING, KeyMatch
from ._lib.fleet import CHIPS, DEVICE_ID, Fleet, FleetDevice, FleetListener, FleetOffer, Unsubscribe
from .const import DOMAIN
from .data import IotHeatingConfigEntry
from .protocol.fields import (
    BOOT_COUNT,
    CAN_ROLL_BACK,
    CHIP,
    FIRMWARE_VERSION,
    FREE_HEAP,
    FROST,
    MODEL,
    PRODUCT,
    RSSI,
    RUNNING_SLOT,
    SLOTS,
    UPTIME,
)
from .runtime.change_listeners import CHANGE_LISTENERS
from .runtime.controller import Controller, subscribe
from .storage.device_records import ControllerKind
from .storage.device_store import DEVICE_STORE

_DEFAULT_PRODUCT: Final = "heating_controller"
_DEFAULT_CHIP: Final = "esp32"
# Changes within this time are notified together: listeners process all of them at once.
_NOTIFY_INTERVAL_S: Final = 0.5
_METRICS: Final = (FREE_HEAP, RSSI, UPTIME)


async def async_get_fleet(hass: HomeAssistant) -> Fleet:
    """Return the fleet; one object per start."""
    if (fleet := hass.data.get(FLEET)) is None:
        fleet = hass.data[FLEET] = ControllerFleet(hass)
    return fleet


def fleet_device_id(device_id: str) -> str:
    """Return a controller's device ID in the form of fleets: the colons of a MAC address become dashes."""
    return device_id.replace(":", "-")


class ControllerFleet(Fleet):
    """The ESP32 controllers of all loaded buildings."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._listeners: list[FleetListener] = []
        # Controllers with their config entries by fleet ID, cached for one version of the device store.
        self._version = -1
        self._controllers: dict[str, tuple[IotHeatingConfigEntry, Controller]] = {}
        self._devices: dict[str, FleetDevice] = {}
        self._outdated: set[str] = set()
        self._pending: set[str] = set()
        self._timer: Handle | None = None
        self._notified_at = -inf
        hass.data[CHANGE_LISTENERS].fleet = self._controller_changed

    @property
    @override
    def domain(self) -> str:
        """Domain of the integration."""
        return DOMAIN

    @property
    @override
    def name(self) -> str:
        """Name of the fleet."""
        return "Heating controllers"

    def _current_controllers(self) -> dict[str, tuple[IotHeatingConfigEntry, Controller]]:
        version = self._hass.data[DEVICE_STORE].version
        if version != self._version:
            self._version, self._controllers = version, self._find_controllers()
            self._devices.clear()
        return self._controllers

    def _find_controllers(self) -> dict[str, tuple[IotHeatingConfigEntry, Controller]]:
        controllers: dict[str, tuple[IotHeatingConfigEntry, Controller]] = {}
        entries: list[IotHeatingConfigEntry] = self._hass.config_entries.async_loaded_entries(DOMAIN)
        for entry in entries:
            for controller in entry.runtime_data.hub.controllers.values():
                fleet_id = fleet_device_id(controller.device_id)
                if controller.kind is ControllerKind.ESP32 and DEVICE_ID.fullmatch(fleet_id):
                    controllers.setdefault(fleet_id, (entry, controller))
        return controllers

    @override
    def devices(self) -> Mapping[str, FleetDevice]:
        """Return the controllers as they are now."""
        controllers = self._current_controllers()
        for fleet_id in self._outdated:
            self._devices.pop(fleet_id, None)
        self._outdated.clear()
        for fleet_id in controllers.keys() - self._devices.keys():
            self._devices[fleet_id] = self._create_device(fleet_id, *controllers[fleet_id])
        return dict(self._devices)

    def device(self, device_id: str) -> FleetDevice | None:
        """Return one controller as it is now, which its listeners may not know yet."""
        found = self._current_controllers().get(device_id)
        return self._create_device(device_id, *found) if found is not None else None

    def _create_device(self, fleet_id: str, entry: IotHeatingConfigEntry, controller: Controller) -> FleetDevice:
        values = controller.values
        chip = values.get(CHIP)
        device = dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, controller.subentry_id), entry.entry_id
        )
        return FleetDevice(
            device_id=fleet_id,
            name=controller.name,
            product=values.get(PRODUCT) or _DEFAULT_PRODUCT,
            chip=chip if chip in CHIPS else _DEFAULT_CHIP,
            model=values.get(MODEL),
            installed_version=values.get(FIRMWARE_VERSION),
            group=entry.title,
            zone=entry.entry_id,
            last_seen=controller.last_seen,
            boot_count=values.get(BOOT_COUNT),
            busy=_busy(controller),
            device_registry_id=device.id if device else None,
            metrics={name: float(value) for name in _METRICS if (value := values.get(name)) is not None},
            slots=values.get(SLOTS) or (),
            running_slot=values.get(RUNNING_SLOT),
            can_roll_back=values.get(CAN_ROLL_BACK),
        )

    @override
    def authenticate(self, device_id: str, key: str) -> bool:
        """Whether the key of this controller is valid now; takes the same time for every wrong key."""
        found = self._current_controllers().get(device_id)
        record = self._hass.data[DEVICE_STORE].devices.get(found[1].device_id) if found else None
        ring = record.keys if record is not None else EMPTY_RING
        return ring.match(key, dt_util.utcnow()) is not KeyMatch.NONE

    @override
    def subscribe(self, listener: FleetListener) -> Unsubscribe:
        """Call ``listener`` with the fleet IDs of controllers that were added, removed or changed."""
        remove = subscribe(self._listeners, listener)

        def unsubscribe() -> None:
            remove()
            if not self._listeners and self._timer is not None:
                self._timer.cancel()
                self._timer = None

        return unsubscribe

    @override
    def offer(self, device_id: str, offer: FleetOffer | None) -> None:
        """Offer a firmware to a protocol 2 controller with its next reply."""
        if (found := self._current_controllers().get(device_id)) is not None:
            found[1].firmware_offer = _offer_message(offer) if offer is not None else None

    @callback
    def _controller_changed(self, device_id: str) -> None:
        """Notify listeners of a controller: at once, or together with others in a moment."""
        fleet_id = fleet_device_id(device_id)
        self._outdated.add(fleet_id)
        if not self._listeners:
            return
        self._pending.add(fleet_id)
        if self._timer is not None:
            return
        loop = self._hass.loop
        if loop.time() - self._notified_at >= _NOTIFY_INTERVAL_S:
            self._notify()
        else:
            self._timer = loop.call_at(self._notified_at + _NOTIFY_INTERVAL_S, self._notify)

    @callback
    def _notify(self) -> None:
        self._timer, self._notified_at = None, self._hass.loop.time()
        ids, self._pending = frozenset(self._pending), set()
        for listener in tuple(self._listeners):
            listener(ids)


def _busy(controller: Controller) -> str | None:
    """Return why a restart now would do harm: frost protection takes precedence."""
    if controller.values.get(FROST):
        return "frost"
    return "heat_demand" if controller.heating else None


def _offer_message(offer: FleetOffer) -> dict[str, Any]:
    """Return the `firmware` of a reply; without a slot it is that of earlier versions."""
    return {name: value for name, value in asdict(offer).items() if name != "slot" or value is not None}


FLEET: HassKey[ControllerFleet] = HassKey(f"{DOMAIN}_fleet")
