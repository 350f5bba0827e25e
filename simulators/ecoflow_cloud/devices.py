"""Base classes of the simulated devices. Names, units and commands are EcoFlow's."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, override

from .plant import Plant

type Values = dict[str, Any]


class SimDevice(ABC):
    """A device: its values, its messages and its commands."""

    PRODUCT: ClassVar[str]

    def __init__(self, sn: str, name: str) -> None:
        """Create a device with its serial number and the owner's name for it."""
        self.sn = sn
        self.name = name
        self.online = True
        self.settings: Values = {}
        self.last: Values = {}
        self.commands: list[dict[str, Any]] = []

    @abstractmethod
    def step(self, seconds: float, sun: float, noise: float) -> None:
        """Simulate a time step."""

    @abstractmethod
    def report(self) -> Values:
        """Return all values under their full names."""

    @abstractmethod
    def messages(self, changed: Values, time_ms: int) -> list[dict[str, Any]]:
        """Return the MQTT messages for changed values."""

    @abstractmethod
    def apply_command(self, body: Mapping[str, Any]) -> bool:
        """Apply a command and return whether it is valid."""

    def ack(self, body: Mapping[str, Any], ok: bool) -> dict[str, Any]:
        """Return the data of the answer to a command."""
        return {"ack": 0 if ok else 1}

    def changed(self) -> Values:
        """Return the values that changed since the last call."""
        now = self.report()
        changed = {name: value for name, value in now.items() if self.last.get(name) != value}
        self.last = now
        return changed


def by_module(changed: Values) -> dict[str, Values]:
    """Group values by module."""
    modules: dict[str, Values] = {}
    for name, value in changed.items():
        modules.setdefault(name.partition(".")[0], {})[name] = value
    return modules


class Station(SimDevice):
    """A device with a battery."""

    def __init__(self, sn: str, name: str, plant: Plant | None = None) -> None:
        """Create a station with a new plant or the given one."""
        super().__init__(sn, name)
        self.plant = plant or Plant()

    @override
    def step(self, seconds: float, sun: float, noise: float) -> None:
        self.plant.step(seconds, sun, noise)
