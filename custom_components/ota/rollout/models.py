"""The records: releases, devices, jobs.

All are immutable; a change creates a new record. Times are Unix times.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from .manifest import Channel
from .schedule import Window

HISTORY_LENGTH: Final = 50
"""Maximum number of log events of a device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A checked and stored image for one product and chip."""

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
    """The key that signed it; None for an unsigned release."""
    manifest: str | None = None
    signature: str | None = None
    factory_sha256: str | None = None
    """The image for a first installation over USB (ESP Web Tools), never offered over the air."""
    known_good: bool = False
    """A rollout of it succeeded, so it is a target for rollbacks."""
    withdrawn: bool = False
    """No longer offered."""
    image_version: str | None = None
    """The version in the image, if it differs from `version`: devices may report it."""


class DeviceEventKind(StrEnum):
    """The type of a log event of a device."""

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
    """An event in the log of a device."""

    at: float
    kind: DeviceEventKind
    version: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The update restrictions of a device."""

    may_update: bool = True
    channel: Channel = Channel.STABLE
    pinned_version: str | None = None
    """Only this version is offered."""
    window: Window | None = None
    """The maintenance window; None: updates at any time."""
    may_roll_back: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """The firmware slots of a device, as it reports them."""

    images: tuple[str, ...] = ()
    """SHA-256 of the image in each slot; empty text: no valid image."""
    running: int | None = None
    can_roll_back: bool | None = None
    """Whether its bootloader returns to the other image if a new one does not work; None: not reported."""

    def other_with(self, sha256: str) -> int | None:
        """Return the slot that is not running and contains an image."""
        for number, image in enumerate(self.images):
            if self.running is not None and number != self.running and image == sha256:
                return number
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device: stand-alone, or of a fleet that another integration provides."""

    uid: str
    """The device ID of a stand-alone device; `<domain>:<device_id>` for a fleet's device."""
    name: str
    product: str
    chip: str
    fleet: str | None = None
    model: str | None = None
    group: str | None = None
    zone: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Notes of its user or provider."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What the device reports about itself (DDI)."""
    policy: Policy = field(default_factory=Policy)
    installed_version: str | None = None
    last_seen: float | None = None
    interval_s: float = 0.0
    """Smoothed interval between contacts, seconds; 0: not known yet."""
    boot_count: int | None = None
    busy: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    slots: Slots | None = None
    """None: it reports none, or has only one."""
    history: tuple[DeviceEvent, ...] = ()

    @property
    def device_id(self) -> str:
        """Return the ID within its fleet."""
        return self.uid.partition(":")[2] if self.fleet else self.uid


class JobState(StrEnum):
    """The state of a device update."""

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
"""The device is updating: others in its zone have to wait."""


class JobKind(StrEnum):
    """What started the update of a device."""

    ROLLOUT = "rollout"
    MANUAL = "manual"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class MetricMean:
    """Running mean of a device metric since the update."""

    count: int = 0
    mean: float = 0.0

    def add(self, value: float) -> MetricMean:
        """Return the mean including one more value."""
        count = self.count + 1
        return MetricMean(count, self.mean + (value - self.mean) / count)


def add_metrics(known: Mapping[str, MetricMean], metrics: Mapping[str, float]) -> dict[str, MetricMean]:
    """Return the means including one more value of each metric."""
    return {**known, **{name: known.get(name, MetricMean()).add(value) for name, value in metrics.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The update of one device to one release."""

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
    """Restarts since the update was verified."""
    metrics: Mapping[str, MetricMean] = field(default_factory=dict)
    excused: bool = False
    """A user resumed the rollout after this failure: the gate no longer counts it."""

    @property
    def done(self) -> bool:
        """Return whether the job has ended."""
        return self.state in TERMINAL
