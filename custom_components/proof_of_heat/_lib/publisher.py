# Generated from lib/publisher.py by scripts/build: edit that file, not this one.
"""Writes entity states when they are worth it (see publish_rules.py) and never holds up the event loop.

One `Publisher` per config entry. An entity is attached while it is in Home Assistant; whoever receives data
offers each new value, and the entity's `async_write_ha_state` runs when it is due:

    entry.runtime_data.publisher = Publisher.for_entry(hass, entry)

    class OutletCurrent(PublishedEntity, SensorEntity):
        def __init__(self, publisher, model): self.publisher = publisher; ...
        native_value = property(lambda self: self.model.current_ma)

    entity.publish()                 # offers its `published_value` and `available`
    entity.publish_now()             # past all limits: the confirmed answer to a user's command
    publisher.offer(entity, 1234)    # `publish` without reading the entity, for hot paths

A change of availability is written at once. A state is read from the entity when it is written, so it always
shows the newest value. Everything here runs in the event loop.
"""

from asyncio import AbstractEventLoop, Handle, TimerHandle
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count
import logging
from math import inf
from typing import Final, Self, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity

from .publish_rules import ANY_CHANGE, Pace, Threshold, Track, threshold_for

_LOGGER = logging.getLogger(__name__)

# Writes begin within this part of one event-loop iteration: with the last of them it stays below 5 ms.
SLICE_S: Final = 0.004

type Listener = Callable[[Entity, object, bool], None]


@dataclass(slots=True)
class Counters:
    """What a publisher did so far (for diagnostics and benchmarks)."""

    offered: int = 0
    written: int = 0
    failed: int = 0
    slices: int = 0
    longest_slice_s: float = 0.0


class _Attached(Track):
    """The track of an attached entity, and where it stands in the publisher's queues."""

    __slots__ = ("entity", "failing", "queued", "wake")

    def __init__(self, entity: Entity, threshold: Threshold, pace: Pace) -> None:
        super().__init__(threshold, pace)
        self.entity = entity
        self.failing = False
        self.queued = False
        self.wake = inf


class Publisher:
    """Decides for the entities of one config entry when their state is written.

    Args:
        loop: The event loop that all calls come from.
        clock: Monotonic seconds, on the time base of `loop.call_at`.
        pace: The shortest and the longest time between two writes of a changing value.
        slice_s: How long writes may begin within one loop iteration.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        *,
        clock: Callable[[], float] | None = None,
        pace: Pace | None = None,
        slice_s: float = SLICE_S,
    ) -> None:
        self.counters = Counters()
        self._loop = loop
        self._clock = clock or loop.time
        self._pace = pace or Pace()
        self._slice_s = slice_s
        self._tracks: dict[Entity, _Attached] = {}
        self._listeners: list[Listener] = []
        self._ready: deque[_Attached] = deque()
        self._flush_handle: Handle | None = None
        # (when, tie breaker, track); an entry counts only while `when` is the track's `wake`.
        self._wakes: list[tuple[float, int, _Attached]] = []
        self._serial = count()
        self._timer: TimerHandle | None = None
        self._closed = False

    @classmethod
    def for_entry(cls, hass: HomeAssistant, entry: ConfigEntry) -> Self:
        """Make the publisher of a config entry; it closes when the entry unloads."""
        publisher = cls(hass.loop)
        entry.async_on_unload(publisher.close)
        return publisher

    @property
    def pending(self) -> int:
        """Entities with a value that waits for its write."""
        return sum(track.queued or track.wake != inf for track in self._tracks.values())

    @callback
    def attach(self, entity: Entity, threshold: Threshold | None = None) -> None:
        """Begin to write an entity; without a threshold the table decides by its device class and unit."""
        if self._closed:
            return
        self._tracks[entity] = _Attached(entity, _threshold_of(entity) if threshold is None else threshold, self._pace)

    @callback
    def detach(self, entity: Entity) -> None:
        """Forget an entity with all that waits for it."""
        if (track := self._tracks.pop(entity, None)) is not None:
            track.wake = inf
            track.queued = False

    @callback
    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(entity, value, available)` with every offered value; returns what ends it."""
        self._listeners.append(listener)
        return partial(self._unsubscribe, listener)

    def _unsubscribe(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    @callback
    def offer(self, entity: Entity, value: object, available: bool = True) -> None:
        """Take the value that the entity would show now; its state follows when it is due."""
        self.counters.offered += 1
        if self._listeners:
            self._tell(entity, value, available)
        if (track := self._tracks.get(entity)) is None:
            return
        now = self._clock()
        due = track.offer(value, now, available=available)
        if track.queued:
            return
        if due <= now:
            self._enqueue(track)
        elif due < track.wake:
            self._wake_at(track, due)

    @callback
    def write_now(self, entity: Entity) -> None:
        """Write the entity's state at once, whatever its last write was."""
        if (track := self._tracks.get(entity)) is not None and not track.queued:
            self._enqueue(track)

    @callback
    def close(self) -> None:
        """Stop all timers and forget all entities. Safe to call twice."""
        self._closed = True
        for handle in (self._timer, self._flush_handle):
            if handle is not None:
                handle.cancel()
        self._timer = self._flush_handle = None
        self._wakes.clear()
        self._ready.clear()
        self._tracks.clear()
        self._listeners.clear()

    def _tell(self, entity: Entity, value: object, available: bool) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(entity, value, available)
            except Exception:  # a listener's fault must not cost the state
                _LOGGER.exception("A subscriber failed on %s and was dropped", entity.entity_id)
                self._unsubscribe(listener)

    def _enqueue(self, track: _Attached) -> None:
        track.queued = True
        track.wake = inf
        self._ready.append(track)
        if self._flush_handle is None:
            self._flush_handle = self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write what is ready, for one slice; the rest after the loop has served everybody else."""
        start = now = self._clock()
        ready = self._ready
        while ready:
            track = ready.popleft()
            if track.queued:  # else it was detached
                self._write(track, now)
            now = self._clock()
            if now - start >= self._slice_s:
                break
        self._flush_handle = self._loop.call_soon(self._flush) if ready else None
        self.counters.slices += 1
        self.counters.longest_slice_s = max(self.counters.longest_slice_s, now - start)

    def _write(self, track: _Attached, now: float) -> None:
        track.queued = False
        track.mark_written(now)
        try:
            track.entity.async_write_ha_state()
        except Exception:
            # One entity that cannot show its value must not stop the others; said once until it works again.
            self.counters.failed += 1
            if not track.failing:
                _LOGGER.exception("Writing the state of %s failed", track.entity.entity_id)
            track.failing = True
        else:
            self.counters.written += 1
            track.failing = False

    def _wake_at(self, track: _Attached, when: float) -> None:
        track.wake = when
        heappush(self._wakes, (when, next(self._serial), track))
        self._set_timer()

    def _set_timer(self) -> None:
        """Have the timer stand at the earliest wake-up."""
        when = self._wakes[0][0]
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._on_timer, when)

    def _on_timer(self, when: float) -> None:
        # A test's clock may fire timers early: what was due then is due now.
        now = max(self._clock(), when)
        self._timer = None
        while self._wakes and self._wakes[0][0] <= now:
            due, _, track = heappop(self._wakes)
            if track.wake == due:
                track.wake = inf
                self._recheck(track, now)
        if self._wakes:
            self._set_timer()

    def _recheck(self, track: _Attached, now: float) -> None:
        """The value may have moved back since the wake-up was set: ask the rules again."""
        due = track.due()
        if due <= now:
            self._enqueue(track)
        elif due != inf:
            self._wake_at(track, due)


class PublishedEntity(Entity):
    """Mixin for entities whose states go through a publisher. List it before the platform's entity class."""

    _attr_should_poll = False
    publisher: Publisher
    # None: the table decides by device class and unit.
    publish_threshold: Threshold | None = None

    @property
    def published_value(self) -> object:
        """What rules and subscribers see; an entity with telling attributes returns a tuple of all."""
        return self.native_value if isinstance(self, SensorEntity) else self.state

    @override
    async def async_added_to_hass(self) -> None:
        """Attach to the publisher until the entity is removed."""
        await super().async_added_to_hass()
        self.publisher.attach(self, self.publish_threshold)
        self.async_on_remove(partial(self.publisher.detach, self))

    @callback
    def publish(self) -> None:
        """Offer what the entity would show now."""
        available = self.available
        self.publisher.offer(self, self.published_value if available else None, available)

    @callback
    def publish_now(self) -> None:
        """Show the present value at once: the confirmed answer to a user's command."""
        self.publish()
        self.publisher.write_now(self)


def _threshold_of(entity: Entity) -> Threshold:
    """What is significant for an entity: the table for sensors, any change for the rest."""
    if isinstance(entity, SensorEntity):
        return threshold_for(entity.device_class, entity.native_unit_of_measurement)
    return ANY_CHANGE
