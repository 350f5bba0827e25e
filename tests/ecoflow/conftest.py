"""Fixtures: the simulated cloud in a thread with its own loop, reached only over the network."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
import ssl
import threading
import time
from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
import pytest_socket

from custom_components.ecoflow.api.client import ClientCallbacks, EcoflowClient, Timing
from custom_components.ecoflow.api.mqtt import MESSAGE_TYPES, ConnectionState
from custom_components.ecoflow.api.rest import RestClient
from custom_components.ecoflow.api.signing import Keys
from custom_components.ecoflow.const import DOMAIN
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY, EcoflowCloud
from simulators.ecoflow_cloud.devices import SimDevice
from simulators.framework import parser_of

DELTA_PRO = "DCABZSIM000001"
DELTA_2 = "R331ZSIM000002"
KEYS = Keys(ACCESS_KEY, SECRET_KEY)


class CloudThread:
    """A cloud in a thread. Its state can be read directly and is changed through `run`."""

    def __init__(self, *argv: str) -> None:
        """Prepare the thread."""
        self._argv = argv
        self._loop = asyncio.new_event_loop()
        # The test plugin ignores threads with this name in its check for lingering threads.
        self._loop.set_default_executor(ThreadPoolExecutor(2, thread_name_prefix="waitpid-ecoflow"))
        self._thread = threading.Thread(target=self._loop.run_forever, name="waitpid-ecoflow-cloud", daemon=True)
        self.cloud: EcoflowCloud
        self.ready: dict[str, Any] = {}

    def start(self) -> None:
        """Start the cloud."""
        self._thread.start()

        async def begin() -> None:
            self.cloud = EcoflowCloud(parser_of(EcoflowCloud).parse_args(self._argv))
            self.ready = await self.cloud.start()

        self.run(begin())

    def stop(self) -> None:
        """Stop the cloud and its thread."""
        self.run(self.cloud.stop())
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def run[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something in the cloud's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    @property
    def url(self) -> str:
        """The URL of the API."""
        return f"https://127.0.0.1:{self.ready['port']}"

    @property
    def ca_file(self) -> str:
        """The certificate authority of the servers."""
        return str(self.ready["ca_file"])

    @property
    def broker_up(self) -> bool:
        """Whether the broker runs."""
        return self.cloud.broker is not None and self.cloud.broker.up

    def fault(self, name: str, value: Any = True) -> None:
        """Activate a fault; one of the broker takes effect at once."""
        self.cloud.faults.set(name, value)
        if name == "broker_down":
            self.run(self.cloud.update_broker())

    def clear(self, name: str) -> None:
        """Deactivate a fault; one of the broker takes effect at once."""
        self.cloud.faults.clear(name)
        if name == "broker_down":
            self.run(self.cloud.update_broker())

    def do(self, name: str, **arguments: Any) -> Any:
        """Run an action of the simulator."""
        return self.run(self.cloud.do(name, arguments))

    def device(self, sn: str) -> SimDevice:
        """Return a device."""
        return self.cloud.devices[sn]

    def report(self, sn: str) -> None:
        """Let a device report its changed values."""
        self.run(self.cloud.report(sn))

    def is_subscribed(self, *sns: str) -> bool:
        """Whether a client has subscribed to all topics of the devices."""
        broker, account = self.cloud.broker, self.cloud.account
        return broker is not None and all(
            broker.is_subscribed(f"/open/{account}/{sn}/{what}") for sn in sns for what in MESSAGE_TYPES
        )

    def publish(self, sn: str, what: str, payload: bytes) -> None:
        """Publish a message to a topic of a device."""
        self.run(self.cloud.publish(f"/open/{self.cloud.account}/{sn}/{what}", payload))


@pytest.fixture(autouse=True)
def _loopback(socket_enabled: None) -> None:
    """The cloud is on loopback."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"])


@pytest.fixture
def make_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., CloudThread]]:
    """Start clouds with options of the simulator's command line."""
    folder = tmp_path_factory.getbasetemp() / "ecoflow-certificates"
    clouds: list[CloudThread] = []

    def make(*argv: str) -> CloudThread:
        # Noon in June; devices report only when the test requests it, and have been on for long.
        thread = CloudThread(
            "--folder",
            str(folder),
            "--world-start",
            "2025-06-21T11:00:00Z",
            "--period",
            "3600",
            "--wake-up",
            "0",
            *argv,
        )
        thread.start()
        clouds.append(thread)
        return thread

    yield make
    for cloud in clouds:
        cloud.stop()


@pytest.fixture
def cloud(make_cloud: Callable[..., CloudThread]) -> CloudThread:
    """A cloud with a DELTA Pro and a DELTA 2."""
    return make_cloud("--device", "delta_pro", "--device", "delta_2")


@pytest.fixture
def tls(cloud: CloudThread) -> ssl.SSLContext:
    """TLS verification with the cloud's certificate authority."""
    return ssl.create_default_context(cafile=cloud.ca_file)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session."""
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
def rest(session: aiohttp.ClientSession, cloud: CloudThread, tls: ssl.SSLContext) -> RestClient:
    """The signed HTTP client."""
    return RestClient(session, cloud.url, KEYS, ssl_context=tls, timeout_s=5)


class RecordedCallbacks:
    """The events of a client."""

    def __init__(self) -> None:
        """Start empty."""
        self.values: list[tuple[str, frozenset[str]]] = []
        self.connection: list[ConnectionState] = []
        self.unknown_replies = 0

    def callbacks(self) -> ClientCallbacks:
        """Return callbacks that record all events."""
        return ClientCallbacks(
            lambda sn, names: self.values.append((sn, names)), self.connection.append, self._unknown_reply
        )

    def _unknown_reply(self) -> None:
        self.unknown_replies += 1


@pytest.fixture
def events() -> RecordedCallbacks:
    """The events of the `client` fixture."""
    return RecordedCallbacks()


@pytest.fixture
async def client(rest: RestClient, tls: ssl.SSLContext, events: RecordedCallbacks) -> AsyncIterator[EcoflowClient]:
    """An account client with short waits."""
    timing = Timing(reply_timeout_s=1.0, read_back_interval_s=0.05)
    created = EcoflowClient(rest, tls, "test-client", timing=timing)
    created.callbacks = events.callbacks()
    yield created
    await created.stop()


def account_data(cloud: CloudThread, **changes: Any) -> dict[str, Any]:
    """Return the data of an account at the simulated cloud."""
    endpoint = {"url": cloud.url, "ca_file": cloud.ca_file}
    return {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "region": "eu", "custom_endpoint": endpoint, **changes}


@pytest.fixture
def entry(hass: HomeAssistant, cloud: CloudThread) -> MockConfigEntry:
    """An account that is not set up yet."""
    made = MockConfigEntry(
        domain=DOMAIN, title="EcoFlow 127.0.0.1", data=account_data(cloud), unique_id=cloud.cloud.account
    )
    made.add_to_hass(hass)
    return made


type Settle = Callable[..., Awaitable[None]]


@pytest.fixture
def settle(hass: HomeAssistant) -> Settle:
    """Wait for a condition in Home Assistant, including network and threads, for at most 120 s."""

    async def wait(is_so: Callable[[], object], limit_s: float = 120.0) -> None:
        deadline = time.perf_counter() + limit_s
        while not is_so():
            assert time.perf_counter() < deadline, "timeout"
            await asyncio.sleep(0.02)
            await hass.async_block_till_done()

    return wait


@pytest.fixture
async def account(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: CloudThread, settle: Settle
) -> AsyncIterator[MockConfigEntry]:
    """An account that is set up and connected to the broker."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    data = entry.runtime_data
    await settle(lambda: data.coordinator.is_mqtt_connected)
    await settle(lambda: cloud.is_subscribed(*data.client.states))
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


def entity_of(hass: HomeAssistant, entry: MockConfigEntry, sn: str, key: str, platform: Platform) -> str:
    """Return the entity id for a device's key."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{entry.entry_id}_{sn}_{key}")
    assert found is not None, key
    return found


def state_of(hass: HomeAssistant, entry: MockConfigEntry, sn: str, key: str, platform: Platform) -> str:
    """Return the state for a device's key."""
    state = hass.states.get(entity_of(hass, entry, sn, key, platform))
    assert state is not None, key
    return state.state


@pytest.fixture
async def clock(hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Home Assistant's test clock for an account that was connected in real time.

    The test clock has its own monotonic time, so all values are read again with it.
    """
    client = account.runtime_data.client
    for sn, state in client.states.items():
        state._last_reply = {}
        await client.read(sn)
    # All timers of the real clock are overdue now.
    await hass.async_block_till_done(wait_background_tasks=True)
    return freezer


async def poll(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 61) -> None:
    """Advance the clock and run what is due."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    for _ in range(3):  # states are written with call_soon
        await asyncio.sleep(0)


type Until = Callable[..., Awaitable[None]]


@pytest.fixture
def until() -> Until:
    """Wait for a condition, for at most 120 s."""

    async def wait(is_so: Callable[[], object], limit_s: float = 120.0) -> None:
        deadline = time.perf_counter() + limit_s
        while not is_so():
            assert time.perf_counter() < deadline, "timeout"
            await asyncio.sleep(0.02)

    return wait
