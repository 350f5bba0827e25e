"""A subscription of a card to one heating system, over reloads of its config entry."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..data import HeatConfigEntry, HeatingSystem

MIN_INTERVAL_S: Final = 1.0
"""Minimum time between two messages: sources report several times in a second when a cycle begins."""
UNAVAILABLE: Final = {"available": False}


class CardSubscription:
    """Sends what a card shows: at once, and after each cycle, report or change by a user."""

    def __init__(
        self,
        hass: HomeAssistant,
        connection: ActiveConnection,
        message_id: int,
        entry: HeatConfigEntry,
        content: Callable[[HeatingSystem], dict[str, Any]],
    ) -> None:
        self._hass = hass
        self._connection = connection
        self._id = message_id
        self._entry = entry
        self._content = content
        self._system: HeatingSystem | None = None
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._scheduled: CALLBACK_TYPE | None = None
        self._last_sent: float | None = None
        self._stop_following = async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed)

    @callback
    def start(self) -> None:
        """Send the present state and follow it."""
        self._attach()
        self._send()

    @callback
    def close(self) -> None:
        """End the subscription."""
        self._stop_following()
        self._detach()

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.entry_id != self._entry.entry_id:
            return
        is_loaded = change is not ConfigEntryChange.REMOVED and entry.state is ConfigEntryState.LOADED
        system = entry.runtime_data if is_loaded else None
        if system is self._system:
            if system is not None:  # the options or a zone were changed: who saved it sees it at once
                self._cancel()
                self._send()
            return
        self._detach()
        self._attach()
        self._send()

    def _attach(self) -> None:
        if self._entry.state is not ConfigEntryState.LOADED:
            return
        self._system = system = self._entry.runtime_data
        self._unsubscribe = [
            system.coordinator.async_add_listener(self._changed),
            system.source_updates.subscribe(self._changed),
            system.user_changes.subscribe(self._changed),
        ]

    def _detach(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        self._system = None
        self._cancel()

    def _cancel(self) -> None:
        if self._scheduled is not None:
            self._scheduled()
            self._scheduled = None

    @callback
    def _changed(self) -> None:
        """Send now, or once the minimum interval has passed."""
        if self._scheduled is not None:
            return
        loop = self._hass.loop
        due = 0.0 if self._last_sent is None else self._last_sent + MIN_INTERVAL_S
        if loop.time() >= due:
            self._send()
            return

        def send() -> None:
            self._scheduled = None
            self._send()

        self._scheduled = loop.call_at(due, send).cancel

    def _send(self) -> None:
        self._last_sent = self._hass.loop.time()
        system = self._system
        self._connection.send_event(self._id, UNAVAILABLE if system is None else self._content(system))
