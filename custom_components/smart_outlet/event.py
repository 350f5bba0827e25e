"""Event entities: alerts, and the result of an emergency power-off."""

from collections.abc import Callable
from functools import partial
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import POWER_OFF_EVENT_TYPES
from .data import HubData, SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .hub.notifier import UpdateOn
from .model.alerts import Alert, AlertType
from .model.outlet import Outlet
from .model.power_off import EmergencyPowerOff, SocketResult

PARALLEL_UPDATES = 0

OUTLET_ALERT: Final = EventEntityDescription(
    key="alert",
    event_types=[
        AlertType.COMMAND_FAILED,
        AlertType.OFFLINE,
        AlertType.OVERLOAD,
        AlertType.THRESHOLD,
        AlertType.THRESHOLD_MISMATCH,
    ],
)
HUB_ALERT: Final = EventEntityDescription(
    key="alert",
    event_types=[AlertType.POWER_OFF_INCOMPLETE, AlertType.MAIN_THRESHOLD, AlertType.OFFLINE],
)
POWER_OFF: Final = EventEntityDescription(
    key="power_cut", translation_key="power_off", event_types=list(POWER_OFF_EVENT_TYPES)
)
_ALERT_ATTRIBUTES: Final = ("id", "socket", "message", "value", "limit")


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the event entities of the hub and its outlets."""
    hub = entry.runtime_data
    async_add_entities([HubAlertEvent(hub, HUB_ALERT), PowerOffEvent(hub, POWER_OFF)])
    add_outlet_entities(entry, async_add_entities, lambda hub, outlet: [OutletAlertEvent(hub, outlet, OUTLET_ALERT)])


class _HubEvent(EventEntity):
    """Events of a hub, written at once without the publisher: two events are two states."""

    hub: HubData
    update_on = UpdateOn.NEVER

    @property
    @override
    def available(self) -> bool:
        """Return True: an offline device is one of the events, or a part of its result."""
        return True

    def _subscribe[T](self, listeners: list[Callable[[T], None]], listener: Callable[[T], None]) -> None:
        """Subscribe until the entity is removed."""
        listeners.append(listener)
        self.async_on_remove(partial(listeners.remove, listener))


class _AlertEvent(_HubEvent):
    """Alerts of one device."""

    _alert_device_id: str | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the alerts."""
        await super().async_added_to_hass()
        self._subscribe(self.hub.notifier.alert_listeners, self._on_alert)

    @callback
    def _on_alert(self, alert: Alert) -> None:
        if alert.source.device_id == self._alert_device_id:
            details = self.hub.alerts.as_dict(alert)
            self._trigger_event(alert.type.value, {name: details[name] for name in _ALERT_ATTRIBUTES})
            self.async_write_ha_state()


class OutletAlertEvent(_AlertEvent, OutletEntity):
    """Alerts of an outlet."""

    def __init__(self, hub: HubData, outlet: Outlet, description: EventEntityDescription) -> None:
        super().__init__(hub, outlet, description)
        self._alert_device_id = outlet.device_id


class HubAlertEvent(_AlertEvent, HubEntity):
    """Alerts of the hub itself."""


class PowerOffEvent(_HubEvent, HubEntity):
    """The result of an emergency power-off once no socket is pending."""

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the results."""
        await super().async_added_to_hass()
        self._subscribe(self.hub.notifier.power_off_listeners, self._on_finished)

    @callback
    def _on_finished(self, power_off: EmergencyPowerOff) -> None:
        complete, incomplete = POWER_OFF_EVENT_TYPES
        report = power_off.report()
        del report["finished"], report["pending"]
        self._trigger_event(incomplete if power_off.sockets_with(SocketResult.UNREACHABLE) else complete, report)
        self.async_write_ha_state()
