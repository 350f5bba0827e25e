"""Operations on rollouts and devices: pause, retry, install, roll back."""

import pytest

from custom_components.ota.rollout.errors import DeviceError, ReleaseError, RolloutError
from custom_components.ota.rollout.gate import GatePolicy
from custom_components.ota.rollout.models import JobKind, JobState
from custom_components.ota.rollout.offers import Reason
from custom_components.ota.rollout.plan import Status, Wave

from .fleet import (
    HOUR,
    T0,
    canary,
    fail,
    fleet,
    offered,
    plan,
    policy,
    poll,
    release,
    start,
    status,
    update,
)

# -- manual operations


def test_pause_resume_abort() -> None:
    engine = fleet(3)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    engine.rollouts.pause("r1")
    assert engine.rollouts.get("r1").pause_reason is None
    engine.rollouts.resume("r1", T0 + 1)
    with pytest.raises(RolloutError, match="not_paused"):
        engine.rollouts.resume("r1", T0 + 1)
    with pytest.raises(RolloutError, match="rollout_active"):
        engine.rollouts.remove("r1")
    engine.rollouts.abort("r1", T0 + 2)
    assert engine.state.jobs[job.job_id].state is JobState.CANCELED
    assert engine.offer("d1", T0 + 3).reason is Reason.NO_ROLLOUT
    for operation in (
        engine.rollouts.pause,
        lambda r: engine.rollouts.abort(r, T0),
        lambda r: engine.rollouts.retry(r, T0),
    ):
        with pytest.raises(RolloutError, match="rollout_ended"):
            operation("r1")
    engine.rollouts.remove("r1")
    with pytest.raises(RolloutError, match="unknown_rollout"):
        engine.rollouts.get("r1")


def test_resume_before_the_start_keeps_waiting() -> None:
    engine = fleet(1)
    start(engine, plan(waves=(Wave(percent=100, not_before=T0 + HOUR),)))
    engine.rollouts.pause("r1")
    engine.tick(T0 + 1)
    engine.rollouts.resume("r1", T0 + 2)
    assert status(engine) is Status.SCHEDULED


def test_promote_starts_the_next_wave_despite_the_gate() -> None:
    engine = fleet(10)
    start(engine, canary(10, max_in_flight=10))
    engine.rollouts.promote("r1", T0)
    assert len(offered(engine)) == 10
    with pytest.raises(RolloutError, match="last_wave"):
        engine.rollouts.promote("r1", T0)


def test_retry_offers_again_and_clears_the_failure() -> None:
    engine = fleet(20)
    start(engine, plan())
    fail(engine, "d0")
    fail(engine, "d1")
    with pytest.raises(DeviceError, match="unknown_device"):
        engine.rollouts.retry("r1", T0 + 100, ["d0", "ghost"])
    assert engine.rollouts.retry("r1", T0 + 100, ["d0"]) == ["d0"]
    job = engine.state.job_of("d0")
    assert job is not None
    assert (job.state, job.attempt) == (JobState.OFFERED, 2)
    engine.rollouts.resume("r1", T0 + 101)
    assert update(engine, "d0", T0 + 110).state is JobState.VERIFIED
    assert engine.rollouts.counts(engine.rollouts.get("r1")) == (1, 0)


def test_a_user_installs_a_specific_version() -> None:
    engine = fleet(1)
    job = engine.install("d0", "2.0.0", T0)
    assert (job.kind, job.rollout_id) == (JobKind.MANUAL, None)
    assert update(engine, "d0").state is JobState.VERIFIED


@pytest.mark.parametrize(
    ("version", "error"),
    [("7.7", "unknown_release"), (None, "nothing_to_install"), ("1.5.0", "withdrawn"), ("1.6.0", "expired")],
)
def test_releases_that_cannot_be_installed(version: str | None, error: str) -> None:
    engine = fleet(1)
    engine.state.set_release(release("1.5.0", 15, withdrawn=True))
    engine.state.set_release(release("1.6.0", 16, expires=T0))
    with pytest.raises((ReleaseError, DeviceError), match=error):
        engine.install("d0", version, T0)


def test_user_may_downgrade_if_the_anti_rollback_counter_allows() -> None:
    engine = fleet(2)
    engine.heartbeat("d0", T0, version="2.0.0")
    assert engine.install("d0", "1.0.0", T0).version == "1.0.0"
    engine.state.set_release(release(secure_version=1))
    engine.heartbeat("d1", T0, version="2.0.0")
    with pytest.raises(ReleaseError, match="downgrade"):
        engine.install("d1", "1.0.0", T0)


def test_manual_installations_do_not_accumulate() -> None:
    engine = fleet(1)
    engine.state.set_release(release("3.0.0", 30))
    for number in range(40):
        version = "23"[number % 2] + ".0.0"
        job = engine.install("d0", version, T0 + number * HOUR)
        if number % 3:
            engine.heartbeat("d0", T0 + number * HOUR + 9, version=version, boots=number)
    assert list(engine.state.jobs) == [job.job_id]
    assert len(engine.device("d0").history) == 50


def test_a_boot_loop_is_detected_during_the_soak_time() -> None:
    engine = fleet(2)
    start(engine, plan(gate=GatePolicy(soak_s=86_400)))
    for uid, hours in (("d0", 20), ("d1", 30)):
        update(engine, uid)
        engine.heartbeat(uid, T0 + hours * HOUR, version="2.0.0", boots=5)
    states = {uid: engine.state.job_in_rollout("r1", uid).state for uid in ("d0", "d1")}  # type: ignore[union-attr]
    assert states == {"d0": JobState.FAILED, "d1": JobState.VERIFIED}


def test_a_running_installation_is_not_interrupted() -> None:
    engine = fleet(1)
    job = engine.install("d0", "2.0.0", T0)
    engine.cancel("d0", T0)
    assert engine.state.jobs[job.job_id].reason == "canceled_by_user"
    engine.cancel("d0", T0)
    job = engine.install("d0", "2.0.0", T0)
    engine.report("d0", job.job_id, JobState.DOWNLOADING, T0)
    for operation in (lambda: engine.install("d0", "1.0.0", T0), lambda: engine.cancel("d0", T0)):
        with pytest.raises(DeviceError, match="busy_updating"):
            operation()
    policy(engine, "d0", may_update=False)
    with pytest.raises(DeviceError, match="not_allowed"):
        engine.install("d0", "2.0.0", T0)


# -- rollback


def test_rollback_offers_the_previous_version() -> None:
    engine = fleet(4)
    start(engine, plan())
    update(engine, "d0")
    update(engine, "d1")
    poll(engine, "d2")
    assert engine.rollouts.rollback("r1", T0 + 100) == []
    assert engine.offer("d2", T0 + 101).reason is Reason.NO_ROLLOUT
    back = poll(engine, "d0", T0 + 101)
    assert back is not None
    assert (back.kind, back.version) == (JobKind.ROLLBACK, "1.0.0")
    update(engine, "d0", T0 + 110, version="1.0.0")
    job = engine.state.job_in_rollout("r1", "d0")
    assert job is not None
    assert job.state is JobState.ROLLED_BACK
    assert status(engine) is Status.ROLLED_BACK


def test_updating_device_is_rolled_back_after_its_update() -> None:
    engine = fleet(4)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    engine.report("d0", job.job_id, JobState.INSTALLING, T0 + 60)
    engine.rollouts.rollback("r1", T0 + 61)
    engine.heartbeat("d0", T0 + 90, version="2.0.0", boots=2)
    back = engine.state.job_of("d0")
    assert back is not None
    assert (back.kind, back.version) == (JobKind.ROLLBACK, "1.0.0")


def test_automatic_rollback_when_the_gate_stops() -> None:
    engine = fleet(20)
    start(engine, plan(auto_rollback=True))
    update(engine, "d0")
    fail(engine, "d1")
    fail(engine, "d2")
    rollout = engine.rollouts.get("r1")
    assert (rollout.status, rollout.pause_reason) == (Status.ROLLED_BACK, "failure_rate")
    back = engine.state.job_of("d0")
    assert back is not None
    assert back.kind is JobKind.ROLLBACK


def test_a_raised_anti_rollback_counter_forbids_the_rollback() -> None:
    engine = fleet(2)
    engine.state.set_release(release(secure_version=1))
    start(engine, plan())
    update(engine, "d0")
    assert engine.rollouts.rollback("r1", T0 + 100) == ["d0"]


def test_a_device_without_rollback_permission_keeps_its_version() -> None:
    engine = fleet(2)
    start(engine, plan())
    update(engine, "d0")
    policy(engine, "d0", may_roll_back=False)
    assert engine.rollouts.rollback("r1", T0 + 100) == ["d0"]


def test_rollback_without_the_previous_release_uses_the_newest_good_one() -> None:
    engine = fleet(1)
    engine.state.set_release(release("1.5.0", 15, known_good=True))
    engine.state.set_release(release("1.9.0", 19))
    engine.heartbeat("d0", T0, version="0.3")
    start(engine, plan())
    update(engine, "d0")
    engine.rollouts.rollback("r1", T0 + 100)
    job = engine.state.job_of("d0")
    assert job is not None
    assert job.version == "1.5.0"
