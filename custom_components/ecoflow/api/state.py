"""What is known of one device: merged values, their age, and whether it is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .messages import MAX_KEYS
from .models import Device, QuotaMessage

# A reply that a device sent before it carried out our command may still be on its way: a confirmed value
# holds this long.
SETTLE_S = 5.0
# A value older than the one we have is dropped, unless it is so much older that the device's clock was set.
CLOCK_SET_MS = 3_600_000
# The HTTP side repeats the cloud's last values even for a silent device. Unchanged values prove life only
# this long.
UNCHANGED_PROOF_S = 900.0


@dataclass(slots=True)
class Counters:
    """What happened to a device's messages; shown in diagnostics."""

    mqtt: int = 0
    http: int = 0
    late: int = 0
    empty: int = 0


@dataclass(slots=True)
class _Held:
    """A confirmed value, which reports from before the command must not undo, even when they come late."""

    until: float
    value: Any
    before: Any
    repeated: bool = False


@dataclass(slots=True)
class DeviceState:
    """One device. Times are monotonic seconds, given by the caller."""

    device: Device
    values: dict[str, Any] = field(default_factory=dict)
    online: bool | None = None
    last_seen: float | None = None
    last_push: float | None = None
    counters: Counters = field(default_factory=Counters)
    _pushed_at: dict[str, float] = field(default_factory=dict, repr=False)
    _held: dict[str, _Held] = field(default_factory=dict, repr=False)
    _disputed_until: float | None = field(default=None, repr=False)
    _sent_ms: dict[str, int] = field(default_factory=dict, repr=False)
    _last_http: dict[str, Any] = field(default_factory=dict, repr=False)
    _http_changed_at: float | None = field(default=None, repr=False)

    @property
    def sn(self) -> str:
        """Serial number."""
        return self.device.sn

    def age(self, now: float) -> float | None:
        """Seconds since the device last gave a sign of life; None before the first."""
        return None if self.last_seen is None else max(0.0, now - self.last_seen)

    def is_fresh(self, now: float, max_age_s: float) -> bool:
        """Whether the values may be shown: the device is not known to be away and spoke not long ago."""
        return self.online is not False and (age := self.age(now)) is not None and age <= max_age_s

    def push_is_fresh(self, now: float, window_s: float) -> bool:
        """Whether MQTT brought something within the window, so that polling can stay quiet."""
        return self.last_push is not None and now - self.last_push <= window_s

    def is_disputed(self, now: float) -> bool:
        """Whether a device contradicted a confirmed command, so that it must be asked what it meant."""
        return self._disputed_until is not None and now >= self._disputed_until

    def apply_push(self, message: QuotaMessage, now: float) -> frozenset[str]:
        """Merge an MQTT message; returns the names whose value changed.

        Messages may come twice, in part and out of order: a value is taken unless it is older than ours.
        """
        values = self._in_time(message)
        if len(values) < len(message.values):
            self.counters.late += 1
        if not values:
            self.counters.empty += not message.values
            return frozenset()
        self.counters.mqtt += 1
        self.last_seen = self.last_push = now
        self.online = True
        changed = self._merge(values, now)
        for name in values:
            if name in self.values:
                self._pushed_at[name] = now
        return changed

    def apply_snapshot(self, values: Mapping[str, Any], asked_at: float, now: float, *, online: bool) -> frozenset[str]:
        """Merge an HTTP reply that was asked for at `asked_at`; returns the names whose value changed.

        A value that MQTT brought after the question was asked is newer than the reply and stays.
        """
        self.counters.http += 1
        if self.is_disputed(asked_at):
            self._disputed_until = None
        if values != self._last_http:
            self._last_http = dict(values)
            self._http_changed_at = now
        changed_at = self._http_changed_at
        if values and online and changed_at is not None and now - changed_at <= UNCHANGED_PROOF_S:
            self.last_seen = now
        newer = {name: value for name, value in values.items() if self._pushed_at.get(name, -1.0) < asked_at}
        return self._merge(newer, now)

    def confirm(self, values: Mapping[str, Any], now: float) -> frozenset[str]:
        """Take over what a device confirmed by acknowledging a command."""
        changed = frozenset(name for name, value in values.items() if self.values.get(name) != value)
        for name, value in values.items():
            self._held[name] = _Held(now + SETTLE_S, value, self.values.get(name))
            self.values[name] = value
        self.last_seen = now
        return changed

    def _in_time(self, message: QuotaMessage) -> Mapping[str, Any]:
        if (sent := message.time_ms) is None:
            return message.values
        known = self._sent_ms
        values: dict[str, Any] = {}
        for name, value in message.values.items():
            if not 0 < known.get(name, sent) - sent < CLOCK_SET_MS:
                values[name] = value
                if name in known or len(known) < MAX_KEYS:
                    known[name] = sent
        return values

    def _merge(self, values: Mapping[str, Any], now: float) -> frozenset[str]:
        changed: set[str] = set()
        for name, value in values.items():
            if name in self._held and self._is_held(name, value, now):
                continue
            if name in self.values:
                if self.values[name] != value:
                    changed.add(name)
            elif len(self.values) >= MAX_KEYS:
                continue
            else:
                changed.add(name)
            self.values[name] = value
        return frozenset(changed)

    def _is_held(self, name: str, value: Any, now: float) -> bool:
        """Whether a value contradicts a command that was confirmed a moment ago."""
        held = self._held[name]
        if now < held.until:
            if value == held.value:
                held.repeated = True
                return False
            if not held.repeated or value == held.before:
                self._disputed_until = held.until
                return True
        del self._held[name]
        return False
