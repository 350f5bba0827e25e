"""Rollouts: participating devices, waves, gates and stops."""

from dataclasses import replace

import pytest

from custom_components.ota.rollout.errors import ReleaseError, RolloutError
from custom_components.ota.rollout.models import JobState
from custom_components.ota.rollout.offers import Reason
from custom_components.ota.rollout.plan import Status, Target, Wave

from .fleet import (
    HOUR,
    T0,
    add,
    canary,
    fail,
    fleet,
    offered,
    plan,
    poll,
    release,
    soaked,
    start,
    status,
    update,
)

# -- participating devices


def test_a_canary_gets_a_tenth_and_at_least_one_device() -> None:
    engine = fleet(30)
    start(engine, canary(10))
    assert len(offered(engine)) == 3  # less than the limit of simultaneous updates
    small = fleet(4)
    start(small, canary(10))
    assert len(offered(small)) == 1


def test_target_by_group_tag_model_and_device() -> None:
    engine = fleet(4)
    for uid, changes in {
        "d0": {"group": "north"},
        "d1": {"tags": ("lab",)},
        "d2": {"model": "v2", "group": "north"},
    }.items():
        engine.register(replace(engine.device(uid), **changes), T0)
    for number, (target, expected) in enumerate(
        [
            (Target(groups=("north",)), {"d0", "d2"}),
            (Target(tags=("lab", "x")), {"d1"}),
            (Target(models=("v2",)), {"d2"}),
            (Target(devices=("d0", "d3", "ghost")), {"d0", "d3"}),
            (Target(groups=("north",), models=("v2",)), {"d2"}),
        ]
    ):
        rollout = plan(rollout_id=f"t{number}", target=target)
        start(engine, rollout)
        assert set(engine.state.membership(rollout).wave_of) == expected


def test_a_pinned_canary_group_comes_first() -> None:
    engine = fleet(10)
    add(engine, "lab", group="lab")
    start(engine, plan(waves=(Wave(groups=("lab",)), Wave(percent=50), Wave(percent=100))))
    assert offered(engine) == {"lab"}


def test_new_device_never_displaces_an_offered_one() -> None:
    engine = fleet(10)
    start(engine, canary(20))
    first = offered(engine)
    for number in range(40):
        add(engine, f"new{number}")
    assert first <= offered(engine)
    members = engine.state.membership(engine.rollouts.get("r1"))
    assert all(members.wave_of[uid] == 0 for uid in first)


def test_late_joiners_are_included_unless_disabled() -> None:
    engine = fleet(2)
    start(engine, plan())
    start(engine, plan(rollout_id="closed", late_joiners=False, product="p", created=T0 + 1))
    add(engine, "late")
    assert engine.offer("late", T0).rollout == engine.rollouts.get("r1")


def test_an_offline_device_is_updated_after_the_rollout_succeeded() -> None:
    engine = fleet(10)
    start(engine, plan())
    for number in range(8):
        update(engine, f"d{number}")
    soaked(engine, {f"d{n}" for n in range(8)}, T0 + 60)
    assert status(engine) is Status.SUCCEEDED
    assert poll(engine, "d9", T0 + 9 * HOUR) is not None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"versions": ()}, "bad_arms"),
        ({"versions": ("2.0.0", "1.0.0")}, "bad_arms"),
        ({"shares": (0.0,)}, "bad_arms"),
        ({"waves": ()}, "bad_waves"),
        ({"waves": (Wave(percent=50), Wave(percent=10))}, "bad_waves"),
        ({"waves": (Wave(percent=101),)}, "bad_waves"),
        ({"target": Target(groups=("nowhere",))}, "no_devices"),
    ],
)
def test_an_invalid_plan_is_rejected(changes: dict[str, object], code: str) -> None:
    engine = fleet(2)
    with pytest.raises(RolloutError, match=code):
        start(engine, plan(**changes))
    assert not engine.state.rollouts


def test_a_rollout_needs_its_releases() -> None:
    engine = fleet(2)
    with pytest.raises(ReleaseError, match="unknown_release"):
        start(engine, plan(versions=("7.0.0",)))
    engine.state.set_release(release("8.0.0", 80, expires=T0))
    with pytest.raises(ReleaseError, match="expired"):
        start(engine, plan(versions=("8.0.0",)))
    start(engine, plan())
    with pytest.raises(RolloutError, match="rollout_exists"):
        start(engine, plan())


# -- gates


def test_a_successful_wave_starts_the_next_after_its_soak_time() -> None:
    engine = fleet(10)
    start(engine, canary(20, max_in_flight=10))
    first = offered(engine)
    for uid in first:
        update(engine, uid)
    engine.tick(T0 + 300)
    assert engine.rollouts.get("r1").wave == 0
    now = soaked(engine, first, T0 + 60)
    assert engine.rollouts.get("r1").wave == 1
    assert len(offered(engine, now)) == 8


def test_the_next_wave_waits_for_its_time() -> None:
    engine = fleet(10)
    waves = (Wave(percent=10), Wave(percent=100, not_before=T0 + 5 * HOUR))
    start(engine, plan(waves=waves))
    first = offered(engine)
    for uid in first:
        update(engine, uid)
    soaked(engine, first, T0 + 60)
    assert engine.rollouts.get("r1").wave == 0
    engine.tick(T0 + 5 * HOUR)
    assert engine.rollouts.get("r1").wave == 1


def test_failures_pause_the_rollout_at_once() -> None:
    engine = fleet(20)
    start(engine, canary(50))
    first = sorted(offered(engine))
    for uid in first[:2]:
        job = engine.state.job_of(uid)
        assert job is not None
        engine.report(uid, job.job_id, JobState.FAILED, T0 + 70)
    rollout = engine.rollouts.get("r1")
    assert (rollout.status, rollout.pause_reason) == (Status.PAUSED, "failure_rate")
    assert all(engine.offer(uid, T0 + 80).reason is not Reason.OFFERED for uid in engine.state.devices)


def test_one_failure_in_a_wave_of_one_pauses() -> None:
    engine = fleet(5)
    start(engine, canary(10))
    (uid,) = offered(engine)
    fail(engine, uid)
    engine.tick(T0 + 100)
    assert engine.rollouts.get("r1").pause_reason == "success_rate"


def test_a_device_offline_after_the_restart_is_a_failure() -> None:
    engine = fleet(5)
    start(engine, canary(10))
    (uid,) = offered(engine)
    job = poll(engine, uid)
    assert job is not None
    engine.report(uid, job.job_id, JobState.REBOOTING, T0 + 60)
    engine.tick(T0 + 60 + 301)
    assert engine.state.jobs[job.job_id].reason == "no_heartbeat"
    assert status(engine) is Status.PAUSED


def test_a_device_lost_during_the_soak_time_is_a_failure() -> None:
    engine = fleet(5)
    start(engine, canary(10))
    (uid,) = offered(engine)
    job = update(engine, uid)
    engine.tick(T0 + 300)
    assert engine.state.jobs[job.job_id].state is JobState.VERIFIED
    engine.tick(T0 + 2000)
    assert engine.state.jobs[job.job_id].reason == "lost_after_update"
    assert status(engine) is Status.PAUSED


def test_offline_devices_neither_succeed_nor_fail() -> None:
    engine = fleet(10)
    start(engine, plan())
    poll(engine, "d0")
    engine.tick(T0 + 1000 * HOUR)
    assert status(engine) is Status.RUNNING


def test_resume_resets_the_failure_count() -> None:
    engine = fleet(20)
    start(engine, plan())
    fail(engine, "d0")
    fail(engine, "d1")
    assert status(engine) is Status.PAUSED
    engine.rollouts.resume("r1", T0 + 100)
    assert status(engine) is Status.RUNNING
    fail(engine, "d2", T0 + 110)
    assert status(engine) is Status.RUNNING
    fail(engine, "d3", T0 + 120)
    assert status(engine) is Status.PAUSED


def test_late_failures_pause_a_succeeded_rollout() -> None:
    engine = fleet(10)
    start(engine, plan())
    for number in range(8):
        update(engine, f"d{number}")
    soaked(engine, {f"d{n}" for n in range(8)}, T0 + 60)
    assert status(engine) is Status.SUCCEEDED
    fail(engine, "d8", T0 + HOUR)
    fail(engine, "d9", T0 + HOUR)
    assert status(engine) is Status.PAUSED


def test_success_marks_the_release_as_known_good() -> None:
    engine = fleet(1)
    start(engine, plan())
    update(engine, "d0")
    soaked(engine, {"d0"}, T0 + 60)
    assert engine.state.releases["p:esp32:2.0.0"].known_good
