"""The hub of a config entry: the rollout engine, its storage and the notification of changes."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
import logging
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from ._lib.listening import Listening
from ._lib.publisher import Publisher
from ._lib.steady_clock import SteadyClock
from .change_dispatcher import ChangeDispatcher
from .const import DEFAULT_POLL_S
from .rollout.contacts import start_listening
from .rollout.engine import Engine
from .rollout.liveness import Liveness
from .rollout.state import State
from .storage import Storage

_LOGGER = logging.getLogger(__name__)

TICK: Final = timedelta(seconds=10)
SAVE_EVENTS_DELAY_S: Final = 5.0
_SAVE_CONTACTS_INTERVAL: Final = timedelta(minutes=15)
_SAVE_LAST_SEEN_INTERVAL: Final = timedelta(seconds=45)
_LATE_S: Final = 30.0
"""A tick that is later than this shows that the process was stopped or blocked: it could not receive a report."""


def _uptime_s() -> float:
    """Return the time for which the system has been running."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class OtaHub:
    """Runs the engine: devices call in, and a tick every ten seconds checks timeouts, gates and schedules."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Create the hub; `async_load` loads the stored state."""
        self.hass = hass
        self.entry_id = entry.entry_id
        self.state = State(Liveness(SteadyClock().from_wall))
        self.state.liveness.default_interval_s = DEFAULT_POLL_S
        self.engine = Engine(self.state, dt_util.get_default_time_zone())
        self.storage = Storage(hass, self.state)
        self.publisher = Publisher.for_entry(hass, entry)
        self.dispatcher = ChangeDispatcher(hass, entry.entry_id, self.state)
        self.reasons: Mapping[str, str] = {}
        """Texts of failure reasons by translation key, in the language of Home Assistant."""
        self._entry = entry
        self._tick_listeners: list[CALLBACK_TYPE] = []
        self._save_events_timer: CALLBACK_TYPE | None = None
        self._listening = Listening(TICK.total_seconds() + _LATE_S)
        self._listening.restart(_uptime_s())

    @property
    def now(self) -> float:
        """Return the Unix time."""
        return dt_util.utcnow().timestamp()

    def reason_text(self, reason: str | None) -> str:
        """Return a failure reason as text; the text of a device is returned as it is."""
        reason = reason or "unknown"
        return self.reasons.get(f"reason_{reason}", reason)

    async def async_load(self) -> None:
        """Load the stored state.

        Raises:
            NewerFormatError: A newer version wrote the stored state.
            DecodeError: It is damaged.
            StorageError: It cannot be read.
        """
        await self.storage.async_load()
        self.engine.pop_events()
        start_listening(self.state, self.now)

    @callback
    def start(self) -> None:
        """Start the timers."""
        on_unload = self._entry.async_on_unload
        on_unload(async_track_time_interval(self.hass, self._async_tick, TICK, name="ota tick"))
        on_unload(
            async_track_time_interval(
                self.hass, self._async_save_contacts, _SAVE_CONTACTS_INTERVAL, name="ota last contacts"
            )
        )
        on_unload(
            async_track_time_interval(
                self.hass, self._async_save_last_seen, _SAVE_LAST_SEEN_INTERVAL, name="ota last seen"
            )
        )
        # Home Assistant does not unload entries when it stops.
        on_unload(self.hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_save_contacts))

    async def async_stop(self) -> None:
        """Save the changes that are only in memory."""
        if self._save_events_timer is not None:
            self._save_events_timer()
            self._save_events_timer = None
        self.dispatcher.close()
        try:
            await self.storage.async_stop()
        except HomeAssistantError as err:
            _LOGGER.warning("Saving the last changes failed: %s", err)

    @callback
    def listen_tick(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call `listener` after every tick."""
        self._tick_listeners.append(listener)
        return lambda: self._tick_listeners.remove(listener)

    async def async_commit(self, uid: str | None = None) -> None:
        """Save all changes, then publish them. Acknowledge a change only after this returned.

        Args:
            uid: The device that called. A failure that does not concern it is not raised, so that it gets its response.

        Raises:
            HomeAssistantError: They could not be saved. They remain in memory, and each tick tries to save them.
        """
        try:
            await self._async_save(uid)
        finally:
            self._finish_commit()

    async def async_try_commit(self) -> None:
        """Save all changes if that is possible now. A repair issue reports a failure, and the next tick tries again."""
        with suppress(HomeAssistantError):
            await self.async_commit()

    async def _async_save(self, uid: str | None) -> None:
        concerns_device = uid is not None and self.storage.has_unsaved(uid)
        if uid is not None and not concerns_device and self.storage.failure is not None:
            return
        if not self.state.dirty and not concerns_device:
            return
        try:
            await self.storage.async_commit()
        except HomeAssistantError:
            if uid is None or concerns_device:
                raise

    @callback
    def _finish_commit(self) -> None:
        """Publish the changes, also those that could not be saved."""
        if self.state.unsaved_events and self._save_events_timer is None:
            self._save_events_timer = async_call_later(self.hass, SAVE_EVENTS_DELAY_S, self._async_save_events)
        self.publish_events()

    @callback
    def publish_events(self) -> None:
        """Publish changes that do not have to be saved, such as the progress of a download."""
        self.dispatcher.dispatch(self.engine.pop_events())

    async def _async_save_events(self, _: datetime) -> None:
        self._save_events_timer = None
        self.state.flush_deferred()
        try:
            await self.storage.async_commit()
        except HomeAssistantError as err:
            _LOGGER.warning("Saving the device logs failed: %s", err)

    async def _async_save_contacts(self, _: object) -> None:
        try:
            await self.storage.async_save_all()
        except HomeAssistantError as err:
            _LOGGER.warning("Saving the last contact times failed: %s", err)

    async def _async_save_last_seen(self, _: object) -> None:
        self.state.flush_last_seen()
        try:
            await self.async_commit()
        except HomeAssistantError as err:
            _LOGGER.warning("Saving the last contact times failed: %s", err)

    def _update_listening(self) -> None:
        """Measure timeouts from now on if Home Assistant does not accept requests yet, or did not run for a while."""
        uptime_s = _uptime_s()
        if self.hass.state is not CoreState.running or self._listening.gap_s(uptime_s):
            self.state.liveness.listen(self.now)
        self._listening.restart(uptime_s)

    async def _async_tick(self, _: datetime) -> None:
        self._update_listening()
        self.engine.tick(self.now)
        await self.async_try_commit()
        for listener in tuple(self._tick_listeners):
            listener()
