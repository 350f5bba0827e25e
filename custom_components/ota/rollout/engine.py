"""The rollout engine: decides what happens when a device calls, reports or times out, and when a user acts.

The engine owns the state. Time and IDs are passed in, and it performs no I/O. After each call the caller saves the
`dirty` records before it acknowledges anything, and publishes the `events`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, tzinfo
from itertools import islice
from typing import Any, Final

from . import job as machine
from .contacts import seen, timeout_reason
from .errors import DeviceError, ReleaseError
from .models import (
    RUNNING,
    Device,
    DeviceEvent,
    DeviceEventKind,
    Job,
    JobKind,
    JobState,
    Policy,
    Release,
    Slots,
    add_metrics,
)
from .offers import Offer, Reason, is_downgrade, offer_for, release_version
from .plan import ENDED, Rollout
from .record_types import RecordType
from .rollout_manager import RolloutManager
from .state import State
from .versions import same_version

MAX_ATTEMPTS: Final = 5
"""Restarted downloads of one job before it fails."""
SAME_ATTEMPT_S: Final = 10.0
"""Requests for the image within this time belong to the same attempt: no device downloads and restarts that fast."""
MAX_METRICS: Final = 16


class Engine:
    """Decides about offers, jobs and rollouts."""

    def __init__(self, state: State | None = None, zone: tzinfo = UTC) -> None:
        """Create the engine of a state; maintenance windows are in the given time zone."""
        self.state = state or State()
        self.zone = zone
        self.rollouts = RolloutManager(self.state, self.start_job)

    # -- devices

    def device(self, uid: str) -> Device:
        """Return a device.

        Raises:
            DeviceError: `unknown_device`.
        """
        found = self.state.devices.get(uid)
        if found is None:
            raise DeviceError("unknown_device", device=uid[:64])
        return found

    def register(self, device: Device, now: float) -> None:
        """Add a device, or update what its provider reports about it; policy, history and jobs are kept."""
        before = self.state.devices.get(device.uid)
        if before is None:
            event = DeviceEvent(now, DeviceEventKind.REGISTERED, device.installed_version)
            self.state.set_device(replace(device, history=(event,)))
            return
        facts = replace(
            device,
            policy=before.policy,
            history=before.history,
            installed_version=before.installed_version,
            last_seen=before.last_seen,
            interval_s=before.interval_s,
            boot_count=before.boot_count,
            busy=before.busy,
            metrics=before.metrics,
            slots=before.slots,
            attributes=before.attributes,
        )
        self.state.set_device(facts)

    def remove(self, uid: str) -> None:
        """Remove a device.

        Raises:
            DeviceError: `unknown_device`.
        """
        self.device(uid)
        self.state.remove_device(uid)

    def set_policy(self, uid: str, policy: Policy) -> None:
        """Change the update policy of a device.

        Raises:
            DeviceError: `unknown_device`.
        """
        self.state.set_device(replace(self.device(uid), policy=policy))

    def log_event(self, uid: str, now: float, kind: DeviceEventKind, detail: str) -> None:
        """Add an event to the log of a device, such as a change of its key."""
        self.state.log(uid, DeviceEvent(now, kind, None, detail))

    # -- contacts

    def heartbeat(
        self,
        uid: str,
        now: float,
        *,
        version: str | None = None,
        boots: int | None = None,
        busy: str | None = None,
        metrics: Mapping[str, float] | None = None,
        slots: Slots | None = None,
        requested_s: float | None = None,
        usual_s: float | None = None,
    ) -> None:
        """Update a device from a contact in which it may report its version.

        Args:
            uid: The device.
            now: When it called.
            version: The version that it runs.
            boots: Its boot count.
            busy: Why it must not restart now; None: it may.
            metrics: Metrics of the device.
            slots: Its firmware slots.
            requested_s: The poll interval that the reply requests.
            usual_s: The usual poll interval of its protocol, for a device whose own one is not known yet.

        Raises:
            DeviceError: `unknown_device`.
        """
        device = self.device(uid)
        if version is not None:
            version = release_version(self.state, device, version)
        changed = replace(
            seen(self.state, device, now, requested_s=requested_s, usual_s=usual_s),
            busy=busy,
            boot_count=device.boot_count if boots is None else boots,
            installed_version=version or device.installed_version,
            metrics=device.metrics if metrics is None else dict(islice(metrics.items(), MAX_METRICS)),
            slots=slots or device.slots,
        )
        new_version = version is not None and version != device.installed_version
        self.state.set_device(changed, save=False)
        if new_version:
            self.state.log(uid, DeviceEvent(now, DeviceEventKind.VERSION, version))
        job = self.state.job_of(uid)
        if job is None or version is None:
            return
        elapsed = self.state.elapsed(job, now)
        updated = machine.apply_check_in(job, now, elapsed, version=version, boots=boots, soak_s=self._soak_s(job))
        if metrics and same_version(version, job.version) and updated.state is JobState.VERIFIED:
            updated = replace(updated, metrics=add_metrics(updated.metrics, changed.metrics))
        self._set_job(updated, now)

    def _soak_s(self, job: Job) -> float:
        rollout = self.state.rollouts.get(job.rollout_id or "")
        return self.rollouts.gate_for(rollout, job.wave).soak_s if rollout is not None else 0.0

    def mark_seen(self, uid: str, now: float, *, requested_s: float | None = None) -> None:
        """Update the last contact of a device that reports nothing about itself; `requested_s` as for `heartbeat`.

        Raises:
            DeviceError: `unknown_device`.
        """
        self.state.set_device(seen(self.state, self.device(uid), now, requested_s=requested_s), save=False)

    # -- offers and progress

    def offer(self, uid: str, now: float) -> Offer:
        """Return the current offer for a device; nothing changes.

        Raises:
            DeviceError: `unknown_device`.
        """
        return offer_for(self.state, uid, now, self.zone)

    def poll(self, uid: str, now: float) -> Offer:
        """Handle the update request of a device: an offer becomes a job, which ties the device to the rollout.

        Raises:
            DeviceError: `unknown_device`.
        """
        offer = self.offer(uid, now)
        if offer.reason is not Reason.OFFERED or offer.job is not None or offer.release is None:
            return offer
        job = self.start_job(uid, offer.release, JobKind.ROLLOUT, now, rollout=offer.rollout)
        return replace(offer, job=job)

    def start_job(
        self,
        uid: str,
        release: Release,
        kind: JobKind,
        now: float,
        *,
        rollout: Rollout | None = None,
        attempt: int = 1,
    ) -> Job:
        """Create a job; an open job of the device is canceled."""
        device = self.device(uid)
        earlier = self.state.job_of(uid)
        if earlier is not None and not earlier.done:
            self._set_job(machine.finish(earlier, JobState.CANCELED, now, "superseded"), now)
        wave = 0
        if rollout is not None:
            wave = self.state.membership(rollout).wave_of.get(uid, rollout.wave)
        job = Job(
            job_id=self.state.next_job,
            uid=uid,
            release_id=release.release_id,
            version=release.version,
            kind=kind,
            rollout_id=rollout.rollout_id if rollout else None,
            arm=rollout.arm(uid) if rollout else 0,
            wave=wave,
            from_version=device.installed_version,
            attempt=attempt,
            offered_at=now,
            updated_at=now,
            boots_before=device.boot_count,
        )
        self.state.next_job += 1
        self.state.set_job(job)
        if earlier is not None:
            self.state.prune(earlier.job_id)
        return job

    def report(
        self,
        uid: str,
        job_id: int,
        state: JobState,
        now: float,
        *,
        progress: int | None = None,
        reason: str | None = None,
    ) -> Job:
        """Handle the report of a device about its update.

        `verified` is accepted only from clients that verify the update themselves (DDI). `failed` is always
        accepted.

        Raises:
            DeviceError: `unknown_device`, `unknown_job` (not the current job of this device).
        """
        job = self.job(uid, job_id)
        if state is JobState.FAILED:
            job = machine.finish(job, JobState.FAILED, now, reason or "reported_by_device")
        elif state is JobState.VERIFIED:
            job = self._accept_verified(job, now)
        elif state is JobState.CANCELED:
            job = machine.finish(job, JobState.CANCELED, now, reason or "rejected_by_device")
        else:
            job = machine.advance(job, state, now, progress=progress)
        self._set_job(job, now)
        return job

    def _accept_verified(self, job: Job, now: float) -> Job:
        device = self.device(job.uid)
        self.state.set_device(replace(device, installed_version=job.version, last_seen=now))
        return replace(machine.finish(job, JobState.VERIFIED, now), boots_verified=device.boot_count)

    def job(self, uid: str, job_id: int) -> Job:
        """Return the current job of a device.

        Raises:
            DeviceError: `unknown_device`, `unknown_job`.
        """
        self.device(uid)
        job = self.state.job_of(uid)
        if job is None or job.job_id != job_id:
            raise DeviceError("unknown_job", job=str(job_id))
        return job

    def image_requested(self, uid: str, sha256: str, now: float, *, resumed: bool = False) -> Release:
        """Handle the request of a device for an image: only the image of its open job is available to it.

        Raises:
            DeviceError: `unknown_device`, `not_offered`.
        """
        offer = self.offer(uid, now)
        job, release = offer.job, offer.release
        if offer.reason is not Reason.OFFERED or job is None or release is None or release.sha256 != sha256:
            raise DeviceError("not_offered", device=uid[:64])
        if not resumed and job.state in RUNNING:
            job = self._restart_download(job, now)
        self._set_job(machine.advance(job, JobState.DOWNLOADING, now), now)
        return release

    def _restart_download(self, job: Job, now: float) -> Job:
        """Return the job for a download from the beginning, after an abandoned one or a mere check of the image."""
        if job.taken_at is None or not 0 <= now - job.taken_at < SAME_ATTEMPT_S:
            if job.attempt >= MAX_ATTEMPTS:
                self._set_job(machine.finish(job, JobState.FAILED, now, "too_many_attempts"), now)
                raise DeviceError("not_offered", device=job.uid[:64])
            job = replace(job, attempt=job.attempt + 1, taken_at=now)
        return replace(job, state=JobState.DOWNLOADING, progress=0, updated_at=now)

    def image_served(self, uid: str, job_id: int, now: float, *, sent: int, size: int) -> None:
        """Update the progress of a client that does not report it, from the number of bytes sent."""
        job = self.state.job_of(uid)
        if job is None or job.job_id != job_id or job.state is not JobState.DOWNLOADING:
            return
        if sent >= size:
            self._set_job(machine.advance(job, JobState.INSTALLING, now), now)
        else:
            self._set_job(machine.advance(job, JobState.DOWNLOADING, now, progress=sent * 100 // size), now)

    # -- user actions

    def install(self, uid: str, version: str | None, now: float) -> Job:
        """Update a device on request of a user: to the offered version, or to a stored one.

        Raises:
            DeviceError: `unknown_device`, `not_allowed`, `nothing_to_install`, `busy_updating`.
            ReleaseError: `unknown_release`, `withdrawn`, `expired`, `downgrade`.
        """
        device = self.device(uid)
        if not device.policy.may_update:
            raise DeviceError("not_allowed", device=device.name)
        job = self.state.job_of(uid)
        if job is not None and job.state in RUNNING:
            raise DeviceError("busy_updating", device=device.name)
        offer = self.offer(uid, now)
        visible = offer.visible
        if version is None or (visible is not None and same_version(visible.version, version)):
            if visible is None:
                raise DeviceError("nothing_to_install", device=device.name)
            return self.start_job(uid, visible, JobKind.MANUAL, now, rollout=offer.rollout)
        release = self.rollouts.find_release(device.product, device.chip, version)
        if release.expires is not None and release.expires <= now:
            raise ReleaseError("expired", version=version)
        if is_downgrade(self.state, device, release):
            installed = device.installed_version or ""
            if not self.rollouts.may_return_to(device, release):
                raise ReleaseError("downgrade", version=version, installed=installed)
        return self.start_job(uid, release, JobKind.MANUAL, now)

    def cancel(self, uid: str, now: float) -> None:
        """Withdraw an offer that the device has not accepted yet.

        Raises:
            DeviceError: `unknown_device`, `busy_updating`.
        """
        device = self.device(uid)
        job = self.state.job_of(uid)
        if job is None or job.done:
            return
        if job.state in RUNNING:
            raise DeviceError("busy_updating", device=device.name)
        self._set_job(machine.finish(job, JobState.CANCELED, now, "canceled_by_user"), now)

    # -- time

    def tick(self, now: float) -> None:
        """Check timeouts, gates and schedules."""
        for number in list(self.state.open):
            self._expire(self.state.jobs[number], now)
        for rollout in list(self.state.rollouts.values()):
            if rollout.status not in ENDED:
                for job in self.rollouts.soaking(rollout):
                    self._expire(job, now)
                self.rollouts.evaluate(rollout.rollout_id, now)

    def _expire(self, job: Job, now: float) -> None:
        if reason := timeout_reason(self.state, job, now):
            self._set_job(machine.finish(job, JobState.FAILED, now, reason), now)

    def _set_job(self, job: Job, now: float) -> None:
        """Store a job; if it ended, update its rollout."""
        before = self.state.jobs.get(job.job_id)
        self.state.set_job(job)
        if before is not None and before.state is not job.state and job.done:
            if job.state is JobState.VERIFIED:
                # The version that the job was verified by has to survive a crash, too.
                self.state.mark(RecordType.DEVICE, job.uid)
            self.rollouts.on_finished(job, now)

    def pop_events(self) -> list[Any]:
        """Return the events since the last call."""
        events, self.state.events = self.state.events, []
        return events
