"""Everything ota knows, with the indexes that make a poll cheap, and what of it has to be saved."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .codec import decode
from .journal import Key, Op
from .models import HISTORY_LENGTH, Device, DeviceEvent, DeviceEventKind, Job, JobState, Release
from .plan import Membership, Rollout, membership, releases_of
from .records import Kind, everything, read_into, read_logs_into, record_of


class EventKind(StrEnum):
    """What happened, for whoever shows it."""

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
    """Something happened. For `JOB`, `before` is the state before; None when it is new."""

    kind: EventKind
    uid: str | None = None
    rollout_id: str | None = None
    release_id: str | None = None
    job: Job | None = None
    before: JobState | None = None


class State:
    """Containers of immutable records.

    Only the `put_…` and `drop_…` methods change them, so indexes stay right.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.releases: dict[str, Release] = {}
        self.devices: dict[str, Device] = {}
        self.rollouts: dict[str, Rollout] = {}
        self.jobs: dict[int, Job] = {}
        self.sequences: dict[str, int] = {}
        """Highest sequence ever accepted for `product/chip`; outlives the release."""
        self.next_job = 1
        self.lines: dict[str, int] = {}
        """Lines ever written to a device's log."""
        self.dirty: dict[Key, None] = {}
        """To be saved before anything is acknowledged, in the order in which it changed."""
        self.stale: dict[Key, None] = {}
        """To be saved soon: log lines."""
        self.seen: dict[Key, None] = {}
        """To be saved some time: what devices tell again by themselves."""
        self.events: list[Event] = []
        self.last_job: dict[str, int] = {}
        self.job_in: dict[tuple[str, str], int] = {}
        """(rollout, device) -> its job there."""
        self.rollout_jobs: dict[str, dict[str, int]] = {}
        self.open_in: dict[str, set[int]] = {}
        self.open_in_zone: dict[str, set[int]] = {}
        self.open: set[int] = set()
        self.soaking: dict[str, set[int]] = {}
        """Verified jobs of each rollout of which it is not known yet whether they survive the soak."""
        self.tally: dict[tuple[str, int], Counter[JobState]] = {}
        self._membership: dict[str, Membership] = {}

    # -- releases

    def put_release(self, release: Release) -> None:
        """Add or replace."""
        known = release.release_id in self.releases
        self.releases[release.release_id] = release
        self._membership.clear()
        self.mark(Kind.RELEASE, release.release_id)
        if not known:
            self.events.append(Event(kind=EventKind.RELEASE_ADDED, release_id=release.release_id))

    def drop_release(self, release_id: str) -> None:
        """Remove."""
        del self.releases[release_id]
        self._membership.clear()
        self.mark(Kind.RELEASE, release_id)
        self.events.append(Event(kind=EventKind.RELEASE_REMOVED, release_id=release_id))

    def accept_sequence(self, line: str, sequence: int) -> None:
        """Remember the highest sequence of a `product/chip`."""
        self.sequences[line] = max(sequence, self.sequences.get(line, 0))
        self.mark(Kind.SEQUENCE, line)

    # -- devices

    def put_device(self, device: Device, *, save: bool = True) -> None:
        """Add or replace. `save=False` for what a device tells again, such as when it was last seen."""
        before = self.devices.get(device.uid)
        if before == device:
            return
        self.devices[device.uid] = device
        if before is not None and before.zone != device.zone:
            self._move_zone(before, device)
        if before is None or _placing(before) != _placing(device):
            self._membership.clear()
        if save:
            self.mark(Kind.DEVICE, device.uid)
        else:
            self.seen[Kind.DEVICE, device.uid] = None
        if before is None or before.history != device.history:
            self._number_lines(device, len(device.history) if before is None else 1)
        kind = EventKind.DEVICE_ADDED if before is None else EventKind.DEVICE_CHANGED
        self.events.append(Event(kind=kind, uid=device.uid))

    def _number_lines(self, device: Device, new: int) -> None:
        """Only the new lines of a log have to be saved."""
        total = self.lines[device.uid] = self.lines.get(device.uid, 0) + new
        for number in range(total - new, total):
            self.stale[Kind.HISTORY, f"{device.uid}/{number % HISTORY_LENGTH}"] = None

    def _move_zone(self, before: Device, after: Device) -> None:
        number = self.last_job.get(after.uid)
        if number is None or number not in self.open:
            return
        if before.zone is not None:
            self.open_in_zone.get(before.zone, set()).discard(number)
        if after.zone is not None:
            self.open_in_zone.setdefault(after.zone, set()).add(number)

    def drop_device(self, uid: str) -> None:
        """Remove with its jobs."""
        for job in [job for job in self.jobs.values() if job.uid == uid]:
            self.drop_job(job)
        del self.devices[uid]
        self._membership.clear()
        self.mark(Kind.DEVICE, uid)
        self.lines.pop(uid, None)
        for slot in range(HISTORY_LENGTH):
            self.mark(Kind.HISTORY, f"{uid}/{slot}")
        self.events.append(Event(kind=EventKind.DEVICE_REMOVED, uid=uid))

    def log(self, uid: str, event: DeviceEvent) -> None:
        """Add a line to a device's log."""
        device = self.devices.get(uid)
        if device is None:
            return
        history = (*device.history, event)[-HISTORY_LENGTH:]
        self.put_device(replace(device, history=history), save=False)

    # -- jobs

    def put_job(self, job: Job) -> None:
        """Add or replace, log it and keep the indexes."""
        before = self.jobs.get(job.job_id)
        if before == job:
            return
        if before is not None:
            self._unindex(before)
        self._index(job)
        changed = before is None or before.state is not job.state
        # Progress alone is not worth a write: after a restart the device says it again.
        if changed or (before is not None and before.progress == job.progress):
            self.mark(Kind.JOB, str(job.job_id))
        if before is None:
            self.mark(Kind.NEXT_JOB, "")
        if changed:
            self.log(job.uid, _line(job))
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
        """The device's newest job."""
        number = self.last_job.get(uid)
        return None if number is None else self.jobs[number]

    def job_in_rollout(self, rollout_id: str, uid: str) -> Job | None:
        """The device's job in a rollout."""
        number = self.job_in.get((rollout_id, uid))
        return None if number is None else self.jobs[number]

    def jobs_in(self, rollout_id: str) -> list[Job]:
        """The newest job of each device in a rollout."""
        return [self.jobs[number] for number in self.rollout_jobs.get(rollout_id, {}).values()]

    def _index(self, job: Job) -> None:
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

    def _unindex(self, job: Job) -> None:
        self.open.discard(job.job_id)
        if job.rollout_id is not None:
            self.open_in.get(job.rollout_id, set()).discard(job.job_id)
            self.soaking.get(job.rollout_id, set()).discard(job.job_id)
            if not job.excused:
                self.tally[job.rollout_id, job.wave][job.state] -= 1
        device = self.devices.get(job.uid)
        if device is not None and device.zone is not None:
            self.open_in_zone.get(device.zone, set()).discard(job.job_id)

    def drop_job(self, job: Job) -> None:
        """Forget a job; its counts go with it."""
        self._unindex(job)
        del self.jobs[job.job_id]
        self.mark(Kind.JOB, str(job.job_id))
        if self.last_job.get(job.uid) == job.job_id:
            del self.last_job[job.uid]
        if job.rollout_id is not None and self.job_in.get((job.rollout_id, job.uid)) == job.job_id:
            del self.job_in[job.rollout_id, job.uid]
            del self.rollout_jobs[job.rollout_id][job.uid]

    def prune(self, job_id: int) -> None:
        """Forget a finished job that neither is a device's newest nor belongs to a rollout that is kept."""
        job = self.jobs.get(job_id)
        if job is None or not job.done or job.rollout_id in self.rollouts:
            return
        if self.last_job.get(job.uid) != job.job_id:
            self.drop_job(job)

    def prune_jobs(self) -> None:
        """Forget all such jobs."""
        for number in list(self.jobs):
            self.prune(number)

    # -- rollouts

    def put_rollout(self, rollout: Rollout) -> None:
        """Add or replace."""
        before = self.rollouts.get(rollout.rollout_id)
        if before == rollout:
            return
        self.rollouts[rollout.rollout_id] = rollout
        if before is None or before.waves != rollout.waves or before.population != rollout.population:
            self._membership.pop(rollout.rollout_id, None)
        self.mark(Kind.ROLLOUT, rollout.rollout_id)
        kind = EventKind.ROLLOUT_CREATED if before is None else EventKind.ROLLOUT_CHANGED
        self.events.append(Event(kind=kind, rollout_id=rollout.rollout_id))

    def drop_rollout(self, rollout_id: str) -> None:
        """Remove; the jobs of its devices become plain history."""
        del self.rollouts[rollout_id]
        self._membership.pop(rollout_id, None)
        self.prune_jobs()
        self.mark(Kind.ROLLOUT, rollout_id)
        self.events.append(Event(kind=EventKind.ROLLOUT_REMOVED, rollout_id=rollout_id))

    def membership(self, rollout: Rollout) -> Membership:
        """Who belongs to which wave; computed once and kept until devices or releases change."""
        found = self._membership.get(rollout.rollout_id)
        if found is None:
            chips = frozenset(chip for _, chip in releases_of(rollout, self.releases.values()))
            offered = {job.uid: job.wave for job in self.jobs_in(rollout.rollout_id)}
            found = membership(rollout, self.devices.values(), chips, offered)
            self._membership[rollout.rollout_id] = found
        return found

    def _relog(self, job: Job) -> None:
        """The job was saved, and the power failed before the log was: write the line again."""
        kind = DeviceEventKind(job.state.value)
        history = self.devices[job.uid].history
        if not any(event.kind is kind and event.version == job.version for event in history[-8:]):
            self.log(job.uid, _line(job))

    def forget_membership(self, rollout_id: str) -> None:
        """Drop what was computed for a rollout that did not come to be."""
        self._membership.pop(rollout_id, None)

    # -- saving

    def mark(self, kind: Kind, name: str) -> None:
        """This record changed, came or went: save it before anything is acknowledged."""
        self.dirty[kind, name] = None

    def settle(self, *, all_seen: bool = False) -> None:
        """Save log lines with the next commit; `all_seen`: and when devices were last seen."""
        self.dirty |= self.stale
        self.stale.clear()
        if all_seen:
            self.dirty |= self.seen
            self.seen.clear()

    def take(self) -> list[Op]:
        """What is to be saved now. Records are immutable, so another thread may write them."""
        keys, self.dirty = self.dirty, {}
        for key in keys:
            self.seen.pop(key, None)
        return [(kind, name, record_of(self, kind, name)) for kind, name in keys]

    def put_back(self, ops: Sequence[Op]) -> None:
        """What was taken could not be saved."""
        self.dirty = {(kind, name): None for kind, name, _ in ops} | self.dirty

    def capture(self) -> Iterator[Op]:
        """Everything as it is now; another thread may go through it later."""
        still = State()
        still.releases, still.sequences = dict(self.releases), dict(self.sequences)
        still.devices, still.rollouts, still.jobs = dict(self.devices), dict(self.rollouts), dict(self.jobs)
        still.next_job, still.lines = self.next_job, dict(self.lines)
        return everything(still)

    def restore(self, records: Mapping[Key, Any]) -> None:
        """Fill an empty state from what was saved.

        Raises:
            DecodeError: The data is damaged.
        """
        for (kind, name), raw in records.items():
            read_into(self, kind, name, raw)
        read_logs_into(self, records)
        jobs = [decode(Job, raw) for (kind, _), raw in records.items() if kind == Kind.JOB]
        for job in jobs:
            if job.uid in self.devices:
                self._index(job)
        for number in self.last_job.values():
            self._relog(self.jobs[number])
        self.events.clear()
        self.next_job = max([self.next_job, *(number + 1 for number in self.jobs)])


def _line(job: Job) -> DeviceEvent:
    """What the device's log says of a job's state."""
    return DeviceEvent(job.updated_at, DeviceEventKind(job.state.value), job.version, job.reason)


def _placing(device: Device) -> tuple[object, ...]:
    """What decides about waves."""
    return device.product, device.chip, device.group, device.tags, device.model
