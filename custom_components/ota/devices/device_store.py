"""Stand-alone devices: their subentries, kept in sync with the state."""

from datetime import datetime
import logging
from types import MappingProxyType
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..const import CONF_DEVICE_ID, SUBENTRY_DEVICE
from ..hub import OtaHub
from ..rollout.models import Device
from .key_store import KeyStore
from .policy import device_from_subentry, policy_from_data, subentry_from_device
from .registry import update_registered_device

_LOGGER = logging.getLogger(__name__)
_CONFIRM_DELAY_S: Final = 10


class DeviceStore:
    """The stand-alone devices of a config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, hub: OtaHub, keys: KeyStore) -> None:
        """Create the store; `async_sync` reads the subentries."""
        self._hass = hass
        self._entry = entry
        self._hub = hub
        self._keys = keys
        self.subentries: dict[str, str] = {}
        """Device uid -> subentry ID."""

    async def async_sync(self) -> None:
        """Add, update and remove devices as their subentries describe them."""
        hub, keys = self._hub, self._keys
        subentries = {
            subentry.data[CONF_DEVICE_ID]: subentry
            for subentry in self._entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_DEVICE
        }
        previous = self.subentries
        self.subentries = {uid: subentry.subentry_id for uid, subentry in subentries.items()}
        for uid, subentry in subentries.items():
            hub.engine.register(device_from_subentry(uid, subentry.title, subentry.data), hub.now)
            hub.engine.set_policy(uid, policy_from_data(subentry.data))
            device = hub.state.devices[uid]
            update_registered_device(self._hass, self._entry.entry_id, subentry.subentry_id, device)
            secrets = keys.devices.get(uid)
            if secrets is not None and not secrets.confirmed:
                self._confirm_later(uid)
        for device in list(hub.state.devices.values()):
            if device.fleet is not None or device.uid in subentries:
                continue
            secrets = keys.devices.get(device.uid)
            if secrets is not None and not secrets.confirmed and device.uid not in previous:
                self._restore(device)
            else:
                hub.engine.remove(device.uid)
                await keys.async_revoke(device.uid)
        await hub.async_commit()

    def _confirm_later(self, uid: str) -> None:
        async def confirm(_: datetime) -> None:
            await self._keys.async_confirm(uid)

        self._entry.async_on_unload(async_call_later(self._hass, _CONFIRM_DELAY_S, confirm))

    @callback
    def _restore(self, device: Device) -> None:
        """Create the subentry of a device again: Home Assistant crashed before it was saved."""
        _LOGGER.info("%s: restored after a crash", device.uid)
        subentry = ConfigSubentry(
            data=MappingProxyType(subentry_from_device(device)),
            subentry_type=SUBENTRY_DEVICE,
            title=device.name,
            unique_id=device.uid,
        )
        self._hass.config_entries.async_add_subentry(self._entry, subentry)
