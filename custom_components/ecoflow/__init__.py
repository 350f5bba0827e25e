"""EcoFlow power stations through the official open API."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from ._lib.cards import async_add_cards, async_remove_cards
from .const import DOMAIN, PLATFORMS
from .data import EcoflowConfigEntry
from .repairs import async_delete_account_issues
from .runtime.connection import CertificateFileError, async_create_client
from .runtime.store import EcoflowStore
from .services import async_setup_services
from .setup import create_parts

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EcoflowConfigEntry) -> bool:
    """Set up an account."""
    store = EcoflowStore(hass, entry.entry_id)
    await store.async_load()
    entry.async_on_unload(store.async_close)  # also if the setup fails
    try:
        client = await async_create_client(hass, entry.data, entry.options)
    except CertificateFileError as err:
        # The file may be on a disk that is mounted later.
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="certificate_file",
            translation_placeholders={"error": str(err)},
        ) from err
    data = create_parts(hass, entry, store, client)
    try:
        await data.coordinator.async_config_entry_first_refresh()
    except BaseException:
        await client.stop()
        raise
    entry.runtime_data = data
    data.devices.start()
    data.coordinator.async_start()
    data.archive.start()
    for surplus in data.surplus.values():
        surplus.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await async_add_cards(hass, entry, Path(__file__).parent / "frontend")
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    return True


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
        await data.archive.async_stop()
        async_delete_account_issues(hass, entry)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: EcoflowConfigEntry) -> None:
    """Delete the stored data of an account."""
    await EcoflowStore(hass, entry.entry_id).async_remove()
    await async_remove_cards(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: EcoflowConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Allow the deletion of a device that is no longer in the account."""
    present = {(DOMAIN, entry.entry_id), *((DOMAIN, sn) for sn in entry.runtime_data.client.states)}
    present |= {(DOMAIN, subentry_id) for subentry_id in entry.subentries}
    return not device.identifiers & present
