"""One device: what it last said, and the entities that show it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
import logging
from typing import Any, Final, Self

from homeassistant.core import CALLBACK_TYPE, callback

from ._lib.publisher import PublishedEntity, Publisher
from .decoders import Address, Kind, Reason, SequenceTracker, Value, describe
from .decoders.ruuvi import SEQUENCE_MODULUS
from .naming import pretty

_LOGGER = logging.getLogger(__name__)


class Form(StrEnum):
    """What kind of values a metric has: decided by the first one, for good."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"


_ACCEPTED: Final[dict[Form, frozenset[type]]] = {
    Form.NUMBER: frozenset({int, float, type(None)}),
    Form.TEXT: frozenset({str, type(None)}),
    Form.FLAG: frozenset({bool, type(None)}),
}


def form_of(key: str, value: Value) -> Form | None:
    """The form of a metric by its first value; None while the device knows none."""
    metric = describe(key)
    if metric.known:
        return Form.FLAG if metric.kind is Kind.FLAG else Form.NUMBER
    match value:
        case bool():
            return Form.FLAG
        case int() | float():
            return Form.NUMBER
        case str():
            return Form.TEXT
    return None


@dataclass(slots=True)
class DeviceRecord:
    """What is remembered of a device over a restart."""

    address: Address
    base: str
    metrics: dict[str, Form] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    ruuvi: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For the store."""
        return {
            "address": list(self.address),
            "base": self.base,
            "metrics": dict(self.metrics),
            "info": self.info,
            "commands": list(self.commands),
            "ruuvi": self.ruuvi,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Back from the store."""
        return cls(
            Address(*stored["address"]),
            stored["base"],
            {key: Form(form) for key, form in stored["metrics"].items()},
            stored["info"],
            tuple(stored["commands"]),
            stored["ruuvi"],
        )


class EdgeDevice:
    """A device at run time."""

    def __init__(self, record: DeviceRecord, publisher: Publisher, max_metrics: int) -> None:
        self.record = record
        self.address = record.address
        self.id = record.address.id
        self.base = record.base
        self.values: dict[str, Value] = {}
        self.metric_seen: dict[str, float] = {}
        # None until it was heard of since the start.
        self.online: bool | None = None
        self.last_heard: float | None = None
        self.last_ts = 0.0
        self.messages = 0
        self.gateway: str | None = None
        self.tracker = SequenceTracker(SEQUENCE_MODULUS if record.ruuvi else None)
        self.entities: dict[str, PublishedEntity] = {}
        # Entities about the device itself.
        self.listeners: list[CALLBACK_TYPE] = []
        self._publisher = publisher
        self._max_metrics = max_metrics
        # Commands that have a button.
        self.buttons: set[str] = set()

    @property
    def name(self) -> str:
        """As the device calls itself, else as its topic does."""
        return self.record.info.get("name") or pretty(self.address.device)

    @callback
    def show(
        self, values: dict[str, Value], now: float, reject: Callable[[str, Reason], None]
    ) -> dict[str, Form] | None:
        """Take new values to their entities; returns metrics that were never seen before, None where there are none."""
        new: dict[str, Form] | None = None
        entities, forms, offer = self.entities, self.record.metrics, self._publisher.offer
        for key, value in values.items():
            if (form := forms.get(key)) is None:
                if (form := form_of(key, value)) is None:
                    continue
                if len(forms) >= self._max_metrics:
                    reject(key, Reason.TOO_MANY_METRICS)
                    continue
                forms[key] = form
                new = {**(new or {}), key: form}
            if type(value) not in _ACCEPTED[form]:
                reject(key, Reason.BAD_VALUE)
                continue
            self.values[key] = value
            self.metric_seen[key] = now
            if (entity := entities.get(key)) is not None:
                offer(entity, value)
        return new

    @callback
    def set_online(self, online: bool | None) -> None:
        """Show that it came or went."""
        if online is self.online:
            return
        if online is False:
            _LOGGER.info("%s is not heard any more", self.id)
        elif self.online is False:
            _LOGGER.info("%s is heard again", self.id)
        self.online = online
        for entity in self.entities.values():
            entity.publish()
        self.tell()

    @callback
    def tell(self) -> None:
        """Let the entities about the device look again."""
        for listener in tuple(self.listeners):
            listener()

    @callback
    def forget(self, keys: set[str]) -> None:
        """Drop metrics; they come back when the device sends them again."""
        for key in keys:
            self.record.metrics.pop(key, None)
            self.values.pop(key, None)
            self.metric_seen.pop(key, None)
