"""The MQTT broker of the cloud: amqtt over TLS, with the credentials and topics of one account."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import logging
from typing import Any, ClassVar, override

from amqtt.broker import Broker, BrokerContext
from amqtt.contexts import Action, BaseContext, BrokerConfig, ListenerConfig
from amqtt.plugins.base import BaseAuthPlugin, BasePlugin, BaseTopicPlugin
from amqtt.session import ApplicationMessage, Session

from .certificates import Certificates

_LOGGER = logging.getLogger(__name__)
_STOP_WITHIN_S = 5
# amqtt logs each lost connection as an error.
for _name in ("amqtt", "transitions"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

type Receive = Callable[[str, bytes], Awaitable[None]]


@dataclass(slots=True)
class Realm:
    """The credentials of a broker, and the handler of the clients' messages."""

    username: str
    password: str
    receive: Receive


class AccountPlugin(BaseAuthPlugin, BaseTopicPlugin, BasePlugin[BrokerContext]):  # type: ignore[misc]
    """Authenticates clients, restricts them to the account's topics and passes their messages to the cloud.

    amqtt creates its plug-ins itself, so they look their realm up by name.
    """

    REALMS: ClassVar[dict[str, Realm]] = {}

    @dataclass
    class Config:
        """The name of the realm."""

        realm: str = ""

    def __init__(self, context: BaseContext) -> None:
        """Look up the realm."""
        super().__init__(context)
        self._realm = self.REALMS[self.config.realm]

    @override
    async def authenticate(self, *, session: Session) -> bool | None:
        return (session.username, session.password) == (self._realm.username, self._realm.password)

    @override
    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        return session is None or (topic or "").startswith(f"/open/{self._realm.username}/")

    async def on_broker_message_received(self, *, client_id: str, message: ApplicationMessage) -> None:
        """Process a client's message."""
        await self._realm.receive(message.topic, bytes(message.data or b""))


class _Broker(Broker):  # type: ignore[misc]
    """Closes the old connection of a client id when a new one starts, as MQTT 3.1.1 requires and amqtt does not."""

    @override
    async def _delete_session(self, client_id: str) -> None:
        if client_id in self._sessions:
            await _close(self._sessions[client_id][1])
        await super()._delete_session(client_id)


def _server_of(broker: Broker) -> asyncio.Server:
    server: asyncio.Server = broker._servers["default"].instance  # noqa: SLF001
    return server


async def _close(handler: Any) -> None:
    if (writer := getattr(handler, "writer", None)) is not None:
        with suppress(Exception):
            await writer.close()


class CloudBroker:
    """A broker that can be stopped and restarted on the same port."""

    def __init__(self, host: str, port: int, files: Certificates, realm: Realm) -> None:
        """Port 0 selects a free port, which is then kept."""
        self.host = host
        self.port = port
        self.realm = realm
        self._files = files
        self._broker: Broker | None = None

    @property
    def up(self) -> bool:
        """Whether the broker runs."""
        return self._broker is not None

    @property
    def clients(self) -> list[str]:
        """The client ids of the connected sessions."""
        if self._broker is None:
            return []
        return [
            client_id
            for client_id, (session, _) in self._broker._sessions.items()  # noqa: SLF001
            if session.transitions.state == "connected"
        ]

    def is_subscribed(self, topic: str) -> bool:
        """Whether a client has subscribed to exactly this topic."""
        return self._broker is not None and bool(self._broker._subscriptions.get(topic))  # noqa: SLF001

    async def start(self) -> None:
        """Start listening."""
        name = f"{id(self)}"
        AccountPlugin.REALMS[name] = self.realm
        config = BrokerConfig(
            listeners={
                "default": ListenerConfig(
                    bind=f"{self.host}:{self.port}",
                    ssl=True,
                    certfile=self._files.certificate,
                    keyfile=self._files.key,
                )
            },
            plugins={f"{__name__}.AccountPlugin": {"realm": name}},
        )
        self._broker = _Broker(config)
        await self._broker.start()
        self.port = _server_of(self._broker).sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop the broker; the clients are disconnected."""
        broker, self._broker = self._broker, None
        if broker is not None:
            await self._disconnect_all(broker)
            # Python waits for all connections of a server that closes, and amqtt leaves half-open ones behind.
            _server_of(broker).abort_clients()
            with suppress(Exception):
                async with asyncio.timeout(_STOP_WITHIN_S):
                    await broker.shutdown()
            AccountPlugin.REALMS.pop(f"{id(self)}", None)

    async def drop(self) -> None:
        """Disconnect all clients; the broker keeps running."""
        if self._broker is not None:
            await self._disconnect_all(self._broker)

    async def _disconnect_all(self, broker: Broker) -> None:
        for _, handler in list(broker._sessions.values()):  # noqa: SLF001
            await _close(handler)

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send a message to the subscribers."""
        if self._broker is not None:
            await self._broker.internal_message_broadcast(topic, payload, 1)
