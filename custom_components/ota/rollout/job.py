"""The state machine of one update: offered -> downloading -> installing -> rebooting -> verified.

It may fail anywhere. A step may be skipped (not every client reports each), none is ever taken back.
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
"""The old version so soon after «rebooting» was on the way, unless the device counts its boots."""
POLLS: Final = 3
"""Polls that may get lost before a device counts as silent."""
MAX_INTERVAL_S: Final = 86_400.0
BOOT_LOOP: Final = 3
"""Restarts by itself so soon after an update that make it a failure."""
BOOT_LOOP_S: Final = 3600.0
"""So soon, or within the soak where that is longer: power cuts of later months are no fault of the release."""
MAX_REASON: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a device may be silent in each state, seconds; three of its own poll intervals come on top.

    `offered` is not among them: a device that is off is no failure. It is reported as stuck after `stuck_s`.
    """

    stall_s: float = 1800.0
    """No progress while downloading or installing."""
    reboot_s: float = 300.0
    """No sign of life after the restart."""
    silence_s: float = 300.0
    """No sign of life after it was verified, before the soak was over."""
    stuck_s: float = 86400.0


def advance(job: Job, state: JobState, now: float, *, progress: int | None = None) -> Job:
    """The job after a report of the device.

    A report that would go back, or comes after the end, changes nothing.
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
    """The job ended.

    One that had ended already stays, except that a verified one can still fail (lost, boot loop).
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


def apply_check_in(job: Job, now: float, *, version: str, boots: int | None, soak_s: float = 0.0) -> Job:
    """What a sign of life says about the job: the device runs the new version, or the old one again."""
    if job.done:
        return _after_success(job, now, version=version, boots=boots, soak_s=soak_s)
    if same_version(version, job.version):
        return replace(finish(job, JobState.VERIFIED, now), boots_verified=boots)
    if _runs_old_again(job, now, boots):
        return finish(job, JobState.FAILED, now, "rolled_back_by_device")
    return job


def _runs_old_again(job: Job, now: float, boots: int | None) -> bool:
    """Whether the old version, which the device just reported, is what it came back with."""
    if boots is not None and job.boots_before is not None:
        # Not every client tells that it restarts.
        return job.state in (JobState.INSTALLING, JobState.REBOOTING) and boots > job.boots_before
    return job.state is JobState.REBOOTING and now - job.updated_at >= BOOT_GRACE_S


def _after_success(job: Job, now: float, *, version: str, boots: int | None, soak_s: float) -> Job:
    if job.state is not JobState.VERIFIED:
        return job
    if not same_version(version, job.version):
        return finish(job, JobState.FAILED, now, "rolled_back_by_device") if _went_back(job, version) else job
    if boots is None or job.boots_verified is None:
        return job
    reboots = max(0, boots - job.boots_verified)
    if reboots == job.reboots:
        return job
    job = replace(job, reboots=reboots)
    soon = now - (job.finished_at or now) <= max(BOOT_LOOP_S, soak_s)
    return finish(job, JobState.FAILED, now, "boot_loop") if soon and reboots >= BOOT_LOOP else job


def _went_back(job: Job, version: str) -> bool:
    """Whether a version other than the job's is one from before; else somebody installed it by other means."""
    if job.from_version is None:
        return not is_newer(version, job.version)
    return same_version(version, job.from_version) or is_newer(job.version, version)


def expire(job: Job, now: float, timeouts: Timeouts, *, last_seen: float | None = None, interval_s: float = 0.0) -> Job:
    """The job after time passed: a device that went silent at a critical moment has failed.

    Of the verified ones pass only those that have not survived the soak yet. `interval_s` is how often the
    device shows itself.
    """
    patience = POLLS * min(interval_s, MAX_INTERVAL_S)
    silent = now - max(last_seen or 0.0, job.updated_at)
    match job.state:
        case JobState.DOWNLOADING | JobState.INSTALLING if now - job.updated_at > timeouts.stall_s + patience:
            return finish(job, JobState.FAILED, now, "stalled")
        case JobState.REBOOTING if now - job.updated_at > timeouts.reboot_s + patience:
            return finish(job, JobState.FAILED, now, "no_heartbeat")
        case JobState.VERIFIED if silent > timeouts.silence_s + patience:
            return finish(job, JobState.FAILED, now, "lost_after_update")
        case _:
            return job


def is_stuck(job: Job, now: float, timeouts: Timeouts) -> bool:
    """Whether a job has not moved for so long that a person should look."""
    return not job.done and now - job.updated_at > timeouts.stuck_s
