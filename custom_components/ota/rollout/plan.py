"""Rollouts as records, and who belongs to which wave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .cohort import arm_index, cohort_size, rank_devices
from .errors import RolloutError
from .gate import GatePolicy
from .job import Timeouts
from .models import Device, Release


class Status(StrEnum):
    """Where a rollout stands."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled_back"


ENDED = frozenset({Status.ABORTED, Status.ROLLED_BACK})
"""Nothing is offered any more. A rollout that succeeded goes on to serve devices that were off or are new."""


class Mode(StrEnum):
    """Who starts the installation."""

    AUTOMATIC = "automatic"
    ON_REQUEST = "on_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which devices a rollout is for; empty fields do not limit."""

    devices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def includes(self, device: Device) -> bool:
        """Whether the device is meant: each given field has to fit."""
        return (
            (not self.devices or device.uid in self.devices)
            and (not self.groups or device.group in self.groups)
            and (not self.tags or bool(set(self.tags) & set(device.tags)))
            and (not self.models or device.model in self.models)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """One step. Named devices and groups come in whatever the percentage; the percentage is cumulative."""

    percent: float = 0.0
    devices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    not_before: float | None = None
    gate: GatePolicy | None = None
    """None: the rollout's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A plan to bring devices of one product to one version, or to compare several.

    `versions` are the arms.
    """

    rollout_id: str
    name: str
    product: str
    versions: tuple[str, ...]
    shares: tuple[float, ...] = (1.0,)
    target: Target = field(default_factory=Target)
    waves: tuple[Wave, ...] = (Wave(percent=100),)
    gate: GatePolicy = field(default_factory=GatePolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    mode: Mode = Mode.AUTOMATIC
    salt: str
    created: float
    status: Status = Status.RUNNING
    wave: int = 0
    wave_started: float | None = None
    pause_reason: str | None = None
    """None while it runs or was paused by hand; else the gate's reason."""
    auto_rollback: bool = False
    late_joiners: bool = True
    """Devices that appear after the start take part."""
    max_in_flight: int | None = None
    """Devices that may be at it at once; None: 4 % of all, at least 5."""
    finished_at: float | None = None
    population: tuple[str, ...] | None = None
    """The devices at the start, where late joiners are not wanted."""

    def __post_init__(self) -> None:
        """Refuse plans that cannot be carried out."""
        if not self.versions or len(self.versions) != len(self.shares) or min(self.shares) <= 0:
            raise RolloutError("bad_arms")
        if not self.waves:
            raise RolloutError("bad_waves")
        percents = [wave.percent for wave in self.waves if wave.percent]
        if percents != sorted(percents) or any(not 0 <= p <= 100 for p in percents):
            raise RolloutError("bad_waves")

    def arm(self, uid: str) -> int:
        """The arm a device belongs to."""
        return arm_index(self.salt, uid, self.shares) if len(self.shares) > 1 else 0


@dataclass(frozen=True, slots=True)
class Membership:
    """Who takes part at all, and for each device the wave it belongs to."""

    wave_of: Mapping[str, int]

    def members(self, wave: int) -> list[str]:
        """The devices of one wave."""
        return [uid for uid, number in self.wave_of.items() if number == wave]


def eligible(rollout: Rollout, devices: Iterable[Device], chips: frozenset[str]) -> list[Device]:
    """The devices that a rollout is for.

    Product, a chip with an image, target, and the population at the start.
    """
    population = None if rollout.population is None else frozenset(rollout.population)
    return [
        device
        for device in devices
        if device.product == rollout.product
        and device.chip in chips
        and rollout.target.includes(device)
        and (population is None or device.uid in population)
    ]


def membership(
    rollout: Rollout, devices: Iterable[Device], chips: frozenset[str], offered: Mapping[str, int]
) -> Membership:
    """Who belongs to which wave.

    Each device is in the earliest wave that takes it. Those ever `offered` (device -> wave) stay where they
    were: a newcomer may take a rank, never a place.
    """
    by_uid = {device.uid: device for device in eligible(rollout, devices, chips)}
    order = rank_devices(rollout.salt, by_uid)
    wave_of: dict[str, int] = {}
    for number, wave in enumerate(rollout.waves):
        for uid in order[: cohort_size(wave.percent, len(order))]:
            wave_of.setdefault(uid, number)
        named = set(wave.devices) & by_uid.keys()
        named |= {uid for uid, device in by_uid.items() if device.group is not None and device.group in wave.groups}
        for uid in named:
            wave_of.setdefault(uid, number)
    wave_of |= {uid: number for uid, number in offered.items() if uid in by_uid}
    return Membership(wave_of)


def releases_by_arm(rollout: Rollout, releases: Iterable[Release]) -> dict[tuple[int, str], Release]:
    """The release for each arm and chip."""
    return {
        (arm, release.chip): release
        for release in releases
        for arm, version in enumerate(rollout.versions)
        if release.product == rollout.product and release.version == version and not release.withdrawn
    }
