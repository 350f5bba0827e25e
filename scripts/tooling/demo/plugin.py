"""The interface between an integration and the demo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from .client import HomeAssistant


@dataclass(frozen=True, slots=True)
class SimulatorSpec:
    """A simulator to start as a child process: ``python -m simulators.MODULE ARGUMENTS``.

    Attributes:
        name: Unique in the demo; the key in the JSON line's ``simulators``.
        module: Package below simulators/.
        arguments: Command line arguments; the demo adds --speed. "{folder}" is replaced by the demo's folder.
        address: Host and port of a simulator that is polled; printed with --no-simulators as well, although
            nothing listens there.
        private_files: Files that are deleted when the demo ends, such as private keys.
    """

    name: str
    module: str
    arguments: Sequence[str]
    address: tuple[str, int] | None = None
    private_files: tuple[str, ...] = ()


def place(address: tuple[str, int] | None) -> dict[str, Any]:
    """Return an address as in the JSON line; nulls for a simulator that only calls others."""
    host, port = address or (None, None)
    return {"host": host, "port": port}


@dataclass(slots=True)
class Device:
    """A device of the demo, as in the JSON line.

    Attributes:
        domain: Domain of the integration.
        id: Identifier of the device on the wire.
        kind: controller, ccu, outlet, radio, miner, heat_pump, meter, boiler, power_station, ota_device, edge.
        key: Device key issued at provisioning; None if the device has none.
        simulator: Name of its SimulatorSpec.
        address: Where a polled device is expected, if no SimulatorSpec defines it.
        name: Name that a user gave to it; None: the integration's name for it.
    """

    domain: str
    id: str
    kind: str
    key: str | None
    entry_id: str
    subentry_id: str | None = None
    simulator: str | None = None
    address: tuple[str, int] | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The history of one entity.

    Attributes:
        device: Device ID (or entry ID for entities of the entry itself).
        key: Key of the entity.
        points: Time (UTC, ascending) and state.
        unit: Unit of the long-term statistics; None for a series without statistics.
        unit_class: Unit class of the recorder, e.g. temperature or energy; None if the unit has none.
        mean: Whether the statistics have mean, minimum and maximum; False for a sum (energy).
        entity_id: Entity ID of an entity that belongs to none of the suite's devices.
    """

    device: str
    key: str
    points: Sequence[tuple[datetime, str]]
    unit: str | None = None
    unit_class: str | None = None
    mean: bool = True
    entity_id: str | None = None


@dataclass(frozen=True, slots=True)
class World:
    """The context that the demo gives to its integrations.

    Attributes:
        url: URL of Home Assistant.
        speed: Speed of the simulated world.
        now: Start of the demo (UTC).
        broker: MQTT broker (host, port, username, password); None if there is none.
        simulated: Whether the demo starts the simulators; otherwise the caller provides the devices.
        has_past: Whether the home has lived for two weeks; otherwise there is no history, and nothing is learned.
    """

    url: str
    speed: float
    now: datetime
    broker: Mapping[str, Any] | None
    simulated: bool = True
    has_past: bool = True


type Entities = Mapping[str, Mapping[str, str]]
"""Device ID (or entry ID) -> key -> entity ID."""


@dataclass(slots=True)
class Provisioned:
    """The result of an integration's provisioning."""

    entries: list[str] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    simulators: list[SimulatorSpec] = field(default_factory=list)


class DomainDemo(Protocol):
    """An integration in the demo. Each method is called once, in this order, at the first start."""

    async def provision(self, ha: HomeAssistant, world: World) -> Provisioned:
        """Add the config entries and subentries through the flow API; return them and the simulators to start.

        The simulator of a polled device has to run before its flow tests the connection: such a domain returns
        it from ``simulators_first`` instead.
        """

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """Return the simulators that have to run before ``provision`` (for most domains none)."""

    def history(self, world: World, provisioned: Provisioned) -> list[Series]:
        """Return the history of some days up to ``world.now``."""

    def views(self, provisioned: Provisioned, entities: Entities) -> list[dict[str, Any]]:
        """Return the views of the suite's dashboard (Lovelace configuration, sections)."""
