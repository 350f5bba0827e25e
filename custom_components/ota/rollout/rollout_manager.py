"""Rollouts: created, advanced through their gates, paused, resumed, retried, rolled back."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from . import job as machine
from .errors import ReleaseError, RolloutError
from .gate import Decision, GatePolicy, Outcome, Verdict, decide, is_breaking
from .models import RUNNING, Device, Job, JobKind, JobState, Release
from .offers import installed_release
from .plan import ENDED, Membership, Rollout, Status, releases_by_arm
from .state import State
from .versions import same_version

FAILURES: Final = frozenset({JobState.FAILED, JobState.ROLLED_BACK})
ROLLBACK: Final = "rollback"
"""Reason of a job that had succeeded and was taken back with its rollout."""
type StartJob = Callable[..., Job]


class RolloutManager:
    """Operations on the rollouts of a state."""

    def __init__(self, state: State, start_job: StartJob) -> None:
        """Jobs are begun by the engine's `start_job`."""
        self._state = state
        self._start_job = start_job

    def get(self, rollout_id: str) -> Rollout:
        """A rollout.

        Raises:
            RolloutError: `unknown_rollout`.
        """
        found = self._state.rollouts.get(rollout_id)
        if found is None:
            raise RolloutError("unknown_rollout", rollout=rollout_id[:64])
        return found

    def create(self, rollout: Rollout, now: float) -> Rollout:
        """Begin a rollout.

        Raises:
            RolloutError: `rollout_exists`, `no_devices` (nobody is meant).
            ReleaseError: `unknown_release` (a version has no image at all), `expired`.
        """
        members = self._checked(rollout, now)
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
        """How many devices each wave of a plan would have; nothing begins.

        Raises:
            RolloutError, ReleaseError: As `create`.
        """
        members = self._checked(rollout, now)
        self._state.discard_membership(rollout.rollout_id)
        return [len(members.members(number)) for number in range(len(rollout.waves))]

    def _checked(self, rollout: Rollout, now: float) -> Membership:
        """The members of a plan that can be carried out."""
        state = self._state
        if rollout.rollout_id in state.rollouts:
            raise RolloutError("rollout_exists", rollout=rollout.rollout_id)
        for release in self._images(rollout):
            if release.expires is not None and release.expires <= now:
                raise ReleaseError("expired", version=release.version)
        members = state.membership(rollout)
        if not members.wave_of:
            state.discard_membership(rollout.rollout_id)
            raise RolloutError("no_devices", rollout=rollout.name)
        return members

    def _images(self, rollout: Rollout) -> list[Release]:
        found = releases_by_arm(rollout, self._state.releases.values())
        for arm, version in enumerate(rollout.versions):
            if not any(number == arm for number, _ in found):
                raise ReleaseError("unknown_release", product=rollout.product, version=version)
        return list(found.values())

    # -- by hand

    def pause(self, rollout_id: str) -> None:
        """Offer nothing for the time being; devices that have begun go on.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`.
        """
        rollout = self._unended(rollout_id)
        self._state.set_rollout(replace(rollout, status=Status.PAUSED, pause_reason=None))

    def resume(self, rollout_id: str, now: float) -> None:
        """Go on. The failures until now are excused: a person looked at them.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`, `not_paused`.
        """
        rollout = self._unended(rollout_id)
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
        """End a rollout: offers not yet taken are withdrawn.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`.
        """
        rollout = self._unended(rollout_id)
        self._withdraw(rollout, now, "aborted")
        self._state.set_rollout(replace(rollout, status=Status.ABORTED, pause_reason=None, finished_at=now))

    def promote(self, rollout_id: str, now: float) -> None:
        """Open the next wave now, whatever the gate says; from the last one there is nowhere to go.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`, `last_wave`.
        """
        rollout = self._unended(rollout_id)
        if rollout.wave + 1 >= len(rollout.waves):
            raise RolloutError("last_wave", rollout=rollout.name)
        self._open_wave(rollout, rollout.wave + 1, now)

    def retry(self, rollout_id: str, now: float, uids: Iterable[str] | None = None) -> list[str]:
        """Offer it once more to devices that failed; returns them.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`.
        """
        rollout = self._unended(rollout_id)
        wanted = None if uids is None else set(uids)
        again = []
        for job in self._state.jobs_in(rollout_id):
            if job.state not in FAILURES and job.state is not JobState.CANCELED:
                continue
            if wanted is not None and job.uid not in wanted:
                continue
            release = self._state.releases.get(job.release_id)
            last = self._state.job_of(job.uid)
            if release is None or (last is not None and not last.done):
                continue
            self._state.remove_job(job)
            self._start_job(job.uid, release, JobKind.ROLLOUT, now, rollout=rollout, attempt=job.attempt + 1)
            again.append(job.uid)
        return again

    def remove(self, rollout_id: str) -> None:
        """Forget a rollout that ended or succeeded.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_active`.
        """
        rollout = self.get(rollout_id)
        if rollout.status not in ENDED and rollout.status is not Status.SUCCEEDED:
            raise RolloutError("rollout_active", rollout=rollout.name)
        self._state.remove_rollout(rollout_id)

    def _unended(self, rollout_id: str) -> Rollout:
        rollout = self.get(rollout_id)
        if rollout.status in ENDED:
            raise RolloutError("rollout_ended", rollout=rollout.name)
        return rollout

    def _withdraw(self, rollout: Rollout, now: float, reason: str) -> None:
        for job in self._state.jobs_in(rollout.rollout_id):
            if job.state is JobState.OFFERED:
                self._state.set_job(machine.finish(job, JobState.CANCELED, now, reason))

    # -- rollback

    def rollback(self, rollout_id: str, now: float) -> list[str]:
        """End a rollout and offer its devices what they ran before.

        Returns those for whom that is impossible.

        Raises:
            RolloutError: `unknown_rollout`, `rollout_ended`.
        """
        rollout = self._unended(rollout_id)
        self._withdraw(rollout, now, "rolled_back")
        rollout = replace(rollout, status=Status.ROLLED_BACK, finished_at=now)
        self._state.set_rollout(rollout)
        return [
            job.uid
            for job in self._state.jobs_in(rollout_id)
            if _runs_it(self._state.devices.get(job.uid), job) and not self._return(rollout, job, now)
        ]

    def _return(self, rollout: Rollout, job: Job, now: float) -> bool:
        device = self._state.devices[job.uid]
        target = self._rollback_target(device, job)
        if target is None:
            return False
        self._start_job(job.uid, target, JobKind.ROLLBACK, now, rollout=None)
        return True

    def _rollback_target(self, device: Device, job: Job) -> Release | None:
        """What the device ran before, else the newest release that is known to be good."""
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
        """Whether a device may go back: it allows it, and its anti-rollback counter would let it boot."""
        if not device.policy.may_roll_back or release.withdrawn:
            return False
        installed = installed_release(self._state, device)
        return installed is None or release.secure_version >= installed.secure_version

    def find_release(self, product: str, chip: str, version: str) -> Release:
        """A stored release that may be offered.

        Raises:
            ReleaseError: `unknown_release`, `withdrawn`.
        """
        for release in self._state.releases.values():
            if release.product == product and release.chip == chip and same_version(release.version, version):
                if release.withdrawn:
                    raise ReleaseError("withdrawn", version=version)
                return release
        raise ReleaseError("unknown_release", product=product, version=version)

    # -- gates

    def on_finished(self, job: Job, now: float) -> None:
        """A job ended: stop at once when too many failed; follow a rollback."""
        if job.kind is JobKind.ROLLBACK:
            self._rolled_back(job, now)
        rollout = self._state.rollouts.get(job.rollout_id or "")
        if rollout is None:
            return
        if rollout.status is Status.ROLLED_BACK and job.state is JobState.VERIFIED:
            self._return(rollout, job, now)
        elif job.state in FAILURES and rollout.status in (Status.RUNNING, Status.SUCCEEDED):
            verified, failed = self.counts(rollout)
            if reason := is_breaking(rollout.gate, verified + failed, failed):
                self._stop(rollout, reason, now)

    def _rolled_back(self, rollback: Job, now: float) -> None:
        """The device runs the old release again: its job in the rollout says so."""
        if rollback.state is not JobState.VERIFIED:
            return
        for rollout in self._state.rollouts.values():
            job = self._state.job_in_rollout(rollout.rollout_id, rollback.uid)
            if job is not None and job.state in (JobState.VERIFIED, JobState.FAILED) and rollout.status in ENDED:
                reason = ROLLBACK if job.state is JobState.VERIFIED else job.reason
                self._state.set_job(machine.finish(job, JobState.ROLLED_BACK, now, reason))

    def counts(self, rollout: Rollout) -> tuple[int, int]:
        """Verified and failed devices that the gate counts, over all waves."""
        verified = failed = 0
        for wave in range(len(rollout.waves)):
            tally = self._state.tally.get((rollout.rollout_id, wave))
            if tally:
                verified += tally[JobState.VERIFIED]
                failed += tally[JobState.FAILED] + tally[JobState.ROLLED_BACK]
        return verified, failed

    def reached(self, rollout: Rollout) -> int:
        """Devices of the rollout that run one of its versions."""
        devices = self._state.devices
        return sum(
            any(same_version(devices[uid].installed_version, version) for version in rollout.versions)
            for uid in self._state.membership(rollout).wave_of
        )

    def outcome(self, rollout: Rollout, wave: int) -> Outcome:
        """How a wave stands for its gate."""
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
        """Whether a device was still alive after the soak."""
        if job.state is not JobState.VERIFIED or job.finished_at is None:
            return False
        device = self._state.devices[job.uid]
        return soak_s <= 0 or (device.last_seen or 0.0) >= job.finished_at + soak_s

    def soaking(self, rollout: Rollout) -> list[Job]:
        """The jobs that are verified and not confirmed yet; who is confirmed once is so for good."""
        waiting = self._state.soaking.get(rollout.rollout_id, set())
        jobs = [self._state.jobs[number] for number in waiting]
        found = [job for job in jobs if not self._confirmed(job, self.gate_for(rollout, job.wave).soak_s)]
        waiting.intersection_update(job.job_id for job in found)
        return found

    def gate_for(self, rollout: Rollout, wave: int) -> GatePolicy:
        """The gate after a wave."""
        return rollout.waves[wave].gate or rollout.gate

    def decision(self, rollout: Rollout) -> Decision:
        """What the gate of the present wave says."""
        return decide(self.gate_for(rollout, rollout.wave), self.outcome(rollout, rollout.wave))

    def evaluate(self, rollout_id: str, now: float) -> None:
        """Let a rollout go on as far as its schedule and gates allow."""
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
                self._open_wave(rollout, following, now)
            return
        self._state.set_rollout(replace(rollout, status=Status.SUCCEEDED, finished_at=now))
        for release in releases_by_arm(rollout, self._state.releases.values()).values():
            self._state.set_release(replace(release, known_good=True))

    def _open_wave(self, rollout: Rollout, wave: int, now: float) -> None:
        self._state.set_rollout(replace(rollout, wave=wave, wave_started=now, status=Status.RUNNING, pause_reason=None))

    def _stop(self, rollout: Rollout, reason: str, now: float) -> None:
        if rollout.auto_rollback:
            self.rollback(rollout.rollout_id, now)
            rollout = self.get(rollout.rollout_id)
            self._state.set_rollout(replace(rollout, pause_reason=reason))
            return
        self._state.set_rollout(replace(rollout, status=Status.PAUSED, pause_reason=reason))


def _runs_it(device: Device | None, job: Job) -> bool:
    """Whether the device runs the release of its job: verified, or counted as failed since it fell silent."""
    if device is None or job.state in RUNNING:
        return False
    return job.state in (JobState.VERIFIED, JobState.FAILED) and same_version(device.installed_version, job.version)
