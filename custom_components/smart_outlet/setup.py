"""Creates the parts of a hub from its config entry."""

from functools import partial

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util.ulid import ulid_now

from ._lib.publisher import Publisher
from ._lib.steady_clock import SteadyClock
from .const import DOMAIN, HubKind
from .data import HubData, SmartOutletConfigEntry
from .domain.parts import DomainParts
from .hub.command_sender import CommandSender
from .hub.notifier import HubNotifier
from .hub.outlets import HubOutlets
from .hub.radio import RadioService
from .hub.settings import hub_info, hub_settings, outlet_settings
from .hub.store import HubStore
from .model.hub_model import HubModel
from .texts import AlertFormatter, async_load_texts


async def async_create_hub(hass: HomeAssistant, entry: SmartOutletConfigEntry, parts: DomainParts) -> HubData:
    """Create the parts of a hub and restore its stored state."""
    info = hub_info(entry)
    texts = await async_load_texts(hass)
    alerts = AlertFormatter(texts)
    notifier = HubNotifier(hass, info, alerts)
    model = HubModel(hub_settings(entry), notifier, ulid_now, SteadyClock())
    notifier.model = model
    model.alerts.on_cleared = notifier.alert_cleared
    store = HubStore(hass, entry.entry_id, model.dump)
    notifier.on_save = store.schedule_save
    radio = None
    if info.kind is HubKind.RADIO:
        radio = RadioService(
            hass,
            entry,
            model,
            on_port_changed=notifier.hub_changed,
            on_response=partial(parts.conflicts.on_report, entry.entry_id),
        )
    outlets = HubOutlets(model)
    outlets.sync(outlet_settings(entry))
    if (stored := await store.async_load()) is not None:
        model.restore(stored, model.clock())
    info.device_registry_id = _register_device(hass, entry, texts.get(f"model_{info.kind.value}"), info.ccu_id)
    hub = HubData(
        info=info,
        model=model,
        outlets=outlets,
        commands=CommandSender(model, store, radio.wake if radio is not None else lambda: None),
        notifier=notifier,
        publisher=Publisher.for_entry(hass, entry),
        store=store,
        texts=texts,
        alerts=alerts,
        radio=radio,
    )
    parts.meters.attach(hub)
    entry.async_on_unload(partial(parts.meters.detach, hub))
    return hub


def _register_device(hass: HomeAssistant, entry: SmartOutletConfigEntry, model: str, ccu_id: str | None) -> str:
    """Register the hub's device; returns its ID."""
    return (
        dr.async_get(hass)
        .async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer=None,
            model=model,
            name=entry.title,
            serial_number=ccu_id,
        )
        .id
    )
