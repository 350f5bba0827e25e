"""Contacts of devices: when they were last seen, how often they poll, and when a missing contact is a failure."""

from dataclasses import replace
from typing import Final

from . import job as machine
from .models import RUNNING, Device, Job
from .state import State

SEEN_STEP_S: Final = 1.0
EXCHANGE_S: Final = 5.0
"""Requests closer together belong to one exchange and are not used to estimate the poll interval of a device."""


def start_listening(state: State, now: float) -> None:
    """Measure timeouts from now on; the stored times are those of a wall clock that may have been set since."""
    for uid, device in list(state.devices.items()):
        if (device.last_seen or 0.0) > now:
            state.devices[uid] = replace(device, last_seen=now)
    contacts = {uid: device.last_seen for uid, device in state.devices.items() if device.last_seen is not None}
    state.liveness.start(now, contacts, ((job.job_id, job.updated_at) for job in state.jobs.values()))


def seen(
    state: State, device: Device, now: float, *, requested_s: float | None = None, usual_s: float | None = None
) -> Device:
    """Return the device after a contact. Requests within one exchange count as one contact."""
    gap_s, is_interval = state.liveness.contact(device.uid, now)
    if gap_s is not None and 0 <= gap_s < SEEN_STEP_S:
        return device
    interval_s = device.interval_s
    if gap_s is not None and is_interval and gap_s >= EXCHANGE_S and not _is_updating(state, device):
        interval_s = round(0.7 * interval_s + 0.3 * gap_s if interval_s else gap_s, 1)
    if requested_s is not None:
        state.liveness.expected_s[device.uid] = requested_s
    elif usual_s is not None:
        state.liveness.expected_s[device.uid] = 0.0 if interval_s else usual_s
    return replace(device, last_seen=now, interval_s=interval_s)


def _is_updating(state: State, device: Device) -> bool:
    """Return whether the device calls more often than usual."""
    job = state.job_of(device.uid)
    return job is not None and job.state in RUNNING


def timeout_reason(state: State, job: Job, now: float) -> str | None:
    """Return why a device that does not report has failed; None if it has not."""
    return machine.timeout_reason(job, state.elapsed(job, now), _timeouts(state, job), _interval_s(state, job))


def is_stuck(state: State, job: Job, now: float) -> bool:
    """Return whether a job has made no progress for long enough that a user should check the device."""
    return machine.is_stuck(job, state.elapsed(job, now), _timeouts(state, job), _interval_s(state, job))


def _timeouts(state: State, job: Job) -> machine.Timeouts:
    rollout = state.rollouts.get(job.rollout_id or "")
    return rollout.timeouts if rollout else machine.Timeouts()


def _interval_s(state: State, job: Job) -> float:
    """Return how long the device may wait until its next contact."""
    liveness = state.liveness
    own_s = max(state.devices[job.uid].interval_s, liveness.expected_s.get(job.uid, 0.0))
    return own_s or liveness.default_interval_s
