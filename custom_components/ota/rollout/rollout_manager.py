"""Create, advance, pause, resume, retry, abort and roll back rollouts."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from . import job as machine
from .errors import DeviceError, ReleaseError, RolloutError
from .gate import Decision, GatePolicy, Outcome, Verdict, decide, is_breaking
from .models import RUNNING, Device, Job, JobKind, JobState, Release
from .offers import installed_release
from .plan import ENDED, Membership, Rollout, Status, check_members, releases_by_arm
from .state import State
from .versions import is_identical, same_version

FAILURES: Final = frozenset({JobState.FAILED, JobState.ROLLED_BACK})
ROLLBACK: Final = "rollback"
"""Reason of a verified job that was rolled back with its rollout."""
type StartJob = Callable[..., Job]


class RolloutManager:
    """The operations on the rollouts of a state."""

    def __init__(self, state: State, start_job: StartJob) -> None:
        """Create the manager; jobs are created with the engine's `start_job`."""
        self._state = state
        self._start_job = start_job

    def get(self, rollout_id: str) -> Rollout:
        """Return a rollout.

        Raises:
            RolloutError: `unknown_rollout`.
        """
        found = self._state.rollouts.get(rollout_id)
        if found is None:
            raise RolloutError("unknown_rollout", rollout=rollout_id[:64])
        return found

    def create(self, rollout: Rollout, now: float) -> Rollout:
        """Create a rollout.

        Raises:
            RolloutError: `rollout_exists`, `no_devices`, `empty_wave`.
            ReleaseError: `unknown_release` (a version has no image), `expired`.
        """
        members = self._validate(rollout, now)
        first = rollout.waves[0].not_before
        if first is not None and first > now:
            rollout = replace(rollout, status=Status.SCHEDULED)
        else:
            rollout = replace(rollout, status=Status.RUNNING, wave_started=now)
        if not rollout.late_joiners:
            rollout = replace(rollout, population=tuple(sorted(members.wave_of)))
        self._state.set_rollout(rollout)
        return rollout

    def preview(self, rollout: Rollout, now: float) -> list[int]:
        """Return the number of devices in each wave of a plan; nothing is created.

        Raises:
            RolloutError, ReleaseError: As `create`.
        """
        members = self._validate(rollout, now)
        self._state.discard_membership(rollout.rollout_id)
        return [len(members.members(number)) for number in range(len(rollout.waves))]

    def _validate(self, rollout: Rollout, now: float) -> Membership:
        """Return the members of a plan after validating it."""
        state = self._state
        if rollout.rollout_id in state.rollouts:
            raise RolloutError("rollout_exists", rollout=rollout.rollout_id)
        for release in self._images(rollout):
            if release.expires is not None and release.expires <= now:
                raise ReleaseError("expired", version=release.version)
        members = state.membership(rollout)
        try:
            check_members(rollout, state.devices, members)
        except RolloutError:
            state.discard_membership(rollout.rollout_id)
            raise
        return members

    def _images(self, rollout: Rollout) -> list[Release]:
        found = releases_by_arm(rollout, self._state.releases.values())
        for arm, version in enumerate(rollout.versions):
            if not any(number == arm for number, _ in found):
                raise ReleaseError("unknown_release", product=rollout.product, version=version)
        return list(found.values())

    # -- user actions

    def pause(self, rollout_id: str) -> None:
        """Stop offering the release; devices that are updating continue.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`.
        """
        rollout = self._active(rollout_id)
        self._state.set_rollout(replace(rollout, status=Status.PAUSED, pause_reason=None))

    def resume(self, rollout_id: str, now: float) -> None:
        """Resume a rollout. Its previous failures are excused, because a user has seen them.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`, `not_paused`.
        """
        rollout = self._active(rollout_id)
        if rollout.status is not Status.PAUSED:
            raise RolloutError("not_paused", rollout=rollout.name)
        for job in self._state.jobs_in(rollout_id):
            if job.state in FAILURES and not job.excused:
                self._state.set_job(replace(job, excused=True))
        first = rollout.waves[0].not_before
        waiting = rollout.wave_started is None and first is not None and first > now
        self._state.set_rollout(
            replace(
                rollout,
                status=Status.SCHEDULED if waiting else Status.RUNNING,
                pause_reason=None,
                wave_started=rollout.wave_started or (None if waiting else now),
            )
        )

    def abort(self, rollout_id: str, now: float) -> None:
        """End a rollout and withdraw the offers that were not accepted yet.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`.
        """
        rollout = self._active(rollout_id)
        self._withdraw_offers(rollout, now, "aborted")
        self._state.set_rollout(replace(rollout, status=Status.ABORTED, pause_reason=None, finished_at=now))

    def promote(self, rollout_id: str, now: float) -> None:
        """Start the next wave even if the gate does not allow it.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`, `last_wave`.
        """
        rollout = self._active(rollout_id)
        if rollout.wave + 1 >= len(rollout.waves):
            raise RolloutError("last_wave", rollout=rollout.name)
        self._start_wave(rollout, rollout.wave + 1, now)

    def retry(self, rollout_id: str, now: float, uids: Iterable[str] | None = None) -> list[str]:
        """Offer the release again to devices that failed; return them.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`.
            DeviceError: `unknown_device`.
        """
        rollout = self._active(rollout_id)
        selected = None if uids is None else set(uids)
        for uid in selected or ():
            if uid not in self._state.devices:
                raise DeviceError("unknown_device", device=uid[:64])
        retried = []
        for job in self._state.jobs_in(rollout_id):
            if job.state not in FAILURES and job.state is not JobState.CANCELED:
                continue
            if selected is not None and job.uid not in selected:
                continue
            release = self._state.releases.get(job.release_id)
            last = self._state.job_of(job.uid)
            if release is None or (last is not None and not last.done):
                continue
            self._state.remove_job(job)
            self._start_job(job.uid, release, JobKind.ROLLOUT, now, rollout=rollout, attempt=job.attempt + 1)
            retried.append(job.uid)
        return retried

    def remove(self, rollout_id: str) -> None:
        """Remove a rollout that ended or succeeded.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_active`.
        """
        rollout = self.get(rollout_id)
        if rollout.status not in ENDED and rollout.status is not Status.SUCCEEDED:
            raise RolloutError("rollout_active", rollout=rollout.name)
        self._state.remove_rollout(rollout_id)

    def _active(self, rollout_id: str) -> Rollout:
        rollout = self.get(rollout_id)
        if rollout.status in ENDED:
            raise RolloutError("rollout_ended", rollout=rollout.name)
        return rollout

    def _withdraw_offers(self, rollout: Rollout, now: float, reason: str) -> None:
        for job in self._state.jobs_in(rollout.rollout_id):
            if job.state is JobState.OFFERED:
                self._state.set_job(machine.finish(job, JobState.CANCELED, now, reason))

    # -- rollback

    def rollback(self, rollout_id: str, now: float) -> list[str]:
        """End a rollout and offer the previous version to its devices.

        Return the devices for which that is not possible.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`.
        """
        rollout = self._active(rollout_id)
        self._withdraw_offers(rollout, now, "rolled_back")
        rollout = replace(rollout, status=Status.ROLLED_BACK, finished_at=now)
        self._state.set_rollout(rollout)
        return [
            job.uid
            for job in self._state.jobs_in(rollout_id)
            if _runs_release(self._state.devices.get(job.uid), job) and not self._offer_previous(rollout, job, now)
        ]

    def _offer_previous(self, rollout: Rollout, job: Job, now: float) -> bool:
        device = self._state.devices[job.uid]
        target = self._rollback_target(device, job)
        if target is None:
            return False
        self._start_job(job.uid, target, JobKind.ROLLBACK, now, rollout=None)
        return True

    def _rollback_target(self, device: Device, job: Job) -> Release | None:
        """Return the previous release of the device, else the newest known good one."""
        candidates = [
            release
            for release in self._state.releases.values()
            if release.product == device.product
            and release.chip == device.chip
            and release.release_id != job.release_id
            and self.may_return_to(device, release)
        ]
        for release in candidates:
            if same_version(release.version, job.from_version):
                return release
        good = [release for release in candidates if release.known_good]
        return max(good, key=lambda release: release.sequence, default=None)

    def may_return_to(self, device: Device, release: Release) -> bool:
        """Return whether the device allows the older release and its anti-rollback counter accepts it."""
        if not device.policy.may_roll_back or release.withdrawn:
            return False
        installed = installed_release(self._state, device)
        return installed is None or release.secure_version >= installed.secure_version

    def find_release(self, product: str, chip: str, version: str) -> Release:
        """Return a stored release that is not withdrawn.

        Raises:
            ReleaseError: `unknown_release`, `withdrawn`.
        """
        for release in self._state.releases.values():
            if release.product == product and release.chip == chip and is_identical(release.version, version):
                if release.withdrawn:
                    raise ReleaseError("withdrawn", version=version)
                return release
        raise ReleaseError("unknown_release", product=product, version=version)

    # -- gates

    def on_finished(self, job: Job, now: float) -> None:
        """Handle the end of a job: stop the rollout if too many failed, or complete a rollback."""
        if job.kind is JobKind.ROLLBACK:
            self._rolled_back(job, now)
        rollout = self._state.rollouts.get(job.rollout_id or "")
        if rollout is None:
            return
        if rollout.status is Status.ROLLED_BACK and job.state is JobState.VERIFIED:
            self._offer_previous(rollout, job, now)
        elif job.state in FAILURES and rollout.status in (Status.RUNNING, Status.SUCCEEDED):
            verified, failed = self.counts(rollout)
            if reason := is_breaking(rollout.gate, verified + failed, failed):
                self._stop(rollout, reason, now)

    def _rolled_back(self, rollback: Job, now: float) -> None:
        """Mark the rollout's job as rolled back, because the device runs the old release again."""
        if rollback.state is not JobState.VERIFIED:
            return
        for rollout in self._state.rollouts.values():
            job = self._state.job_in_rollout(rollout.rollout_id, rollback.uid)
            if job is not None and job.state in (JobState.VERIFIED, JobState.FAILED) and rollout.status in ENDED:
                reason = ROLLBACK if job.state is JobState.VERIFIED else job.reason
                self._state.set_job(machine.finish(job, JobState.ROLLED_BACK, now, reason))

    def counts(self, rollout: Rollout) -> tuple[int, int]:
        """Return the numbers of verified and failed devices that the gate counts, over all waves."""
        verified = failed = 0
        for wave in range(len(rollout.waves)):
            tally = self._state.tally.get((rollout.rollout_id, wave))
            if tally:
                verified += tally[JobState.VERIFIED]
                failed += tally[JobState.FAILED] + tally[JobState.ROLLED_BACK]
        return verified, failed

    def reached(self, rollout: Rollout) -> int:
        """Return the number of devices of the rollout that run one of its versions."""
        devices = self._state.devices
        return sum(
            any(same_version(devices[uid].installed_version, version) for version in rollout.versions)
            for uid in self._state.membership(rollout).wave_of
        )

    def outcome(self, rollout: Rollout, wave: int) -> Outcome:
        """Return the counts of a wave for its gate."""
        verified = confirmed = failures = members = 0
        soak_s = self.gate_for(rollout, wave).soak_s
        for uid in self._state.membership(rollout).members(wave):
            job = self._state.job_in_rollout(rollout.rollout_id, uid)
            if job is None:
                device = self._state.devices[uid]
                members += not any(same_version(device.installed_version, v) for v in rollout.versions)
            elif job.state is not JobState.CANCELED and not job.excused:
                members += 1
                failures += job.state in FAILURES
                verified += job.state is JobState.VERIFIED
                confirmed += self._confirmed(job, soak_s)
        return Outcome(members=members, verified=verified, confirmed=confirmed, failures=failures)

    def _confirmed(self, job: Job, soak_s: float) -> bool:
        """Return whether the device still reported after the soak time."""
        if job.state is not JobState.VERIFIED or job.finished_at is None:
            return False
        device = self._state.devices[job.uid]
        seen_after_s = self._state.liveness.contact_after_s(
            job.uid, device.last_seen or 0.0, job.job_id, job.finished_at
        )
        return soak_s <= 0 or seen_after_s >= soak_s

    def soaking(self, rollout: Rollout) -> list[Job]:
        """Return the verified jobs whose soak time is not over; a confirmed job remains confirmed."""
        waiting = self._state.soaking.get(rollout.rollout_id, set())
        jobs = [self._state.jobs[number] for number in waiting]
        found = [job for job in jobs if not self._confirmed(job, self.gate_for(rollout, job.wave).soak_s)]
        waiting.intersection_update(job.job_id for job in found)
        return found

    def gate_for(self, rollout: Rollout, wave: int) -> GatePolicy:
        """Return the gate after a wave."""
        return rollout.waves[wave].gate or rollout.gate

    def decision(self, rollout: Rollout) -> Decision:
        """Return the decision of the gate of the current wave."""
        return decide(self.gate_for(rollout, rollout.wave), self.outcome(rollout, rollout.wave))

    def evaluate(self, rollout_id: str, now: float) -> None:
        """Start and advance a rollout as far as its schedule and gates allow."""
        rollout = self.get(rollout_id)
        if rollout.status is Status.SCHEDULED and (rollout.waves[0].not_before or 0.0) <= now:
            rollout = replace(rollout, status=Status.RUNNING, wave_started=now)
            self._state.set_rollout(rollout)
        if rollout.status is not Status.RUNNING:
            return
        decision = self.decision(rollout)
        if decision.verdict is Verdict.STOP:
            self._stop(rollout, decision.reason, now)
        elif decision.verdict is Verdict.ADVANCE:
            self._advance(rollout, now)

    def _advance(self, rollout: Rollout, now: float) -> None:
        following = rollout.wave + 1
        if following < len(rollout.waves):
            if (rollout.waves[following].not_before or 0.0) <= now:
                self._start_wave(rollout, following, now)
            return
        self._state.set_rollout(replace(rollout, status=Status.SUCCEEDED, finished_at=now))
        for release in releases_by_arm(rollout, self._state.releases.values()).values():
            self._state.set_release(replace(release, known_good=True))

    def _start_wave(self, rollout: Rollout, wave: int, now: float) -> None:
        self._state.set_rollout(replace(rollout, wave=wave, wave_started=now, status=Status.RUNNING, pause_reason=None))

    def _stop(self, rollout: Rollout, reason: str, now: float) -> None:
        if rollout.auto_rollback:
            self.rollback(rollout.rollout_id, now)
            rollout = self.get(rollout.rollout_id)
            self._state.set_rollout(replace(rollout, pause_reason=reason))
            return
        self._state.set_rollout(replace(rollout, status=Status.PAUSED, pause_reason=reason))


def _runs_release(device: Device | None, job: Job) -> bool:
    """Return whether the device runs the release of its job, also if it failed because the contact was lost later."""
    if device is None or job.state in RUNNING:
        return False
    return job.state in (JobState.VERIFIED, JobState.FAILED) and same_version(device.installed_version, job.version)
