"""The parts of a loaded config entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ._lib.publisher import Publisher
from ._lib.steady_clock import SteadyClock
from .broker.monitor import BrokerMonitor
from .command_sender import CommandSender
from .const import CONF_MAPPINGS, CONF_MAX_DEVICES, CONF_MAX_METRICS, CONF_TIMEOUT, DEFAULT_OPTIONS
from .decoders import Mappings
from .device_directory import DeviceDirectory
from .hub import EdgeHub
from .malformed import MalformedLog
from .message_router import Counters, Limits, MessageRouter
from .repairs import create_device_limit_issue, update_storage_issue
from .telemetry_archive import TelemetryArchive

type EdgeConfigEntry = ConfigEntry[EdgeData]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeData:
    """Runtime data.

    Attributes:
        entry_id: The config entry.
        title: Its title.
        options: Its options, with the defaults.
    """

    entry_id: str
    title: str
    options: Mapping[str, Any]
    archive: TelemetryArchive
    broker: BrokerMonitor
    clock: SteadyClock
    commands: CommandSender
    counters: Counters
    devices: DeviceDirectory
    hub: EdgeHub
    malformed: MalformedLog
    publisher: Publisher


def create_data(hass: HomeAssistant, entry: EdgeConfigEntry) -> EdgeData:
    """Create the parts of an entry."""
    options = {**DEFAULT_OPTIONS, **entry.options}
    max_devices = options[CONF_MAX_DEVICES]
    publisher = Publisher.for_entry(hass, entry)
    archive = TelemetryArchive(hass, entry.entry_id, entry.title, entry.data, options)
    clock = SteadyClock()
    broker = BrokerMonitor(hass, clock)
    commands = CommandSender(
        hass, entry.entry_id, clock, partial(update_storage_issue, hass, entry.entry_id, entry.title)
    )
    devices = DeviceDirectory(hass, entry.entry_id, publisher, options[CONF_MAX_METRICS])
    malformed = MalformedLog()
    limits = Limits(
        max_devices=max_devices,
        timeout_s=options[CONF_TIMEOUT],
        on_max_devices=partial(create_device_limit_issue, hass, entry.entry_id, entry.title, max_devices),
    )
    mappings = Mappings(options.get(CONF_MAPPINGS, ()))
    router = MessageRouter(devices, archive, commands, malformed, limits, mappings=mappings, clock=clock)
    hub = EdgeHub(
        hass,
        entry,
        options,
        devices=devices,
        router=router,
        commands=commands,
        archive=archive,
        broker=broker,
        clock=clock,
    )
    return EdgeData(
        entry_id=entry.entry_id,
        title=entry.title,
        options=options,
        archive=archive,
        broker=broker,
        clock=clock,
        commands=commands,
        counters=router.counters,
        devices=devices,
        hub=hub,
        malformed=malformed,
        publisher=publisher,
    )
