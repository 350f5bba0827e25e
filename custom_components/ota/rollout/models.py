"""The records of ota: releases, devices, jobs.

All are immutable; a change is a new record. Times are Unix, UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from .manifest import Channel
from .schedule import Window

HISTORY_LENGTH: Final = 50
"""Events kept for each device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One image for one product and chip, checked and stored."""

    release_id: str
    product: str
    chip: str
    version: str
    sequence: int
    size: int
    sha256: str
    md5: str
    sha1: str
    created: float
    channel: Channel = Channel.STABLE
    secure_version: int = 0
    expires: float | None = None
    notes: str = ""
    release_url: str | None = None
    key_id: str | None = None
    """Who signed it; None for a release that an administrator uploaded unsigned."""
    manifest: str | None = None
    signature: str | None = None
    factory_sha256: str | None = None
    """The image for a first installation over USB (ESP Web Tools); never offered over the air."""
    known_good: bool = False
    """A rollout with it succeeded: it may be rolled back to."""
    withdrawn: bool = False
    """Not to be offered any more."""


class DeviceEventKind(StrEnum):
    """What a device's log tells."""

    REGISTERED = "registered"
    OFFERED = "offered"
    DOWNLOADING = "downloading"
    INSTALLING = "installing"
    REBOOTING = "rebooting"
    VERIFIED = "verified"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    CANCELED = "canceled"
    VERSION = "version"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """A line in a device's log."""

    at: float
    kind: DeviceEventKind
    version: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a device may."""

    may_update: bool = True
    channel: Channel = Channel.STABLE
    pinned_version: str | None = None
    """Only this version is offered."""
    window: Window | None = None
    """When it may restart; None = always."""
    may_roll_back: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device of the registry: stand-alone, or of a fleet that another integration offers."""

    uid: str
    """Stand-alone: the device id; of a fleet: `<domain>:<device_id>`."""
    name: str
    product: str
    chip: str
    fleet: str | None = None
    model: str | None = None
    group: str | None = None
    zone: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What its user or provider notes of it."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What it says of itself (DDI)."""
    policy: Policy = field(default_factory=Policy)
    installed_version: str | None = None
    last_seen: float | None = None
    interval_s: float = 0.0
    """How often it shows itself, smoothed; 0 = not known yet."""
    boot_count: int | None = None
    busy: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: tuple[DeviceEvent, ...] = ()

    @property
    def device_id(self) -> str:
        """The id inside its fleet."""
        return self.uid.partition(":")[2] if self.fleet else self.uid


class JobState(StrEnum):
    """Where an update of one device stands."""

    OFFERED = "offered"
    DOWNLOADING = "downloading"
    INSTALLING = "installing"
    REBOOTING = "rebooting"
    VERIFIED = "verified"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    CANCELED = "canceled"


TERMINAL: Final = frozenset({JobState.VERIFIED, JobState.FAILED, JobState.ROLLED_BACK, JobState.CANCELED})
RUNNING: Final = frozenset({JobState.DOWNLOADING, JobState.INSTALLING, JobState.REBOOTING})
"""The device is at it: another of its zone has to wait."""


class JobKind(StrEnum):
    """Why a device is updated."""

    ROLLOUT = "rollout"
    MANUAL = "manual"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class MetricMean:
    """Running mean of one of the device's numbers since it runs the new release."""

    count: int = 0
    mean: float = 0.0

    def plus(self, value: float) -> MetricMean:
        """With one more value."""
        count = self.count + 1
        return MetricMean(count, self.mean + (value - self.mean) / count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One attempt to bring one device to one release."""

    job_id: int
    uid: str
    release_id: str
    version: str
    kind: JobKind
    state: JobState = JobState.OFFERED
    rollout_id: str | None = None
    arm: int = 0
    wave: int = 0
    from_version: str | None = None
    attempt: int = 1
    progress: int | None = None
    reason: str | None = None
    offered_at: float
    updated_at: float
    taken_at: float | None = None
    finished_at: float | None = None
    boots_before: int | None = None
    boots_verified: int | None = None
    reboots: int = 0
    """Restarts since it was verified."""
    metrics: Mapping[str, MetricMean] = field(default_factory=dict)
    excused: bool = False
    """A person saw this failure and let the rollout go on: the gate does not count it any more."""

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.state in TERMINAL
