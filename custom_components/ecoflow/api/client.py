"""One account: its devices' state, kept current by MQTT or else by HTTP, and the way to write."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import logging
import ssl
import time
from typing import Any

from .commands import MessageIds, http_payload, mqtt_payload
from .errors import (
    CommandError,
    DeviceOfflineError,
    EcoflowError,
    InvalidKeysError,
    RateLimitedError,
    UnreachableError,
)
from .families import Command, Family, Style, family_of
from .messages import normalise
from .models import Device, Message, QuotaMessage, SetReply, StatusMessage
from .mqtt import LinkState, MqttLink
from .rest import RestClient
from .state import DeviceState

_LOGGER = logging.getLogger(__name__)

ACK_TIMEOUT_S = 8.0
READ_BACK_TRIES = 3
READ_BACK_PAUSE_S = 2.0
PARALLEL_READS = 4
FULL_REFRESH_S = 900.0
# While MQTT tells of every device, the cloud is asked so often whether there are others.
LIST_EVERY_S = 300.0
BROKER_RETRY_S = (30.0, 60.0, 120.0, 300.0, 600.0)
CONTENTION_PAUSE_S = 600.0


def _monotonic() -> float:
    return time.monotonic()


@dataclass(frozen=True, slots=True)
class Timing:
    """How long what stays good, in seconds."""

    # MQTT brought something within this: no need to ask over HTTP.
    push_window_s: float = 120.0
    # The last sign of life is older than this: values are no longer shown.
    max_age_s: float = 300.0
    ack_timeout_s: float = ACK_TIMEOUT_S
    read_back_pause_s: float = READ_BACK_PAUSE_S


@dataclass(slots=True)
class Listener:
    """What a user of the client wants to hear of; all called in the loop."""

    values: Callable[[str, frozenset[str]], None]
    link: Callable[[LinkState], None]
    foreign: Callable[[], None]


class EcoflowClient:
    """An account. Everything runs in the loop it was made in."""

    def __init__(
        self,
        rest: RestClient,
        tls: ssl.SSLContext,
        client_id: str,
        listener: Listener,
        *,
        timing: Timing | None = None,
        clock: Callable[[], float] = _monotonic,
    ) -> None:
        """`tls` verifies the broker; `client_id` must be the same for ever; `clock` is monotonic seconds."""
        self.rest = rest
        self.states: dict[str, DeviceState] = {}
        self.errors: dict[str, EcoflowError] = {}
        self.timing = timing or Timing()
        self.link: MqttLink | None = None
        self._tls = tls
        self._client_id = client_id
        self._listener = listener
        self._clock = clock
        self._ids = MessageIds()
        self._pending: dict[str, asyncio.Future[SetReply]] = {}
        self._late_ids: deque[str] = deque(maxlen=64)
        self._locks: dict[str, asyncio.Lock] = {}
        # With how many values each was found: a generic one is made anew when there are more.
        self._families: dict[str, tuple[Family, int]] = {}
        self._snapshot_at: dict[str, float] = {}
        self._listed_at: float | None = None
        self._reads = asyncio.Semaphore(PARALLEL_READS)
        self._broker_due = 0.0
        self._broker_tries = 0
        self._wanted = True
        self._stopping: asyncio.Future[None] | None = None

    # Reading ------------------------------------------------------------------------------------------------

    async def refresh_devices(self) -> None:
        """Ask for the account's devices; new ones appear in `states`, those that are gone leave it."""
        devices = {device.sn: device for device in await self.rest.device_list()}
        self._listed_at = self._clock()
        for sn in set(self.states) - set(devices):
            del self.states[sn]
            self._forget(sn)
        for device in devices.values():
            self._note(device)
        if self.link is not None:
            self.link.watch_devices(self.states)

    def _forget(self, sn: str) -> None:
        self.errors.pop(sn, None)
        self._families.pop(sn, None)
        self._snapshot_at.pop(sn, None)
        self._locks.pop(sn, None)

    def _note(self, device: Device) -> None:
        state = self.states.setdefault(device.sn, DeviceState(device))
        if state.device.product != device.product:
            self._families.pop(device.sn, None)
        state.device = device
        # A device that speaks is there, whatever the list says a moment later.
        if device.online or not state.push_is_fresh(self._clock(), self.timing.push_window_s):
            self._set_online(state, device.online)

    def family(self, sn: str) -> Family:
        """Return a device's family. A generic one grows with what the device reports until it is known."""
        state = self.states[sn]
        family, names = self._families.get(sn, (None, 0))
        if family is None or (not family.products and names != len(state.values)):
            family = family_of(state.device, state.values)
            if state.values:
                self._families[sn] = (family, len(state.values))
        return family

    def is_fresh(self, sn: str) -> bool:
        """Whether a device's values may be shown."""
        state = self.states.get(sn)
        return state is not None and state.is_fresh(self._clock(), self.timing.max_age_s)

    def needs_reading(self, sn: str) -> bool:
        """Whether a device is to be asked over HTTP: MQTT is silent, the last full report old or a value disputed."""
        now = self._clock()
        asked_at = self._snapshot_at.get(sn)
        if asked_at is None or now - asked_at >= FULL_REFRESH_S:
            return True
        state = self.states[sn]
        return state.is_disputed(now) or not state.push_is_fresh(now, self.timing.push_window_s)

    async def poll(self) -> None:
        """Ask for the devices and for the values of those that MQTT leaves silent.

        A fault of one device is kept in `errors` and does not stop the others; one of the account is raised.
        """
        if self._list_is_due():
            await self.refresh_devices()
        silent = [sn for sn in self.states if self.needs_reading(sn)]
        outcomes = await asyncio.gather(*map(self._poll_one, silent), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    def _list_is_due(self) -> bool:
        asked_at, now = self._listed_at, self._clock()
        return asked_at is None or now - asked_at >= LIST_EVERY_S or any(map(self.needs_reading, self.states))

    async def _poll_one(self, sn: str) -> None:
        async with self._reads:
            try:
                await self.read(sn)
            except InvalidKeysError, RateLimitedError, UnreachableError:
                raise
            except EcoflowError as err:
                self.errors[sn] = err

    async def read(self, sn: str) -> None:
        """Ask for everything that the cloud knows of a device."""
        if (state := self.states.get(sn)) is None:
            return
        asked_at = self._clock()
        try:
            values = await self.rest.quota_all(sn)
        except DeviceOfflineError:
            self._set_online(state, False)
            raise
        self.errors.pop(sn, None)
        self._snapshot_at[sn] = asked_at
        changed = state.apply_snapshot(normalise(values), asked_at, self._clock(), online=state.online is not False)
        self._listener.values(sn, changed)

    def _set_online(self, state: DeviceState, online: bool) -> None:
        if state.online is not online:
            state.online = online
            self._listener.values(state.sn, frozenset())

    # MQTT ---------------------------------------------------------------------------------------------------

    async def ensure_link(self) -> None:
        """Connect to the broker when that has not been done; a failure waits for its turn and is no error."""
        if self.link is not None or not self._wanted or self._clock() < self._broker_due:
            return
        try:
            certification = await self.rest.certification()
        except EcoflowError:
            self._postpone_link()
            raise
        link = MqttLink(
            asyncio.get_running_loop(),
            certification,
            self._client_id,
            self._tls,
            on_message=self.receive,
            on_state=self._link_changed,
        )
        self.link = link
        await link.start(self.states)

    def _postpone_link(self, pause_s: float | None = None) -> None:
        if pause_s is None:
            pause_s = BROKER_RETRY_S[min(self._broker_tries, len(BROKER_RETRY_S) - 1)]
            self._broker_tries += 1
        self._broker_due = self._clock() + pause_s

    def _link_changed(self, state: LinkState) -> None:
        if state is LinkState.CONNECTED:
            self._broker_tries = 0
        elif state in (LinkState.AUTH_FAILED, LinkState.CONTENDED):
            self._postpone_link(CONTENTION_PAUSE_S if state is LinkState.CONTENDED else None)
            link, self.link = self.link, None
            if link is not None:
                self._stopping = asyncio.ensure_future(link.stop())
        self._listener.link(state)

    def receive(self, message: Message) -> None:
        """Take one message from the broker."""
        match message:
            case QuotaMessage():
                if (state := self.states.get(message.sn)) is not None:
                    self._listener.values(message.sn, state.apply_push(message, self._clock()))
            case StatusMessage():
                if (state := self.states.get(message.sn)) is not None:
                    # Of one that was away the values are still those from before it left.
                    if message.online and state.online is not False:
                        state.last_seen = self._clock()
                    self._set_online(state, message.online)
            case SetReply():
                self._answered(message)

    def _answered(self, reply: SetReply) -> None:
        future = self._pending.get(reply.id)
        if future is not None:
            if not future.done():
                future.set_result(reply)
        elif reply.id not in self._late_ids:
            self._listener.foreign()

    async def stop(self) -> None:
        """End the broker connection for good."""
        self._wanted = False
        if self.link is not None:
            await self.link.stop()
            self.link = None
        if self._stopping is not None:
            await self._stopping

    # Writing ------------------------------------------------------------------------------------------------

    async def write(self, sn: str, command: Command) -> dict[str, Any]:
        """Carry out a command: MQTT with the device's answer, else HTTP and reading back.

        Returns the answer's data. Raises CommandError when neither way brought a confirmation, and the
        cloud's own error when it refused.
        """
        state = self.states[sn]
        async with self._locks.setdefault(sn, asyncio.Lock()):
            reply = await self._write_mqtt(state, command)
            if reply is not None and reply.ok:
                self._confirmed(state, command.expect)
                return reply.data
            return await self._write_http(state, command, "no answer" if reply is None else reply.detail)

    async def _write_mqtt(self, state: DeviceState, command: Command) -> SetReply | None:
        if self.link is None or state.online is False:
            return None
        message_id = self._ids.take()
        key = str(message_id)
        future: asyncio.Future[SetReply] = asyncio.get_running_loop().create_future()
        self._pending[key] = future
        try:
            if not self.link.publish(state.sn, mqtt_payload(self._style(state.sn), command.body, state.sn, message_id)):
                return None
            return await asyncio.wait_for(future, self.timing.ack_timeout_s)
        except TimeoutError:
            return None
        finally:
            del self._pending[key]
            self._late_ids.append(key)

    async def _write_http(self, state: DeviceState, command: Command, mqtt_said: str) -> dict[str, Any]:
        message_id = self._ids.take()
        self._late_ids.append(str(message_id))
        body = http_payload(self._style(state.sn), command.body, state.sn, message_id)
        data = await self.rest.set_quota(body)
        if command.expect and not await self._read_back(state, command.expect):
            raise CommandError(f"the cloud took the command, but the device does not show it (MQTT: {mqtt_said})")
        return data

    def _style(self, sn: str) -> Style:
        return self.family(sn).style

    async def _read_back(self, state: DeviceState, expect: Mapping[str, Any]) -> bool:
        """Whether the device reports what a command should have led to."""
        for attempt in range(READ_BACK_TRIES):
            if attempt:
                await asyncio.sleep(self.timing.read_back_pause_s)
            values = normalise(await self.rest.quota(state.sn, expect))
            if all(values.get(name) == value for name, value in expect.items()):
                self._confirmed(state, expect)
                return True
        return False

    def _confirmed(self, state: DeviceState, expect: Mapping[str, Any]) -> None:
        changed = state.confirm(expect, self._clock())
        self._listener.values(state.sn, changed)
