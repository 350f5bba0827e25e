"""From an MQTT message to its device and its values. Every message passes here: the path is kept short."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import time
from typing import Any, Final, cast

from homeassistant.components import mqtt
from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .command_sender import CommandSender
from .decoders import (
    MAX_AHEAD_S,
    MAX_BYTES,
    MAX_LEVEL,
    Address,
    Channel,
    DecodeError,
    Dialect,
    Mappings,
    Match,
    Message,
    Reason,
    TopicPattern,
    Value,
    decode,
    gateway_status_levels,
    is_event,
    pick_time,
    read_dialect,
    resolve_local_time,
    type_of_device,
)
from .device import MAX_NEWEST, DeviceRecord, EdgeDevice
from .device_directory import DeviceDirectory
from .downlink import parse_ack_message, parse_state
from .malformed import MalformedLog
from .telemetry_archive import TelemetryArchive

type Handler = Callable[[mqtt.ReceiveMessage], None]

_MAX_ROUTES: Final = 5000
_MAX_EARLY: Final = 500
# No clock that is set shows an earlier time.
_EARLIEST: Final = 1_500_000_000.0


@dataclass(slots=True)
class Counters:
    """Received messages."""

    received: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused_clocks: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a config entry.

    Attributes:
        max_devices: Messages of further devices are rejected.
        timeout_s: Time without a message after which a device is offline.
        on_max_devices: Called when a device is rejected.
    """

    max_devices: int
    timeout_s: float
    on_max_devices: Callable[[], None]


class MessageRouter:
    """Receives the messages of a config entry."""

    def __init__(
        self,
        devices: DeviceDirectory,
        archive: TelemetryArchive,
        commands: CommandSender,
        malformed: MalformedLog,
        limits: Limits,
        *,
        mappings: Mappings,
        clock: Callable[[], float],
    ) -> None:
        self.counters = Counters()
        self.keepalives: set[str] = set()
        """Topics of the requests without which gateways publish nothing."""
        self._devices = devices
        self._archive = archive
        self._commands = commands
        self._malformed = malformed
        self._limits = limits
        self._mappings = mappings
        self._clock = clock
        self._gateway_status = gateway_status_levels()
        # Topic -> pattern, channel and handler: most messages come on a topic that was seen before.
        self._routes: dict[str, tuple[TopicPattern, Channel, Handler]] = {}
        # States of devices that have not sent data yet.
        self._early: dict[Address, dict[Channel, mqtt.ReceiveMessage]] = {}
        devices.on_removed(self._forget_routes)

    @callback
    def receive(self, pattern: TopicPattern, channel: Channel, message: mqtt.ReceiveMessage) -> None:
        """Handle a message of a subscription."""
        self.counters.received += 1
        route = self._routes.get(message.topic) or self._find_route(pattern, channel, message)
        # A topic may match two patterns, or two subscriptions of one: the first one counts.
        if route is not None and route[0] is pattern and route[1] is channel:
            route[2](message)

    @callback
    def _forget_routes(self, _device: EdgeDevice) -> None:
        self._routes.clear()

    def _find_route(
        self, pattern: TopicPattern, channel: Channel, message: mqtt.ReceiveMessage
    ) -> tuple[TopicPattern, Channel, Handler] | None:
        """Return the handler of a topic, and remember it for the next message."""
        topic = message.topic
        if channel is Channel.DATA and pattern.is_ignored(topic):
            return None
        if (found := pattern.find(topic, channel)) is None:
            self._malformed.note(topic, Reason.BAD_TOPIC, message.payload)
            return None
        if (handler := self._handler(pattern, channel, found, topic)) is None:
            # A device often reports its state before its first data: it is handled when these arrive.
            if found.address in self._early or len(self._early) < _MAX_EARLY:
                self._early.setdefault(found.address, {})[channel] = message
            return None
        route = (pattern, channel, handler)
        if len(self._routes) >= _MAX_ROUTES:
            self._routes.clear()
        self._routes[topic] = route
        return route

    def _handler(self, pattern: TopicPattern, channel: Channel, found: Match, topic: str) -> Handler | None:
        """Return the handler of a topic; None for one of a device that is not known yet."""
        gateway = pattern.gateway(topic)
        if channel is Channel.GATEWAY or (gateway is not None and found.address.device in self._gateway_status):
            return partial(self._handle_gateway_state, gateway or pattern.pattern)
        if channel is Channel.DATA:
            return self._data_handler(pattern, found, topic)
        if (device := self._devices.get(found.address)) is None:
            return None
        return partial(self._handle_ack if channel is Channel.ACK else self._handle_state, device)

    def _data_handler(self, pattern: TopicPattern, found: Match, topic: str) -> Handler:
        """Return the handler of a data topic."""
        gateway = pattern.gateway(topic)
        if pattern.dialect.read is None:
            return partial(self._handle_data, found.address, found.base, gateway)
        if (request := pattern.keepalive(topic)) is not None:
            self.keepalives.add(request)
        return partial(self._handle_dialect, pattern.dialect, found, gateway or pattern.pattern)

    @callback
    def _handle_data(self, address: Address, base: str, gateway: str | None, received: mqtt.ReceiveMessage) -> None:
        payload = _payload(received)
        if not payload:
            self._withdraw(address, retained=received.retain)
            return
        try:
            message = decode(payload)
        except DecodeError as err:
            if not self._mappings or err.reason is not Reason.NO_METRICS:
                self._reject(address.id, err.reason, payload, err.detail)
                return
            message = Message({})
        if message.source is None:
            message.source = gateway
        self._handle_message(address, base, message, received)

    @callback
    def _handle_dialect(self, dialect: Dialect, found: Match, gateway: str, received: mqtt.ReceiveMessage) -> None:
        """Handle a message that may contain those of several devices."""
        address, base, kind = found
        payload = _payload(received)
        if not payload:
            if not dialect.empty_is_offline:
                self._withdraw(address, retained=received.retain)
            elif (device := self._devices.get(address)) is not None:
                device.set_online(False)
            return
        try:
            messages = read_dialect(dialect, kind, payload, MAX_BYTES)
        except DecodeError as err:
            self._reject(address.id, err.reason, payload, err.detail)
            return
        for device_id, message in messages:
            of = address if device_id is None else address._replace(device=device_id[:MAX_LEVEL])
            if message.source is None:
                message.source = gateway
            self._handle_message(of, base, message, received)

    def _handle_message(self, address: Address, base: str, message: Message, received: mqtt.ReceiveMessage) -> None:
        payload = _payload(received)
        if self._mappings:
            self._mappings.apply(address.id, message, payload)
            if not message.metrics and not message.rejected and not message.info:
                self._reject(address.id, Reason.NO_METRICS, payload)
                return
        device = self._devices.get(address) or self._add_device(address, base, message, payload)
        if device is None:
            return
        now = self._clock()
        if len(payload) <= MAX_NEWEST:
            device.newest, device.newest_topic = payload, received.topic
        if message.seq is not None and device.tracker.is_duplicate(message.seq, now):
            self.counters.duplicates += 1
            return
        self._accept(device, message, payload, received.retain, now)

    def _withdraw(self, address: Address, *, retained: bool) -> None:
        """Apply an empty payload: the topic was cleared, and with it what was retained there."""
        if (device := self._devices.get(address)) is None:
            return
        if retained or device.type.time_is_age or device.online is not True:
            self._devices.delete(device)
        else:
            device.clear()

    def _add_device(self, address: Address, base: str, message: Message, payload: bytes) -> EdgeDevice | None:
        """Add the device of a first message; None where there are too many."""
        if len(self._devices) >= self._limits.max_devices:
            self._malformed.note(address.id, Reason.TOO_MANY_DEVICES, payload)
            self._limits.on_max_devices()
            return None
        device_type = type_of_device(address, message)
        device = self._devices.add(DeviceRecord(address, base, info=dict(message.info), device_type=device_type))
        for channel, early in self._early.pop(address, {}).items():
            (self._handle_ack if channel is Channel.ACK else self._handle_state)(device, early)
        return device

    def _accept(self, device: EdgeDevice, message: Message, payload: bytes, retained: bool, now: float) -> None:
        """Archive and publish a message that is not a duplicate; the newest to arrive is the present."""
        derived = _derive(device, message)
        arrival = time.time()
        measured = self._device_time(message, arrival)
        is_old = device.type.time_is_age and measured is not None and arrival - measured > self._timeout_s(device)
        if retained or is_old:
            # It was archived when it was sent.
            if device.received_at is None:
                self._accept_retained(device, message, derived, payload, measured)
            return
        ts, refused = pick_time(measured, arrival)
        # The device's own numbers can prove a message to be late; its clock cannot.
        is_late = message.seq is not None and device.tracker.is_late and (measured is None or ts < device.last_ts)
        if measured is not None and not is_late and not device.type.time_is_age:
            device.clock.compare(measured, arrival, now)
            self._devices.note_clock(device)
            if not refused and device.clock.is_wrong(now):
                ts, refused = arrival, True
        if refused:
            self.counters.refused_clocks += 1
        self.counters.accepted += 1
        self._archive.put(device.address, ts, payload, message, derived)
        self._reject_parts(device, message, payload)
        device.messages += 1
        device.last_seen, device.received_at = arrival, now
        device.gateway = message.source
        if is_late:
            self.counters.late += 1  # stored by the device while it was offline: history, not the present
        else:
            device.last_ts = ts
            self._publish(device, message, derived, payload, now)
        if device.online is not True:
            device.set_online(True)
        if message.info:
            self._devices.update_info(device, message.info)
        self._commands.repeat(device.id)

    def _device_time(self, message: Message, arrival: float) -> float | None:
        """Return when the device sent a message by its own clock; None for a clock that was never set."""
        if message.local_time is None:
            return message.ts
        measured = resolve_local_time(message.local_time, dt_util.get_default_time_zone(), arrival)
        return measured if measured >= _EARLIEST else None

    def _accept_retained(
        self, device: EdgeDevice, message: Message, derived: dict[str, Value], payload: bytes, measured: float | None
    ) -> None:
        """Publish the values of a retained message, unless it is so old that its device would be offline by now."""
        # What happened is over.
        message.metrics = {key: value for key, value in message.metrics.items() if not is_event(key)}
        age_s = None if measured is None else time.time() - measured
        if age_s is None or age_s < -MAX_AHEAD_S:
            self._publish(device, message, derived, payload, self._clock())
            return
        if measured is not None and measured > _EARLIEST:
            device.last_seen = max(measured, device.last_seen or 0.0)
        if age_s > self._timeout_s(device):
            return
        self._publish(device, message, derived, payload, self._clock())
        if device.online is None:
            device.set_online(True)

    def _timeout_s(self, device: EdgeDevice) -> float:
        return device.timeout_s(self._limits.timeout_s)

    def _reject_parts(self, device: EdgeDevice, message: Message, payload: bytes) -> None:
        """Count what is wrong in a message that is used otherwise."""
        if message.repair is not None:
            self._reject(device.id, message.repair, payload)
        for key, reason in message.rejected.items():
            self._reject(device.id, reason, payload, key)

    def _publish(
        self, device: EdgeDevice, message: Message, derived: dict[str, Value], payload: bytes, now: float
    ) -> None:
        values = message.metrics | derived if derived else message.metrics
        if message.rejected:
            known = device.record.metrics
            values = dict.fromkeys((key for key in message.rejected if key in known), None) | values
        new = device.update(
            values, now, lambda key, reason: self._reject(device.id, reason, payload, key), message.units
        )
        if new:
            self._devices.add_metrics(device, new)

    @callback
    def _handle_state(self, device: EdgeDevice, received: mqtt.ReceiveMessage) -> None:
        if not (payload := _payload(received)):
            return  # a retained message was cleared
        if (state := parse_state(payload)) is None:
            self._reject(device.id, Reason.BAD_VALUE, payload, "state")
            return
        if state.ack is not None:
            self._commands.acknowledge(device.id, state.ack)
        if state.info:
            self._devices.update_info(device, state.info)
        if state.commands is not None:
            self._devices.set_commands(device, state.commands)
        if state.online is not None and not (device.sleeps and not state.online):
            device.reported_online = state.online
            device.set_online(state.online)

    @callback
    def _handle_ack(self, device: EdgeDevice, received: mqtt.ReceiveMessage) -> None:
        if (ack := parse_ack_message(_payload(received))) is None:
            self._reject(device.id, Reason.BAD_VALUE, received.payload, "acknowledgement")
            return
        self._commands.acknowledge(device.id, ack)

    @callback
    def _handle_gateway_state(self, gateway: str, received: mqtt.ReceiveMessage) -> None:
        """Set the devices offline whose last message an offline gateway relayed."""
        state = parse_state(_payload(received)) if received.payload else None
        if state is None or state.online is not False:
            return
        for device in self._devices.values():
            if device.gateway is not None and device.gateway.casefold() == gateway.casefold():
                device.set_online(False)

    def _reject(self, origin: str, reason: Reason, payload: Any, detail: str = "") -> None:
        self._malformed.note(origin, reason, payload, detail)


def _payload(received: mqtt.ReceiveMessage) -> bytes:
    """Return the payload; bytes, since the subscriptions have no encoding."""
    return cast("bytes", received.payload)


def _derive(device: EdgeDevice, message: Message) -> dict[str, Value]:
    """Return the derived values; those that the device has lost the sources of are unknown."""
    metrics, derived = message.metrics, device.type.derive(message.metrics)
    if any(key in metrics and metrics[key] is None for key in device.type.sources):
        return dict.fromkeys(device.type.derived & device.record.metrics.keys()) | derived
    return derived
