"""OTA: firmware releases, rollouts and update entities for all ESP devices of a home."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from ._lib.cards import async_add_cards, async_remove_cards
from .const import DOMAIN, PLATFORMS
from .data import OtaConfigEntry, OtaData
from .devices.fleet_directory import async_setup_fleet_directory
from .devices.key_store import KeyStore
from .repairs import async_load_reasons
from .rollout.codec import DecodeError, NewerFormatError
from .rollout.errors import StorageError
from .rollout.state import State
from .services import async_setup_services
from .storage import Storage
from .views import async_register_views
from .websocket_api import async_register_commands

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the HTTP views and actions, and find the fleets of other integrations."""
    async_register_views(hass)
    async_register_commands(hass)
    async_setup_services(hass)
    await async_setup_fleet_directory(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: OtaConfigEntry) -> bool:
    """Set up OTA from a config entry."""
    data = OtaData.create(hass, entry)
    entry.async_on_unload(data.hub.storage.async_close)  # also if the setup fails
    entry.async_on_unload(data.keys.async_close)
    await _async_load(data)
    data.hub.reasons = await async_load_reasons(hass)
    data.hub.start()
    entry.async_on_unload(data.notifier.start())
    entry.runtime_data = data
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=dr.DeviceEntryType.SERVICE,
        name=entry.title,
    )
    await data.devices.async_sync()
    data.fleets.start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await async_add_cards(hass, entry, Path(__file__).parent / "frontend")
    data.sources.start()
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    await data.devices.async_sync()  # a device may have been added since the set-up began
    return True


async def _async_load(data: OtaData) -> None:
    """Load what is stored.

    Raises:
        ConfigEntryError: It is damaged, or a newer version wrote it.
        ConfigEntryNotReady: It cannot be read, or the image folder cannot be used.
    """
    try:
        await data.hub.async_load()
        await data.keys.async_load()
        await data.images.async_prepare()
    except StorageError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN, translation_key=err.code, translation_placeholders=err.placeholders
        ) from err
    except NewerFormatError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN, translation_key="storage_newer", translation_placeholders={"error": str(err)}
        ) from err
    except (DecodeError, KeyError, TypeError, ValueError) as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN, translation_key="storage_damaged", translation_placeholders={"error": str(err)}
        ) from err


async def async_unload_entry(hass: HomeAssistant, entry: OtaConfigEntry) -> bool:
    """Unload a config entry; until it is loaded again, devices are asked to retry later."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.hub.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: OtaConfigEntry) -> None:
    """Delete keys, devices and rollouts. The images remain in `<config>/ota`."""
    await Storage(hass, State()).async_remove()
    await KeyStore(hass).async_remove()
    await async_remove_cards(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: OtaConfigEntry, device_entry: dr.DeviceEntry
) -> bool:
    """Allow deleting the devices of removed rollouts; the others are removed with their subentry or rollout."""
    data = entry.runtime_data
    kept = {entry.entry_id, *data.devices.subentries.values()}
    kept |= {f"{entry.entry_id}_{rollout_id}" for rollout_id in data.hub.state.rollouts}
    return not any(domain == DOMAIN and name in kept for domain, name in device_entry.identifiers)


async def _async_entry_updated(hass: HomeAssistant, entry: OtaConfigEntry) -> None:
    """Apply changed options and subentries without a reload."""
    data = entry.runtime_data
    data.settings.update(entry.options)
    await data.devices.async_sync()
    data.sources.sync()
