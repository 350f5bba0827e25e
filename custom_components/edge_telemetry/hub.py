"""Runtime of a config entry: subscribes to the topics and watches over the devices."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from .broker.keepalive import Keepalive
from .broker.monitor import BrokerMonitor
from .broker.subscriptions import Subscriptions
from .command_sender import CommandSender
from .const import CONF_DEFAULT_SITE, CONF_PATTERNS, CONF_TIMEOUT
from .decoders import TopicPattern
from .device import EdgeDevice
from .device_directory import DeviceDirectory
from .message_router import MessageRouter
from .repairs import delete_device_limit_issue
from .telemetry_archive import TelemetryArchive

_TICK: Final = timedelta(seconds=10)
_BROKER_GRACE_S: Final = 30.0


class EdgeHub:
    """Starts and stops the parts of an entry, and finds the devices that are offline."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        options: Mapping[str, Any],
        *,
        devices: DeviceDirectory,
        router: MessageRouter,
        commands: CommandSender,
        archive: TelemetryArchive,
        broker: BrokerMonitor,
        clock: Callable[[], float],
    ) -> None:
        self.listeners: list[CALLBACK_TYPE] = []
        """Called every ten seconds, and when the connection to the broker changes."""
        self._hass = hass
        self._entry = entry
        self._options = options
        self._devices = devices
        self._router = router
        self._commands = commands
        self._archive = archive
        self._broker = broker
        self._clock = clock
        self.subscriptions = Subscriptions(hass, clock)
        self._keepalive = Keepalive(hass, clock)
        broker.listeners.append(self._broker_changed)
        devices.on_removed(lambda device: commands.remove(device.id))

    async def async_start(self) -> None:
        """Subscribe to the topics."""
        delete_device_limit_issue(self._hass, self._entry.entry_id)
        self._archive.start()
        # Entries are not unloaded when Home Assistant stops: the archive's queue is written then, too.
        stop = self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_home_assistant_stops)
        self._entry.async_on_unload(stop)
        self._entry.async_on_unload(self.subscriptions.remove_all)
        for text in self._entry.data[CONF_PATTERNS]:
            pattern = TopicPattern(text, self._entry.data[CONF_DEFAULT_SITE])
            if (request := pattern.keepalive()) is not None:
                self._router.keepalives.add(request)
            for topic, channel in pattern.subscriptions().items():
                receive = partial(self._router.receive, pattern, channel)
                await self.subscriptions.async_add(topic, receive)
        self._broker.start(self.subscriptions.topics, self.subscriptions.qos)
        self._entry.async_on_unload(
            async_track_time_interval(self._hass, self._async_tick, _TICK, cancel_on_shutdown=True)
        )

    async def async_stop(self) -> None:
        """Stop all parts; write what has not been written."""
        delete_device_limit_issue(self._hass, self._entry.entry_id)
        self._broker.stop()
        self._commands.stop()
        await self._archive.async_stop()
        await self._devices.async_save()

    async def _async_home_assistant_stops(self, _event: Event) -> None:
        await self.async_stop()

    async def _async_tick(self, _now: object) -> None:
        """Check the devices, then the subscriptions: the broker may take its time."""
        self._check_devices()
        if self._broker.is_connected:
            if await self.subscriptions.async_check(self._broker.unconfirmed):
                self._broker.note_unconfirmed()
            await self._keepalive.async_send(self._router.keepalives)

    @callback
    def _check_devices(self) -> None:
        """Set the devices offline that have sent nothing for too long, though it would have been received."""
        self._broker.check()
        lost = self._broker.lost_since
        is_broker_lost = lost is not None and self._clock() - lost > _BROKER_GRACE_S
        for device in self._devices.values():
            if is_broker_lost:
                device.set_reachable(False)
            elif device.online is not False and self._is_silent(device):
                device.set_online(False)
        self._commands.expire()
        self._notify()

    def _is_silent(self, device: EdgeDevice) -> bool:
        if device.type.trusts_availability and device.reported_online and not device.sleeps:
            return False
        return self._broker.silence_s(device.received_at) > device.timeout_s(self._options[CONF_TIMEOUT])

    @callback
    def _broker_changed(self) -> None:
        """Show the devices again as soon as their messages can be received."""
        if self._broker.lost_since is None:
            for device in self._devices.values():
                device.set_reachable(True)
        self._notify()

    @callback
    def _notify(self) -> None:
        for listener in tuple(self.listeners):
            listener()
