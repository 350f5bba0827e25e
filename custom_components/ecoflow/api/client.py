"""The client of one account: device states kept current by MQTT and HTTP, and commands."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import ssl
import time
from typing import Any

from .._lib.backoff import Backoff, RetryPolicy
from .errors import (
    CommandError,
    DeviceOfflineError,
    EcoflowError,
    InvalidKeysError,
    RateLimitedError,
    UnreachableError,
)
from .families import family_of
from .families.specs import Command, CommandFormat, Family
from .messages import normalize
from .models import Device, Message, QuotaMessage, SetReply, StatusMessage
from .mqtt import ConnectionState, MqttConnection
from .payloads import MessageIds, http_payload, mqtt_payload
from .reachability import Reachability
from .rest import RestClient
from .state import DeviceState

REPLY_TIMEOUT_S = 8.0
READ_BACK_ATTEMPTS = 3
READ_BACK_INTERVAL_S = 2.0
PARALLEL_READS = 4
FULL_READ_INTERVAL_S = 900.0
# Interval of the device list while all devices report by MQTT.
DEVICE_LIST_INTERVAL_S = 300.0
BROKER_RETRY = RetryPolicy(first_s=30.0, max_s=600.0)
TAKEOVER_PAUSE_S = 600.0


def _monotonic() -> float:
    return time.monotonic()


@dataclass(frozen=True, slots=True)
class Timing:
    """Time limits in seconds."""

    # A device that reported by MQTT within this time is not polled.
    message_window_s: float = 120.0
    # Values are no longer current if the device was not seen for this time.
    max_age_s: float = 300.0
    reply_timeout_s: float = REPLY_TIMEOUT_S
    read_back_interval_s: float = READ_BACK_INTERVAL_S


def _ignore(*_arguments: object) -> None:
    """Handle nothing."""


@dataclass(slots=True)
class ClientCallbacks:
    """Handlers of the client's events; all are called in the event loop."""

    # A device's values (by name) changed, or it went online or offline.
    values_changed: Callable[[str, frozenset[str]], None] = _ignore
    connection_changed: Callable[[ConnectionState], None] = _ignore
    # A device answered a command that another client with the same key sent.
    unknown_reply: Callable[[], None] = _ignore


class EcoflowClient:
    """The client of an account. All methods run in the event loop."""

    def __init__(
        self,
        rest: RestClient,
        tls: ssl.SSLContext,
        client_id: str,
        *,
        timing: Timing | None = None,
        clock: Callable[[], float] = _monotonic,
    ) -> None:
        """`tls` verifies the broker, `client_id` must never change, `clock` returns monotonic seconds."""
        self.rest = rest
        self.states: dict[str, DeviceState] = {}
        self.errors: dict[str, EcoflowError] = {}
        self.callbacks = ClientCallbacks()
        self.timing = timing or Timing()
        self.mqtt: MqttConnection | None = None
        self._tls = tls
        self._client_id = client_id
        self._clock = clock
        self._ids = MessageIds()
        self._pending: dict[str, asyncio.Future[SetReply]] = {}
        self._expired_ids: deque[str] = deque(maxlen=64)
        self._locks: dict[str, asyncio.Lock] = {}
        # With the number of values it was found with: a generic family is rebuilt when there are more.
        self._families: dict[str, tuple[Family, int]] = {}
        self._read_at: dict[str, float] = {}
        self._listed_at: float | None = None
        self._reachability = Reachability()
        self._reads = asyncio.Semaphore(PARALLEL_READS)
        self._broker_retry_at = 0.0
        self._broker_backoff = Backoff(BROKER_RETRY)
        self._stopped = False
        self._disconnecting: asyncio.Future[None] | None = None

    # Reading ------------------------------------------------------------------------------------------------

    async def refresh_devices(self) -> None:
        """Read the device list: new devices are added to `states`, removed ones deleted."""
        devices = {device.sn: device for device in await self.rest.device_list()}
        self._listed_at = self._clock()
        self._reachability.received(self._listed_at, self.timing.max_age_s)
        for sn in set(self.states) - set(devices):
            del self.states[sn]
            self._forget(sn)
        for device in devices.values():
            self._update_device(device)
        if self.mqtt is not None:
            self.mqtt.subscribe_devices(self.states)

    def _forget(self, sn: str) -> None:
        self.errors.pop(sn, None)
        self._families.pop(sn, None)
        self._read_at.pop(sn, None)
        self._locks.pop(sn, None)

    def _update_device(self, device: Device) -> None:
        state = self.states.setdefault(device.sn, DeviceState(device))
        if state.device.product != device.product:
            self._families.pop(device.sn, None)
        state.device = device
        # A device that reports by MQTT is online, even if the list has not caught up yet.
        if device.online or not state.has_recent_message(self._clock(), self.timing.message_window_s):
            self._set_online(state, device.online)

    def family(self, sn: str) -> Family:
        """Return the family of a device. One that shows all values grows with those that the device reports."""
        state = self.states[sn]
        family, names = self._families.get(sn, (None, 0))
        is_final = family and family.product_names and family.is_certain and not family.shows_other_values
        if family is None or (not is_final and names != len(state.values)):
            family = family_of(state.device, state.values)
            if state.values:
                self._families[sn] = (family, len(state.values))
        return family

    def is_online(self, sn: str) -> bool | None:
        """Return whether a device is online, None while that cannot be known because the cloud cannot be reached.

        A timeout counts only for the time in which Home Assistant could have received something.
        """
        state, now = self.states.get(sn), self._clock()
        if state is None or state.online is False:
            return False
        if state.is_fresh(now, self.timing.max_age_s):
            return True
        return self._reachability.is_silent_since(state.last_seen, now, self.timing.max_age_s)

    def check_listening(self) -> None:
        """Record that Home Assistant runs; call it every few seconds, and before devices are checked."""
        self._reachability.check(self._clock())

    def is_fresh(self, sn: str) -> bool:
        """Whether the values of a device are current."""
        state = self.states.get(sn)
        return state is not None and state.is_fresh(self._clock(), self.timing.max_age_s)

    def needs_reading(self, sn: str) -> bool:
        """Whether to read a device over HTTP: no recent MQTT message, a full read is due or a value is disputed."""
        now = self._clock()
        read_at = self._read_at.get(sn)
        if read_at is None or now - read_at >= FULL_READ_INTERVAL_S:
            return True
        state = self.states[sn]
        return state.is_disputed(now) or not state.has_recent_message(now, self.timing.message_window_s)

    async def poll(self) -> None:
        """Read the device list if it is due, and the devices that do not report by MQTT.

        An error of one device is stored in `errors` and does not affect the others; one of the account is raised.
        """
        if self._device_list_is_due():
            await self.refresh_devices()
        due = [sn for sn in self.states if self.needs_reading(sn)]
        results = await asyncio.gather(*map(self._poll_device, due), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _device_list_is_due(self) -> bool:
        listed_at, now = self._listed_at, self._clock()
        return (
            listed_at is None
            or now - listed_at >= DEVICE_LIST_INTERVAL_S
            or any(self.needs_reading(sn) for sn in self.states)
        )

    async def _poll_device(self, sn: str) -> None:
        async with self._reads:
            try:
                await self.read(sn)
            except InvalidKeysError, RateLimitedError, UnreachableError:
                raise
            except EcoflowError as err:
                self.errors[sn] = err

    async def read(self, sn: str) -> None:
        """Read all values of a device over HTTP."""
        if (state := self.states.get(sn)) is None:
            return
        requested_at = self._clock()
        try:
            values = await self.rest.quota_all(sn)
        except DeviceOfflineError:
            self._set_online(state, False)
            raise
        self.errors.pop(sn, None)
        self._read_at[sn] = requested_at
        online = state.online is not False
        now = self._clock()
        self._reachability.received(now, self.timing.max_age_s)
        changed = state.apply_reply(
            normalize(values), requested_at, now, online=online, reachable_since=self._reachability.receiving_since
        )
        self.callbacks.values_changed(sn, changed)

    def _set_online(self, state: DeviceState, online: bool) -> None:
        if state.online is not online:
            state.online = online
            self.callbacks.values_changed(state.sn, frozenset())

    # MQTT ---------------------------------------------------------------------------------------------------

    async def ensure_connected(self) -> None:
        """Connect to the broker if there is no connection and the next attempt is due."""
        self._reachability.wants_messages = True
        if self.mqtt is not None or self._stopped or self._clock() < self._broker_retry_at:
            return
        try:
            certification = await self.rest.certification()
        except EcoflowError:
            self._postpone_connection()
            raise
        connection = MqttConnection(
            asyncio.get_running_loop(),
            certification,
            self._client_id,
            self._tls,
            on_message=self.receive,
            on_state=self._connection_changed,
        )
        self.mqtt = connection
        await connection.start(self.states)

    def _postpone_connection(self, delay_s: float | None = None) -> None:
        if delay_s is None:
            delay_s = self._broker_backoff.next_s()
        self._broker_retry_at = self._clock() + delay_s

    def _connection_changed(self, state: ConnectionState) -> None:
        is_connected = state is ConnectionState.CONNECTED
        self._reachability.set_messages(is_connected, self._clock(), self.timing.max_age_s)
        if is_connected:
            self._broker_backoff.reset()
        elif state in (ConnectionState.AUTH_FAILED, ConnectionState.TAKEN_OVER):
            self._postpone_connection(TAKEOVER_PAUSE_S if state is ConnectionState.TAKEN_OVER else None)
            connection, self.mqtt = self.mqtt, None
            if connection is not None:
                self._disconnecting = asyncio.ensure_future(connection.stop())
        self.callbacks.connection_changed(state)

    def receive(self, message: Message) -> None:
        """Process a message from the broker."""
        self._reachability.received(self._clock(), self.timing.max_age_s)
        match message:
            case QuotaMessage():
                if (state := self.states.get(message.sn)) is not None:
                    self.callbacks.values_changed(message.sn, state.apply_message(message, self._clock()))
            case StatusMessage():
                if (state := self.states.get(message.sn)) is not None:
                    # The values of a device that comes back online are still those from before.
                    if message.online and state.online is not False:
                        state.last_seen = self._clock()
                    self._set_online(state, message.online)
            case SetReply():
                self._receive_reply(message)

    def _receive_reply(self, reply: SetReply) -> None:
        future = self._pending.get(reply.id)
        if future is not None:
            if not future.done():
                future.set_result(reply)
        elif reply.id not in self._expired_ids:
            self.callbacks.unknown_reply()

    async def stop(self) -> None:
        """Disconnect from the broker and do not connect again."""
        self._stopped = True
        if self.mqtt is not None:
            await self.mqtt.stop()
            self.mqtt = None
        if self._disconnecting is not None:
            await self._disconnecting

    # Writing ------------------------------------------------------------------------------------------------

    async def write(self, sn: str, command: Command) -> dict[str, Any]:
        """Send a command by MQTT and wait for the answer; without one, send it over HTTP and read the values back.

        Returns the data of the answer. Raises CommandError if the command is not confirmed, and the cloud's own
        error if it is refused.
        """
        state = self.states[sn]
        async with self._locks.setdefault(sn, asyncio.Lock()):
            reply = await self._write_mqtt(state, command)
            if reply is not None and reply.ok:
                self._confirm(state, command, command.expect)
                return reply.data
            return await self._write_http(state, command, "no answer" if reply is None else reply.detail)

    async def _write_mqtt(self, state: DeviceState, command: Command) -> SetReply | None:
        if self.mqtt is None or state.online is False:
            return None
        message_id = self._ids.next_id()
        key = str(message_id)
        future: asyncio.Future[SetReply] = asyncio.get_running_loop().create_future()
        self._pending[key] = future
        payload = mqtt_payload(self._command_format(state.sn), command.body, state.sn, message_id)
        try:
            if not self.mqtt.publish(state.sn, payload):
                return None
            return await asyncio.wait_for(future, self.timing.reply_timeout_s)
        except TimeoutError:
            return None
        finally:
            del self._pending[key]
            self._expired_ids.append(key)

    async def _write_http(self, state: DeviceState, command: Command, mqtt_result: str) -> dict[str, Any]:
        message_id = self._ids.next_id()
        self._expired_ids.append(str(message_id))
        body = http_payload(self._command_format(state.sn), command.body, state.sn, message_id)
        data = await self.rest.set_quota(body)
        if command.expect and not await self._read_back(state, command):
            raise CommandError(f"the cloud accepted the command, but the device did not apply it (MQTT: {mqtt_result})")
        return data

    def _command_format(self, sn: str) -> CommandFormat:
        return self.family(sn).command_format

    async def _read_back(self, state: DeviceState, command: Command) -> bool:
        """Whether the device reports the values that a command leads to, in any form."""
        for attempt in range(READ_BACK_ATTEMPTS):
            if attempt:
                await asyncio.sleep(self.timing.read_back_interval_s)
            values = normalize(await self.rest.quota(state.sn, command.expect))
            read = {name: values[name] for name in command.expect if name in values}
            if len(read) == len(command.expect) and command.is_confirmed_by({**state.values, **read}):
                self._confirm(state, command, read)
                return True
        return False

    def _confirm(self, state: DeviceState, command: Command, values: Mapping[str, Any]) -> None:
        changed = state.confirm(values, self._clock(), command.is_confirmed_by)
        self.callbacks.values_changed(state.sn, changed)
