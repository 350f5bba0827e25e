"""The fleet of this integration for firmware updates (docs/ota-fleets.md)."""

from asyncio import Handle
from collections.abc import Mapping
from dataclasses import asdict
from math import inf
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ._lib.device_keys import EMPTY_RING, KeyMatch
from ._lib.fleet import CHIPS, DEVICE_ID, Fleet, FleetDevice, FleetListener, FleetOffer, Unsubscribe
from .const import DOMAIN
from .controller import Controller, subscribe
from .coordinator import Building, IotHeatingConfigEntry
from .records import Kind
from .registry import REGISTRY
from .sources import SOURCES

_PRODUCT: Final = "heating_controller"
_CHIP: Final = "esp32"
# Calls within this time are told as one: whoever listens looks at all of them in one go.
_TELL_EVERY_S: Final = 0.5
_METRICS: Final = ("free_heap", "rssi", "uptime_s")


async def async_get_fleet(hass: HomeAssistant) -> Fleet:
    """The fleet: one object per start."""
    if (fleet := hass.data.get(FLEET)) is None:
        fleet = hass.data[FLEET] = ControllerFleet(hass)
    return fleet


def fleet_id(device_id: str) -> str:
    """A controller's id as fleets write it: a MAC's colons are dashes there."""
    return device_id.replace(":", "-")


class ControllerFleet(Fleet):
    """All ESP32 controllers of all buildings that are set up."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._listeners: list[FleetListener] = []
        # Controllers by fleet id as of a version of the registry, what is known of them, and who called since.
        self._version = -1
        self._known: dict[str, tuple[Building, Controller]] = {}
        self._devices: dict[str, FleetDevice] = {}
        self._stale: set[str] = set()
        self._untold: set[str] = set()
        self._due: Handle | None = None
        self._told_at = -inf
        hass.data[SOURCES].fleet_changed = self._changed

    @property
    @override
    def domain(self) -> str:
        """Of the integration."""
        return DOMAIN

    @property
    @override
    def name(self) -> str:
        """What users call it."""
        return "Heating controllers"

    def _controllers(self) -> dict[str, tuple[Building, Controller]]:
        """All controllers now; looked for anew only after one of them, or its entry, has come, gone or changed."""
        version = self._hass.data[REGISTRY].version
        if version != self._version:
            self._version, self._known = version, self._found()
            self._devices.clear()
        return self._known

    def _found(self) -> dict[str, tuple[Building, Controller]]:
        found: dict[str, tuple[Building, Controller]] = {}
        entries: list[IotHeatingConfigEntry] = self._hass.config_entries.async_loaded_entries(DOMAIN)
        for entry in entries:
            for controller in entry.runtime_data.controllers.values():
                name = fleet_id(controller.device_id)
                if controller.kind is Kind.ESP32 and DEVICE_ID.fullmatch(name):
                    found.setdefault(name, (entry.runtime_data, controller))
        return found

    @override
    def devices(self) -> Mapping[str, FleetDevice]:
        """The controllers as they are now."""
        known = self._controllers()
        for name in self._stale:
            self._devices.pop(name, None)
        self._stale.clear()
        for name in known.keys() - self._devices.keys():
            self._devices[name] = self._device(name, *known[name])
        return dict(self._devices)

    def device(self, device_id: str) -> FleetDevice | None:
        """One of them, without describing all: a thousand controllers call every half minute."""
        entries: list[IotHeatingConfigEntry] = self._hass.config_entries.async_loaded_entries(DOMAIN)
        for entry in entries:
            for controller in entry.runtime_data.controllers.values():
                if fleet_id(controller.device_id) == device_id and controller.kind is Kind.ESP32:
                    return self._device(device_id, entry.runtime_data, controller)
        return None

    def _device(self, name: str, building: Building, controller: Controller) -> FleetDevice:
        extras = controller.extras
        chip = extras.get("chip")
        boot_count = extras.get("boot_count")
        device = dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, controller.subentry_id), building.entry.entry_id
        )
        return FleetDevice(
            device_id=name,
            name=controller.name,
            product=str(extras.get("product") or _PRODUCT),
            chip=chip if isinstance(chip, str) and chip in CHIPS else _CHIP,
            model=_text(extras.get("model")),
            installed_version=_text(extras.get("firmware_version")),
            group=building.entry.title,
            zone=building.entry.entry_id,
            last_seen=controller.last_seen,
            boot_count=int(boot_count) if isinstance(boot_count, int | float) else None,
            busy="heat_demand" if controller.heating else None,
            device_registry_id=device.id if device else None,
            metrics={
                metric: float(value) for metric in _METRICS if isinstance(value := extras.get(metric), int | float)
            },
        )

    @override
    def authenticate(self, device_id: str, key: str) -> bool:
        """Whether the key opens this controller's door now; the same time whatever is wrong."""
        known = self._controllers().get(device_id)
        record = self._hass.data[REGISTRY].devices.get(known[1].device_id) if known else None
        ring = record.keys if record is not None else EMPTY_RING
        return ring.match(key, dt_util.utcnow()) is not KeyMatch.NONE

    @override
    def subscribe(self, listener: FleetListener) -> Unsubscribe:
        """Call ``listener`` with the ids of controllers that came, went or changed."""
        unsubscribe = subscribe(self._listeners, listener)

        def end() -> None:
            unsubscribe()
            if not self._listeners and self._due is not None:
                self._due.cancel()
                self._due = None

        return end

    @override
    def offer(self, device_id: str, offer: FleetOffer | None) -> None:
        """Tell a protocol 2 controller with its next reply."""
        if (known := self._controllers().get(device_id)) is not None:
            known[1].offer = asdict(offer) if offer is not None else None

    @callback
    def _changed(self, device_id: str) -> None:
        """A controller came, went, changed or just called: told at once, or together with others in a moment."""
        name = fleet_id(device_id)
        self._stale.add(name)
        if not self._listeners:
            return
        self._untold.add(name)
        if self._due is not None:
            return
        loop = self._hass.loop
        if loop.time() - self._told_at >= _TELL_EVERY_S:
            self._tell()
        else:
            self._due = loop.call_at(self._told_at + _TELL_EVERY_S, self._tell)

    @callback
    def _tell(self) -> None:
        self._due, self._told_at = None, self._hass.loop.time()
        ids, self._untold = frozenset(self._untold), set()
        for listener in tuple(self._listeners):
            listener(ids)


FLEET: HassKey[ControllerFleet] = HassKey(f"{DOMAIN}_fleet")


def _text(value: float | str | None) -> str | None:
    return value if isinstance(value, str) else None
