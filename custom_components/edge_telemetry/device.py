"""One device: its latest values, and the entities that show them."""

from collections.abc import Callable
from dataclasses import dataclass, field
import logging
from typing import Any, Final, Self

from homeassistant.core import CALLBACK_TYPE, callback

from ._lib.publisher import PublishedEntity, Publisher
from .decoders import (
    DEVICE_TYPES,
    GENERIC,
    Address,
    DeviceClock,
    DeviceType,
    Kind,
    Reason,
    SequenceTracker,
    TotalFilter,
    Value,
    convert,
    describe,
    find_unit,
    is_event,
    is_number,
)
from .naming import device_name
from .value_types import BAD, ValueType, first_type, widen

_LOGGER = logging.getLogger(__name__)

# Devices stored before there were device types are either of these.
_RUUVI: Final = "ruuvi"
MAX_NEWEST: Final = 4096
"""Size in bytes of a message that is kept for the form of mappings."""

_BATTERY: Final = "battery_percent"


# Values that need no conversion.
_PLAIN: Final[dict[ValueType, frozenset[type]]] = {
    ValueType.NUMBER: frozenset({int, float, type(None)}),
    ValueType.TEXT: frozenset({str, type(None)}),
    ValueType.FLAG: frozenset({bool, type(None)}),
}


@dataclass(slots=True)
class DeviceRecord:
    """What is stored of a device."""

    address: Address
    base: str
    metrics: dict[str, ValueType] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    device_type: DeviceType = GENERIC
    # Units that the device states.
    units: dict[str, str] = field(default_factory=dict)
    # Whether its messages have a time.
    has_clock: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        stored: dict[str, Any] = {
            "address": list(self.address),
            "base": self.base,
            "metrics": dict(self.metrics),
            "info": self.info,
            "commands": list(self.commands),
            "ruuvi": self.device_type.key == _RUUVI,
            "type": self.device_type.key,
        }
        if self.units:
            stored["units"] = dict(self.units)
        if self.has_clock:
            stored["has_clock"] = True
        return stored

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Return a stored record."""
        key = stored.get("type") or (_RUUVI if stored["ruuvi"] else GENERIC.key)
        return cls(
            Address(*stored["address"]),
            stored["base"],
            {key: ValueType(value_type) for key, value_type in stored["metrics"].items()},
            stored["info"],
            tuple(stored["commands"]),
            DEVICE_TYPES.get(key, GENERIC),
            dict(stored.get("units", {})),
            has_clock=stored.get("has_clock", False),
        )


class EdgeDevice:
    """A device at run time."""

    def __init__(self, record: DeviceRecord, publisher: Publisher, max_metrics: int) -> None:
        self.record = record
        self.type = record.device_type
        self.address = record.address
        self.id = record.address.id
        self.base = record.base
        self.values: dict[str, Value] = {}
        self.metric_seen: dict[str, float] = {}
        # None until its first message after a start.
        self.online: bool | None = None
        # What it, its last will or its hub reported last.
        self.reported_online: bool | None = None
        # False while no message can be received.
        self.reachable = True
        self.last_seen: float | None = None
        # Monotonic time of its last message.
        self.received_at: float | None = None
        # The newest time that it reported.
        self.last_ts = 0.0
        self.clock = DeviceClock()
        self.messages = 0
        # Its newest message as it was received, for the form of mappings.
        self.newest: bytes | None = None
        self.newest_topic = ""
        self.gateway: str | None = None
        self.tracker = SequenceTracker(self.type.sequence_modulus)
        self.entities: dict[str, PublishedEntity] = {}
        # Metrics whose values are events -> their receiver, None until its entity is there.
        self._events: dict[str, Callable[[Value], None] | None] = dict.fromkeys(filter(is_event, record.metrics))
        # Entities about the device itself.
        self.listeners: list[CALLBACK_TYPE] = []
        # Commands that have a button.
        self.buttons: set[str] = set()
        self._publisher = publisher
        self._max_metrics = max_metrics
        self._totals = {key for key in record.metrics if self._is_total(key)}
        self._filter = TotalFilter()

    @property
    def name(self) -> str:
        """Name that the device reports, or else the one in its topic."""
        return self.record.info.get("name") or device_name(self.address.system, self.address.device)

    def timeout_s(self, option_s: float) -> float:
        """Return the time without a message after which it is offline."""
        if self.type.answers_within_s is not None:
            return self.type.answers_within_s
        return max(option_s, self.type.timeout_s or 0.0, (self.type.battery_timeout_s or 0.0) if self.sleeps else 0.0)

    @property
    def sleeps(self) -> bool:
        """Whether it has a battery and is connected only while it reports."""
        return self.type.battery_timeout_s is not None and _BATTERY in self.record.metrics

    @callback
    def update(
        self,
        values: dict[str, Value],
        now: float,
        reject: Callable[[str, Reason], None],
        units: dict[str, str] | None = None,
    ) -> dict[str, ValueType] | None:
        """Publish new values to their entities; return the metrics that are new or of a wider type, None for none.

        Args:
            values: By metric; None where the device has no value.
            now: Monotonic time.
            reject: Called with a metric whose value is invalid: it is unknown.
            units: Units that the message states.
        """
        new: dict[str, ValueType] = {}
        entities, known, offer = self.entities, self.record.metrics, self._publisher.offer
        for key, value in values.items():
            if units and key in units:
                value = self._in_unit(key, value, units[key])  # noqa: PLW2901 the value as it is shown
            value_type = known.get(key)
            if value_type is None and not self._learn(key, value, reject):
                continue
            if type(value) not in _PLAIN[known[key]] or key in self._totals:
                value = self._as_shown(key, value, reject)  # noqa: PLW2901
            if value_type is not known[key]:
                new[key] = known[key]
            self.metric_seen[key] = now
            if key in self._events and (happened := self._events[key]) is not None:
                happened(value)
                continue
            self.values[key] = value
            if (entity := entities.get(key)) is None:
                continue
            if type(value) is str:
                offer(entity, value, key=value)  # a mode or a fault does not wait
            else:
                offer(entity, value)
        return new or None

    def _learn(self, key: str, value: Value, reject: Callable[[str, Reason], None]) -> bool:
        """Add a metric by its first value; return False where it has none, or where there are too many metrics."""
        if (value_type := first_type(key, value, self.record.units.get(key))) is None:
            return False
        if len(self.record.metrics) >= self._max_metrics:
            reject(key, Reason.TOO_MANY_METRICS)
            return False
        self.record.metrics[key] = value_type
        if self._is_total(key):
            self._totals.add(key)
        if is_event(key):
            self._events[key] = None
        return True

    def _as_shown(self, key: str, value: Value, reject: Callable[[str, Reason], None]) -> Value:
        """Return a value in the metric's type, which it may widen; None for an invalid one and an unconfirmed total."""
        value_type = self.record.metrics[key]
        if type(value) not in _PLAIN[value_type]:
            self.record.metrics[key], value = widen(key, value_type, self.values.get(key), value)
            if value is BAD:
                reject(key, Reason.BAD_VALUE)
                return None
        if key in self._totals and is_number(value):
            return self._filter.check(key, value)
        return value

    def _is_total(self, key: str) -> bool:
        return describe(key, self.record.units.get(key)).kind is Kind.TOTAL

    def _in_unit(self, key: str, value: Value, unit: str) -> Value:
        """Return a value in the unit that the device stated first."""
        first, stated = self.record.units.setdefault(key, unit), find_unit(unit)
        if first == unit or stated is None or not is_number(value):
            return value
        return convert(value, stated, first)

    @callback
    def on_event(self, key: str, happened: Callable[[Value], None] | None) -> None:
        """Call `happened` with each event of a metric, and with one that came before; None ends it."""
        self._events[key] = happened
        if happened is not None and (value := self.values.pop(key, None)) is not None:
            happened(value)

    @callback
    def clear(self) -> None:
        """Forget the values: the device has withdrawn them."""
        self.values.clear()
        for entity in self.entities.values():
            entity.publish_now()

    @callback
    def set_online(self, online: bool | None) -> None:
        """Set whether the device is online, and publish it."""
        if online is self.online:
            return
        if online is False:
            _LOGGER.warning("%s is offline", self.id)
        elif self.online is False:
            _LOGGER.info("%s is back online", self.id)
        self.online = online
        self._show()

    @callback
    def set_reachable(self, reachable: bool) -> None:
        """Set whether messages of the device can be received, and publish it."""
        if reachable is not self.reachable:
            self.reachable = reachable
            self._show()

    def _show(self) -> None:
        for entity in self.entities.values():
            entity.publish()
        for listener in tuple(self.listeners):
            listener()

    @callback
    def remove_metrics(self, keys: set[str]) -> None:
        """Remove metrics; they return when the device sends them again."""
        for key in keys:
            self.record.metrics.pop(key, None)
            self.values.pop(key, None)
            self.metric_seen.pop(key, None)
            self._totals.discard(key)
            self._filter.forget(key)
            self._events.pop(key, None)
