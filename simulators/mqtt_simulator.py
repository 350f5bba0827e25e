"""The common bases of simulators with one connection to an MQTT broker."""

from abc import abstractmethod
import argparse
import asyncio
import json
from typing import Any, ClassVar, NamedTuple, override

from .framework import Simulator, end_task
from .mqtt_link import MqttLink, add_broker_arguments


class Availability(NamedTuple):
    """Retained messages that show whether a simulator is online; the offline one is its last will."""

    topic: str
    online: str
    offline: str


class MqttSimulator(Simulator):
    """A simulator that connects to a broker and then runs until it is stopped."""

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.link: MqttLink | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_broker_arguments(parser)

    @property
    def client_id(self) -> str:
        """The client ID at the broker."""
        return f"sim-{self.NAME}"

    @property
    def availability(self) -> Availability | None:
        """The messages about the availability; None: it publishes none."""
        return None

    @abstractmethod
    async def run(self) -> None:
        """Publish until cancelled."""

    def introduce(self) -> None:
        """Publish what has to be known about the simulator; called at every connection."""
        if self.link is not None and (availability := self.availability) is not None:
            self.link.publish(availability.topic, availability.online, retain=True)

    @override
    async def start(self) -> dict[str, Any]:
        availability = self.availability
        will = None if availability is None else (availability.topic, availability.offline)
        self.link = MqttLink(self.args, self.client_id, will=will)
        self.link.on_connect(self.introduce)
        await self.link.open()
        self._task = asyncio.create_task(self.run())
        return {}

    @override
    async def stop(self) -> None:
        await end_task(self._task)
        if self.link is not None:
            await self.link.close()


class MqttSensors(MqttSimulator):
    """Sensors whose values a gateway or a server publishes as JSON, one message of a sensor per period.

    Attributes:
        published: Number of messages.
        last: Name of a sensor -> what it measured last.
    """

    FAULTS: ClassVar[dict[str, str]] = {
        "silent": "publishes nothing",
        "duplicate": "every message comes twice",
        "not_json": "messages break off in the middle",
    }
    PERIOD_S: ClassVar[float]

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.published = 0
        self.last: dict[str, dict[str, Any]] = {}

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--period", type=float, default=cls.PERIOD_S, help="seconds between two messages of a sensor"
        )

    @property
    @abstractmethod
    def device_ids(self) -> list[str]:
        """The sensors' IDs, as they are in topics."""

    @abstractmethod
    def publish(self) -> None:
        """Publish a message of every sensor."""

    @override
    async def start(self) -> dict[str, Any]:
        return await super().start() | {"devices": self.device_ids}

    @override
    def state(self) -> dict[str, Any]:
        return {"published": self.published, "last": self.last}

    @override
    async def run(self) -> None:
        while True:
            self.publish()
            await self.clock.sleep(self.args.period)

    def send(self, topic: str, message: dict[str, Any]) -> None:
        """Publish a message, with the faults that are on."""
        if self.link is None or "silent" in self.faults:
            return
        text = json.dumps(message)
        if "not_json" in self.faults:
            text = text[: len(text) // 2]
        for _ in range(2 if "duplicate" in self.faults else 1):
            self.link.publish(topic, text)
            self.published += 1
