"""The hub of a config entry: from MQTT messages to devices, entities and the archive."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
import logging
import time
from typing import Any, Final

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
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
from .decoders import Address, Message, Reason, TopicPattern
from .device import DeviceRecord, EdgeDevice, Form
from .inbox import Inbox
from .malformed import MalformedLog
from .naming import describe_system

_LOGGER = logging.getLogger(__name__)

type EdgeConfigEntry = ConfigEntry[EdgeHub]
type NewMetrics = Callable[[EdgeDevice, dict[str, Form]], None]

_QOS: Final = 1
_STORE_VERSION: Final = 1
_SAVE_DELAY_S: Final = 10
_TICK: Final = timedelta(seconds=10)
_BROKER_GRACE_S: Final = 30.0
ISSUE_DEVICES: Final = "too_many_devices"


@dataclass(slots=True)
class Counters:
    """What came in."""

    received: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused_clocks: int = 0
    late: int = 0


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
        self.new_commands: list[Callable[[EdgeDevice], None]] = []
        self._store = _store(hass, entry.entry_id)
        self.inbox = Inbox(self)
        self._systems: dict[tuple[str, str], str] = {}
        self._dirty = False
        self._started = time.time()

    # Life

    async def async_load(self) -> None:
        """Read what is remembered."""
        await self.commander.async_load()
        for stored in (await self._store.async_load() or {}).get("devices", []):
            self._make_device(DeviceRecord.from_dict(stored))

    async def async_start(self) -> None:
        """Begin to listen."""
        ir.async_delete_issue(self.hass, DOMAIN, f"{ISSUE_DEVICES}_{self.entry.entry_id}")
        self.archive.start()
        # Entries are not unloaded when Home Assistant stops: what waits for the archive is written then, too.
        stop = self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_home_assistant_stops)
        self.entry.async_on_unload(stop)
        topics: set[str] = set()
        for text in self.entry.data[CONF_PATTERNS]:
            pattern = TopicPattern(text, self.entry.data[CONF_DEFAULT_SITE])
            for topic, channel in pattern.subscriptions().items():
                receive = partial(self.inbox.receive, pattern, channel)
                self.entry.async_on_unload(await mqtt.async_subscribe(self.hass, topic, receive, _QOS, encoding=None))
                topics.add(topic)
        self.broker.follow(topics, _QOS)
        self.entry.async_on_unload(async_track_time_interval(self.hass, self._tick, _TICK, cancel_on_shutdown=True))

    async def async_stop(self) -> None:
        """Stop listening; write what is left."""
        ir.async_delete_issue(self.hass, DOMAIN, f"{ISSUE_DEVICES}_{self.entry.entry_id}")
        self.broker.stop()
        self.commander.stop()
        await self.archive.async_stop()
        if self._dirty:
            await self._store.async_save(self._as_stored())

    async def _async_home_assistant_stops(self, _event: Event) -> None:
        await self.async_stop()

    # Devices

    def _make_device(self, record: DeviceRecord) -> EdgeDevice:
        device = EdgeDevice(record, self.publisher, self.options[CONF_MAX_METRICS])
        self.devices[record.address] = device
        return device

    def new_device(self, address: Address, base: str, message: Message, payload: bytes) -> EdgeDevice | None:
        """A device speaks for the first time."""
        if len(self.devices) >= self.options[CONF_MAX_DEVICES]:
            self.malformed.note(address.id, Reason.TOO_MANY_DEVICES, payload)
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
        self.save_soon()
        for announce in self._new_devices:
            announce(device)
        self.inbox.open_early(device)
        return device

    def learn(self, device: EdgeDevice, info: dict[str, str]) -> None:
        """Take over what a device says of itself."""
        known = device.record.info
        if all(known.get(name) == said for name, said in info.items()):
            return
        known.update(info)
        self.save_soon()
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
        key, registry = (address.site, address.system), dr.async_get(self.hass)
        if (known := self._systems.get(key)) is None or registry.async_get(known) is None:
            found = registry.async_get_or_create(
                config_entry_id=self.entry.entry_id, **describe_system(self.entry.entry_id, address)
            )
            self._systems[key] = known = found.id
        return known

    @callback
    def forget_device(self, address: Address) -> None:
        """A device was removed by the user; it comes back if it speaks again."""
        if (device := self.devices.pop(address, None)) is not None:
            self.inbox.forget_routes()
            self.save_soon()
            self.commander.forget(device.id)

    @callback
    def forget_metrics(self, device: EdgeDevice, keys: Iterable[str]) -> None:
        """Metrics were removed by the user; they come back if they are sent again."""
        device.forget(set(keys))
        self.save_soon()

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
            self.new_commands.append(add)
        for device in self.devices.values():
            add(device)

    @callback
    def announce(self, device: EdgeDevice, new: dict[str, Form]) -> None:
        """Tell the platforms of metrics that a device was not known to have."""
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
            # After a start a device gets its time to speak before it counts as gone.
            silent = now - (device.last_heard or self._started) > timeout
            if device.online is not False and (silent or (deaf and device.online)):
                device.set_online(False)
        self.commander.expire(now)
        for listener in tuple(self.listeners):
            listener()

    @callback
    def _broker_changed(self) -> None:
        for listener in tuple(self.listeners):
            listener()

    @callback
    def save_soon(self) -> None:
        """Remember the devices as they are now."""
        self._dirty = True
        self._store.async_delay_save(self._as_stored, _SAVE_DELAY_S)

    @callback
    def _as_stored(self) -> dict[str, Any]:
        self._dirty = False
        return {"devices": [device.record.as_dict() for device in self.devices.values()]}
