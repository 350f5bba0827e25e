"""The hub of a config entry: from MQTT messages to devices, entities and the archive."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
import logging
import time
from typing import Any, Final, cast

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.storage import Store

from ._lib.publisher import Publisher
from .archive_link import ArchiveLink
from .broker_link import BrokerLink
from .commander import Commander, command_store
from .const import (
    CONF_DEFAULT_SITE,
    CONF_MAX_DEVICES,
    CONF_MAX_METRICS,
    CONF_PATTERNS,
    CONF_TIMEOUT,
    DEFAULT_OPTIONS,
    DOMAIN,
)
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
from .device import DeviceRecord, EdgeDevice, Form
from .downlink import parse_ack_message, parse_state
from .malformed import MalformedLog
from .naming import describe_system

_LOGGER = logging.getLogger(__name__)

type EdgeConfigEntry = ConfigEntry[EdgeHub]
type Handler = Callable[[mqtt.ReceiveMessage], None]
type NewMetrics = Callable[[EdgeDevice, dict[str, Form]], None]

_QOS: Final = 1
_STORE_VERSION: Final = 1
_SAVE_DELAY_S: Final = 10
_TICK: Final = timedelta(seconds=10)
_BROKER_GRACE_S: Final = 30.0
_MAX_ROUTES: Final = 5000
_MAX_EARLY: Final = 500
_GATEWAY_STATUS: Final = "gw_status"
ISSUE_DEVICES: Final = "too_many_devices"


@dataclass(slots=True)
class Counters:
    """What came in."""

    received: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused_clocks: int = 0
    late: int = 0


def _bytes(received: mqtt.ReceiveMessage) -> bytes:
    """The payload; bytes, since we subscribe without an encoding."""
    return cast("bytes", received.payload)


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.{entry_id}")


async def async_forget(hass: HomeAssistant, entry_id: str) -> None:
    """The entry was removed: forget its devices and commands. The archive stays."""
    await _store(hass, entry_id).async_remove()
    await command_store(hass, entry_id).async_remove()


class EdgeHub:
    """A config entry at run time."""

    def __init__(self, hass: HomeAssistant, entry: EdgeConfigEntry) -> None:
        self.hass = hass
        self.entry = entry
        self.options = {**DEFAULT_OPTIONS, **entry.options}
        self.counters = Counters()
        self.malformed = MalformedLog()
        self.publisher = Publisher.for_entry(hass, entry)
        self.archive = ArchiveLink(hass, entry.entry_id, entry.title, entry.data, self.options)
        self.broker = BrokerLink(hass, self._broker_changed)
        self.commander = Commander(hass, entry.entry_id)
        self.devices: dict[Address, EdgeDevice] = {}
        self.listeners: list[CALLBACK_TYPE] = []
        self._new_metrics: dict[Platform, NewMetrics] = {}
        self._new_devices: list[Callable[[EdgeDevice], None]] = []
        self._new_commands: list[Callable[[EdgeDevice], None]] = []
        self._store = _store(hass, entry.entry_id)
        self._routes: dict[str, tuple[TopicPattern, Handler] | None] = {}
        self._systems: dict[tuple[str, str], str] = {}
        self._early: dict[Address, dict[Channel, mqtt.ReceiveMessage]] = {}
        self._dirty = False

    # Life

    async def async_load(self) -> None:
        """Read what is remembered."""
        await self.commander.async_load()
        for stored in (await self._store.async_load() or {}).get("devices", []):
            self._make_device(DeviceRecord.from_dict(stored))

    async def async_start(self) -> None:
        """Begin to listen."""
        self.archive.start()
        last = ""
        for text in self.entry.data[CONF_PATTERNS]:
            pattern = TopicPattern(text, self.entry.data[CONF_DEFAULT_SITE])
            for topic, channel in pattern.subscriptions().items():
                receive = partial(self._receive, pattern, channel)
                self.entry.async_on_unload(await mqtt.async_subscribe(self.hass, topic, receive, _QOS, encoding=None))
                last = topic
        self.broker.follow(last, _QOS)
        self.entry.async_on_unload(async_track_time_interval(self.hass, self._tick, _TICK, cancel_on_shutdown=True))

    async def async_stop(self) -> None:
        """Stop listening; write what is left."""
        self.broker.stop()
        self.commander.stop()
        await self.archive.async_stop()
        if self._dirty:
            await self._store.async_save(self._as_stored())

    # Messages

    @callback
    def _receive(self, pattern: TopicPattern, channel: Channel, message: mqtt.ReceiveMessage) -> None:
        self.counters.received += 1
        try:
            route = self._routes[message.topic]
        except KeyError:
            route = self._find_route(pattern, channel, message)
        # A topic may be of two patterns: it is the first one's.
        if route is not None and route[0] is pattern:
            route[1](message)

    def _find_route(
        self, pattern: TopicPattern, channel: Channel, message: mqtt.ReceiveMessage
    ) -> tuple[TopicPattern, Handler] | None:
        """Whose topic this is; remembered, since the next message is likely to be of the same."""
        topic = message.topic
        if (found := pattern.match(topic, channel)) is None:
            self.malformed.note(topic, Reason.BAD_TOPIC, message.payload)
            return None
        address, base = found
        gateway = pattern.gateway(topic)
        handler: Handler | None
        if gateway is not None and address.device == _GATEWAY_STATUS:
            handler = partial(self._gateway_state, gateway)
        elif channel is Channel.DATA:
            handler = partial(self._data, address, base)
        elif (device := self.devices.get(address)) is not None:
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
        device = self.devices.get(address) or self._new_device(address, base, message, payload)
        if device is None:
            return
        now = time.time()
        if message.seq is not None and device.tracker.is_duplicate(message.seq, now):
            self.counters.duplicates += 1
            return
        self._take(device, message, payload, received.retain, now)

    def _take(self, device: EdgeDevice, message: Message, payload: bytes, retained: bool, now: float) -> None:
        """A message of a device that was not there before."""
        ts, refused = pick_time(message.ts, now)
        if refused:
            self.counters.refused_clocks += 1
        if retained and (message.ts is None or device.last_heard is not None):
            # What the broker kept says nothing about now, and was archived when it came first.
            if device.last_heard is None:
                self._show(device, message.metrics, now, payload)
            return
        self.counters.accepted += 1
        derived = derive(message.metrics) if device.record.ruuvi else {}
        self.archive.put(device.address, ts, payload, message, derived)
        if message.rejected:
            for key, reason in message.rejected.items():
                self._reject(device.id, reason, payload, key)
        device.messages += 1
        device.last_heard = now
        device.gateway = message.source
        if ts < device.last_ts:
            self.counters.late += 1  # stored while the device was offline: history, not the present
        else:
            device.last_ts = ts
            self._show(device, message.metrics | derived if derived else message.metrics, now, payload)
        if device.online is not True:
            device.set_online(True)
        if message.info:
            self._learn(device, message.info)
        self.commander.heard(device.id, now)

    def _show(self, device: EdgeDevice, values: dict[str, Value], now: float, payload: bytes) -> None:
        new = device.show(values, now, lambda key, reason: self._reject(device.id, reason, payload, key))
        if new:
            self._save_soon()
            self._announce(device, new)

    @callback
    def _state(self, device: EdgeDevice, received: mqtt.ReceiveMessage) -> None:
        if not (payload := _bytes(received)):
            return  # a retained message was cleared
        if (state := parse_state(payload)) is None:
            self._reject(device.id, Reason.BAD_VALUE, payload, "state")
            return
        if state.ack is not None:
            self.commander.settle(device.id, state.ack)
        if state.info:
            self._learn(device, state.info)
        if state.commands is not None and state.commands != device.record.commands:
            device.record.commands = state.commands
            self._save_soon()
            for announce in self._new_commands:
                announce(device)
        if state.online is not None:
            device.set_online(state.online)

    @callback
    def _acknowledge(self, device: EdgeDevice, received: mqtt.ReceiveMessage) -> None:
        if (ack := parse_ack_message(_bytes(received))) is None:
            self._reject(device.id, Reason.BAD_VALUE, received.payload, "acknowledgement")
            return
        self.commander.settle(device.id, ack)

    @callback
    def _gateway_state(self, gateway: str, received: mqtt.ReceiveMessage) -> None:
        """A Ruuvi Gateway came or went: tags that only it hears go with it."""
        state = parse_state(_bytes(received)) if received.payload else None
        if state is None or state.online is not False:
            return
        for device in self.devices.values():
            if device.gateway is not None and device.gateway.casefold() == gateway.casefold():
                device.set_online(False)

    @callback
    def _reject(self, origin: str, reason: Reason, payload: object, detail: str = "") -> None:
        self.malformed.note(origin, reason, payload, detail)

    # Devices

    def _make_device(self, record: DeviceRecord) -> EdgeDevice:
        device = EdgeDevice(record, self.publisher, self.options[CONF_MAX_METRICS])
        self.devices[record.address] = device
        return device

    def _new_device(self, address: Address, base: str, message: Message, payload: bytes) -> EdgeDevice | None:
        """A device speaks for the first time."""
        if len(self.devices) >= self.options[CONF_MAX_DEVICES]:
            self._reject(address.id, Reason.TOO_MANY_DEVICES, payload)
            ir.async_create_issue(
                self.hass,
                DOMAIN,
                f"{ISSUE_DEVICES}_{self.entry.entry_id}",
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key=ISSUE_DEVICES,
                translation_placeholders={"title": self.entry.title, "limit": str(self.options[CONF_MAX_DEVICES])},
            )
            return None
        ruuvi = message.ruuvi or address.system.casefold() == "ruuvi"
        device = self._make_device(DeviceRecord(address, base, info=dict(message.info), ruuvi=ruuvi))
        self._save_soon()
        for announce in self._new_devices:
            announce(device)
        for channel, early in self._early.pop(address, {}).items():
            (self._acknowledge if channel is Channel.ACK else self._state)(device, early)
        return device

    def _learn(self, device: EdgeDevice, info: dict[str, str]) -> None:
        """Take over what a device says of itself."""
        known = device.record.info
        if all(known.get(name) == said for name, said in info.items()):
            return
        known.update(info)
        self._save_soon()
        registry = dr.async_get(self.hass)
        found = registry.async_get_device_by_identifier(
            (DOMAIN, f"{self.entry.entry_id}_{device.id}"), self.entry.entry_id
        )
        if found is not None:
            registry.async_update_device(
                found.id,
                name=device.name,
                model=known.get("model", found.model),
                sw_version=known.get("sw_version"),
                hw_version=known.get("hw_version"),
            )

    def system_device_id(self, address: Address) -> str:
        """The registry id of the device that stands for a system of a site; made when first asked for."""
        key = (address.site, address.system)
        if key not in self._systems:
            found = dr.async_get(self.hass).async_get_or_create(
                config_entry_id=self.entry.entry_id, **describe_system(self.entry.entry_id, address)
            )
            self._systems[key] = found.id
        return self._systems[key]

    @callback
    def forget_device(self, address: Address) -> None:
        """A device was removed by the user; it comes back if it speaks again."""
        if (device := self.devices.pop(address, None)) is not None:
            self._routes.clear()
            self._save_soon()
            self.commander.forget(device.id)

    @callback
    def forget_metrics(self, device: EdgeDevice, keys: Iterable[str]) -> None:
        """Metrics were removed by the user; they come back if they are sent again."""
        device.forget(set(keys))
        self._save_soon()

    # Platforms

    @callback
    def follow_metrics(self, platform: Platform, add: NewMetrics) -> None:
        """Tell a platform of the metrics there are and of those that come later."""
        self._new_metrics[platform] = add
        for device in self.devices.values():
            add(device, device.record.metrics)

    @callback
    def follow_devices(self, add: Callable[[EdgeDevice], None], *, commands: bool = False) -> None:
        """Tell of the devices there are, of those that come later, and (`commands`) when theirs change."""
        self._new_devices.append(add)
        if commands:
            self._new_commands.append(add)
        for device in self.devices.values():
            add(device)

    def _announce(self, device: EdgeDevice, new: dict[str, Form]) -> None:
        for add in self._new_metrics.values():
            add(device, new)

    # Time

    @callback
    def _tick(self, _now: object) -> None:
        """Find the devices that have fallen silent."""
        now = time.time()
        lost = self.broker.lost_since
        deaf = lost is not None and now - lost > _BROKER_GRACE_S
        timeout = self.options[CONF_TIMEOUT]
        for device in self.devices.values():
            if device.online and (deaf or (device.last_heard is not None and now - device.last_heard > timeout)):
                device.set_online(False)
        self.commander.expire(now)
        for listener in tuple(self.listeners):
            listener()

    @callback
    def _broker_changed(self) -> None:
        for listener in tuple(self.listeners):
            listener()

    def _save_soon(self) -> None:
        self._dirty = True
        self._store.async_delay_save(self._as_stored, _SAVE_DELAY_S)

    @callback
    def _as_stored(self) -> dict[str, Any]:
        self._dirty = False
        return {"devices": [device.record.as_dict() for device in self.devices.values()]}
