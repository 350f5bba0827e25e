"""The plan of a rollout, and which device belongs to which wave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .cohort import arm_index, cohort_size, rank_devices
from .errors import RolloutError
from .gate import GatePolicy
from .job import Timeouts
from .models import Device, Release


class Status(StrEnum):
    """The status of a rollout."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled_back"


ENDED = frozenset({Status.ABORTED, Status.ROLLED_BACK})
"""Nothing is offered any more. A succeeded rollout still updates devices that were off or are new."""


class Mode(StrEnum):
    """Whether devices install by themselves or when a user requests it."""

    AUTOMATIC = "automatic"
    ON_REQUEST = "on_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target devices of a rollout; an empty field means no restriction."""

    devices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def includes(self, device: Device) -> bool:
        """Return whether the device matches every field."""
        return (
            (not self.devices or device.uid in self.devices)
            and (not self.groups or device.group in self.groups)
            and (not self.tags or bool(set(self.tags) & set(device.tags)))
            and (not self.models or device.model in self.models)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A wave. The percentage is cumulative; named devices and groups are included in addition."""

    percent: float = 0.0
    devices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    not_before: float | None = None
    gate: GatePolicy | None = None
    """None: the gate of the rollout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A rollout of one version to the devices of a product, or of several versions (arms) to compare them."""

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
    """Why the gate stopped the rollout; None while it runs or if a user paused it."""
    auto_rollback: bool = False
    allow_without_rollback: bool = False
    """Also update devices that report that they cannot return to the previous image by themselves."""
    late_joiners: bool = True
    """Include devices that are added after the start."""
    max_in_flight: int | None = None
    """Maximum number of simultaneous updates; None: 4 % of the devices, at least 5."""
    finished_at: float | None = None
    population: tuple[str, ...] | None = None
    """The devices at the start if late joiners are excluded."""

    def __post_init__(self) -> None:
        """Reject plans that are not possible."""
        if not self.versions or len(self.versions) != len(self.shares) or min(self.shares) <= 0:
            raise RolloutError("bad_arms")
        if not self.waves:
            raise RolloutError("bad_waves")
        percents = [wave.percent for wave in self.waves if wave.percent]
        if percents != sorted(percents) or any(not 0 <= p <= 100 for p in percents):
            raise RolloutError("bad_waves")

    def arm(self, uid: str) -> int:
        """Return the arm of a device."""
        return arm_index(self.salt, uid, self.shares) if len(self.shares) > 1 else 0


@dataclass(frozen=True, slots=True)
class Membership:
    """The devices of a rollout with their waves."""

    wave_of: Mapping[str, int]

    def members(self, wave: int) -> list[str]:
        """Return the devices of a wave."""
        return [uid for uid, number in self.wave_of.items() if number == wave]


def eligible(rollout: Rollout, devices: Iterable[Device], chips: frozenset[str]) -> list[Device]:
    """Return the devices of a rollout: by product, chips with an image, target, and population at the start."""
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
    """Return the devices of a rollout with their waves.

    Each device is in the earliest wave that includes it. A device that got an offer (`offered`: device -> wave) stays
    in its wave, regardless of the rank of new devices.
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


def check_members(rollout: Rollout, devices: Mapping[str, Device], members: Membership) -> None:
    """Reject a plan without devices, or with a wave that names no device of the plan.

    Such a wave would be complete at its start: the next one would follow untested.

    Raises:
        RolloutError: `no_devices`, `empty_wave`.
    """
    if not members.wave_of:
        raise RolloutError("no_devices", rollout=rollout.name)
    groups = {devices[uid].group for uid in members.wave_of}
    for number, wave in enumerate(rollout.waves, 1):
        if not wave.percent and members.wave_of.keys().isdisjoint(wave.devices) and groups.isdisjoint(wave.groups):
            raise RolloutError("empty_wave", wave=str(number))


def releases_by_arm(rollout: Rollout, releases: Iterable[Release]) -> dict[tuple[int, str], Release]:
    """Return the release for each arm and chip."""
    return {
        (arm, release.chip): release
        for release in releases
        for arm, version in enumerate(rollout.versions)
        if release.product == rollout.product and release.version == version and not release.withdrawn
    }
