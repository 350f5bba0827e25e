"""OTA: firmware releases, rollouts and update entities for every ESP device of the home."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN, PLATFORMS
from .coordinator import OtaConfigEntry, OtaCoordinator
from .devices import DIRECTORY, FleetDirectory, async_sync_subentries
from .keys import Keys
from .rollout.state import State
from .services import async_setup_services
from .storage import Storage
from .views_device import async_register_views

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Open the device APIs, register the actions, look for fleets of other integrations."""
    hass.data[DIRECTORY] = directory = FleetDirectory(hass)
    async_register_views(hass)
    async_setup_services(hass)
    await directory.async_start()
    return True


async def async_setup_entry(hass: HomeAssistant, entry: OtaConfigEntry) -> bool:
    """Set up the release and rollout management."""
    coordinator = OtaCoordinator(hass, entry)
    await coordinator.async_start()
    entry.runtime_data = coordinator
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=dr.DeviceEntryType.SERVICE,
        name=entry.title,
    )
    await async_sync_subentries(coordinator)
    coordinator.fleets.start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    coordinator.sources.start()
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: OtaConfigEntry) -> bool:
    """Unload; devices are told to come back later."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: OtaConfigEntry) -> None:
    """Forget keys, devices and rollouts. The images stay in `<config>/ota` for whoever wants them."""
    await Storage(hass, State()).async_remove()
    await Keys(hass).async_remove()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: OtaConfigEntry, device_entry: dr.DeviceEntry
) -> bool:
    """Let users delete devices of rollouts that are gone; the others go with their subentry or rollout."""
    coordinator = entry.runtime_data
    kept = {entry.entry_id, *coordinator.subentries.values()}
    kept |= {f"{entry.entry_id}_{rollout_id}" for rollout_id in coordinator.state.rollouts}
    return not any(domain == DOMAIN and name in kept for domain, name in device_entry.identifiers)


async def _async_entry_updated(hass: HomeAssistant, entry: OtaConfigEntry) -> None:
    """Options changed, or a device or source was added, changed or removed: follow without a reload."""
    coordinator = entry.runtime_data
    coordinator.apply_settings()
    await async_sync_subentries(coordinator)
    coordinator.sources.restart()
