"""The broker connection: paho-mqtt in its own thread; messages are passed to the event loop in short slices."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
import contextlib
from enum import StrEnum
import json
import logging
import random
import ssl
import time
from typing import TYPE_CHECKING, Any

from .._lib.slices import SlicedQueue
from .messages import parse_message, topic
from .models import Certification, Message

if TYPE_CHECKING:
    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

_LOGGER = logging.getLogger(__name__)

KEEPALIVE_S = 30
RECONNECT_MIN_S = 1
RECONNECT_MAX_S = 18
QUEUE_SIZE = 4000
STOP_TIMEOUT_S = 10.0
MESSAGE_TYPES = ("quota", "status", "set_reply")
# A second client with the same id takes the session over at once, and is disconnected by the next reconnect: while
# the broker is reachable, sessions stay short. This many within the window are not a coincidence.
SHORT_SESSION_S = 20.0
TAKEOVER_SESSIONS = 5
TAKEOVER_WINDOW_S = 300.0


class ConnectionState(StrEnum):
    """The state of the broker connection."""

    STOPPED = "stopped"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    AUTH_FAILED = "auth_failed"
    TAKEN_OVER = "taken_over"


class TakeoverDetector:
    """Distinguishes a session that another client keeps taking over from a broker that is unstable."""

    def __init__(self) -> None:
        self._connected_at: float | None = None
        self._short_ends: deque[float] = deque(maxlen=TAKEOVER_SESSIONS)

    def connected(self, now: float) -> None:
        """Record the start of a session."""
        self._connected_at = now

    def failed(self) -> None:
        """Record a failed connection attempt: the broker is unreachable, earlier short sessions do not count."""
        self._short_ends.clear()
        self._connected_at = None

    def disconnected(self, now: float) -> bool:
        """Record the unexpected end of a session and return whether another client is taking it over."""
        if self._connected_at is not None and now - self._connected_at < SHORT_SESSION_S:
            self._short_ends.append(now)
        else:
            self._short_ends.clear()
        self._connected_at = None
        return len(self._short_ends) == TAKEOVER_SESSIONS and now - self._short_ends[0] < TAKEOVER_WINDOW_S


class MqttConnection:
    """The broker connection of an account. Its client id never changes: the cloud allows about ten per key and day."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        certification: Certification,
        client_id: str,
        tls: ssl.SSLContext,
        *,
        on_message: Callable[[Message], None],
        on_state: Callable[[ConnectionState], None],
    ) -> None:
        """Both callbacks are called in the loop."""
        self._loop = loop
        self._certification = certification
        self._client_id = client_id
        self._tls = tls
        self._on_message = on_message
        self._on_state = on_state
        self._messages: SlicedQueue[Message] = SlicedQueue(loop, self._process, max_items=QUEUE_SIZE)
        self._takeovers = TakeoverDetector()
        self._sns: tuple[str, ...] = ()
        self._client: Client | None = None
        self._stopping = False
        self.state = ConnectionState.STOPPED
        self.connects = 0
        self.invalid = 0
        # Messages whose processing failed.
        self.failed = 0

    @property
    def dropped(self) -> int:
        """The number of messages dropped because the loop was too slow."""
        return self._messages.dropped

    async def start(self, sns: Iterable[str]) -> None:
        """Connect in the background, reconnect after a loss, and subscribe to the topics of the devices."""
        self._sns = tuple(sns)
        self._stopping = False
        self.state = ConnectionState.CONNECTING
        await self._loop.run_in_executor(None, self._start)

    def _start(self) -> None:
        from paho.mqtt.client import Client, MQTTv311
        from paho.mqtt.enums import CallbackAPIVersion

        client = Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=MQTTv311, clean_session=True)
        client.username_pw_set(self._certification.account, self._certification.password)
        client.tls_set_context(self._tls)
        client.connect_timeout = 10.0
        # Jitter, so that not all accounts reconnect at the same moment; paho does the waiting itself.
        client.reconnect_delay_set(RECONNECT_MIN_S, random.randint(RECONNECT_MAX_S - 6, RECONNECT_MAX_S))
        client.max_queued_messages_set(100)
        client.on_connect = self._connected
        client.on_connect_fail = self._connect_failed
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        self._client = client
        client.connect_async(self._certification.host, self._certification.port, keepalive=KEEPALIVE_S)
        client.loop_start()

    async def stop(self) -> None:
        """Disconnect and end the thread."""
        self._stopping = True
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._loop.run_in_executor(None, _disconnect, client), STOP_TIMEOUT_S)
        self.state = ConnectionState.STOPPED

    def subscribe_devices(self, sns: Iterable[str]) -> None:
        """Subscribe to new devices and unsubscribe from removed ones."""
        sns = tuple(sns)
        added, removed = set(sns) - set(self._sns), set(self._sns) - set(sns)
        self._sns = sns
        if self._client is None or self.state is not ConnectionState.CONNECTED:
            return
        if added:
            self._client.subscribe([(name, 1) for name in self._topics(sorted(added))])
        if removed:
            self._client.unsubscribe(self._topics(sorted(removed)))

    def publish(self, sn: str, payload: dict[str, Any]) -> bool:
        """Send a command without waiting; returns whether it was handed to the broker connection."""
        if self._client is None or self.state is not ConnectionState.CONNECTED:
            return False
        info = self._client.publish(topic(self._certification.account, sn, "set"), json.dumps(payload), qos=1)
        return info.rc == 0

    def _topics(self, sns: Iterable[str]) -> list[str]:
        return [topic(self._certification.account, sn, message_type) for sn in sns for message_type in MESSAGE_TYPES]

    # Called in paho's thread --------------------------------------------------------------------------------

    def _connected(
        self,
        client: Client,
        _userdata: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            # 134, 135: bad user name or password, not authorized. New credentials are needed.
            auth_failed = reason.value in (134, 135)
            self._report(ConnectionState.AUTH_FAILED if auth_failed else ConnectionState.CONNECTING)
            return
        self.connects += 1
        self._takeovers.connected(time.monotonic())
        topics = self._topics(self._sns)
        for start in range(0, len(topics), 30):
            client.subscribe([(name, 1) for name in topics[start : start + 30]])
        self._report(ConnectionState.CONNECTED)

    def _connect_failed(self, _client: Client, _userdata: Any) -> None:
        self._takeovers.failed()
        self._report(ConnectionState.CONNECTING)

    def _disconnected(
        self,
        _client: Client,
        _userdata: Any,
        _flags: DisconnectFlags,
        _reason: ReasonCode,
        _props: Properties | None,
    ) -> None:
        if self._stopping:
            return
        taken_over = self._takeovers.disconnected(time.monotonic())
        self._report(ConnectionState.TAKEN_OVER if taken_over else ConnectionState.CONNECTING)

    def _received(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        parsed = parse_message(message.topic, bytes(message.payload))
        if parsed is None:
            self.invalid += 1
        else:
            # The loop may be closed before the thread ends when Home Assistant stops.
            with contextlib.suppress(RuntimeError):
                self._messages.add_from_thread(parsed)

    def _report(self, state: ConnectionState) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._change_state, state)

    # In the loop --------------------------------------------------------------------------------------------

    def _process(self, message: Message) -> None:
        """Process a message; an exception in a handler is logged once and does not stop the others."""
        try:
            self._on_message(message)
        except Exception:
            self.failed += 1
            if self.failed == 1:
                _LOGGER.exception("Processing an MQTT message failed; further failures are only counted")

    def _change_state(self, state: ConnectionState) -> None:
        if self._stopping or state is self.state:
            return
        _LOGGER.debug("Broker connection: %s", state)
        self.state = state
        self._on_state(state)


def _disconnect(client: Client) -> None:
    client.disconnect()
    client.loop_stop()
