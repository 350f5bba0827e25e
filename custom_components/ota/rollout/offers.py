"""The current offer for a device, or the reason why there is none. Nothing is changed."""

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
from .versions import compare, is_newer, same_version

OFFER_RESERVATION_S: Final = 900.0
"""How long an offer that was not accepted yet counts as an update in progress."""


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
    CANNOT_COMPARE = "cannot_compare"
    WITHDRAWN = "withdrawn"
    ON_REQUEST = "on_request"
    WINDOW = "window"
    BUSY = "busy"
    ZONE = "zone"
    IN_FLIGHT = "in_flight"
    CANCELED = "canceled"
    LEFT = "left"
    NO_ROLLBACK = "no_rollback"


WAITING: Final = frozenset({Reason.ON_REQUEST, Reason.WINDOW, Reason.BUSY, Reason.ZONE, Reason.IN_FLIGHT})
"""The device is due, only the time is not right. The release is shown to the user."""


_REASON_BY_STATE: Final = {JobState.CANCELED: Reason.CANCELED, JobState.VERIFIED: Reason.LEFT}
"""Why a rollout does not offer its release to a device again, by the state of the earlier job (else: failed)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The offer for a device: a release to install if `reason` is OFFERED."""

    reason: Reason
    release: Release | None = None
    rollout: Rollout | None = None
    job: Job | None = None

    @property
    def visible(self) -> Release | None:
        """Return the release that is shown to the user as available."""
        return self.release if self.reason is Reason.OFFERED or self.reason in WAITING else None


def offer_for(state: State, uid: str, now: float, zone: tzinfo) -> Offer:
    """Return the offer for a device.

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
        return _job_offer(state, device, job, now, zone)
    best = Offer(Reason.NO_ROLLOUT)
    for rollout in _newest_first(state, device):
        offer = _rollout_offer(state, device, rollout, now, zone)
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


def _job_offer(state: State, device: Device, job: Job, now: float, zone: tzinfo) -> Offer:
    """Return the offer of an open job. A job that was not accepted yet is checked like a new one."""
    release = state.releases.get(job.release_id)
    rollout = state.rollouts.get(job.rollout_id) if job.rollout_id else None
    if release is None or release.withdrawn:
        return Offer(Reason.WITHDRAWN, None, rollout, job)
    if job.state is not JobState.OFFERED:
        return Offer(Reason.OFFERED, release, rollout, job)
    if job.kind is JobKind.ROLLOUT and rollout is not None and rollout.status is Status.PAUSED:
        return Offer(Reason.PAUSED, release, rollout, job)
    if reason := _open_job_reason(device, job, release, now):
        return Offer(reason, release, rollout, job)
    reason = _restart_reason(state, device, now, zone, check_window=job.kind is not JobKind.MANUAL)
    return Offer(reason or Reason.OFFERED, release, rollout, job)


def _rollout_offer(state: State, device: Device, rollout: Rollout, now: float, zone: tzinfo) -> Offer:
    release = releases_by_arm(rollout, state.releases.values()).get((rollout.arm(device.uid), device.chip))
    if release is None:
        return Offer(Reason.WITHDRAWN, None, rollout)
    reason = (
        _rollout_reason(state, device, rollout, release)
        or _release_reason(state, device, release, now)
        or _timing_reason(state, device, rollout, now, zone)
    )
    return Offer(reason or Reason.OFFERED, release, rollout)


def _rollout_reason(state: State, device: Device, rollout: Rollout, release: Release) -> Reason | None:
    """Return why the rollout does not offer its release to the device now."""
    if same_version(device.installed_version, release.version):
        return Reason.UP_TO_DATE
    if device.slots is not None and device.slots.can_roll_back is False and not rollout.allow_without_rollback:
        return Reason.NO_ROLLBACK
    if (job := state.job_in_rollout(rollout.rollout_id, device.uid)) is not None:
        return _REASON_BY_STATE.get(job.state, Reason.FAILED)
    if rollout.status is Status.SCHEDULED:
        return Reason.SCHEDULED
    if state.membership(rollout).wave_of[device.uid] > rollout.wave:
        return Reason.LATER_WAVE
    return Reason.PAUSED if rollout.status is Status.PAUSED else None


def _release_reason(state: State, device: Device, release: Release, now: float) -> Reason | None:
    """Return why the device may not get the release."""
    if reason := _policy_reason(device, release) or _expiry_reason(release, now):
        return reason
    if is_downgrade(state, device, release):
        return Reason.DOWNGRADE
    return None if is_comparable(state, device, release) else Reason.CANNOT_COMPARE


def _open_job_reason(device: Device, job: Job, release: Release, now: float) -> Reason | None:
    """Return why an offer is no longer allowed: the policy or the expiry of the release may have changed.

    A manual job ignores channel and pinned version, a rollback also ignores the expiry.
    """
    if job.kind is JobKind.ROLLOUT and (reason := _policy_reason(device, release)):
        return reason
    return None if job.kind is JobKind.ROLLBACK else _expiry_reason(release, now)


def _policy_reason(device: Device, release: Release) -> Reason | None:
    policy = device.policy
    if policy.pinned_version is not None and not same_version(policy.pinned_version, release.version):
        return Reason.PINNED
    if release.channel is Channel.BETA and policy.channel is Channel.STABLE:
        return Reason.CHANNEL
    return None


def _expiry_reason(release: Release, now: float) -> Reason | None:
    return Reason.EXPIRED if release.expires is not None and release.expires <= now else None


def is_downgrade(state: State, device: Device, release: Release) -> bool:
    """Return whether the device runs a newer version: by sequence if its release is stored, else by version."""
    if device.installed_version is None:
        return False
    installed = installed_release(state, device)
    if installed is not None:
        return installed.sequence > release.sequence or installed.secure_version > release.secure_version
    return is_newer(device.installed_version, release.version)


def is_comparable(state: State, device: Device, release: Release) -> bool:
    """Return whether it is known which is newer: the release, or what the device runs (if that is known)."""
    if device.installed_version is None or installed_release(state, device) is not None:
        return True
    return compare(device.installed_version, release.version) is not None


def installed_release(state: State, device: Device) -> Release | None:
    """Return the stored release that the device runs, preferably the one with exactly this version."""
    found = None
    for release in state.releases.values():
        if release.product != device.product or release.chip != device.chip:
            continue
        if release.version == device.installed_version:
            return release
        if found is None and same_version(release.version, device.installed_version):
            found = release
    return found


def release_version(state: State, device: Device, version: str) -> str:
    """Return the version of the release whose image has this version of its own, else the version unchanged.

    If several releases have images with the same version, only the one that the device is known to run is meant.
    """
    releases = [
        release
        for release in state.releases.values()
        if release.product == device.product and release.chip == device.chip
    ]
    if any(same_version(release.version, version) for release in releases):
        return version
    found = {release.version for release in releases if same_version(release.image_version, version)}
    if len(found) == 1:
        return found.pop()
    if device.installed_version in found:
        job = state.job_of(device.uid)
        if job is None or job.done:
            return device.installed_version or version
    return version


def _timing_reason(state: State, device: Device, rollout: Rollout, now: float, zone: tzinfo) -> Reason | None:
    if rollout.mode is Mode.ON_REQUEST:
        return Reason.ON_REQUEST
    if reason := _restart_reason(state, device, now, zone, check_window=True):
        return reason
    return Reason.IN_FLIGHT if in_flight(state, rollout, now) >= in_flight_limit(state, rollout) else None


def in_flight_limit(state: State, rollout: Rollout) -> int:
    """Return how many devices may update at the same time.

    By default 4 % and at least 5: a release may break devices although a small canary succeeded. The broken devices
    count as in flight until their timeout, which limits the loss to this number.
    """
    if rollout.max_in_flight is not None:
        return rollout.max_in_flight
    return max(5, math.ceil(0.04 * len(state.membership(rollout).wave_of)))


def in_flight(state: State, rollout: Rollout, now: float) -> int:
    """Return how many devices update now, including those with a recent offer."""
    jobs = (state.jobs[number] for number in state.open_in.get(rollout.rollout_id, ()))
    return sum(_is_in_flight(state, job, now) for job in jobs)


def _is_in_flight(state: State, job: Job, now: float) -> bool:
    return job.state in RUNNING or state.liveness.age_s(job.job_id, job.updated_at, now) < OFFER_RESERVATION_S


def _restart_reason(state: State, device: Device, now: float, zone: tzinfo, *, check_window: bool) -> Reason | None:
    """Return why the device must not restart now: maintenance window, busy, or another device in its zone."""
    window = device.policy.window
    if check_window and window is not None and not window.is_open(now, zone):
        return Reason.WINDOW
    if device.busy:
        return Reason.BUSY
    if device.zone is not None:
        for number in state.open_in_zone.get(device.zone, ()):
            job = state.jobs[number]
            if job.uid == device.uid:
                continue
            if _is_in_flight(state, job, now):
                return Reason.ZONE
    return None
