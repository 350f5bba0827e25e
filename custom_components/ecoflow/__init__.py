"""EcoFlow power stations through the official open API."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.typing import ConfigType

from .api.client import EcoflowClient, Listener, Timing
from .api.rest import RestClient
from .api.signing import Keys
from .const import (
    CONF_ACCESS_KEY,
    CONF_MAX_AGE,
    CONF_POLL_INTERVAL,
    CONF_SECRET_KEY,
    DEFAULT_MAX_AGE,
    DEFAULT_POLL_INTERVAL,
    DOMAIN,
    MANUFACTURER,
    PLATFORMS,
)
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator
from .endpoint import CertificateFileError, async_tls_context, base_url
from .issues import async_forget_account, async_forget_device
from .services import async_setup_services
from .store import EcoflowStore
from .surplus import async_setup_surplus

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EcoflowConfigEntry) -> bool:
    """Set up an account."""
    store = EcoflowStore(hass, entry.entry_id)
    await store.async_load()
    interval = timedelta(seconds=entry.options.get(CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL))
    coordinator = EcoflowCoordinator(hass, entry, store, interval)
    coordinator.client = await _async_client(hass, entry, coordinator)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        name=entry.title,
    )
    coordinator.account_device_id = device.id
    try:
        await coordinator.async_config_entry_first_refresh()
    except BaseException:
        await coordinator.async_stop()
        raise
    entry.runtime_data = coordinator
    await coordinator.async_start()
    async_setup_surplus(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_entry_changed))
    return True


async def _async_entry_changed(hass: HomeAssistant, entry: EcoflowConfigEntry) -> None:
    """Keys, options or surplus charging changed: begin anew."""
    for surplus in tuple(entry.runtime_data.surplus.values()):
        if surplus.subentry_id not in entry.subentries:
            await surplus.async_end()
    hass.config_entries.async_schedule_reload(entry.entry_id)


async def _async_client(
    hass: HomeAssistant, entry: EcoflowConfigEntry, coordinator: EcoflowCoordinator
) -> EcoflowClient:
    keys = Keys(entry.data[CONF_ACCESS_KEY], entry.data[CONF_SECRET_KEY])
    try:
        tls = await async_tls_context(hass, entry.data)
    except CertificateFileError as err:
        # The file may lie on a disk that comes later.
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="certificate_file",
            translation_placeholders={"error": str(err)},
        ) from err
    rest = RestClient(async_get_clientsession(hass), base_url(entry.data), keys, ssl_context=tls)
    listener = Listener(coordinator.on_values, coordinator.on_link, coordinator.on_foreign)
    poll_s = entry.options.get(CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL)
    timing = Timing(
        push_window_s=max(120.0, 2.0 * poll_s),
        max_age_s=max(entry.options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE), 2.5 * poll_s),
    )
    # The same for ever: the cloud allows a key some ten client ids a day.
    return EcoflowClient(rest, tls, f"heat-suite-{keys.fingerprint}", listener, timing=timing)


async def async_unload_entry(hass: HomeAssistant, entry: EcoflowConfigEntry) -> bool:
    """Unload an account."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_stop()
        async_forget_account(hass, entry)
        for sn in entry.runtime_data.stations:
            async_forget_device(hass, sn)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: EcoflowConfigEntry) -> None:
    """Forget an account's counters."""
    await EcoflowStore(hass, entry.entry_id).async_remove()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: EcoflowConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Allow to remove a device that is no longer in the account."""
    present = {(DOMAIN, entry.entry_id), *((DOMAIN, sn) for sn in entry.runtime_data.client.states)}
    present |= {(DOMAIN, subentry_id) for subentry_id in entry.subentries}
    return not device.identifiers & present
