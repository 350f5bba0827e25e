"""EcoFlow power stations through the official open API."""

from functools import partial

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from ._lib.publisher import Publisher
from .api.client import ClientCallbacks, EcoflowClient
from .const import DOMAIN, MANUFACTURER, PLATFORMS, SUBENTRY_SURPLUS
from .coordinator import EcoflowCoordinator
from .data import EcoflowConfigEntry, EcoflowData
from .repairs import SharedKeyMonitor, async_delete_account_issues, async_storage_result
from .runtime.connection import CertificateFileError, async_create_client
from .runtime.device import Account
from .runtime.device_manager import DeviceManager
from .runtime.store import EcoflowStore
from .runtime.surplus_charging import SurplusCharging
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EcoflowConfigEntry) -> bool:
    """Set up an account."""
    store = EcoflowStore(hass, entry.entry_id)
    store.on_result = partial(async_storage_result, hass, entry)
    await store.async_load()
    try:
        client = await async_create_client(hass, entry.data, entry.options)
    except CertificateFileError as err:
        # The file may be on a disk that is mounted later.
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="certificate_file",
            translation_placeholders={"error": str(err)},
        ) from err
    data = _create_parts(hass, entry, store, client)
    try:
        await data.coordinator.async_config_entry_first_refresh()
    except BaseException:
        await client.stop()
        raise
    entry.runtime_data = data
    data.devices.start()
    data.coordinator.async_start()
    for surplus in data.surplus.values():
        surplus.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    return True


def _create_parts(
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
    return EcoflowData(account, coordinator, devices, shared_key, store, surplus)


async def _async_entry_updated(hass: HomeAssistant, entry: EcoflowConfigEntry) -> None:
    """Reload the account after a change of its data, options or subentries."""
    for surplus in tuple(entry.runtime_data.surplus.values()):
        if surplus.subentry_id not in entry.subentries:
            await surplus.async_delete()
    hass.config_entries.async_schedule_reload(entry.entry_id)


async def async_unload_entry(hass: HomeAssistant, entry: EcoflowConfigEntry) -> bool:
    """Unload an account."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        data = entry.runtime_data
        data.devices.stop()
        await data.client.stop()
        await data.devices.async_save_counters()
        async_delete_account_issues(hass, entry)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: EcoflowConfigEntry) -> None:
    """Delete the stored data of an account."""
    await EcoflowStore(hass, entry.entry_id).async_remove()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: EcoflowConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Allow the deletion of a device that is no longer in the account."""
    present = {(DOMAIN, entry.entry_id), *((DOMAIN, sn) for sn in entry.runtime_data.client.states)}
    present |= {(DOMAIN, subentry_id) for subentry_id in entry.subentries}
    return not device.identifiers & present
