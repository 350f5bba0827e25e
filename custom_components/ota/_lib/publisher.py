# Generated from lib/publisher.py by scripts/build: edit that file, not this one.
"""Writes entity states when they are worth it (see publish_rules.py), without blocking the event loop.

One `Publisher` per config entry. Each new value is offered to it; the entity's state is written when it is due:

    publisher = Publisher.for_entry(hass, entry)

    class OutletSensor(PublishedEntity, SensorEntity):
        def __init__(self, publisher, outlet, description):
            super().__init__(publisher, description, outlet.unique_id, outlet.device_info)

    entity.publish()                 # offers its `published_value` and `available`
    entity.publish_now()             # past all limits: the confirmed answer to a user's command
    publisher.offer(entity, 1234)    # `publish` without reading the entity, for hot paths

Only measured values wait for the pace. A change of availability, of on/off or of a mode is written at once, also where
a measured value was written just before; so is a change of an entity's `immediate_value`, e.g. whether a sensor's
value is above its limit. A state is read from the entity when it is written, so it always shows
the newest value. Everything here runs in the event loop.
"""

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
import logging
from math import inf
from typing import Self, override

from homeassistant.components.number import NumberEntity
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription

from .publish_rules import (
    ANY_CHANGE,
    CREEPING_S,
    UNSET,
    Pace,
    StatePart,
    Threshold,
    Track,
    state_part,
    threshold_for,
    whole_value,
)
from .slices import SLICE_S, SlicedQueue, SliceStats, slice_length_s

_LOGGER = logging.getLogger(__name__)

type Listener = Callable[[Entity, object, bool], None]


@dataclass(slots=True)
class Counters(SliceStats):
    """Statistics of a publisher, for diagnostics and benchmarks."""

    offered: int = 0
    written: int = 0
    failed: int = 0


class _Attached(Track):
    """The track of an attached entity, and its place in the publisher's queues."""

    __slots__ = ("entity", "failing", "queued", "wake")

    def __init__(self, entity: Entity, threshold: Threshold, pace: Pace) -> None:
        super().__init__(threshold, pace, _state_part_of(entity))
        self.entity = entity
        self.failing = False
        self.queued = False
        self.wake = inf


class Publisher:
    """Decides for the entities of one config entry when their state is written.

    Args:
        loop: The event loop that all calls come from.
        clock: Monotonic seconds, on the time base of `loop.call_at`.
        pace: Minimum and maximum time between two writes of a changing value.
        slice_s: How long writes may begin within one loop iteration; with the last of them it stays below 5 ms.
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
        self._tracks: dict[Entity, _Attached] = {}
        self._listeners: list[Listener] = []
        self._ready: SlicedQueue[_Attached] = SlicedQueue(
            loop, self._write, slice_s=slice_s, clock=self._clock, stats=self.counters
        )
        # (when, tie breaker, track); an entry counts only while `when` is the track's `wake`.
        self._wakes: list[tuple[float, int, _Attached]] = []
        self._serial = count()
        self._timer: TimerHandle | None = None
        self._closed = False

    @classmethod
    def for_entry(cls, hass: HomeAssistant, entry: ConfigEntry) -> Self:
        """Return the publisher of a config entry; it closes when the entry unloads."""
        publisher = cls(hass.loop, slice_s=slice_length_s(hass.data))
        entry.async_on_unload(publisher.close)
        return publisher

    @property
    def pending(self) -> int:
        """Number of entities with a value that waits to be written."""
        return sum(track.queued or track.wake != inf for track in self._tracks.values())

    @callback
    def attach(self, entity: Entity, threshold: Threshold | None = None) -> None:
        """Write an entity from now on; by default its threshold depends on its device class and unit."""
        if self._closed:
            return
        threshold = _threshold_of(entity) if threshold is None else threshold
        self._tracks[entity] = _Attached(entity, threshold, _pace_of(entity, self._pace))

    @callback
    def detach(self, entity: Entity) -> None:
        """Stop writing an entity, and drop what waits to be written."""
        if (track := self._tracks.pop(entity, None)) is not None:
            track.wake = inf
            track.queued = False

    @callback
    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(entity, value, available)` with every offered value; return a function that ends it."""
        self._listeners.append(listener)
        return partial(self._unsubscribe, listener)

    def _unsubscribe(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    @callback
    def offer(self, entity: Entity, value: object, available: bool = True, *, key: object = UNSET) -> None:
        """Offer the value that the entity would show now; its state is written when due, at once for a new key."""
        self.counters.offered += 1
        if self._listeners:
            self._notify(entity, value, available)
        if (track := self._tracks.get(entity)) is None:
            return
        now = self._clock()
        due = track.offer(value, now, available=available, key=key)
        if track.queued:
            return
        if due <= now:
            self._enqueue(track)
        elif due < track.wake:
            self._wake_at(track, due)

    @callback
    def write_now(self, entity: Entity) -> None:
        """Write the entity's state at once, however recent its last write is."""
        if (track := self._tracks.get(entity)) is not None and not track.queued:
            self._enqueue(track)

    @callback
    def close(self) -> None:
        """Stop all timers and detach all entities. Safe to call twice."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wakes.clear()
        self._ready.close()
        self._tracks.clear()
        self._listeners.clear()

    def _notify(self, entity: Entity, value: object, available: bool) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(entity, value, available)
            except Exception:  # the state must be written all the same
                _LOGGER.exception("%s: a subscriber raised an error and was removed", entity.entity_id)
                self._unsubscribe(listener)

    def _enqueue(self, track: _Attached) -> None:
        track.queued = True
        track.wake = inf
        self._ready.add(track)

    def _write(self, track: _Attached) -> None:
        if not track.queued:  # detached meanwhile
            return
        track.queued = False
        track.mark_written(self._clock())
        try:
            track.entity.async_write_ha_state()
        except Exception:
            # One entity with an invalid value must not stop the others; logged once until it works again.
            self.counters.failed += 1
            if not track.failing:
                _LOGGER.exception("%s: writing the state failed", track.entity.entity_id)
            track.failing = True
        else:
            self.counters.written += 1
            track.failing = False

    def _wake_at(self, track: _Attached, when: float) -> None:
        track.wake = when
        heappush(self._wakes, (when, next(self._serial), track))
        self._set_timer()

    def _set_timer(self) -> None:
        """Set the timer to the earliest wake-up."""
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
    """Base of entities whose states are written by a publisher. List it before the platform's entity class."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    publisher: Publisher
    # None: depends on the device class and the unit.
    publish_threshold: Threshold | None = None

    def __init__(
        self,
        publisher: Publisher,
        description: EntityDescription | str,
        unique_id_prefix: str,
        device_info: DeviceInfo | None = None,
    ) -> None:
        """Initialize an entity by its description, or only by its key; its unique ID is `<prefix>_<key>`."""
        self.publisher = publisher
        if isinstance(description, str):
            key = self._attr_translation_key = description
        else:
            self.entity_description = description
            key = description.key
            self._attr_translation_key = description.translation_key or key
        self._attr_unique_id = f"{unique_id_prefix}_{key}"
        self._attr_device_info = device_info

    @property
    def published_value(self) -> object:
        """Value for the rules and subscribers; an entity whose attributes matter returns a tuple of all."""
        return self.native_value if isinstance(self, SensorEntity) else self.state

    @property
    def immediate_value(self) -> object:
        """A change of this value is written at once, past the publisher's pace; nothing by default.

        On/off, modes and settings need none: their changes never wait. A sensor with a limit returns whether its value
        is above it.
        """
        return None

    @override
    async def async_added_to_hass(self) -> None:
        """Attach to the publisher until the entity is removed."""
        await super().async_added_to_hass()
        self.publisher.attach(self, self.publish_threshold)
        self.async_on_remove(partial(self.publisher.detach, self))

    @callback
    def publish(self) -> None:
        """Offer the present state."""
        available = self.available
        value = self.published_value if available else None
        self.publisher.offer(self, value, available, key=self.immediate_value)

    @callback
    def publish_now(self) -> None:
        """Write the present state at once: the confirmed answer to a user's command."""
        self.publish()
        self.publisher.write_now(self)


def _threshold_of(entity: Entity) -> Threshold:
    """Return what is significant for an entity: the table's threshold for sensors, any change for others."""
    if isinstance(entity, SensorEntity):
        return threshold_for(entity.device_class, entity.native_unit_of_measurement)
    return ANY_CHANGE


def _pace_of(entity: Entity, pace: Pace) -> Pace:
    """Return the pace of an entity: sums and what a device measures of itself are written less often."""
    if not isinstance(entity, SensorEntity) or entity.state_class is None:
        return pace
    is_sum = entity.state_class in (SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING)
    if not is_sum and entity.entity_category is not EntityCategory.DIAGNOSTIC:
        return pace
    return replace(pace, min_interval_s=max(pace.min_interval_s, CREEPING_S), falls_at_once=is_sum)


def _state_part_of(entity: Entity) -> StatePart | None:
    """Return the part of an entity's value that never waits; None for measured values."""
    if isinstance(entity, SensorEntity):
        return state_part if entity.device_class == SensorDeviceClass.ENUM else None
    return whole_value if isinstance(entity, NumberEntity) else state_part
