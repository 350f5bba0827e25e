"""The state machine of a device update: offered -> downloading -> installing -> rebooting -> verified.

An update may fail in each state. Steps may be skipped (not every client reports all), but never reversed.
"""

from dataclasses import dataclass, replace
from typing import Final

from .models import TERMINAL, Job, JobState
from .versions import is_newer, same_version

_ORDER: Final = {
    JobState.OFFERED: 0,
    JobState.DOWNLOADING: 1,
    JobState.INSTALLING: 2,
    JobState.REBOOTING: 3,
}
BOOT_GRACE_S: Final = 90.0
"""A report of the old version within this time after `rebooting` is ignored, unless the device counts its boots."""
POLLS: Final = 3
"""Missed polls before a device times out."""
MAX_INTERVAL_S: Final = 86_400.0
BOOT_LOOP: Final = 3
"""Unexpected restarts within `BOOT_LOOP_S` after which an update has failed."""
BOOT_LOOP_S: Final = 3600.0
"""Or the soak time if that is longer. Later restarts are not caused by the release."""
MAX_REASON: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a device may not report in each state, seconds; three of its poll intervals are added.

    `offered` has no timeout: a device that is off is not a failure. It is reported as stuck after `stuck_s`.
    """

    stall_s: float = 1800.0
    """No progress while downloading or installing."""
    reboot_s: float = 300.0
    """No contact after the restart."""
    silence_s: float = 300.0
    """No contact after the update was verified, until the end of the soak time."""
    stuck_s: float = 86400.0


def advance(job: Job, state: JobState, now: float, *, progress: int | None = None) -> Job:
    """Return the job after a report of the device.

    A report of an earlier state, or after the end, changes nothing.
    """
    if job.done or state in TERMINAL:
        return job
    if _ORDER[state] < _ORDER[job.state]:
        return job
    if state is job.state:
        if progress is None or progress <= (job.progress or 0):
            return job
        return replace(job, progress=progress, updated_at=now)
    return replace(
        job,
        state=state,
        progress=progress if state is JobState.DOWNLOADING else None,
        updated_at=now,
        taken_at=job.taken_at or now,
    )


def finish(job: Job, state: JobState, now: float, reason: str | None = None) -> Job:
    """Return the ended job.

    A job that has ended already is unchanged, except that a verified one can still fail (lost, boot loop).
    """
    undone = job.state is JobState.VERIFIED and state in (JobState.FAILED, JobState.ROLLED_BACK)
    if job.done and not undone and not (job.state is JobState.FAILED and state is JobState.ROLLED_BACK):
        return job
    return replace(
        job,
        state=state,
        reason=reason[:MAX_REASON] if reason else None,
        progress=None,
        updated_at=now,
        taken_at=job.taken_at or now,
        finished_at=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed:
    """How long ago a job changed, seconds of a clock that never jumps.

    Attributes:
        age_s: Since the change, whether Home Assistant ran or not.
        idle_s: Since the change, only the time in which a report could have been received.
        silence_s: The same since the last contact of any type.
    """

    age_s: float
    idle_s: float
    silence_s: float


def apply_check_in(
    job: Job, now: float, elapsed: Elapsed, *, version: str, boots: int | None, soak_s: float = 0.0
) -> Job:
    """Return the job after a check-in: the device runs the new version, or the old one again."""
    if job.done:
        return _after_success(job, now, elapsed, version=version, boots=boots, soak_s=soak_s)
    if same_version(version, job.version):
        return replace(finish(job, JobState.VERIFIED, now), boots_verified=boots)
    if _has_restarted(job, elapsed, boots):
        return finish(job, JobState.FAILED, now, _other_version_reason(job, version))
    return job


def _other_version_reason(job: Job, version: str) -> str:
    """Return whether the device returned to the version from before the update, or runs another one."""
    known = job.from_version is None or same_version(version, job.from_version)
    return "rolled_back_by_device" if known else "another_version_runs"


def _has_restarted(job: Job, elapsed: Elapsed, boots: int | None) -> bool:
    """Return whether the device restarted, but not with the new version."""
    if boots is not None and job.boots_before is not None:
        # Not every client reports that it restarts.
        return job.state in (JobState.INSTALLING, JobState.REBOOTING) and boots > job.boots_before
    return job.state is JobState.REBOOTING and elapsed.idle_s >= BOOT_GRACE_S


def _after_success(job: Job, now: float, elapsed: Elapsed, *, version: str, boots: int | None, soak_s: float) -> Job:
    if job.state is not JobState.VERIFIED:
        return job
    if not same_version(version, job.version):
        failed = _went_back(job, version)
        return finish(job, JobState.FAILED, now, _other_version_reason(job, version)) if failed else job
    if boots is None or job.boots_verified is None:
        return job
    reboots = max(0, boots - job.boots_verified)
    if reboots == job.reboots:
        return job
    job = replace(job, reboots=reboots)
    soon = elapsed.age_s <= max(BOOT_LOOP_S, soak_s)
    return finish(job, JobState.FAILED, now, "boot_loop") if soon and reboots >= BOOT_LOOP else job


def _went_back(job: Job, version: str) -> bool:
    """Return whether the reported version is an earlier one; a newer one was installed by other means."""
    if job.from_version is None:
        return not is_newer(version, job.version)
    return same_version(version, job.from_version) or is_newer(job.version, version)


def timeout_reason(job: Job, elapsed: Elapsed, timeouts: Timeouts, interval_s: float) -> str | None:
    """Return why a job without a report has failed, None if it has not: only critical states have a timeout.

    Ask about verified jobs only until the end of their soak time. `interval_s` is the poll interval of the device.
    """
    grace_s = POLLS * min(interval_s, MAX_INTERVAL_S)
    match job.state:
        case JobState.DOWNLOADING | JobState.INSTALLING if elapsed.idle_s > timeouts.stall_s + grace_s:
            return "stalled"
        case JobState.REBOOTING if elapsed.idle_s > timeouts.reboot_s + grace_s:
            return "no_heartbeat"
        case JobState.VERIFIED if elapsed.silence_s > timeouts.silence_s + grace_s:
            return "lost_after_update"
        case _:
            return None


def is_stuck(job: Job, elapsed: Elapsed, timeouts: Timeouts, interval_s: float) -> bool:
    """Return whether a job has made no progress for long enough that a user should check the device.

    After a start the device first gets the time to report.
    """
    limit_s = timeouts.silence_s + POLLS * min(interval_s, MAX_INTERVAL_S)
    return not job.done and elapsed.age_s > timeouts.stuck_s and elapsed.idle_s > min(limit_s, timeouts.stuck_s)
