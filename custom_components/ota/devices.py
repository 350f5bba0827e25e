"""Stand-alone devices (subentries) and fleets of other integrations, brought into the registry and kept in step."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
import logging
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.integration_platform import async_process_integration_platforms
from homeassistant.util.hass_dict import HassKey

from . import joining
from ._lib.fleet import Fleet, FleetDevice, FleetOffer, Unsubscribe
from .const import (
    CONF_CHANNEL,
    CONF_CHIP,
    CONF_GROUP,
    CONF_MAY_ROLL_BACK,
    CONF_MAY_UPDATE,
    CONF_METADATA,
    CONF_MODEL,
    CONF_PINNED_VERSION,
    CONF_PRODUCT,
    CONF_TAGS,
    CONF_WINDOW_DAYS,
    CONF_WINDOW_END,
    CONF_WINDOW_START,
    CONF_ZONE,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from .rollout.manifest import Channel
from .rollout.models import Device, Policy
from .rollout.offers import Reason
from .rollout.schedule import DAYS, Window

if TYPE_CHECKING:
    from .coordinator import OtaCoordinator

_LOGGER = logging.getLogger(__name__)
_CONFIRM_AFTER_S: Final = 10
_FEW: Final = 8
CONF_DEVICE_ID: Final = "device_id"


def device_of(uid: str, title: str, data: Mapping[str, Any]) -> Device:
    """A stand-alone device as its subentry describes it."""
    return Device(
        uid=uid,
        name=title,
        product=data[CONF_PRODUCT],
        chip=data[CONF_CHIP],
        model=data.get(CONF_MODEL),
        group=data.get(CONF_GROUP),
        zone=data.get(CONF_ZONE),
        tags=tuple(data.get(CONF_TAGS, ())),
        metadata={str(name): str(value) for name, value in data.get(CONF_METADATA, {}).items()},
    )


def policy_of(data: Mapping[str, Any]) -> Policy:
    """What the device may, as its subentry says.

    Raises:
        DeviceError: `bad_window`.
    """
    window = None
    if data.get(CONF_WINDOW_START) and data.get(CONF_WINDOW_END):
        days = tuple(data.get(CONF_WINDOW_DAYS) or DAYS)
        window = Window(data[CONF_WINDOW_START][:5], data[CONF_WINDOW_END][:5], days)
    return Policy(
        may_update=data.get(CONF_MAY_UPDATE, True),
        channel=Channel(data.get(CONF_CHANNEL, Channel.STABLE)),
        pinned_version=data.get(CONF_PINNED_VERSION),
        window=window,
        may_roll_back=data.get(CONF_MAY_ROLL_BACK, True),
    )


def policy_data(policy: Policy) -> dict[str, Any]:
    """The fields that `policy_of` reads."""
    window = policy.window
    return {
        CONF_MAY_UPDATE: policy.may_update,
        CONF_MAY_ROLL_BACK: policy.may_roll_back,
        CONF_CHANNEL: policy.channel.value,
        CONF_PINNED_VERSION: policy.pinned_version,
        CONF_WINDOW_START: window.start if window else None,
        CONF_WINDOW_END: window.end if window else None,
        CONF_WINDOW_DAYS: list(window.days) if window else None,
    }


async def async_sync_subentries(coordinator: OtaCoordinator) -> None:
    """Bring the registry in line with the entry's subentries."""
    wanted = {
        subentry.data[CONF_DEVICE_ID]: subentry
        for subentry in coordinator.entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_DEVICE
    }
    engine, keys = coordinator.engine, coordinator.keys
    had = coordinator.subentries
    coordinator.subentries = {uid: subentry.subentry_id for uid, subentry in wanted.items()}
    for uid, subentry in wanted.items():
        engine.register(device_of(uid, subentry.title, subentry.data), coordinator.now)
        engine.set_policy(uid, policy_of(subentry.data))
        tell_registry(coordinator, coordinator.state.devices[uid])
        known = keys.devices.get(uid)
        if known is not None and not known.confirmed:
            _confirm_later(coordinator, uid)
    for uid in [u for u, device in coordinator.state.devices.items() if device.fleet is None and u not in wanted]:
        known = keys.devices.get(uid)
        if known is not None and not known.confirmed and uid not in had:
            _restore(coordinator, coordinator.state.devices[uid])
        else:
            engine.remove(uid)
            await keys.async_drop(uid)
    await coordinator.async_settle()


@callback
def tell_registry(coordinator: OtaCoordinator, device: Device) -> None:
    """Have the registry say what a device of ours is called and runs by now; one of a provider is its provider's."""
    owner = coordinator.subentries.get(device.uid) or f"{coordinator.entry.entry_id}_{device.uid}"
    registry = dr.async_get(coordinator.hass)
    known = registry.async_get_device_by_identifier((DOMAIN, owner), coordinator.entry.entry_id)
    if known is not None:
        registry.async_update_device(
            known.id,
            name=device.name,
            model=device.model or device.product,
            hw_version=device.chip,
            sw_version=device.installed_version,
        )


def _confirm_later(coordinator: OtaCoordinator, uid: str) -> None:
    async def confirm(_: datetime) -> None:
        await coordinator.keys.async_confirm(uid)

    coordinator.entry.async_on_unload(async_call_later(coordinator.hass, _CONFIRM_AFTER_S, confirm))


@callback
def _restore(coordinator: OtaCoordinator, device: Device) -> None:
    """Home Assistant died before it wrote this subentry down, but the device's key was shown."""
    _LOGGER.info("Restoring device %s, added just before a crash", device.uid)
    optional: dict[str, Any] = {
        CONF_MODEL: device.model,
        CONF_GROUP: device.group,
        CONF_ZONE: device.zone,
        CONF_TAGS: list(device.tags),
        CONF_METADATA: dict(device.metadata),
    }
    data: dict[str, Any] = {CONF_DEVICE_ID: device.uid, CONF_PRODUCT: device.product, CONF_CHIP: device.chip}
    optional |= policy_data(device.policy)
    data |= {name: value for name, value in optional.items() if value not in (None, "", [], {})}
    subentry = ConfigSubentry(
        data=MappingProxyType(data), subentry_type=SUBENTRY_DEVICE, title=device.name, unique_id=device.uid
    )
    coordinator.hass.config_entries.async_add_subentry(coordinator.entry, subentry)


class FleetDirectory:
    """The fleets of other integrations, found once as `<domain>/ota.py` for as long as Home Assistant runs."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing is looked for before `async_start`."""
        self._hass = hass
        self.fleets: dict[str, Fleet] = {}
        self.listener: Callable[[str], None] | None = None
        """Called with the domain of each fleet that is found."""

    async def async_start(self) -> None:
        """Find the fleets there are, and those that come later."""
        await async_process_integration_platforms(self._hass, DOMAIN, self._async_found)

    async def _async_found(self, hass: HomeAssistant, domain: str, platform: Any) -> None:
        if domain == DOMAIN or not hasattr(platform, "async_get_fleet") or domain in self.fleets:
            return
        self.fleets[domain] = await platform.async_get_fleet(hass)
        if self.listener is not None:
            self.listener(domain)


DIRECTORY: HassKey[FleetDirectory] = HassKey(f"{DOMAIN}_fleets")


class Fleets:
    """The fleets as the config entry follows them."""

    def __init__(self, coordinator: OtaCoordinator) -> None:
        """Nothing is followed before `start`."""
        self._coordinator = coordinator
        self._directory = coordinator.hass.data[DIRECTORY]
        self._unsubscribe: dict[str, Unsubscribe] = {}
        self._offers: dict[str, FleetOffer | None] = {}
        self._listening: dict[str, Unsubscribe] = {}
        self._busy: dict[str, str] = {}
        self._registry_ids: dict[str, str | None] = {}
        self._uids: dict[str, str] = {}
        """By the id of the registry's device; kept when the fleet does not know the device any more."""
        self._deleted: set[str] = set()
        self._stood_at = joining.stood_at(coordinator.hass, coordinator.entry)

    @callback
    def start(self) -> None:
        """Follow the fleets there are, and those that come later."""
        coordinator = self._coordinator
        coordinator.entry.async_on_unload(self.close)
        coordinator.entry.async_on_unload(
            coordinator.hass.bus.async_listen(
                dr.EVENT_DEVICE_REGISTRY_UPDATED, self._registry_updated, event_filter=self._is_removal
            )
        )
        self._directory.listener = self._follow
        for domain in self._directory.fleets:
            self._follow(domain)

    @callback
    def close(self) -> None:
        """Follow no fleet any more."""
        self._directory.listener = None
        for unsubscribe in self._unsubscribe.values():
            unsubscribe()
        self._unsubscribe.clear()
        for stop in self._listening.values():
            stop()
        self._listening.clear()

    def get(self, domain: str | None) -> Fleet | None:
        """The fleet of a domain."""
        return self._directory.fleets.get(domain or "")

    @callback
    def refresh(self, device: Device) -> None:
        """A fleet's device asks us itself: what its provider knows by now counts, also what it has not told yet."""
        one = getattr(self._directory.fleets.get(device.fleet or ""), "device", None)
        known = one(device.device_id) if one is not None else None
        if known is not None and device.fleet is not None:
            self._register(device.uid, device.fleet, known)

    def busy(self, uid: str) -> str | None:
        """Why its provider says that a fleet's device must not restart now."""
        return self._busy.get(uid)

    def registry_id(self, uid: str) -> str | None:
        """The device of Home Assistant's registry that a fleet's device is, or was before this start."""
        return self._registry_ids.get(uid) or self._stood_at.get(f"{self._coordinator.entry.entry_id}_{uid}_firmware")

    @callback
    def _follow(self, domain: str) -> None:
        fleet = self._directory.fleets[domain]
        if domain not in self._unsubscribe:
            self._unsubscribe[domain] = fleet.subscribe(partial(self._changed, domain))
        self._changed(domain, frozenset(fleet.devices()))

    @callback
    def _changed(self, domain: str, ids: frozenset[str]) -> None:
        self._take(domain, set(ids))
        self._coordinator.entry.async_create_task(
            self._coordinator.hass, self._async_settle(domain, ids), f"ota fleet {domain}"
        )

    async def _async_settle(self, domain: str, ids: frozenset[str]) -> None:
        """Save first. With each sign of life the time may have come for an offer."""
        await self._coordinator.async_settle()
        for device_id in ids:
            self._tell(f"{domain}:{device_id}")

    def _look(self, domain: str, count: int) -> Callable[[str], FleetDevice | None]:
        """How to look a few or many devices up: a large fleet need not describe all of them for one that calls."""
        fleet = self._directory.fleets[domain]
        one: Callable[[str], FleetDevice | None] | None = getattr(fleet, "device", None)
        return one if one is not None and count <= _FEW else fleet.devices().get

    def _take(self, domain: str, ids: set[str]) -> None:
        look = self._look(domain, len(ids))
        for device_id in ids:
            uid = f"{domain}:{device_id}"
            device = look(device_id)
            if device is None:
                # Perhaps its entry is only not loaded now: who is gone for good has lost its registry device, too.
                self._registry_ids.pop(uid, None)
                self._busy.pop(uid, None)
                self._drop_deleted(uid)
                continue
            self._registry_ids[uid] = device.device_registry_id
            if device.device_registry_id is not None:
                self._uids[device.device_registry_id] = uid
                joining.join(self._coordinator.hass, self._coordinator.entry, uid, device.device_registry_id)
                self._deleted.discard(uid)
            self._register(uid, domain, device)
            if uid not in self._listening:
                self._listening[uid] = self._coordinator.listen(uid, partial(self._tell, uid))

    @callback
    def _is_removal(self, data: Mapping[str, Any]) -> bool:
        return data["action"] == "remove" and data["device_id"] in self._uids

    @callback
    def _registry_updated(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        """The device of a fleet was deleted: its provider forgets it now, or has done so."""
        uid = self._uids.pop(event.data["device_id"])
        self._deleted.add(uid)
        self._drop_deleted(uid)

    def _drop_deleted(self, uid: str) -> None:
        """Forget a device that was deleted, once its provider does not know it any more."""
        device = self._coordinator.state.devices.get(uid)
        fleet = self.get(device.fleet) if device is not None else None
        if uid not in self._deleted or device is None or (fleet is not None and device.device_id in fleet.devices()):
            return
        self._deleted.discard(uid)
        self._coordinator.entry.async_create_task(self._coordinator.hass, self._async_drop(uid), f"ota forgets {uid}")

    async def _async_drop(self, uid: str) -> None:
        if uid in self._coordinator.state.devices:
            self._coordinator.engine.remove(uid)
        await self._coordinator.keys.async_drop(uid)
        await self._coordinator.async_settle()
        joining.drop_own(self._coordinator.hass, self._coordinator.entry, uid)

    def _register(self, uid: str, domain: str, device: FleetDevice) -> None:
        engine = self._coordinator.engine
        known = self._coordinator.state.devices.get(uid)
        self._busy.pop(uid, None)
        if device.busy:
            self._busy[uid] = device.busy
        facts = Device(
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
        engine.register(facts if known is None else replace(facts, policy=known.policy), self._coordinator.now)
        if device.last_seen is not None:
            engine.heartbeat(
                uid,
                device.last_seen.timestamp(),
                version=device.installed_version,
                boots=device.boot_count,
                busy=device.busy,
                metrics=device.metrics or None,
            )

    @callback
    def _tell(self, uid: str) -> None:
        """Tell a fleet what its device is offered now, when that is something else than before."""
        device = self._coordinator.state.devices.get(uid)
        fleet = self.get(device.fleet) if device is not None else None
        if device is None or fleet is None:
            return
        offer = self._offer(device)
        if self._offers.get(uid) != offer:
            self._offers[uid] = offer
            fleet.offer(device.device_id, offer)

    def _offer(self, device: Device) -> FleetOffer | None:
        offer = self._coordinator.engine.offer(device.uid, self._coordinator.now)
        if offer.reason is not Reason.OFFERED or offer.release is None:
            return None
        release = offer.release
        return FleetOffer(
            job_id=str(offer.job.job_id) if offer.job else "",
            version=release.version,
            size=release.size,
            sha256=release.sha256,
            path=f"/api/ota/v1/devices/{device.uid}/firmware/{release.sha256}.bin",
        )
