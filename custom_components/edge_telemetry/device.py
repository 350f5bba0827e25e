"""One device: its latest values, and the entities that show them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
import logging
from typing import Any, Final, Self

from homeassistant.core import CALLBACK_TYPE, callback

from ._lib.publisher import PublishedEntity, Publisher
from .decoders import DEVICE_TYPES, GENERIC, Address, DeviceType, Kind, Reason, SequenceTracker, Value, describe
from .naming import display_name

_LOGGER = logging.getLogger(__name__)

# Devices stored before there were device types are either of these.
_RUUVI: Final = "ruuvi"


class ValueType(StrEnum):
    """Type of a metric's values: decided by the first one, for good."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"


_ACCEPTED: Final[dict[ValueType, frozenset[type]]] = {
    ValueType.NUMBER: frozenset({int, float, type(None)}),
    ValueType.TEXT: frozenset({str, type(None)}),
    ValueType.FLAG: frozenset({bool, type(None)}),
}


def value_type_of(key: str, value: Value) -> ValueType | None:
    """Return the value type of a metric by its first value; None while the device has no value."""
    metric = describe(key)
    if metric.known:
        return ValueType.FLAG if metric.kind is Kind.FLAG else ValueType.NUMBER
    match value:
        case bool():
            return ValueType.FLAG
        case int() | float():
            return ValueType.NUMBER
        case str():
            return ValueType.TEXT
    return None


@dataclass(slots=True)
class DeviceRecord:
    """What is stored of a device."""

    address: Address
    base: str
    metrics: dict[str, ValueType] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    device_type: DeviceType = GENERIC

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "address": list(self.address),
            "base": self.base,
            "metrics": dict(self.metrics),
            "info": self.info,
            "commands": list(self.commands),
            "ruuvi": self.device_type.key == _RUUVI,
            "type": self.device_type.key,
        }

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
        self.last_seen: float | None = None
        self.last_ts = 0.0
        self.messages = 0
        self.gateway: str | None = None
        self.tracker = SequenceTracker(self.type.sequence_modulus)
        self.entities: dict[str, PublishedEntity] = {}
        # Entities about the device itself.
        self.listeners: list[CALLBACK_TYPE] = []
        # Commands that have a button.
        self.buttons: set[str] = set()
        self._publisher = publisher
        self._max_metrics = max_metrics

    @property
    def name(self) -> str:
        """Name that the device reports, or else the one in its topic."""
        return self.record.info.get("name") or display_name(self.address.device)

    @callback
    def update(
        self, values: dict[str, Value], now: float, reject: Callable[[str, Reason], None]
    ) -> dict[str, ValueType] | None:
        """Publish new values to their entities; return the metrics that are new, None where there are none."""
        new: dict[str, ValueType] | None = None
        entities, known, offer = self.entities, self.record.metrics, self._publisher.offer
        for key, value in values.items():
            if (value_type := known.get(key)) is None:
                if (value_type := value_type_of(key, value)) is None:
                    continue
                if len(known) >= self._max_metrics:
                    reject(key, Reason.TOO_MANY_METRICS)
                    continue
                known[key] = value_type
                new = {**(new or {}), key: value_type}
            if type(value) not in _ACCEPTED[value_type]:
                reject(key, Reason.BAD_VALUE)
                continue
            self.values[key] = value
            self.metric_seen[key] = now
            if (entity := entities.get(key)) is not None:
                offer(entity, value)
        return new

    @callback
    def set_online(self, online: bool | None) -> None:
        """Set whether the device is online, and publish it."""
        if online is self.online:
            return
        if online is False:
            _LOGGER.info("%s is offline", self.id)
        elif self.online is False:
            _LOGGER.info("%s is back online", self.id)
        self.online = online
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
