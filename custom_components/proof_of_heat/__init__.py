"""Proof of Heat: the heating controller of the home."""

import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import CONF_METER, DOMAIN, MANUFACTURER, PLATFORMS, SUBENTRY_METER, SUBENTRY_SOURCE
from .coordinator import HeatConfigEntry, HeatingSystem
from .flows.form import lasting
from .metering.coordinator import MeterCoordinator
from .metering.counter_power import CounterPower
from .repairs import async_check_templates, forget_issues
from .services import async_setup_services
from .sources.external import DIRECTORY, Directory
from .sources.managed_source import SourceUnit
from .sources.poller import SourcePoller
from .sources.registry import Built, async_build, secrets_missing
from .system_config import engine_config, read, source_config

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Actions, and the directory of what other integrations offer."""
    hass.data[DIRECTORY] = directory = Directory(hass)
    await directory.async_start()
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: HeatConfigEntry) -> bool:
    """Set up a heating system. A dead source is shown as failing; it keeps nothing else from starting."""
    from .engine.engine import Engine

    _follow_changes(hass, entry)
    settings = read(entry)
    built = await _build_all(hass, entry)
    configs = {
        subentry_id: source_config(
            item.source.source_id, item.source.capabilities, entry.subentries[subentry_id].data, settings
        )
        for subentry_id, item in built.items()
    }
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        manufacturer=MANUFACTURER,
        model="Heating system",
        name=entry.title,
        entry_type=dr.DeviceEntryType.SERVICE,
    )
    engine = Engine(engine_config(settings, tuple(configs.values())))
    entry.runtime_data = system = HeatingSystem(hass, entry, settings, device.id, engine)
    await system.async_load()
    for subentry_id, item in built.items():
        subentry = entry.subentries[subentry_id]
        system.add_unit(
            SourceUnit(
                subentry_id=subentry_id,
                name=subentry.title,
                kind=str(subentry.data["kind"]),
                source=item.source,
                config=configs[subentry_id],
                poller=SourcePoller(hass, item.source, item.poll_s),
                budget=item.budget,
                meter=subentry.data.get(CONF_METER),
                counted=CounterPower(),
                close=item.close,
                counts=item.counts,
            )
        )
    for subentry in entry.subentries.values():
        if subentry.subentry_type == SUBENTRY_METER:
            meter = MeterCoordinator(hass, entry, subentry)
            await meter.async_refresh()  # one that does not answer is unavailable; the system starts without it
            system.meters.append(meter)
    await system.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


def _follow_changes(hass: HomeAssistant, entry: HeatConfigEntry) -> None:
    """Reload for what the user changed, not for a token that was renewed; also for what changes while this sets up."""
    shape = _shape(entry)

    async def updated(hass: HomeAssistant, changed: HeatConfigEntry) -> None:
        if _shape(changed) != shape:
            hass.config_entries.async_schedule_reload(changed.entry_id)

    entry.async_on_unload(entry.add_update_listener(updated))


async def async_unload_entry(hass: HomeAssistant, entry: HeatConfigEntry) -> bool:
    """Unload; sources stay as they are (a reload or restart goes on from there)."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_close()
    if entry.disabled_by is not None:
        forget_issues(hass, entry.entry_id)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: HeatConfigEntry) -> None:
    """Forget what was stored."""
    from .coordinator import async_forget

    forget_issues(hass, entry.entry_id)
    await async_forget(hass, entry)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: HeatConfigEntry, device: dr.DeviceEntry) -> bool:
    """A device may go when its subentry has gone."""
    return not any((DOMAIN, known) in device.identifiers for known in (entry.entry_id, *entry.subentries))


async def _build_all(hass: HomeAssistant, entry: HeatConfigEntry) -> dict[str, Built]:
    built: dict[str, Built] = {}
    asked: set[str] = set()
    for subentry_id, subentry in entry.subentries.items():
        if subentry.subentry_type != SUBENTRY_SOURCE:
            continue
        if secrets_missing(subentry.data):
            asked.add(subentry_id)
            entry.async_start_reauth(hass, data={"subentry_id": subentry_id})  # one form at a time
            continue
        try:
            built[subentry_id] = await async_build(hass, entry, subentry)
        except Exception:  # one source that cannot be made must not keep the home cold
            _LOGGER.exception("%s: this source cannot be set up", subentry.title)
    await async_check_templates(hass, entry, built.keys() | asked)
    forget_issues(hass, entry.entry_id, (entry.entry_id, *entry.subentries))
    return built


def _shape(entry: HeatConfigEntry) -> object:
    """What a reload is worth for."""
    subentries = {key: (item.title, lasting(item.data)) for key, item in entry.subentries.items()}
    return (entry.title, dict(entry.data), dict(entry.options), subentries)
