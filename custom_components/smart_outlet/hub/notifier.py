"""Notifies entities, subscribers and the event bus of changes in a hub model."""

from collections.abc import Callable
from enum import Enum
from functools import partial
import logging
import time
from typing import Final

from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..const import CONF_DEVICE_ID, DOMAIN, EVENT_ALERT, EVENT_POWER_OFF_FINISHED
from ..model.alerts import HUB_SOURCE, Alert, AlertSource, AlertType
from ..model.hub_model import HubModel
from ..model.outlet import Outlet
from ..model.power_off import EmergencyPowerOff
from ..texts import AlertFormatter
from .settings import HubInfo

_LOGGER = logging.getLogger(__name__)

_SLOW_INTERVAL_S: Final = 10.0

type ReportListener = Callable[[Outlet | None], None]
"""Called with each outlet that reported, or with None for the hub itself."""


class UpdateOn(Enum):
    """When an entity reads its outlet or hub again."""

    NEVER = 0
    REPORT = 1
    """Measured values: on every report."""
    INTERVAL = 2
    """Slowly changing values (energy, last seen): every ten seconds, and on a change."""
    CHANGE = 3
    """Values that only change with a state, a command or an alert."""


class EntityListeners:
    """Update callbacks of the entities of one outlet or hub; called several hundred times a second."""

    def __init__(self) -> None:
        self._callbacks: dict[UpdateOn, list[CALLBACK_TYPE]] = {update_on: [] for update_on in UpdateOn}
        self._state_key: object = None
        self._interval_due = 0.0

    def add(self, update_on: UpdateOn, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Register a callback; returns the function that removes it."""
        self._callbacks[update_on].append(listener)
        return partial(self._callbacks[update_on].remove, listener)

    def notify(self, state_key: object, now: float) -> None:
        """Call the callbacks that are due.

        Args:
            state_key: All values except measured ones; an equal key means that none of them changed.
            now: Monotonic seconds.
        """
        for listener in self._callbacks[UpdateOn.REPORT]:
            listener()
        has_changed = state_key != self._state_key
        if has_changed:
            self._state_key = state_key
        if now >= self._interval_due or has_changed:
            self._interval_due = now + _SLOW_INTERVAL_S
            for listener in (*self._callbacks[UpdateOn.CHANGE], *self._callbacks[UpdateOn.INTERVAL]):
                listener()


class HubNotifier:
    """Observer of a hub model.

    Attributes:
        model: The observed model, assigned after its creation.
        hub_listeners: Entities of the hub.
        outlet_listeners: Entities by the device ID of their outlet.
        report_listeners: Subscribers that get every report, regardless of what the publisher writes.
        alert_listeners: Called with each new alert.
        power_off_listeners: Called with each finished emergency power-off.
        on_save: Called when stored data has changed.
        on_meters_changed: Called when meters have changed.
    """

    model: HubModel

    def __init__(self, hass: HomeAssistant, info: HubInfo, format_alert: AlertFormatter) -> None:
        self._hass = hass
        self._info = info
        self._format_alert = format_alert
        self.hub_listeners = EntityListeners()
        self.outlet_listeners: dict[str, EntityListeners] = {}
        self.report_listeners: list[ReportListener] = []
        self.alert_listeners: list[Callable[[Alert], None]] = []
        self.power_off_listeners: list[Callable[[EmergencyPowerOff], None]] = []
        self.on_save: CALLBACK_TYPE = lambda: None
        self.on_meters_changed: CALLBACK_TYPE = lambda: None

    @callback
    def outlet_changed(self, outlet: Outlet) -> None:
        """Update the outlet's entities and the report listeners."""
        if (listeners := self.outlet_listeners.get(outlet.device_id)) is not None:
            listeners.notify(self._outlet_state_key(outlet), time.monotonic())
        for listener in tuple(self.report_listeners):
            listener(outlet)
        self.on_meters_changed()

    def _outlet_state_key(self, outlet: Outlet) -> object:
        a, b = outlet.sockets["a"], outlet.sockets["b"]
        mismatch = self.model.alerts.is_active(AlertType.THRESHOLD_MISMATCH, AlertSource(outlet.device_id))
        return (
            (a.relay, b.relay, outlet.online, outlet.is_missing, outlet.is_overload, mismatch),
            (outlet.is_over_threshold("a"), outlet.is_over_threshold("b")),
            (outlet.threshold, outlet.device_threshold),
            [(command.id, command.status) for command in self.model.commands.open(outlet.device_id)],
        )

    @callback
    def hub_changed(self) -> None:
        """Update the hub's entities and the report listeners."""
        self.hub_listeners.notify(self._hub_state_key(), time.monotonic())
        for listener in tuple(self.report_listeners):
            listener(None)
        self.on_meters_changed()

    def _hub_state_key(self) -> object:
        model, power_off = self.model, self.model.power_off
        over = model.alerts.is_active(AlertType.MAIN_THRESHOLD, HUB_SOURCE)
        results = None if power_off is None else (power_off.id, power_off.finished, *power_off.sockets.values())
        known = model.main_current_ma is not None
        return (model.online, model.main_threshold_ma, known, over, len(model.outlets), results)

    @callback
    def alert_raised(self, alert: Alert) -> None:
        """Fire the alert event at once."""
        where = {"entry_id": self._info.entry_id, "hub": self._info.title, "entity_id": self._socket_switch(alert)}
        self._hass.bus.async_fire(EVENT_ALERT, where | self._format_alert.as_dict(alert))
        if alert.type is AlertType.OFFLINE and alert.message is not None:
            values = alert.message.values
            _LOGGER.warning("%s is offline: no report for %.0f s", values["device"], values["timeout_s"])
        for listener in tuple(self.alert_listeners):
            listener(alert)

    @callback
    def alert_cleared(self, alert: Alert) -> None:
        """Log that a hub or outlet is back."""
        if alert.type is AlertType.OFFLINE and alert.message is not None:
            _LOGGER.info("%s is back online", alert.message.values["device"])

    def _socket_switch(self, alert: Alert) -> str | None:
        """Return the switch of the socket of an alert, for automations that switch it off."""
        source = alert.source
        entry = self._hass.config_entries.async_get_entry(self._info.entry_id)
        if source.socket is None or entry is None:
            return None
        for subentry in entry.subentries.values():
            if subentry.data.get(CONF_DEVICE_ID) == source.device_id:
                unique_id = f"{subentry.subentry_id}_socket_{source.socket}"
                return er.async_get(self._hass).async_get_entity_id(Platform.SWITCH, DOMAIN, unique_id)
        return None

    @callback
    def power_off_finished(self, power_off: EmergencyPowerOff) -> None:
        """Fire the event with the result of an emergency power-off."""
        self._hass.bus.async_fire(
            EVENT_POWER_OFF_FINISHED,
            {"entry_id": self._info.entry_id, "hub": self._info.title} | power_off.report(),
        )
        for listener in tuple(self.power_off_listeners):
            listener(power_off)
        self.hub_changed()

    @callback
    def save(self) -> None:
        """Save changed data soon."""
        self.on_save()
