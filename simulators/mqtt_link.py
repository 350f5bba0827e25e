"""A device's connection to an MQTT broker: paho in its own thread, messages in the event loop."""

import argparse
import asyncio
from collections.abc import Callable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

type Handler = Callable[[str, bytes], None]


def add_broker_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a simulator that speaks MQTT."""
    parser.add_argument("--broker", default="127.0.0.1", help="address of the MQTT broker")
    parser.add_argument("--broker-port", type=int, default=1883)
    parser.add_argument("--username", default=None)
    parser.add_argument("--password", default=None)


class MqttLink:
    """One client. It connects again by itself for as long as it is open."""

    def __init__(self, args: argparse.Namespace, client_id: str, *, will: tuple[str, str] | None = None) -> None:
        """`will`: topic and payload that the broker publishes, retained, when this client is lost."""
        self._args = args
        self._loop = asyncio.get_running_loop()
        self._handlers: dict[str, Handler] = {}
        self._on_connect: list[Callable[[], None]] = []
        self._ready = asyncio.Event()
        self._client = client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        client.max_queued_messages_set(10_000)
        if args.username:
            client.username_pw_set(args.username, args.password)
        if will is not None:
            client.will_set(*will, qos=1, retain=True)
        client.on_connect = self._connected
        client.on_message = self._received
        client.reconnect_delay_set(1, 5)

    async def open(self, *, timeout_s: float = 20.0) -> None:
        """Connect; returns when the broker has accepted us.

        Raises:
            TimeoutError: It did not within the time.
        """
        self._client.connect_async(self._args.broker, self._args.broker_port, keepalive=15)
        self._client.loop_start()
        async with asyncio.timeout(timeout_s):
            await self._ready.wait()

    async def close(self, *, lost: bool = False) -> None:
        """Leave politely, or (`lost`) so that the broker publishes the last will."""
        if lost:
            sock = self._client.socket()
            self._client.loop_stop()
            if sock is not None:
                sock.close()
            return
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def on_connect(self, callback: Callable[[], None]) -> None:
        """Call back, in the event loop, at every connection."""
        self._on_connect.append(callback)

    def subscribe(self, topic: str, handler: Handler) -> None:
        """Have messages of a topic (no wildcards) handled in the event loop."""
        self._handlers[topic] = handler
        self._client.subscribe(topic, 1)

    def publish(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish; while there is no connection, QoS 1 messages wait for one."""
        self._client.publish(topic, payload, qos, retain)

    def _connected(self, client: mqtt.Client, _data: object, _flags: object, reason: object, _props: object) -> None:
        if getattr(reason, "is_failure", False):
            return
        for topic in self._handlers:
            client.subscribe(topic, 1)
        self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        self._ready.set()
        for callback in self._on_connect:
            callback()

    def _received(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if (handler := self._handlers.get(message.topic)) is not None:
            self._loop.call_soon_threadsafe(handler, message.topic, message.payload)
