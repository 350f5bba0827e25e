"""Devices behind the cloud. Names, units and commands are EcoFlow's; the values are the simulation's own."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, override

from .plant import Plant

type Values = dict[str, Any]


class SimDevice(ABC):
    """One device: what it reports, how it words its messages, what it does when told."""

    PRODUCT: ClassVar[str]

    def __init__(self, sn: str, name: str) -> None:
        """A device with its serial number and the name its owner gave it."""
        self.sn = sn
        self.name = name
        self.online = True
        self.settings: Values = {}
        self.last: Values = {}
        self.commands: list[dict[str, Any]] = []

    @abstractmethod
    def step(self, seconds: float, sun: float, wobble: float) -> None:
        """Let time pass."""

    @abstractmethod
    def report(self) -> Values:
        """Everything, under full names."""

    @abstractmethod
    def messages(self, changed: Values, time_ms: int) -> list[dict[str, Any]]:
        """Word changed values as MQTT messages."""

    @abstractmethod
    def obey(self, body: Mapping[str, Any]) -> bool:
        """Carry a command out; returns whether it is one."""

    def ack(self, body: Mapping[str, Any], ok: bool) -> dict[str, Any]:
        """The data of the answer to a command."""
        return {"ack": 0 if ok else 1}

    def changed(self) -> Values:
        """What differs from what was told last."""
        now = self.report()
        changed = {name: value for name, value in now.items() if self.last.get(name) != value}
        self.last = now
        return changed


def by_module(changed: Values) -> dict[str, Values]:
    """Sort values by the module that reports them."""
    modules: dict[str, Values] = {}
    for name, value in changed.items():
        modules.setdefault(name.partition(".")[0], {})[name] = value
    return modules


class Station(SimDevice):
    """A device with a battery."""

    def __init__(self, sn: str, name: str, plant: Plant | None = None) -> None:
        """A station, with a plant of its own or a given one."""
        super().__init__(sn, name)
        self.plant = plant or Plant()

    @override
    def step(self, seconds: float, sun: float, wobble: float) -> None:
        self.plant.step(seconds, sun, wobble)
