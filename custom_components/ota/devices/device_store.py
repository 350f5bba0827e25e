"""Stand-alone devices: their subentries, kept in sync with the state."""

from functools import partial

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .._lib.entry_recovery import confirm_later, reconcile, restore_subentry
from ..const import CONF_DEVICE_ID, SUBENTRY_DEVICE
from ..hub import OtaHub
from .key_store import KeyStore
from .policy import device_from_subentry, policy_from_data, subentry_from_device
from .registry import update_registered_device


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
        stored = [uid for uid, device in hub.state.devices.items() if device.fleet is None]
        # A device that had a subentry before was deleted by the user, even if it was not confirmed yet.
        plan = reconcile({uid: uid in previous or self._is_confirmed(uid) for uid in stored}, subentries)
        for uid in subentries:
            if not self._is_confirmed(uid):
                confirm_later(self._hass, self._entry, partial(keys.async_confirm, uid))
        for uid in plan.forget:
            hub.engine.remove(uid)
            await keys.async_revoke(uid)
        for uid in plan.restore:
            device = hub.state.devices[uid]
            data = subentry_from_device(device)
            restore_subentry(self._hass, self._entry, SUBENTRY_DEVICE, device.name, data, unique_id=uid)
        await hub.async_try_commit()

    def _is_confirmed(self, uid: str) -> bool:
        """Return whether the subentry of a device is known to be saved; a device without keys is never restored."""
        secrets = self._keys.devices.get(uid)
        return secrets is None or secrets.confirmed
