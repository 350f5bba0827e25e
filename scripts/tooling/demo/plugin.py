"""What an integration brings to the demo."""

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
        arguments: Its own command line; the demo adds --speed.
        address: Where it will be found (host, port), for simulators that are polled; with --no-simulators
            this is printed although nothing listens there.
    """

    name: str
    module: str
    arguments: Sequence[str]
    address: tuple[str, int] | None = None


def place(address: tuple[str, int] | None) -> dict[str, Any]:
    """Where something is, as the JSON line shows it; nulls where it is nowhere: it calls others."""
    host, port = address or (None, None)
    return {"host": host, "port": port}


@dataclass(slots=True)
class Device:
    """A device of the demo, as the JSON line shows it.

    Attributes:
        domain: Of the integration.
        id: What the device calls itself on the wire.
        kind: controller, ccu, outlet, radio, miner, heat_pump, meter, boiler, power_station, ota_device, edge.
        key: Handed out at provisioning; None where the device has none.
        simulator: Name of its SimulatorSpec.
        address: Where a polled device is expected, when no SimulatorSpec says so.
    """

    domain: str
    id: str
    kind: str
    key: str | None
    entry_id: str
    subentry_id: str | None = None
    simulator: str | None = None
    address: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The past of one entity.

    Attributes:
        device: The device's id (or entry id for entities of the entry itself).
        key: Of the entity.
        points: Time (UTC, ascending) and state.
        unit: Of the long-term statistics; None for a series that has none.
        unit_class: Of the unit, as Home Assistant's recorder names it, e.g. temperature, energy; None: it has none.
        mean: Whether statistics carry mean/min/max; False: a sum (energy).
    """

    device: str
    key: str
    points: Sequence[tuple[datetime, str]]
    unit: str | None = None
    unit_class: str | None = None
    mean: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """What the demo's parts have in common.

    Attributes:
        url: Of Home Assistant.
        speed: Of the simulated world.
        now: When the demo began (UTC).
        broker: MQTT broker (host, port, username, password), None where there is none.
    """

    url: str
    speed: float
    now: datetime
    broker: Mapping[str, Any] | None


type Entities = Mapping[str, Mapping[str, str]]
"""Device id (or entry id) -> key -> entity id."""


@dataclass(slots=True)
class Provisioned:
    """What a domain's provisioning made."""

    entries: list[str] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    simulators: list[SimulatorSpec] = field(default_factory=list)


class DomainDemo(Protocol):
    """An integration in the demo; each method is called once, in this order, at the first start."""

    async def provision(self, ha: HomeAssistant, world: World) -> Provisioned:
        """Add the config entries and subentries through the flow API, say which simulators to start.

        A polled device's simulator must be up before its flow tests the connection: such a domain returns
        its simulators from ``simulators_first`` instead.
        """

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """Simulators that have to run before ``provision``; most domains return []."""

    def history(self, world: World, provisioned: Provisioned) -> list[Series]:
        """Some days of the past, up to ``world.now``."""

    def views(self, provisioned: Provisioned, entities: Entities) -> list[dict[str, Any]]:
        """Views of the suite's dashboard (Lovelace configuration, sections)."""
