"""Base classes of the simulated devices. Names, units and commands are EcoFlow's."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, override

from .plant import Plant
from .waking import waking

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
        # Reports until all parts have started, and how many there were.
        self.waking = 0
        self.started = 0
        # What the device reports instead of its values; None: it does not report that value.
        self.overrides: Values = {}

    def wake(self, reports: int) -> None:
        """Start the device: this many reports hold placeholders."""
        self.waking = reports

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

    def sent(self) -> Values:
        """Return all values as the device sends them."""
        values = waking(self.report(), self.started) if self.waking else self.report()
        values |= self.overrides
        return {name: value for name, value in values.items() if value is not None}

    def changed(self) -> Values:
        """Return the values that changed since the last call."""
        now = self.sent()
        changed = {name: value for name, value in now.items() if self.last.get(name) != value}
        self.last = now
        return changed

    def reported(self) -> None:
        """A report was received: a device that starts is one report further."""
        if self.waking:
            self.waking -= 1
            self.started += 1


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
