"""When a gap begins and ends, on a clock and a broker of the test's own."""

from collections.abc import Callable
from typing import Any

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
import pytest

from custom_components.edge_telemetry.broker.monitor import BrokerMonitor

TOPICS = ("home/+/telemetry", "home/+/state")


class Broker:
    """What core's mqtt integration reports about a broker: whether it is connected, and each renewed subscription."""

    def __init__(self) -> None:
        self.connected = True
        self.listeners: list[Callable[[bool], None]] = []
        self.renewals: dict[tuple[str, int], list[Callable[[], None]]] = {}

    def listen(self, _hass: HomeAssistant, listener: Callable[[bool], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def renewed_calls(
        self, _hass: HomeAssistant, topic: str, qos: int, listener: Callable[[], None]
    ) -> Callable[[], None]:
        waiting = self.renewals.setdefault((topic, qos), [])
        waiting.append(listener)
        return lambda: waiting.remove(listener)

    def connect(self, connected: bool) -> None:
        self.connected = connected
        for listener in list(self.listeners):
            listener(connected)

    def subscribed(self, topic: str, qos: int = 1) -> None:
        for listener in list(self.renewals.get((topic, qos), [])):
            listener()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """A connected broker in the place of core's."""
    broker = Broker()
    monkeypatch.setattr(mqtt, "is_connected", lambda _hass: broker.connected)
    monkeypatch.setattr(mqtt, "async_subscribe_connection_status", broker.listen)
    monkeypatch.setattr(mqtt, "async_on_subscribe_done", broker.renewed_calls)
    return broker


class Watched:
    """A monitor with its clock and the number of its notices."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.now = 1000.0
        self.changes = 0
        self.monitor = BrokerMonitor(hass, clock=lambda: self.now)
        self.monitor.listeners.append(self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def seen(self) -> tuple[int, float | None, float | None]:
        return self.monitor.gaps, self.monitor.last_gap_s, self.monitor.lost_since


@pytest.fixture
def watched(hass: HomeAssistant) -> Watched:
    """A link that follows nothing yet."""
    return Watched(hass)


def test_the_first_subscription_is_not_a_gap(broker: Broker, watched: Watched) -> None:
    broker.connected = False
    watched.monitor.start(TOPICS, qos=1)
    assert watched.seen() == (0, None, 1000.0)

    watched.now += 30
    broker.connect(True)
    for topic in TOPICS:
        broker.subscribed(topic)
    assert watched.seen() == (0, None, None)


def test_a_gap_ends_with_the_last_renewed_subscription(broker: Broker, watched: Watched) -> None:
    watched.monitor.start(TOPICS, qos=1)
    for topic in TOPICS:
        broker.subscribed(topic)
    assert watched.seen() == (0, None, None)

    broker.connect(False)
    broker.connect(False)  # reported twice: one gap, from the first moment
    assert (watched.seen(), watched.changes) == ((0, None, 1000.0), 1)

    watched.now += 4.25
    broker.connect(True)
    broker.subscribed(TOPICS[0])
    assert watched.monitor.lost_since is not None
    watched.now += 2
    broker.subscribed(TOPICS[1])
    assert watched.seen() == (1, 6.2, None)
    assert watched.changes == 2

    broker.subscribed(TOPICS[1])  # renewed again for another integration: no gap
    assert watched.seen() == (1, 6.2, None)


def test_a_confirmation_that_comes_after_the_next_loss_ends_nothing(broker: Broker, watched: Watched) -> None:
    watched.monitor.start(TOPICS, qos=1)
    for topic in TOPICS:
        broker.subscribed(topic)
    broker.connect(False)
    for topic in TOPICS:
        broker.subscribed(topic)  # late notice of the lost connection
    assert watched.monitor.lost_since == 1000.0

    broker.connect(True)
    broker.subscribed(TOPICS[0])
    watched.now += 1
    broker.connect(False)  # lost again half-way: both topics are awaited again
    broker.connect(True)
    broker.subscribed(TOPICS[1])
    assert watched.monitor.lost_since == 1000.0
    broker.subscribed(TOPICS[0])
    assert watched.seen() == (1, 1.0, None)


@pytest.mark.parametrize("level", [1, 2])
def test_a_topic_that_another_integration_uses_with_a_higher_qos(broker: Broker, watched: Watched, level: int) -> None:
    watched.monitor.start(TOPICS[:1], qos=1)
    broker.subscribed(TOPICS[0], level)
    broker.connect(False)
    broker.connect(True)
    broker.subscribed(TOPICS[0], level)
    assert watched.monitor.gaps == 1


def test_what_has_ended_hears_nothing(broker: Broker, watched: Watched) -> None:
    watched.monitor.start(TOPICS, qos=0)
    watched.monitor.stop()
    watched.monitor.stop()
    broker.connect(False)
    assert watched.seen() == (0, None, None)
    left: list[Any] = [*broker.listeners, *(each for waiting in broker.renewals.values() for each in waiting)]
    assert left == []
