"""The state: releases, devices, jobs and rollouts with indexes, and the records that have to be saved."""

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

from .job import Elapsed
from .liveness import Liveness
from .models import HISTORY_LENGTH, Device, DeviceEvent, DeviceEventKind, Job, JobState, Release
from .plan import Membership, Rollout, membership, releases_by_arm
from .record_types import RecordKey, RecordType


class EventKind(StrEnum):
    """What changed."""

    DEVICE_ADDED = "device_added"
    DEVICE_CHANGED = "device_changed"
    DEVICE_REMOVED = "device_removed"
    JOB = "job"
    RELEASE_ADDED = "release_added"
    RELEASE_REMOVED = "release_removed"
    ROLLOUT_CREATED = "rollout_created"
    ROLLOUT_CHANGED = "rollout_changed"
    ROLLOUT_REMOVED = "rollout_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change of the state. For `JOB`, `before` is the previous state of the job; None if the job is new."""

    kind: EventKind
    uid: str | None = None
    rollout_id: str | None = None
    release_id: str | None = None
    job: Job | None = None
    before: JobState | None = None


class State:
    """Containers of immutable records with indexes.

    Change them only through the `set_…` and `remove_…` methods, which keep the indexes consistent.
    """

    def __init__(self, liveness: Liveness | None = None) -> None:
        """Create an empty state."""
        self.liveness = liveness or Liveness()
        self.releases: dict[str, Release] = {}
        self.devices: dict[str, Device] = {}
        self.rollouts: dict[str, Rollout] = {}
        self.jobs: dict[int, Job] = {}
        self.sequences: dict[str, int] = {}
        """Highest sequence ever accepted for `product/chip`; outlives the release."""
        self.next_job = 1
        self.history_counts: dict[str, int] = {}
        """Number of events ever added to the log of each device."""
        self.dirty: dict[RecordKey, None] = {}
        """Records to save before the change is acknowledged, in the order of the changes."""
        self.unsaved_events: dict[RecordKey, None] = {}
        """Records to save soon: log events."""
        self.unsaved_contacts: dict[RecordKey, None] = {}
        """Records to save occasionally: values that a device sends again, such as its metrics."""
        self.unsaved_last_seen = False
        """Whether a device was seen since the record `CONTACTS` was saved."""
        self.events: list[Event] = []
        self.last_job: dict[str, int] = {}
        self.job_in: dict[tuple[str, str], int] = {}
        """(rollout, device) -> job ID."""
        self.rollout_jobs: dict[str, dict[str, int]] = {}
        self.open_in: dict[str, set[int]] = {}
        self.open_in_zone: dict[str, set[int]] = {}
        self.open: set[int] = set()
        self.soaking: dict[str, set[int]] = {}
        """Verified jobs of each rollout whose soak time is not over."""
        self.tally: dict[tuple[str, int], Counter[JobState]] = {}
        self._membership: dict[str, Membership] = {}

    # -- releases

    def set_release(self, release: Release) -> None:
        """Add or replace a release."""
        known = release.release_id in self.releases
        self.releases[release.release_id] = release
        self._membership.clear()
        self.mark(RecordType.RELEASE, release.release_id)
        if not known:
            self.events.append(Event(kind=EventKind.RELEASE_ADDED, release_id=release.release_id))

    def remove_release(self, release_id: str) -> None:
        """Remove a release."""
        del self.releases[release_id]
        self._membership.clear()
        self.mark(RecordType.RELEASE, release_id)
        self.events.append(Event(kind=EventKind.RELEASE_REMOVED, release_id=release_id))

    def accept_sequence(self, line: str, sequence: int) -> None:
        """Store the highest accepted sequence of a `product/chip`."""
        self.sequences[line] = max(sequence, self.sequences.get(line, 0))
        self.mark(RecordType.SEQUENCE, line)

    # -- devices

    def set_device(self, device: Device, *, save: bool = True) -> None:
        """Add or replace a device. Use `save=False` for values that a device sends again."""
        before = self.devices.get(device.uid)
        if before == device:
            return
        self.devices[device.uid] = device
        if before is not None and before.zone != device.zone:
            self._move_zone(before, device)
        if before is None or _wave_criteria(before) != _wave_criteria(device):
            self._membership.clear()
        if save:
            self.mark(RecordType.DEVICE, device.uid)
        else:
            self.unsaved_contacts[RecordType.DEVICE, device.uid] = None
        self.unsaved_last_seen |= before is None or before.last_seen != device.last_seen
        if before is None or before.history != device.history:
            self._mark_new_events(device, len(device.history) if before is None else 1)
        kind = EventKind.DEVICE_ADDED if before is None else EventKind.DEVICE_CHANGED
        self.events.append(Event(kind=kind, uid=device.uid))

    def _mark_new_events(self, device: Device, new: int) -> None:
        """Mark the new log events, so that only they are saved."""
        total = self.history_counts[device.uid] = self.history_counts.get(device.uid, 0) + new
        for number in range(total - new, total):
            self.unsaved_events[RecordType.HISTORY, f"{device.uid}/{number % HISTORY_LENGTH}"] = None

    def _move_zone(self, before: Device, after: Device) -> None:
        number = self.last_job.get(after.uid)
        if number is None or number not in self.open:
            return
        if before.zone is not None:
            self.open_in_zone.get(before.zone, set()).discard(number)
        if after.zone is not None:
            self.open_in_zone.setdefault(after.zone, set()).add(number)

    def remove_device(self, uid: str) -> None:
        """Remove a device and its jobs."""
        for job in [job for job in self.jobs.values() if job.uid == uid]:
            self.remove_job(job)
        del self.devices[uid]
        self.liveness.forget(uid)
        self._membership.clear()
        self.mark(RecordType.DEVICE, uid)
        self.history_counts.pop(uid, None)
        for slot in range(HISTORY_LENGTH):
            self.mark(RecordType.HISTORY, f"{uid}/{slot}")
        self.events.append(Event(kind=EventKind.DEVICE_REMOVED, uid=uid))

    def log(self, uid: str, event: DeviceEvent) -> None:
        """Add an event to the log of a device."""
        device = self.devices.get(uid)
        if device is None:
            return
        history = (*device.history, event)[-HISTORY_LENGTH:]
        self.set_device(replace(device, history=history), save=False)

    # -- jobs

    def set_job(self, job: Job) -> None:
        """Add or replace a job, log its state and update the indexes."""
        before = self.jobs.get(job.job_id)
        if before == job:
            return
        if before is not None:
            self._unindex_job(before)
        self.index_job(job)
        if before is None or before.updated_at != job.updated_at:
            self.liveness.changed(job.job_id, job.updated_at)
        changed = before is None or before.state is not job.state
        # Progress alone is not saved: after a restart the device reports it again.
        if changed or (before is not None and before.progress == job.progress):
            self.mark(RecordType.JOB, str(job.job_id))
        if before is None:
            self.mark(RecordType.NEXT_JOB, "")
        if changed:
            self.log(job.uid, job_event(job))
        self.events.append(
            Event(
                kind=EventKind.JOB,
                uid=job.uid,
                rollout_id=job.rollout_id,
                job=job,
                before=before.state if before else None,
            )
        )

    def job_of(self, uid: str) -> Job | None:
        """Return the newest job of a device."""
        number = self.last_job.get(uid)
        return None if number is None else self.jobs[number]

    def job_in_rollout(self, rollout_id: str, uid: str) -> Job | None:
        """Return the job of a device in a rollout."""
        number = self.job_in.get((rollout_id, uid))
        return None if number is None else self.jobs[number]

    def jobs_in(self, rollout_id: str) -> list[Job]:
        """Return the newest job of each device in a rollout."""
        return [self.jobs[number] for number in self.rollout_jobs.get(rollout_id, {}).values()]

    def index_job(self, job: Job) -> None:
        """Add a job and update the indexes."""
        self.jobs[job.job_id] = job
        if self.last_job.get(job.uid, 0) <= job.job_id:
            self.last_job[job.uid] = job.job_id
        if job.rollout_id is not None:
            self.job_in[job.rollout_id, job.uid] = job.job_id
            self.rollout_jobs.setdefault(job.rollout_id, {})[job.uid] = job.job_id
            if not job.excused:
                self.tally.setdefault((job.rollout_id, job.wave), Counter())[job.state] += 1
            if job.state is JobState.VERIFIED:
                self.soaking.setdefault(job.rollout_id, set()).add(job.job_id)
        if not job.done:
            self.open.add(job.job_id)
            if job.rollout_id is not None:
                self.open_in.setdefault(job.rollout_id, set()).add(job.job_id)
            device = self.devices.get(job.uid)
            if device is not None and device.zone is not None:
                self.open_in_zone.setdefault(device.zone, set()).add(job.job_id)

    def _unindex_job(self, job: Job) -> None:
        self.open.discard(job.job_id)
        if job.rollout_id is not None:
            self.open_in.get(job.rollout_id, set()).discard(job.job_id)
            self.soaking.get(job.rollout_id, set()).discard(job.job_id)
            if not job.excused:
                self.tally[job.rollout_id, job.wave][job.state] -= 1
        device = self.devices.get(job.uid)
        if device is not None and device.zone is not None:
            self.open_in_zone.get(device.zone, set()).discard(job.job_id)

    def remove_job(self, job: Job) -> None:
        """Remove a job and its counts."""
        self._unindex_job(job)
        del self.jobs[job.job_id]
        self.liveness.forget_job(job.job_id)
        self.mark(RecordType.JOB, str(job.job_id))
        if self.last_job.get(job.uid) == job.job_id:
            del self.last_job[job.uid]
        if job.rollout_id is not None and self.job_in.get((job.rollout_id, job.uid)) == job.job_id:
            del self.job_in[job.rollout_id, job.uid]
            del self.rollout_jobs[job.rollout_id][job.uid]

    def prune(self, job_id: int) -> None:
        """Remove a finished job that is not the newest of its device and whose rollout is not stored."""
        job = self.jobs.get(job_id)
        if job is None or not job.done or job.rollout_id in self.rollouts:
            return
        if self.last_job.get(job.uid) != job.job_id:
            self.remove_job(job)

    def prune_jobs(self) -> None:
        """Remove all such jobs."""
        for number in list(self.jobs):
            self.prune(number)

    # -- rollouts

    def set_rollout(self, rollout: Rollout) -> None:
        """Add or replace a rollout."""
        before = self.rollouts.get(rollout.rollout_id)
        if before == rollout:
            return
        self.rollouts[rollout.rollout_id] = rollout
        if before is None or before.waves != rollout.waves or before.population != rollout.population:
            self._membership.pop(rollout.rollout_id, None)
        self.mark(RecordType.ROLLOUT, rollout.rollout_id)
        kind = EventKind.ROLLOUT_CREATED if before is None else EventKind.ROLLOUT_CHANGED
        self.events.append(Event(kind=kind, rollout_id=rollout.rollout_id))

    def remove_rollout(self, rollout_id: str) -> None:
        """Remove a rollout and the finished jobs that only it needed."""
        del self.rollouts[rollout_id]
        self._membership.pop(rollout_id, None)
        self.prune_jobs()
        self.mark(RecordType.ROLLOUT, rollout_id)
        self.events.append(Event(kind=EventKind.ROLLOUT_REMOVED, rollout_id=rollout_id))

    def membership(self, rollout: Rollout) -> Membership:
        """Return which device is in which wave, from a cache that is cleared when devices or releases change."""
        found = self._membership.get(rollout.rollout_id)
        if found is None:
            chips = frozenset(chip for _, chip in releases_by_arm(rollout, self.releases.values()))
            offered = {job.uid: job.wave for job in self.jobs_in(rollout.rollout_id)}
            found = membership(rollout, self.devices.values(), chips, offered)
            self._membership[rollout.rollout_id] = found
        return found

    def discard_membership(self, rollout_id: str) -> None:
        """Discard the cached membership of a rollout that was not created."""
        self._membership.pop(rollout_id, None)

    # -- saving

    def mark(self, kind: RecordType, name: str) -> None:
        """Mark a record that has to be saved before the change is acknowledged."""
        self.dirty[kind, name] = None

    def flush_deferred(self, *, contacts: bool = False) -> None:
        """Save log events with the next commit, with `contacts` also what devices send again."""
        self.dirty |= self.unsaved_events
        self.unsaved_events.clear()
        if contacts:
            self.flush_last_seen()
            self.dirty |= self.unsaved_contacts
            self.unsaved_contacts.clear()

    def flush_last_seen(self) -> None:
        """Save with the next commit when the devices were last seen."""
        if self.unsaved_last_seen:
            self.unsaved_last_seen = False
            self.mark(RecordType.CONTACTS, "")

    # -- time

    def elapsed(self, job: Job, now: float) -> Elapsed:
        """Return how long ago a job changed."""
        liveness, key = self.liveness, (job.uid, job.job_id, job.updated_at)
        return Elapsed(
            age_s=liveness.age_s(job.job_id, job.updated_at, now),
            idle_s=liveness.idle_s(*key, now),
            silence_s=liveness.silence_s(*key, now),
        )


def job_event(job: Job) -> DeviceEvent:
    """Return the log event for a job's state."""
    return DeviceEvent(job.updated_at, DeviceEventKind(job.state.value), job.version, job.reason)


def _wave_criteria(device: Device) -> tuple[object, ...]:
    """Return what decides in which wave a device is."""
    return device.product, device.chip, device.group, device.tags, device.model
