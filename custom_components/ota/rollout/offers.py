"""What a device is offered now, and if nothing, why. Reads the state, changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
import math
from typing import Final

from .errors import DeviceError
from .manifest import Channel
from .models import RUNNING, Device, Job, JobKind, JobState, Release
from .plan import ENDED, Mode, Rollout, Status, releases_by_arm
from .state import State
from .versions import is_newer, same_version

OFFER_RESERVATION_S: Final = 900.0
"""So long an offer that was not yet taken keeps others waiting."""


class Reason(StrEnum):
    """Why a device gets an offer or none."""

    OFFERED = "offered"
    UP_TO_DATE = "up_to_date"
    NO_ROLLOUT = "no_rollout"
    NOT_ALLOWED = "not_allowed"
    LATER_WAVE = "later_wave"
    SCHEDULED = "scheduled"
    PAUSED = "paused"
    FAILED = "failed"
    PINNED = "pinned"
    CHANNEL = "channel"
    EXPIRED = "expired"
    DOWNGRADE = "downgrade"
    WITHDRAWN = "withdrawn"
    ON_REQUEST = "on_request"
    WINDOW = "window"
    BUSY = "busy"
    ZONE = "zone"
    IN_FLIGHT = "in_flight"
    CANCELED = "canceled"
    LEFT = "left"


WAITING: Final = frozenset({Reason.ON_REQUEST, Reason.WINDOW, Reason.BUSY, Reason.ZONE, Reason.IN_FLIGHT})
"""The device's turn has come; only the moment is wrong. The release is shown to the user."""


_HAD_IT: Final = {JobState.CANCELED: Reason.CANCELED, JobState.VERIFIED: Reason.LEFT}
"""Why a device that a rollout offered its release to once is not offered it again; all else is a failure."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The answer for one device: a release to install when `reason` is OFFERED."""

    reason: Reason
    release: Release | None = None
    rollout: Rollout | None = None
    job: Job | None = None

    @property
    def visible(self) -> Release | None:
        """The release a user may see as available."""
        return self.release if self.reason is Reason.OFFERED or self.reason in WAITING else None


def offer_for(state: State, uid: str, now: float, zone: tzinfo) -> Offer:
    """Decide for one device.

    Raises:
        DeviceError: `unknown_device`.
    """
    device = state.devices.get(uid)
    if device is None:
        raise DeviceError("unknown_device", device=uid[:64])
    if not device.policy.may_update:
        return Offer(Reason.NOT_ALLOWED)
    job = state.job_of(uid)
    if job is not None and not job.done:
        return _of_job(state, device, job, now, zone)
    best = Offer(Reason.NO_ROLLOUT)
    for rollout in _newest_first(state, device):
        offer = _of_rollout(state, device, rollout, now, zone)
        if offer.reason is not Reason.LATER_WAVE:
            return offer
        if best.reason is Reason.NO_ROLLOUT:
            best = offer
    return best


def _newest_first(state: State, device: Device) -> Iterator[Rollout]:
    for rollout in reversed(state.rollouts.values()):
        if (
            rollout.product == device.product
            and rollout.status not in ENDED
            and device.uid in state.membership(rollout).wave_of
        ):
            yield rollout


def _of_job(state: State, device: Device, job: Job, now: float, zone: tzinfo) -> Offer:
    """A job under way goes on; one that was not yet taken waits like a new one."""
    release = state.releases.get(job.release_id)
    rollout = state.rollouts.get(job.rollout_id) if job.rollout_id else None
    if release is None or release.withdrawn:
        return Offer(Reason.WITHDRAWN, None, rollout, job)
    if job.state is not JobState.OFFERED:
        return Offer(Reason.OFFERED, release, rollout, job)
    if job.kind is JobKind.ROLLOUT and rollout is not None and rollout.status is Status.PAUSED:
        return Offer(Reason.PAUSED, release, rollout, job)
    if reason := _still_allowed(device, job, release, now):
        return Offer(reason, release, rollout, job)
    reason = _moment(state, device, now, zone, ask_window=job.kind is not JobKind.MANUAL)
    return Offer(reason or Reason.OFFERED, release, rollout, job)


def _of_rollout(state: State, device: Device, rollout: Rollout, now: float, zone: tzinfo) -> Offer:
    release = releases_by_arm(rollout, state.releases.values()).get((rollout.arm(device.uid), device.chip))
    if release is None:
        return Offer(Reason.WITHDRAWN, None, rollout)
    reason = (
        _standing(state, device, rollout, release)
        or _allowed(state, device, release, now)
        or _when(state, device, rollout, now, zone)
    )
    return Offer(reason or Reason.OFFERED, release, rollout)


def _standing(state: State, device: Device, rollout: Rollout, release: Release) -> Reason | None:
    """Where the device stands in the rollout."""
    if same_version(device.installed_version, release.version):
        return Reason.UP_TO_DATE
    if (job := state.job_in_rollout(rollout.rollout_id, device.uid)) is not None:
        return _HAD_IT.get(job.state, Reason.FAILED)
    if rollout.status is Status.SCHEDULED:
        return Reason.SCHEDULED
    if state.membership(rollout).wave_of[device.uid] > rollout.wave:
        return Reason.LATER_WAVE
    return Reason.PAUSED if rollout.status is Status.PAUSED else None


def _allowed(state: State, device: Device, release: Release, now: float) -> Reason | None:
    """Whether this device may get this release."""
    if reason := _permitted(device, release) or _expired(release, now):
        return reason
    return Reason.DOWNGRADE if is_downgrade(state, device, release) else None


def _still_allowed(device: Device, job: Job, release: Release, now: float) -> Reason | None:
    """What may have changed since an offer was made: permissions, for what a rollout offers; time, but for a way back.

    What a person asked for past a device's channel or pin stays asked for.
    """
    if job.kind is JobKind.ROLLOUT and (reason := _permitted(device, release)):
        return reason
    return None if job.kind is JobKind.ROLLBACK else _expired(release, now)


def _permitted(device: Device, release: Release) -> Reason | None:
    policy = device.policy
    if policy.pinned_version is not None and not same_version(policy.pinned_version, release.version):
        return Reason.PINNED
    if release.channel is Channel.BETA and policy.channel is Channel.STABLE:
        return Reason.CHANNEL
    return None


def _expired(release: Release, now: float) -> Reason | None:
    return Reason.EXPIRED if release.expires is not None and release.expires <= now else None


def is_downgrade(state: State, device: Device, release: Release) -> bool:
    """Whether the device runs something newer: by sequence where we know its release, else by version."""
    if device.installed_version is None:
        return False
    installed = installed_release(state, device)
    if installed is not None:
        return installed.sequence > release.sequence or installed.secure_version > release.secure_version
    return is_newer(device.installed_version, release.version)


def installed_release(state: State, device: Device) -> Release | None:
    """The stored release that the device runs."""
    for release in state.releases.values():
        if (
            release.product == device.product
            and release.chip == device.chip
            and same_version(release.version, device.installed_version)
        ):
            return release
    return None


def _when(state: State, device: Device, rollout: Rollout, now: float, zone: tzinfo) -> Reason | None:
    if rollout.mode is Mode.ON_REQUEST:
        return Reason.ON_REQUEST
    if reason := _moment(state, device, now, zone, ask_window=True):
        return reason
    return Reason.IN_FLIGHT if in_flight(state, rollout, now) >= in_flight_limit(state, rollout) else None


def in_flight_limit(state: State, rollout: Rollout) -> int:
    """How many devices may be at it at once.

    By default 4 % and at least 5: what a release breaks that a small canary survived by luck stays in flight until
    its time-out, so no more than these are lost.
    """
    if rollout.max_in_flight is not None:
        return rollout.max_in_flight
    return max(5, math.ceil(0.04 * len(state.membership(rollout).wave_of)))


def in_flight(state: State, rollout: Rollout, now: float) -> int:
    """How many are: those that have begun, and those with a fresh offer."""
    jobs = (state.jobs[number] for number in state.open_in.get(rollout.rollout_id, ()))
    return sum(_is_at_it(job, now) for job in jobs)


def _is_at_it(job: Job, now: float) -> bool:
    return job.state in RUNNING or now - job.updated_at < OFFER_RESERVATION_S


def _moment(state: State, device: Device, now: float, zone: tzinfo, *, ask_window: bool) -> Reason | None:
    """Whether a restart may happen now: window, heat demand, the others of its zone."""
    window = device.policy.window
    if ask_window and window is not None and not window.is_open(now, zone):
        return Reason.WINDOW
    if device.busy:
        return Reason.BUSY
    if device.zone is not None:
        for number in state.open_in_zone.get(device.zone, ()):
            job = state.jobs[number]
            if job.uid == device.uid:
                continue
            if _is_at_it(job, now):
                return Reason.ZONE
    return None
