"""From an MQTT message to the device that it is about, and to what it says."""

from collections.abc import Callable
from functools import partial
import time
from typing import TYPE_CHECKING, Final, cast

from homeassistant.components import mqtt
from homeassistant.core import callback

from .const import CONF_TIMEOUT
from .decoders import (
    Address,
    Channel,
    DecodeError,
    Message,
    Reason,
    TopicPattern,
    Value,
    decode,
    derive,
    pick_time,
)
from .device import EdgeDevice
from .downlink import parse_ack_message, parse_state

if TYPE_CHECKING:
    from .coordinator import EdgeHub

type Handler = Callable[[mqtt.ReceiveMessage], None]

_MAX_ROUTES: Final = 5000
_MAX_EARLY: Final = 500
_GATEWAY_STATUS: Final = "gw_status"


def _bytes(received: mqtt.ReceiveMessage) -> bytes:
    """The payload; bytes, since we subscribe without an encoding."""
    return cast("bytes", received.payload)


class Inbox:
    """Receives the messages of a hub. This is the path that every message goes: it is kept short."""

    def __init__(self, hub: EdgeHub) -> None:
        self._hub = hub
        # Whose topic a topic is: most messages are of one that was seen before.
        self._routes: dict[str, tuple[TopicPattern, Handler]] = {}
        # What devices said of themselves before their first data.
        self._early: dict[Address, dict[Channel, mqtt.ReceiveMessage]] = {}

    def forget_routes(self) -> None:
        """A device is gone: look anew at whose topics are whose."""
        self._routes.clear()

    def open_early(self, device: EdgeDevice) -> None:
        """A device has been made: read what it said of itself before."""
        for channel, early in self._early.pop(device.address, {}).items():
            (self._acknowledge if channel is Channel.ACK else self._state)(device, early)

    @callback
    def receive(self, pattern: TopicPattern, channel: Channel, message: mqtt.ReceiveMessage) -> None:
        """Take a message of one of our subscriptions."""
        self._hub.counters.received += 1
        route = self._routes.get(message.topic) or self._find_route(pattern, channel, message)
        # A topic may be of two patterns: it is the first one's.
        if route is not None and route[0] is pattern:
            route[1](message)

    def _find_route(
        self, pattern: TopicPattern, channel: Channel, message: mqtt.ReceiveMessage
    ) -> tuple[TopicPattern, Handler] | None:
        """Whose topic this is; remembered, since the next message is likely to be of the same."""
        topic = message.topic
        if (found := pattern.match(topic, channel)) is None:
            self._hub.malformed.note(topic, Reason.BAD_TOPIC, message.payload)
            return None
        address, base = found
        gateway = pattern.gateway(topic)
        handler: Handler | None
        if gateway is not None and address.device == _GATEWAY_STATUS:
            handler = partial(self._gateway_state, gateway)
        elif channel is Channel.DATA:
            handler = partial(self._data, address, base)
        elif (device := self._hub.devices.get(address)) is not None:
            handler = partial(self._acknowledge if channel is Channel.ACK else self._state, device)
        else:
            # A device often introduces itself before its first data: this is looked at again when they come.
            if address in self._early or len(self._early) < _MAX_EARLY:
                self._early.setdefault(address, {})[channel] = message
            return None
        route = (pattern, handler)
        if len(self._routes) >= _MAX_ROUTES:
            self._routes.clear()
        self._routes[topic] = route
        return route

    @callback
    def _data(self, address: Address, base: str, received: mqtt.ReceiveMessage) -> None:
        payload = _bytes(received)
        try:
            message = decode(payload)
        except DecodeError as err:
            self._reject(address.id, err.reason, payload, err.detail)
            return
        device = self._hub.devices.get(address) or self._hub.new_device(address, base, message, payload)
        if device is None:
            return
        now = time.time()
        if message.seq is not None and device.tracker.is_duplicate(message.seq, now):
            self._hub.counters.duplicates += 1
            return
        self._take(device, message, payload, received.retain, now)

    def _take(self, device: EdgeDevice, message: Message, payload: bytes, retained: bool, now: float) -> None:
        """A message of a device that was not there before."""
        derived = derive(message.metrics) if device.record.ruuvi else {}
        if retained:
            # What the broker kept was archived when it came first.
            if device.last_heard is None:
                self._take_kept(device, message, derived, payload, now)
            return
        ts, refused = pick_time(message.ts, now)
        if refused:
            self._hub.counters.refused_clocks += 1
        self._hub.counters.accepted += 1
        self._hub.archive.put(device.address, ts, payload, message, derived)
        if message.rejected:
            for key, reason in message.rejected.items():
                self._reject(device.id, reason, payload, key)
        device.messages += 1
        device.last_heard = now
        device.gateway = message.source
        if ts < device.last_ts:
            self._hub.counters.late += 1  # stored while the device was offline: history, not the present
        else:
            device.last_ts = ts
            self._show(device, message.metrics | derived if derived else message.metrics, now, payload)
        if device.online is not True:
            device.set_online(True)
        if message.info:
            self._hub.learn(device, message.info)
        self._hub.commander.heard(device.id, now)

    def _take_kept(
        self, device: EdgeDevice, message: Message, derived: dict[str, Value], payload: bytes, now: float
    ) -> None:
        """Show what the broker kept until the device speaks; it was there when it measured this, not that it is."""
        measured, refused = pick_time(message.ts, now)
        self._show(device, message.metrics | derived, now, payload)
        if message.ts is None or refused:
            return
        device.last_heard = device.last_ts = measured
        if device.online is None and now - measured <= self._hub.options[CONF_TIMEOUT]:
            device.set_online(True)

    def _show(self, device: EdgeDevice, values: dict[str, Value], now: float, payload: bytes) -> None:
        new = device.show(values, now, lambda key, reason: self._reject(device.id, reason, payload, key))
        if new:
            self._hub.save_soon()
            self._hub.announce(device, new)

    @callback
    def _state(self, device: EdgeDevice, received: mqtt.ReceiveMessage) -> None:
        if not (payload := _bytes(received)):
            return  # a retained message was cleared
        if (state := parse_state(payload)) is None:
            self._reject(device.id, Reason.BAD_VALUE, payload, "state")
            return
        if state.ack is not None:
            self._hub.commander.settle(device.id, state.ack)
        if state.info:
            self._hub.learn(device, state.info)
        if state.commands is not None and state.commands != device.record.commands:
            device.record.commands = state.commands
            self._hub.save_soon()
            for announce in self._hub.new_commands:
                announce(device)
        if state.online is not None:
            device.set_online(state.online)

    @callback
    def _acknowledge(self, device: EdgeDevice, received: mqtt.ReceiveMessage) -> None:
        if (ack := parse_ack_message(_bytes(received))) is None:
            self._reject(device.id, Reason.BAD_VALUE, received.payload, "acknowledgement")
            return
        self._hub.commander.settle(device.id, ack)

    @callback
    def _gateway_state(self, gateway: str, received: mqtt.ReceiveMessage) -> None:
        """A Ruuvi Gateway came or went: tags that only it hears go with it."""
        state = parse_state(_bytes(received)) if received.payload else None
        if state is None or state.online is not False:
            return
        for device in self._hub.devices.values():
            if device.gateway is not None and device.gateway.casefold() == gateway.casefold():
                device.set_online(False)

    @callback
    def _reject(self, origin: str, reason: Reason, payload: object, detail: str = "") -> None:
        self._hub.malformed.note(origin, reason, payload, detail)
