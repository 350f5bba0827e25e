"""The devices of other integrations (fleets), kept in sync with the state."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event as BusEvent, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .._lib.fleet import Fleet, FleetDevice, FleetOffer, Unsubscribe
from ..hub import OtaHub
from ..rollout.models import Device, Slots
from ..rollout.offers import Reason
from ..rollout.state import Event, EventKind
from .fleet_directory import FLEET_DIRECTORY
from .key_store import KeyStore
from .registry import device_ids_by_unique_id, move_to_device, remove_entities, remove_own_device

_SINGLE_LOOKUPS: Final = 8
"""Up to this many changed devices are looked up one by one; for more the fleet lists all its devices."""


class FleetTracker:
    """Follows the fleets: adds and updates their devices and passes offers to them."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, hub: OtaHub, keys: KeyStore) -> None:
        """Create the tracker; `start` subscribes to the fleets."""
        self._hass = hass
        self._entry = entry
        self._hub = hub
        self._keys = keys
        self._directory = hass.data[FLEET_DIRECTORY]
        self._unsubscribe: dict[str, Unsubscribe] = {}
        self._offers: dict[str, FleetOffer | None] = {}
        self._listening: dict[str, Unsubscribe] = {}
        self._busy: dict[str, str] = {}
        self._registry_ids: dict[str, str | None] = {}
        self._uids: dict[str, str] = {}
        """Device registry ID -> uid; kept when the fleet no longer contains the device."""
        self._deleted: set[str] = set()
        self._previous_device_ids = device_ids_by_unique_id(hass, entry.entry_id)

    @callback
    def start(self) -> None:
        """Subscribe to all fleets, also to those found later."""
        on_unload = self._entry.async_on_unload
        on_unload(self.close)
        on_unload(self._hub.dispatcher.listen_events(self._on_event))
        on_unload(
            self._hass.bus.async_listen(
                dr.EVENT_DEVICE_REGISTRY_UPDATED, self._on_device_removed, event_filter=self._is_removal
            )
        )
        for device in self._hub.state.devices.values():
            if device.fleet is not None:
                self._set_reachable(device.uid, reachable=False)
        self._directory.listener = self._follow
        for domain in self._directory.fleets:
            self._follow(domain)

    def _set_reachable(self, uid: str, *, reachable: bool) -> None:
        """Store whether the fleet can report contacts of a device, which it cannot while its entry is unloaded."""
        self._hub.state.liveness.set_reachable(uid, self._hub.now, reachable=reachable)

    @callback
    def close(self) -> None:
        """Unsubscribe from all fleets."""
        self._directory.listener = None
        for unsubscribe in (*self._unsubscribe.values(), *self._listening.values()):
            unsubscribe()
        self._unsubscribe.clear()
        self._listening.clear()

    def get(self, domain: str | None) -> Fleet | None:
        """Return the fleet of a domain."""
        return self._directory.fleets.get(domain or "")

    @callback
    def refresh(self, device: Device) -> None:
        """Update a device that calls in itself with what its provider knows, before the provider reports it."""
        lookup = getattr(self.get(device.fleet), "device", None)
        known = lookup(device.device_id) if lookup is not None else None
        if known is not None and device.fleet is not None:
            self._register(device.uid, device.fleet, known)

    def busy(self, uid: str) -> str | None:
        """Return why a fleet's device must not restart now, as its provider reports it."""
        return self._busy.get(uid)

    def registry_id(self, uid: str) -> str | None:
        """Return the registered device of a fleet's device, or the one from before the restart."""
        unique_id = f"{self._entry.entry_id}_{uid}_firmware"
        return self._registry_ids.get(uid) or self._previous_device_ids.get(unique_id)

    @callback
    def _follow(self, domain: str) -> None:
        fleet = self._directory.fleets[domain]
        if domain not in self._unsubscribe:
            self._unsubscribe[domain] = fleet.subscribe(partial(self._on_change, domain))
        self._on_change(domain, frozenset(fleet.devices()))

    @callback
    def _on_change(self, domain: str, ids: frozenset[str]) -> None:
        self._update(domain, set(ids))
        self._entry.async_create_task(self._hass, self._async_commit(domain, ids), f"ota fleet {domain}")

    async def _async_commit(self, domain: str, ids: frozenset[str]) -> None:
        """Save first, then update the offers: a contact may be the time for one."""
        await self._hub.async_try_commit()
        for device_id in ids:
            self._update_offer(f"{domain}:{device_id}")

    def _lookup(self, domain: str, count: int) -> Callable[[str], FleetDevice | None]:
        """Return how to look up devices: a large fleet does not have to list all of them for a single one."""
        fleet = self._directory.fleets[domain]
        single: Callable[[str], FleetDevice | None] | None = getattr(fleet, "device", None)
        return single if single is not None and count <= _SINGLE_LOOKUPS else fleet.devices().get

    def _update(self, domain: str, ids: set[str]) -> None:
        lookup = self._lookup(domain, len(ids))
        for device_id in ids:
            uid = f"{domain}:{device_id}"
            device = lookup(device_id)
            if device is None:
                # Its entry may only be unloaded: a device that was removed has lost its registered device, too.
                self._registry_ids.pop(uid, None)
                self._busy.pop(uid, None)
                self._set_reachable(uid, reachable=False)
                self._remove_deleted(uid)
                continue
            self._registry_ids[uid] = device.device_registry_id
            if device.device_registry_id is not None:
                self._uids[device.device_registry_id] = uid
                move_to_device(self._hass, self._entry.entry_id, uid, device.device_registry_id)
                self._deleted.discard(uid)
            self._register(uid, domain, device)
            self._set_reachable(uid, reachable=True)
            if uid not in self._listening:
                self._listening[uid] = self._hub.dispatcher.listen(uid, partial(self._update_offer, uid))

    @callback
    def _on_event(self, event: Event) -> None:
        if event.kind is EventKind.DEVICE_REMOVED and event.uid is not None:
            remove_entities(self._hass, self._entry.entry_id, event.uid)

    @callback
    def _is_removal(self, data: Mapping[str, Any]) -> bool:
        return data["action"] == "remove" and data["device_id"] in self._uids

    @callback
    def _on_device_removed(self, event: BusEvent[dr.EventDeviceRegistryUpdatedData]) -> None:
        """Remove a device that the user deleted, now or once its provider has removed it."""
        uid = self._uids.pop(event.data["device_id"])
        self._deleted.add(uid)
        self._remove_deleted(uid)

    def _remove_deleted(self, uid: str) -> None:
        """Remove a deleted device, unless its provider still lists it."""
        device = self._hub.state.devices.get(uid)
        fleet = self.get(device.fleet) if device is not None else None
        if uid not in self._deleted or device is None or (fleet is not None and device.device_id in fleet.devices()):
            return
        self._deleted.discard(uid)
        self._entry.async_create_task(self._hass, self.async_remove(uid), f"ota remove {uid}")

    async def async_remove(self, uid: str) -> None:
        """Remove a fleet's device with its secrets and its entry in the device registry."""
        if uid in self._hub.state.devices:
            self._hub.engine.remove(uid)
        await self._keys.async_revoke(uid)
        await self._hub.async_try_commit()
        remove_own_device(self._hass, self._entry.entry_id, uid)

    def _register(self, uid: str, domain: str, device: FleetDevice) -> None:
        engine = self._hub.engine
        known = self._hub.state.devices.get(uid)
        self._busy.pop(uid, None)
        if device.busy:
            self._busy[uid] = device.busy
        registered = Device(
            uid=uid,
            name=device.name,
            product=device.product,
            chip=device.chip,
            fleet=domain,
            model=device.model,
            group=device.group,
            zone=device.zone,
            tags=tuple(sorted(device.tags)),
            metadata=dict(device.metadata),
        )
        engine.register(registered if known is None else replace(registered, policy=known.policy), self._hub.now)
        last_seen = min(device.last_seen.timestamp(), self._hub.now) if device.last_seen is not None else None
        if last_seen is not None and (known is None or last_seen != known.last_seen or _has_news(device, known)):
            engine.heartbeat(
                uid,
                last_seen,
                version=device.installed_version,
                boots=device.boot_count,
                busy=device.busy,
                metrics=device.metrics or None,
                slots=_slots(device),
            )

    @callback
    def _update_offer(self, uid: str) -> None:
        """Pass the offer for a device to its fleet if it changed."""
        device = self._hub.state.devices.get(uid)
        fleet = self.get(device.fleet) if device is not None else None
        if device is None or fleet is None:
            return
        offer = self._offer(device)
        if self._offers.get(uid) != offer:
            self._offers[uid] = offer
            fleet.offer(device.device_id, offer)

    def _offer(self, device: Device) -> FleetOffer | None:
        offer = self._hub.engine.offer(device.uid, self._hub.now)
        if offer.reason is not Reason.OFFERED or offer.release is None:
            return None
        release = offer.release
        if offer.job is None and device.slots is not None and device.slots.other_with(release.sha256) is not None:
            # It accepts an offer by fetching the image, which it will not do.
            offer = self._hub.engine.poll(device.uid, self._hub.now)
            self._entry.async_create_task(self._hass, self._hub.async_try_commit(), f"ota offer {device.uid}")
        return FleetOffer(
            job_id=str(offer.job.job_id) if offer.job else "",
            version=release.version,
            size=release.size,
            sha256=release.sha256,
            path=f"/api/ota/v1/devices/{device.uid}/firmware/{release.sha256}.bin",
            slot=device.slots.other_with(release.sha256) if device.slots is not None else None,
        )


def _slots(device: FleetDevice) -> Slots | None:
    """Return the slots that a provider reports; one with an older contract reports none."""
    images: tuple[str | None, ...] = getattr(device, "slots", ())
    if not images:
        return None
    return Slots(
        images=tuple(image or "" for image in images), running=device.running_slot, can_roll_back=device.can_roll_back
    )


def _has_news(device: FleetDevice, known: Device) -> bool:
    """Return whether a provider reports something else than before, also if it reports the same last contact."""
    return (
        (device.installed_version is not None and device.installed_version != known.installed_version)
        or (device.boot_count is not None and device.boot_count != known.boot_count)
        or (device.busy or None) != known.busy
        or bool(device.metrics and dict(device.metrics) != dict(known.metrics))
    )
