"""The state machine of one update."""

from dataclasses import replace

from hypothesis import given, strategies as st
import pytest

from custom_components.ota.rollout import job as machine
from custom_components.ota.rollout.job import Elapsed, Timeouts, advance, finish
from custom_components.ota.rollout.models import TERMINAL, Job, JobKind, JobState

T = Timeouts()
JOB = Job(
    job_id=1,
    uid="d",
    release_id="r",
    version="2.0.0",
    kind=JobKind.ROLLOUT,
    offered_at=0.0,
    updated_at=0.0,
    from_version="1.0.0",
    boots_before=5,
)
STEPS = [JobState.OFFERED, JobState.DOWNLOADING, JobState.INSTALLING, JobState.REBOOTING]


def in_state(state: JobState, now: float = 100.0) -> Job:
    return replace(JOB, state=state, updated_at=now, finished_at=now if state in TERMINAL else None)


def elapsed(seconds: float, *, silence: float | None = None) -> Elapsed:
    return Elapsed(age_s=seconds, idle_s=seconds, silence_s=seconds if silence is None else silence)


def apply_check_in(job: Job, now: float, *, version: str, boots: int | None, soak_s: float = 0.0) -> Job:
    return machine.apply_check_in(job, now, elapsed(now - job.updated_at), version=version, boots=boots, soak_s=soak_s)


def test_a_successful_update() -> None:
    job = JOB
    for number, state in enumerate(STEPS[1:], 1):
        job = advance(job, state, float(number))
        assert (job.state, job.updated_at) == (state, number)
    job = apply_check_in(job, 9.0, version="2.0.0", boots=6)
    assert (job.state, job.finished_at, job.boots_verified) == (JobState.VERIFIED, 9.0, 6)


@given(st.lists(st.tuples(st.sampled_from(list(JobState)), st.integers(0, 100)), max_size=20))
def test_no_report_reverses_or_reopens_a_job(reports: list[tuple[JobState, int]]) -> None:
    job = JOB
    for state, progress in reports:
        after = advance(job, state, 1.0, progress=progress)
        assert STEPS.index(after.state) >= STEPS.index(job.state)
        if after.state is job.state is JobState.DOWNLOADING:
            assert (after.progress or 0) >= (job.progress or 0)
        job = after
    done = finish(job, JobState.FAILED, 2.0, "x" * 500)
    assert len(done.reason or "") == 120
    assert advance(done, JobState.DOWNLOADING, 3.0) is done
    assert finish(done, JobState.VERIFIED, 3.0) is done


def test_a_success_can_still_turn_out_a_failure_and_a_failure_no_success() -> None:
    assert finish(in_state(JobState.VERIFIED), JobState.FAILED, 1.0, "lost").state is JobState.FAILED
    assert finish(in_state(JobState.FAILED), JobState.ROLLED_BACK, 1.0).state is JobState.ROLLED_BACK
    assert finish(in_state(JobState.CANCELED), JobState.FAILED, 1.0).state is JobState.CANCELED


@pytest.mark.parametrize("state", STEPS)
def test_the_new_version_verifies_from_any_state(state: JobState) -> None:
    assert apply_check_in(in_state(state), 200.0, version="2.0.0", boots=None).state is JobState.VERIFIED


@pytest.mark.parametrize(
    ("state", "now", "boots", "failed"),
    [
        (JobState.REBOOTING, 101.0, 5, False),  # not restarted yet
        (JobState.REBOOTING, 101.0, 6, True),  # restarted, old version
        (JobState.REBOOTING, 101.0, None, False),  # perhaps on the way before the restart
        (JobState.REBOOTING, 191.0, None, True),
        (JobState.INSTALLING, 500.0, 5, False),  # installing
        (JobState.INSTALLING, 500.0, 6, True),  # restarted without a report
        (JobState.INSTALLING, 500.0, None, False),  # boot count unknown
        (JobState.DOWNLOADING, 500.0, 6, False),  # may try again
        (JobState.OFFERED, 500.0, 9, False),
    ],
)
def test_the_old_version_after_the_restart_is_a_rollback_by_the_device(
    state: JobState, now: float, boots: int | None, failed: bool
) -> None:
    job = apply_check_in(in_state(state), now, version="1.0.0", boots=boots)
    assert (job.state is JobState.FAILED) is failed
    if failed:
        assert job.reason == "rolled_back_by_device"


def test_a_verified_device_that_reports_the_old_version_has_failed() -> None:
    assert apply_check_in(in_state(JobState.VERIFIED), 1.0, version="1.0.0", boots=7).reason == "rolled_back_by_device"


def test_a_boot_loop_is_a_failure() -> None:
    job = replace(in_state(JobState.VERIFIED), boots_verified=6)
    job = apply_check_in(job, 1.0, version="2.0.0", boots=8)
    assert (job.state, job.reboots) == (JobState.VERIFIED, 2)
    assert apply_check_in(job, 2.0, version="2.0.0", boots=9).reason == "boot_loop"


@pytest.mark.parametrize(("after", "soak_s", "failed"), [(3600, 0, True), (3601, 0, False), (80_000, 86_400, True)])
def test_power_outages_in_later_months_are_not_a_boot_loop(after: float, soak_s: float, failed: bool) -> None:
    job = replace(in_state(JobState.VERIFIED), boots_verified=6, reboots=2)
    job = apply_check_in(job, 100.0 + after, version="2.0.0", boots=9, soak_s=soak_s)
    assert (job.state is JobState.FAILED, job.reboots) == (failed, 3)


@pytest.mark.parametrize(
    ("before", "runs", "failed"),
    [
        ("1.0.0", "1.0", True),
        ("1.0.0", "0.9.0", True),  # its factory partition
        ("1.0.0", "2.1.0", False),  # a newer one, by other means
        ("1.0.0", "2.0.0-5-gabc-dirty", False),  # a custom build
        ("abc", "abc", True),
        (None, "abc", True),  # unknown: possibly the previous version
        (None, "2.1.0", False),
        ("3.0.0", "3.0.0", True),  # it was rolling back
    ],
)
def test_only_an_earlier_version_is_a_rollback(before: str | None, runs: str, failed: bool) -> None:
    job = apply_check_in(replace(in_state(JobState.VERIFIED), from_version=before), 9e6, version=runs, boots=None)
    assert (job.state is JobState.FAILED) is failed


@pytest.mark.parametrize(
    ("state", "after", "interval", "reason"),
    [
        (JobState.OFFERED, 1e7, 0, None),
        (JobState.DOWNLOADING, 1799, 0, None),
        (JobState.DOWNLOADING, 1801, 0, "stalled"),
        (JobState.INSTALLING, 1801, 0, "stalled"),
        (JobState.INSTALLING, 1801, 600, None),
        (JobState.REBOOTING, 299, 0, None),
        (JobState.REBOOTING, 301, 0, "no_heartbeat"),
        (JobState.REBOOTING, 1100, 300, None),
        (JobState.REBOOTING, 1201, 300, "no_heartbeat"),
        (JobState.VERIFIED, 301, 0, "lost_after_update"),
        (JobState.VERIFIED, 301, 300, None),
        (JobState.FAILED, 1e7, 0, None),
    ],
)
def test_timeout_in_a_critical_state_is_a_failure(
    state: JobState, after: float, interval: float, reason: str | None
) -> None:
    assert machine.timeout_reason(in_state(state), elapsed(after), T, interval) == reason


def test_a_check_in_keeps_a_device_verified() -> None:
    assert machine.timeout_reason(in_state(JobState.VERIFIED), elapsed(1000.0, silence=100.0), T, 0) is None


@pytest.mark.parametrize("state", [JobState.DOWNLOADING, JobState.INSTALLING, JobState.REBOOTING, JobState.VERIFIED])
def test_only_the_time_counts_in_which_a_report_could_be_received(state: JobState) -> None:
    away = Elapsed(age_s=1e6, idle_s=250.0, silence_s=250.0)
    assert machine.timeout_reason(in_state(state), away, T, 0) is None


def test_offer_that_is_never_accepted_is_stuck() -> None:
    assert not machine.is_stuck(JOB, elapsed(86_400.0), T, 300)
    assert machine.is_stuck(JOB, elapsed(86_401.0), T, 300)
    assert not machine.is_stuck(in_state(JobState.VERIFIED), elapsed(1e9), T, 300)


@pytest.mark.parametrize(("heard", "stuck"), [(10, False), (1200, False), (1201, True)])
def test_after_a_restart_a_stuck_device_first_gets_the_time_to_report(heard: float, stuck: bool) -> None:
    assert machine.is_stuck(JOB, Elapsed(age_s=1e6, idle_s=heard, silence_s=heard), T, 300) is stuck
