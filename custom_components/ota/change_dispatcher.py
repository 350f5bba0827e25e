"""Notify entities of changes, in short slices so that a large rollout does not block the event loop."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from ._lib.slices import SlicedQueue, slice_length_s
from .rollout.models import Device
from .rollout.state import Event, EventKind, State

type Listener = Callable[[], None]

PAUSE_TURNS: Final = 8
"""Loop iterations between two slices: a request needs about ten, and must not wait for a slice in each."""
SUMMARY_DELAY_S: Final = 1.0
_SUMMARY_EVENTS: Final = (EventKind.RELEASE_ADDED, EventKind.RELEASE_REMOVED, EventKind.DEVICE_ADDED)


class ChangeDispatcher:
    """Calls listeners when a device (by its uid), a rollout (by its ID) or the whole (by the entry ID) changed."""

    def __init__(self, hass: HomeAssistant, entry_id: str, state: State) -> None:
        """Start without listeners."""
        self._hass = hass
        self._entry_id = entry_id
        self._state = state
        self._listeners: dict[str, list[Listener]] = {}
        self._event_listeners: list[Callable[[Event], None]] = []
        self._new_device_listeners: list[Callable[[Device], None]] = []
        self._new_rollout_listeners: list[Callable[[str], None]] = []
        self._added: list[set[str]] = []
        self._pending = SlicedQueue(
            hass.loop,
            self._notify,
            slice_s=slice_length_s(hass.data),
            unique=True,
            pause_turns=PAUSE_TURNS,
        )
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # -- subscribing

    @callback
    def listen(self, name: str, listener: Listener) -> CALLBACK_TYPE:
        """Call `listener` when the device, rollout or entry with this ID changed."""
        self._listeners.setdefault(name, []).append(listener)

        def remove() -> None:
            self._listeners[name].remove(listener)
            if not self._listeners[name]:
                del self._listeners[name]

        return remove

    @callback
    def listen_events(self, listener: Callable[[Event], None]) -> CALLBACK_TYPE:
        """Call `listener` with every event."""
        self._event_listeners.append(listener)
        return lambda: self._event_listeners.remove(listener)

    @callback
    def for_each_device(self, add: Callable[[Device], None]) -> CALLBACK_TYPE:
        """Call `add` once for every device, present or added later."""
        # A device may be in the state before its event is dispatched.
        added: set[str] = set()

        def add_once(device: Device) -> None:
            if device.uid not in added:
                added.add(device.uid)
                add(device)

        for device in self._state.devices.values():
            add_once(device)
        self._new_device_listeners.append(add_once)
        self._added.append(added)

        def remove() -> None:
            self._new_device_listeners.remove(add_once)
            self._added.remove(added)

        return remove

    @callback
    def for_each_rollout(self, add: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call `add` with the ID of every rollout, present or added later."""
        for rollout_id in self._state.rollouts:
            add(rollout_id)
        self._new_rollout_listeners.append(add)
        return lambda: self._new_rollout_listeners.remove(add)

    # -- dispatching

    @callback
    def dispatch(self, events: Iterable[Event]) -> None:
        """Notify all listeners that the events concern."""
        for event in events:
            for listener in tuple(self._event_listeners):
                listener(event)
            self._dispatch_added_or_removed(event)
            if event.uid is not None:
                self._schedule([event.uid])
            if event.rollout_id is not None:
                self._dispatch_rollout(event)
            if event.kind in _SUMMARY_EVENTS:
                self._schedule_summary(self._entry_id)

    def _dispatch_added_or_removed(self, event: Event) -> None:
        match event.kind:
            case EventKind.DEVICE_ADDED if event.uid in self._state.devices:
                for add in tuple(self._new_device_listeners):
                    add(self._state.devices[event.uid])
            case EventKind.DEVICE_REMOVED if event.uid is not None:
                for added in self._added:
                    added.discard(event.uid)
            case EventKind.ROLLOUT_CREATED if event.rollout_id in self._state.rollouts:
                for add_rollout in tuple(self._new_rollout_listeners):
                    add_rollout(event.rollout_id)

    def _dispatch_rollout(self, event: Event) -> None:
        rollout_id = event.rollout_id or ""
        if event.kind is EventKind.JOB:
            self._schedule_summary(rollout_id)
        else:
            self._schedule([rollout_id])
        rollout = self._state.rollouts.get(rollout_id)
        if rollout is not None and event.kind is not EventKind.JOB:
            # The offers to its devices may have changed.
            self._schedule(self._state.membership(rollout).wave_of)
        elif event.kind is EventKind.ROLLOUT_REMOVED:
            self._schedule(self._state.devices)

    def _schedule_summary(self, name: str) -> None:
        """Call the listeners once for all changes within a second: their values count a whole fleet."""
        if name in self._timers:
            return

        def due() -> None:
            self._timers.pop(name, None)
            self._schedule([name])

        self._timers[name] = self._hass.loop.call_later(SUMMARY_DELAY_S, due)

    def _schedule(self, names: Iterable[str]) -> None:
        """Call the listeners soon, in slices."""
        for name in names:
            if name in self._listeners:
                self._pending.add(name)

    def _notify(self, name: str) -> None:
        for listener in tuple(self._listeners.get(name, ())):
            listener()

    @callback
    def close(self) -> None:
        """Cancel the timers and drop the pending notifications."""
        self._pending.close()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
