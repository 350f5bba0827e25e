"""Smart outlets behind a Central Control Unit (HTTP) or straight over an HC-12 radio."""

from functools import partial

from homeassistant.config_entries import SOURCE_IMPORT, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.typing import ConfigType

from .const import CONF_CCU_ID, DOMAIN, MANUFACTURER, PLATFORMS, Kind
from .coordinator import RunningHub, SmartOutletConfigEntry, outlet_configs, state_store
from .hubs import HUBS, async_get_hubs
from .radio_port import start_radio
from .registry import Registry
from .repairs import update_keyless_issue
from .services import async_setup_services
from .views import async_register_views
from .websocket import async_register_commands

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
_CONFIRM_AFTER_S = 10


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Load the keys, open the API, register the actions."""
    hubs = await async_get_hubs(hass)
    async_register_views(hass, hubs)
    async_register_commands(hass)
    async_setup_services(hass)
    _bring_back(hass, hubs.registry)
    return True


def _bring_back(hass: HomeAssistant, registry: Registry) -> None:
    """Units whose key was shown just before a crash that lost their entry."""
    known = {entry.data.get(CONF_CCU_ID) for entry in hass.config_entries.async_entries(DOMAIN)}
    for record in registry.units.values():
        if record.ccu_id not in known and not record.confirmed:
            hass.async_create_task(
                hass.config_entries.flow.async_init(
                    DOMAIN, context={"source": SOURCE_IMPORT}, data={CONF_CCU_ID: record.ccu_id}
                )
            )


async def async_setup_entry(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> bool:
    """Set up a hub."""
    hubs = hass.data[HUBS]
    entry.runtime_data = running = RunningHub(hass, entry)
    running.device_id = (
        dr.async_get(hass)
        .async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer=MANUFACTURER,
            model="HC-12 radio" if running.kind is Kind.RADIO else "Central Control Unit",
            name=entry.title,
            serial_number=running.ccu_id,
        )
        .id
    )
    await running.async_load(hubs.meters_of(entry.entry_id))
    hubs.add(running)
    entry.async_on_unload(partial(hubs.remove, running))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    if running.kind is Kind.RADIO:
        start_radio(hass, running)
    update_keyless_issue(hass, entry)
    if running.ccu_id is not None:

        async def confirm(_: object) -> None:
            await hubs.registry.async_confirm(running.ccu_id or "")

        entry.async_on_unload(async_call_later(hass, _CONFIRM_AFTER_S, confirm))
    snapshot = _settings(entry)

    async def updated(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> None:
        """Outlets come and go without a reload; anything else is set up anew."""
        if _settings(entry) != snapshot or _renamed(running):
            hass.config_entries.async_schedule_reload(entry.entry_id)
            return
        running.sync_outlets()
        hubs.outlets_changed()

    entry.async_on_unload(entry.add_update_listener(updated))
    return True


def _settings(entry: ConfigEntry) -> tuple[object, ...]:
    return (entry.title, dict(entry.data), dict(entry.options))


def _renamed(running: RunningHub) -> bool:
    """Whether a known outlet has other data than it was set up with."""
    known = running.hub.outlets
    return any(
        device_id in known and known[device_id].config != config
        for device_id, (_, config) in outlet_configs(running.entry).items()
    )


async def async_unload_entry(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> bool:
    """Unload a hub."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> None:
    """Forget a hub: its key, its stored state, its issue."""
    hubs = hass.data[HUBS]
    if (ccu_id := entry.data.get(CONF_CCU_ID)) is not None:
        await hubs.registry.async_remove(ccu_id)
    await hubs.async_forget(entry.entry_id)
    await state_store(hass, entry.entry_id).async_remove()
    update_keyless_issue(hass, entry, removed=True)
