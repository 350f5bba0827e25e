"""The state of one device: merged values, their age and whether the device is online."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from .messages import MAX_KEYS
from .models import Device, QuotaMessage
from .wire_values import Values, is_same

# A report from before a command may arrive after its confirmation: a confirmed value is held for this time.
HOLD_S = 5.0
# A message older than the known value is dropped, unless it is so much older that the device's clock was set back.
CLOCK_SET_MS = 3_600_000
# So many late messages in a row, over this time, are in order: the device's clock was set back.
CLOCK_SET_MESSAGES = 3
CLOCK_SET_S = 30.0
# Over HTTP, the cloud repeats the last values of a device that sends nothing. Unchanged values prove that it is alive
# only for this time; while its messages could not be received, for the longer one, as long as the cloud lists it as
# online.
UNCHANGED_VALID_S = 900.0
UNREACHABLE_VALID_S = 6 * 3600.0


@dataclass(slots=True)
class MessageCounts:
    """Numbers of messages of a device, for the diagnostics."""

    mqtt: int = 0
    http: int = 0
    late: int = 0
    empty: int = 0


@dataclass(slots=True)
class _HeldValue:
    """A confirmed value, protected against late reports from before the command."""

    until: float
    before: Any
    # Whether a reported value is the confirmed one, in any form.
    matches: Callable[[Any], bool]
    repeated: bool = False


@dataclass(slots=True)
class DeviceState:
    """The state of one device. Times are monotonic seconds, given by the caller."""

    device: Device
    values: dict[str, Any] = field(default_factory=dict)
    online: bool | None = None
    last_seen: float | None = None
    last_message: float | None = None
    counts: MessageCounts = field(default_factory=MessageCounts)
    _message_at: dict[str, float] = field(default_factory=dict, repr=False)
    _held: dict[str, _HeldValue] = field(default_factory=dict, repr=False)
    _disputed_until: float | None = field(default=None, repr=False)
    _sent_ms: dict[str, int] = field(default_factory=dict, repr=False)
    _last_reply: dict[str, Any] = field(default_factory=dict, repr=False)
    _reply_changed_at: float | None = field(default=None, repr=False)
    # The first of the late messages in a row, and their number.
    _late_since: float | None = field(default=None, repr=False)
    _late_in_a_row: int = field(default=0, repr=False)

    @property
    def sn(self) -> str:
        """The serial number."""
        return self.device.sn

    def age(self, now: float) -> float | None:
        """Return the seconds since the device was last seen, None if it never was."""
        return None if self.last_seen is None else max(0.0, now - self.last_seen)

    def is_fresh(self, now: float, max_age_s: float) -> bool:
        """Whether the values are current: the device is not known to be offline and was seen recently."""
        return self.online is not False and (age := self.age(now)) is not None and age <= max_age_s

    def has_recent_message(self, now: float, window_s: float) -> bool:
        """Whether an MQTT message arrived within the window, so that no poll is needed."""
        return self.last_message is not None and now - self.last_message <= window_s

    def is_disputed(self, now: float) -> bool:
        """Whether the device contradicted a confirmed command, so that it has to be read again."""
        return self._disputed_until is not None and now >= self._disputed_until

    def apply_message(self, message: QuotaMessage, now: float) -> frozenset[str]:
        """Merge an MQTT message and return the names of the changed values.

        Messages may be duplicated, partial and out of order: a value is dropped if a newer one is known.
        """
        values = self._not_outdated(message)
        if len(values) < len(message.values):
            self.counts.late += 1
            if not values and self._is_clock_set_back(now):
                self._sent_ms.clear()
                values = self._not_outdated(message)
        elif values:
            self._late_in_a_row = 0
        if not values:
            self.counts.empty += not message.values
            return frozenset()
        self.counts.mqtt += 1
        self.last_seen = self.last_message = now
        self.online = True
        changed = self._merge(values, now)
        for name in values:
            if name in self.values:
                self._message_at[name] = now
        return changed

    def apply_reply(
        self,
        values: Mapping[str, Any],
        requested_at: float,
        now: float,
        *,
        online: bool,
        reachable_since: float | None = -inf,
    ) -> frozenset[str]:
        """Merge an HTTP reply to a request sent at `requested_at` and return the names of the changed values.

        A value that arrived by MQTT after the request was sent is newer than the reply and is kept. Messages of the
        device can be received since `reachable_since`, None while they cannot: an earlier timeout shows nothing.
        """
        self.counts.http += 1
        if self.is_disputed(requested_at):
            self._disputed_until = None
        if values != self._last_reply:
            self._last_reply = dict(values)
            self._reply_changed_at = now
        if values and online and self._is_alive(now, reachable_since):
            self.last_seen = now
        newer = {name: value for name, value in values.items() if self._message_at.get(name, -1.0) < requested_at}
        return self._merge(newer, now)

    def confirm(
        self, values: Mapping[str, Any], now: float, is_confirmed_by: Callable[[Values], bool] | None = None
    ) -> frozenset[str]:
        """Apply the values that a device confirmed for a command and return the names of the changed ones.

        `is_confirmed_by` returns whether values of the device confirm the command.
        """
        changed = frozenset(name for name, value in values.items() if self.values.get(name) != value)
        before = {name: self.values.get(name) for name in values}
        self.values.update(values)
        for name, value in values.items():
            self._held[name] = _HeldValue(now + HOLD_S, before[name], self._matcher(name, value, is_confirmed_by))
        self.last_seen = now
        return changed

    def _matcher(
        self, name: str, confirmed: Any, is_confirmed_by: Callable[[Values], bool] | None
    ) -> Callable[[Any], bool]:
        def matches(value: Any) -> bool:
            if is_same(value, confirmed):
                return True
            return is_confirmed_by is not None and is_confirmed_by({**self.values, name: value})

        return matches

    def _is_alive(self, now: float, reachable_since: float | None) -> bool:
        """Whether a reply proves that the device is alive: it changed, or the timeout has not expired."""
        changed_at = self._reply_changed_at
        if changed_at is None:
            return False
        if reachable_since is None:
            return now - changed_at <= UNREACHABLE_VALID_S
        reported_at = changed_at if self.last_message is None else max(changed_at, self.last_message)
        return now - max(reported_at, reachable_since) <= UNCHANGED_VALID_S

    def _is_clock_set_back(self, now: float) -> bool:
        """Whether the messages are late only because the device's clock was set back."""
        if self._late_since is None or not self._late_in_a_row:
            self._late_since = now
        self._late_in_a_row += 1
        return self._late_in_a_row >= CLOCK_SET_MESSAGES and now - self._late_since >= CLOCK_SET_S

    def _not_outdated(self, message: QuotaMessage) -> Mapping[str, Any]:
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
            if held.matches(value):
                held.repeated = True
                return False
            if not held.repeated or is_same(value, held.before):
                self._disputed_until = held.until
                return True
        del self._held[name]
        return False
