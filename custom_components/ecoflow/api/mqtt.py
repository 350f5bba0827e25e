"""The broker connection: paho in its own thread, handed over to the event loop in bounded batches."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
import contextlib
from enum import StrEnum
import json
import logging
import random
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

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
INBOX_SIZE = 4000
BATCH = 100
SLICE_S = 0.004
STOP_TIMEOUT_S = 10.0
SUBSCRIBED = ("quota", "status", "set_reply")
# Another client with our id takes the session over at once, and we take it back: sessions end young while
# the broker
# is there. So many in so short a time are no accident.
SHORT_SESSION_S = 20.0
CONTENTION_SESSIONS = 5
CONTENTION_WINDOW_S = 300.0


class LinkState(StrEnum):
    """What the connection to the broker is up to."""

    STOPPED = "stopped"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    AUTH_FAILED = "auth_failed"
    CONTENDED = "contended"


class Inbox:
    """A bounded queue from a foreign thread into the loop. When full, the oldest message goes."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, deliver: Callable[[Message], None], size: int = INBOX_SIZE
    ) -> None:
        """`deliver` is called in the loop, for one message at a time."""
        self._loop = loop
        self._deliver = deliver
        self._queue: deque[Message] = deque(maxlen=size)
        self._lock = threading.Lock()
        self._scheduled = False
        self.dropped = 0
        self.failed = 0

    def put(self, message: Message) -> None:
        """Add a message (any thread) and see that the loop fetches it."""
        with self._lock:
            self.dropped += len(self._queue) == self._queue.maxlen
            self._queue.append(message)
            if self._scheduled:
                return
            self._scheduled = True
        # The loop is closed when Home Assistant goes down before the thread does.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        """Deliver for at most SLICE_S, then let others have the loop."""
        deadline = time.perf_counter() + SLICE_S
        for _ in range(BATCH):
            with self._lock:
                if not self._queue:
                    self._scheduled = False
                    return
                message = self._queue.popleft()
            self._take(message)
            if time.perf_counter() > deadline:
                break
        self._loop.call_soon(self._drain)

    def _take(self, message: Message) -> None:
        """Deliver one message. One that cannot be taken must not end the delivery of all that follow."""
        try:
            self._deliver(message)
        except Exception:
            self.failed += 1
            if self.failed == 1:
                _LOGGER.exception("A message could not be taken; further ones are only counted")


class ContentionWatch:
    """Tells a session that is being taken over, again and again, from a broker that comes and goes."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._connected_at: float | None = None
        self._ends: deque[float] = deque(maxlen=CONTENTION_SESSIONS)

    def connected(self, now: float) -> None:
        """Note that a session began."""
        self._connected_at = now

    def failed(self) -> None:
        """Note that the broker could not be reached: what ended before was its absence."""
        self._ends.clear()
        self._connected_at = None

    def disconnected(self, now: float) -> bool:
        """Note that a session ended without our doing; returns whether somebody else is taking it."""
        if self._connected_at is not None and now - self._connected_at < SHORT_SESSION_S:
            self._ends.append(now)
        else:
            self._ends.clear()
        self._connected_at = None
        return len(self._ends) == CONTENTION_SESSIONS and now - self._ends[0] < CONTENTION_WINDOW_S


class MqttLink:
    """One connection per account, with one client id for ever (the cloud allows some ten a day and key)."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        certification: Certification,
        client_id: str,
        tls: ssl.SSLContext,
        *,
        on_message: Callable[[Message], None],
        on_state: Callable[[LinkState], None],
    ) -> None:
        """Both callbacks are called in the loop."""
        self._loop = loop
        self._certification = certification
        self._client_id = client_id
        self._tls = tls
        self._on_state = on_state
        self._inbox = Inbox(loop, on_message)
        self._watch = ContentionWatch()
        self._sns: tuple[str, ...] = ()
        self._client: Client | None = None
        self._stopping = False
        self.state = LinkState.STOPPED
        self.connects = 0
        self.unreadable = 0

    @property
    def dropped(self) -> int:
        """Messages lost because the loop did not keep up."""
        return self._inbox.dropped

    @property
    def failed(self) -> int:
        """Messages that could not be taken, for a fault of ours."""
        return self._inbox.failed

    async def start(self, sns: Iterable[str]) -> None:
        """Connect in the background, for ever, and subscribe to the devices' topics."""
        self._sns = tuple(sns)
        self._stopping = False
        self.state = LinkState.CONNECTING
        await self._loop.run_in_executor(None, self._start)

    def _start(self) -> None:
        from paho.mqtt.client import Client, MQTTv311
        from paho.mqtt.enums import CallbackAPIVersion

        client = Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=MQTTv311, clean_session=True)
        client.username_pw_set(self._certification.account, self._certification.password)
        client.tls_set_context(self._tls)
        client.connect_timeout = 10.0
        # A little different for each account and run, so that not all come back in the same moment.
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
                await asyncio.wait_for(self._loop.run_in_executor(None, _end, client), STOP_TIMEOUT_S)
        self.state = LinkState.STOPPED

    def watch_devices(self, sns: Iterable[str]) -> None:
        """Subscribe to what is new and unsubscribe from what is gone."""
        wanted = tuple(sns)
        new, gone = set(wanted) - set(self._sns), set(self._sns) - set(wanted)
        self._sns = wanted
        if self._client is None or self.state is not LinkState.CONNECTED:
            return
        if new:
            self._client.subscribe([(name, 1) for name in self._topics(sorted(new))])
        if gone:
            self._client.unsubscribe(self._topics(sorted(gone)))

    def publish(self, sn: str, payload: dict[str, Any]) -> bool:
        """Send a command; returns whether it is on its way. Does not wait."""
        if self._client is None or self.state is not LinkState.CONNECTED:
            return False
        info = self._client.publish(topic(self._certification.account, sn, "set"), json.dumps(payload), qos=1)
        return info.rc == 0

    def _topics(self, sns: Iterable[str]) -> list[str]:
        return [topic(self._certification.account, sn, what) for sn in sns for what in SUBSCRIBED]

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
            # Wrong name or password, or not authorised: new credentials are needed.
            self._tell(LinkState.AUTH_FAILED if reason.value in (134, 135) else LinkState.CONNECTING)
            return
        self.connects += 1
        self._watch.connected(time.monotonic())
        topics = self._topics(self._sns)
        for start in range(0, len(topics), 30):
            client.subscribe([(name, 1) for name in topics[start : start + 30]])
        self._tell(LinkState.CONNECTED)

    def _connect_failed(self, _client: Client, _userdata: Any) -> None:
        self._watch.failed()
        self._tell(LinkState.CONNECTING)

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
        contended = self._watch.disconnected(time.monotonic())
        self._tell(LinkState.CONTENDED if contended else LinkState.CONNECTING)

    def _received(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        parsed = parse_message(message.topic, bytes(message.payload))
        if parsed is None:
            self.unreadable += 1
        else:
            self._inbox.put(parsed)

    def _tell(self, state: LinkState) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._change, state)

    # In the loop --------------------------------------------------------------------------------------------

    def _change(self, state: LinkState) -> None:
        if self._stopping or state is self.state:
            return
        _LOGGER.debug("Broker connection: %s", state)
        self.state = state
        self._on_state(state)


def _end(client: Client) -> None:
    client.disconnect()
    client.loop_stop()
