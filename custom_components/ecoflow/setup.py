"""Create the parts of an account."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from ._lib.publisher import Publisher
from .api.client import ClientCallbacks, EcoflowClient
from .const import DOMAIN, MANUFACTURER, SUBENTRY_SURPLUS
from .coordinator import EcoflowCoordinator
from .data import EcoflowConfigEntry, EcoflowData
from .repairs import SharedKeyMonitor
from .runtime.device import Account
from .runtime.device_manager import DeviceManager
from .runtime.measurement_archive import MeasurementArchive
from .runtime.store import EcoflowStore
from .runtime.surplus_charging import SurplusCharging


def create_parts(
    hass: HomeAssistant, entry: EcoflowConfigEntry, store: EcoflowStore, client: EcoflowClient
) -> EcoflowData:
    """Create the parts of an account and connect the client's events to them."""
    account_device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        name=entry.title,
    )
    account = Account(hass, entry, client, Publisher.for_entry(hass, entry), account_device.id)
    devices = DeviceManager(account, store)
    shared_key = SharedKeyMonitor(hass, entry)
    coordinator = EcoflowCoordinator(hass, entry, client, devices, shared_key)
    client.callbacks = ClientCallbacks(devices.values_changed, coordinator.connection_changed, shared_key.unknown_reply)
    surplus = {
        subentry.subentry_id: SurplusCharging(account, store, subentry)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_SURPLUS
    }
    return EcoflowData(account, MeasurementArchive(account), coordinator, devices, shared_key, store, surplus)
