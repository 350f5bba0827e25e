"""Rollouts: waves, gates, stops, rollback, and that all of it survives a restart at any moment."""

from collections.abc import Callable, Iterable
import contextlib
from dataclasses import replace
import itertools

from hypothesis import given, settings, strategies as st
import orjson
import pytest

from custom_components.ota.rollout.engine import MAX_ATTEMPTS, SAME_ATTEMPT_S, Engine
from custom_components.ota.rollout.errors import DeviceError, ReleaseError, RolloutError
from custom_components.ota.rollout.gate import GatePolicy
from custom_components.ota.rollout.models import HISTORY_LENGTH, DeviceEventKind, JobKind, JobState
from custom_components.ota.rollout.offers import Reason
from custom_components.ota.rollout.plan import Mode, Status, Target, Wave
from custom_components.ota.rollout.record_types import RecordChange, RecordType
from custom_components.ota.rollout.records import load_state, pop_changes, snapshot
from custom_components.ota.rollout.state import EventKind, State

from .fleet import (
    HOUR,
    T0,
    add,
    canary,
    fail,
    fleet,
    offered,
    plan,
    policy,
    poll,
    release,
    start,
    update,
)


def status(engine: Engine) -> Status:
    return engine.rollouts.get("r1").status


def soaked(engine: Engine, uids: set[str], now: float) -> float:
    """Let the devices show themselves until the soak is over; returns the time."""
    for _ in range(3):
        now += 300
        for uid in uids:
            engine.heartbeat(uid, now, version=engine.device(uid).installed_version)
    engine.tick(now)
    return now


# -- who takes part


def test_a_canary_offers_to_a_tenth_and_at_least_to_one() -> None:
    engine = fleet(30)
    start(engine, canary(10))
    assert len(offered(engine)) == 3  # fewer than may be at it at once
    small = fleet(4)
    start(small, canary(10))
    assert len(offered(small)) == 1


def test_a_group_a_tag_a_model_and_named_devices() -> None:
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


def test_a_device_that_was_off_gets_it_after_the_rollout_succeeded() -> None:
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
def test_an_impossible_plan_is_refused(changes: dict[str, object], code: str) -> None:
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


def test_a_wave_that_is_well_opens_the_next_after_its_soak() -> None:
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


def test_failures_pause_the_rollout_at_once_and_the_rest_is_safe() -> None:
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


def test_one_failed_device_in_a_wave_of_one_stops() -> None:
    engine = fleet(5)
    start(engine, canary(10))
    (uid,) = offered(engine)
    fail(engine, uid)
    engine.tick(T0 + 100)
    assert engine.rollouts.get("r1").pause_reason == "success_rate"


def test_a_device_that_does_not_come_back_is_a_failure() -> None:
    engine = fleet(5)
    start(engine, canary(10))
    (uid,) = offered(engine)
    job = poll(engine, uid)
    assert job is not None
    engine.report(uid, job.job_id, JobState.REBOOTING, T0 + 60)
    engine.tick(T0 + 60 + 301)
    assert engine.state.jobs[job.job_id].reason == "no_heartbeat"
    assert status(engine) is Status.PAUSED


def test_a_device_that_dies_in_the_soak_is_a_failure() -> None:
    engine = fleet(5)
    start(engine, canary(10))
    (uid,) = offered(engine)
    job = update(engine, uid)
    engine.tick(T0 + 300)
    assert engine.state.jobs[job.job_id].state is JobState.VERIFIED
    engine.tick(T0 + 2000)
    assert engine.state.jobs[job.job_id].reason == "lost_after_update"
    assert status(engine) is Status.PAUSED


def test_devices_that_are_off_neither_pass_nor_fail() -> None:
    engine = fleet(10)
    start(engine, plan())
    poll(engine, "d0")
    engine.tick(T0 + 1000 * HOUR)
    assert status(engine) is Status.RUNNING


def test_resuming_excuses_the_failures_and_a_new_one_counts_alone() -> None:
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


def test_a_rollout_that_succeeded_can_still_be_stopped_by_late_failures() -> None:
    engine = fleet(10)
    start(engine, plan())
    for number in range(8):
        update(engine, f"d{number}")
    soaked(engine, {f"d{n}" for n in range(8)}, T0 + 60)
    assert status(engine) is Status.SUCCEEDED
    fail(engine, "d8", T0 + HOUR)
    fail(engine, "d9", T0 + HOUR)
    assert status(engine) is Status.PAUSED


def test_success_makes_the_release_known_to_be_good() -> None:
    engine = fleet(1)
    start(engine, plan())
    update(engine, "d0")
    soaked(engine, {"d0"}, T0 + 60)
    assert engine.state.releases["p:esp32:2.0.0"].known_good


# -- by hand


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


def test_resuming_before_its_time_waits_on() -> None:
    engine = fleet(1)
    start(engine, plan(waves=(Wave(percent=100, not_before=T0 + HOUR),)))
    engine.rollouts.pause("r1")
    engine.tick(T0 + 1)
    engine.rollouts.resume("r1", T0 + 2)
    assert status(engine) is Status.SCHEDULED


def test_promote_starts_the_next_wave_in_spite_of_the_gate() -> None:
    engine = fleet(10)
    start(engine, canary(10, max_in_flight=10))
    engine.rollouts.promote("r1", T0)
    assert len(offered(engine)) == 10
    with pytest.raises(RolloutError, match="last_wave"):
        engine.rollouts.promote("r1", T0)


def test_retry_offers_again_and_forgets_the_failure() -> None:
    engine = fleet(20)
    start(engine, plan())
    fail(engine, "d0")
    fail(engine, "d1")
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
def test_what_cannot_be_installed(version: str | None, error: str) -> None:
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


def test_years_of_installations_by_hand_do_not_pile_up() -> None:
    engine = fleet(1)
    engine.state.set_release(release("3.0.0", 30))
    for number in range(40):
        version = "23"[number % 2] + ".0.0"
        job = engine.install("d0", version, T0 + number * HOUR)
        if number % 3:
            engine.heartbeat("d0", T0 + number * HOUR + 9, version=version, boots=number)
    assert list(engine.state.jobs) == [job.job_id]
    assert len(engine.device("d0").history) == 50


def test_a_boot_loop_counts_as_long_as_the_soak() -> None:
    engine = fleet(2)
    start(engine, plan(gate=GatePolicy(soak_s=86_400)))
    for uid, hours in (("d0", 20), ("d1", 30)):
        update(engine, uid)
        engine.heartbeat(uid, T0 + hours * HOUR, version="2.0.0", boots=5)
    states = {uid: engine.state.job_in_rollout("r1", uid).state for uid in ("d0", "d1")}  # type: ignore[union-attr]
    assert states == {"d0": JobState.FAILED, "d1": JobState.VERIFIED}


def test_an_installation_under_way_is_not_disturbed() -> None:
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


def test_a_device_that_may_not_go_back_stays() -> None:
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


# -- images


def test_only_the_image_of_its_own_job_is_there_for_a_device() -> None:
    engine = fleet(2)
    start(engine, plan(waves=(Wave(devices=("d0",)), Wave(percent=100))))
    sha = engine.state.releases["p:esp32:2.0.0"].sha256
    for uid, wanted in (("d0", sha), ("d1", sha)):
        with pytest.raises(DeviceError, match="not_offered"):
            engine.image_requested(uid, wanted, T0)  # not yet polled; not in the wave
    poll(engine, "d0")
    with pytest.raises(DeviceError, match="not_offered"):
        engine.image_requested("d0", engine.state.releases["p:esp32:1.0.0"].sha256, T0)
    assert engine.image_requested("d0", sha, T0).version == "2.0.0"


def test_serving_moves_the_job_of_a_client_that_does_not_report() -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    sha = engine.state.releases["p:esp32:2.0.0"].sha256
    engine.image_requested("d0", sha, T0 + 61)
    engine.image_served("d0", job.job_id, T0 + 62, sent=400, size=1000)
    assert engine.state.jobs[job.job_id].progress == 40
    engine.image_served("d0", job.job_id, T0 + 63, sent=1000, size=1000)
    assert engine.state.jobs[job.job_id].state is JobState.INSTALLING
    engine.image_served("d0", 99, T0 + 63, sent=1, size=1000)
    engine.heartbeat("d0", T0 + 90, version="2.0.0")
    assert engine.state.jobs[job.job_id].state is JobState.VERIFIED


def test_resumed_download_continues_and_repeated_restarts_fail() -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    sha = engine.state.releases["p:esp32:2.0.0"].sha256
    engine.image_requested("d0", sha, T0 + 61)
    engine.image_requested("d0", sha, T0 + 62, resumed=True)
    assert engine.state.jobs[job.job_id].attempt == 1
    now = T0 + 61
    for _ in range(2, MAX_ATTEMPTS + 1):
        now += SAME_ATTEMPT_S
        engine.image_requested("d0", sha, now)
    with pytest.raises(DeviceError, match="not_offered"):
        engine.image_requested("d0", sha, now + SAME_ATTEMPT_S)
    assert engine.state.jobs[job.job_id].reason == "too_many_attempts"


def test_a_device_may_ask_for_the_image_in_several_ways_at_once() -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    sha = engine.state.releases["p:esp32:2.0.0"].sha256
    engine.image_requested("d0", sha, T0 + 61)
    engine.image_served("d0", job.job_id, T0 + 61.2, sent=1000, size=1000)
    for request in range(3 * MAX_ATTEMPTS):
        engine.image_requested("d0", sha, T0 + 62 + request / 4)
    told = engine.state.jobs[job.job_id]
    assert (told.state, told.progress, told.attempt) == (JobState.DOWNLOADING, 0, 1)


def test_reports_of_another_job_are_refused() -> None:
    engine = fleet(2)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    with pytest.raises(DeviceError, match="unknown_job"):
        engine.report("d1", job.job_id, JobState.FAILED, T0)
    with pytest.raises(DeviceError, match="unknown_job"):
        engine.report("d0", 77, JobState.FAILED, T0)


def test_a_client_that_rejects_the_offer_ends_it() -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    assert engine.report("d0", job.job_id, JobState.CANCELED, T0).reason == "rejected_by_device"


# -- registry and log


def test_device_log_contains_all_events() -> None:
    engine = fleet(1)
    start(engine, plan())
    update(engine, "d0")
    kinds = [event.kind for event in engine.device("d0").history]
    assert kinds == [
        DeviceEventKind.REGISTERED,
        DeviceEventKind.OFFERED,
        DeviceEventKind.DOWNLOADING,
        DeviceEventKind.REBOOTING,
        DeviceEventKind.VERSION,
        DeviceEventKind.VERIFIED,
    ]
    for number in range(200):
        engine.log_event("d0", T0 + number, DeviceEventKind.KEY, "rotated")
    assert len(engine.device("d0").history) == 50


def test_a_removed_device_leaves_nothing() -> None:
    engine = fleet(2)
    start(engine, plan())
    poll(engine, "d0")
    engine.remove("d0")
    assert engine.state.job_of("d0") is None
    engine.tick(T0 + 10 * HOUR)
    assert {job.uid for job in engine.state.jobs.values()} == set()


def test_repeated_registration_keeps_policy_and_history() -> None:
    engine = fleet(1)
    policy(engine, "d0", pinned_version="1.0.0")
    engine.heartbeat("d0", T0 + 5, version="1.0.0", boots=7)
    add(engine, "d0", name="New name", boot_count=None, installed_version=None)
    device = engine.device("d0")
    assert (device.name, device.boot_count, device.policy.pinned_version) == ("New name", 7, "1.0.0")


def test_the_poll_interval_is_learnt_and_exchanges_do_not_count() -> None:
    engine = fleet(1)
    now = T0
    for _ in range(20):
        now += 300
        for wait in (0, 2, 3):
            engine.mark_seen("d0", now + wait)
    assert 285 < engine.device("d0").interval_s < 301


# -- restarts


type Disk = dict[tuple[str, str], object]


def through_json(ops: Iterable[RecordChange]) -> Disk:
    """Records as they are read back."""
    return {(kind, name): orjson.loads(orjson.dumps(record, default=dict)) for kind, name, record in ops}


def whole(engine: Engine) -> Disk:
    return through_json(snapshot(engine.state))


def revived(engine: Engine, disk: Disk | None = None) -> Engine:
    """The engine after kill -9."""
    state = State()
    load_state(state, whole(engine) if disk is None else disk)
    return Engine(state)


def same(a: Engine, b: Engine) -> bool:
    return whole(a) == whole(b)


STEPS = [JobState.OFFERED, JobState.DOWNLOADING, JobState.INSTALLING, JobState.REBOOTING]


@pytest.mark.parametrize("state", STEPS)
def test_restart_in_any_state_resumes_the_update(state: JobState) -> None:
    engine = fleet(3)
    start(engine, canary(34))
    uid = min(offered(engine))
    job = poll(engine, uid)
    assert job is not None
    if state is not JobState.OFFERED:
        engine.report(uid, job.job_id, state, T0 + 61)
    engine = revived(engine)
    found = engine.state.job_of(uid)
    assert found is not None
    assert (found.job_id, found.state) == (job.job_id, state)
    engine.heartbeat(uid, T0 + 90, version="2.0.0", boots=2)
    soaked(engine, {uid}, T0 + 90)
    assert engine.rollouts.get("r1").wave >= 0
    assert engine.state.jobs[job.job_id].state is JobState.VERIFIED


def test_indexes_after_a_restart_are_those_of_before() -> None:
    engine = fleet(12, zone="z")
    start(engine, plan(mode=Mode.AUTOMATIC))
    update(engine, "d0")
    fail(engine, "d1", T0 + 70)
    poll(engine, "d2", T0 + 80)
    again = revived(engine)
    assert same(engine, again)
    for name in ("open", "last_job", "job_in", "rollout_jobs", "next_job"):
        assert getattr(engine.state, name) == getattr(again.state, name), name
    assert {k: v for k, v in engine.state.open_in_zone.items() if v} == again.state.open_in_zone
    assert {k: +v for k, v in engine.state.tally.items()} == {k: +v for k, v in again.state.tally.items()}


actions = st.lists(
    st.tuples(
        st.sampled_from(
            ["poll", "download", "reboot", "ok", "old", "fail", "retry", "pause", "resume", "promote", "tick"]
        ),
        st.integers(0, 5),
        st.integers(1, 900),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(actions)
def test_whatever_happens_the_indexes_stay_true_and_what_changed_is_saved(steps: list[tuple[str, int, int]]) -> None:
    engine = fleet(6)
    start(engine, canary(34, gate=GatePolicy(soak_s=100, failures=3, failure_rate=0.4)))
    now = T0
    disk = whole(engine)
    for action, number, seconds in steps:
        now += seconds
        _act(engine, action, f"d{number}", now)
        disk |= through_json(pop_changes(engine.state))
        disk = {key: record for key, record in disk.items() if record is not None}
        # Only when devices were last seen, and log lines, may be older on disk.
        told = (RecordType.RELEASE, RecordType.SEQUENCE, RecordType.ROLLOUT, RecordType.JOB, RecordType.NEXT_JOB)
        assert {k: v for k, v in disk.items() if k[0] in told} == {
            k: v for k, v in whole(engine).items() if k[0] in told
        }
        again = revived(engine, disk)
        # Those that survived the soak are looked at once more after a restart.
        for rollout_id, waiting in engine.state.soaking.items():
            assert waiting <= again.state.soaking.get(rollout_id, set())
        confirmed = {job.job_id for job in engine.rollouts.soaking(engine.rollouts.get("r1"))}
        assert confirmed == {job.job_id for job in again.rollouts.soaking(again.rollouts.get("r1"))}
        for name in ("open", "last_job", "job_in"):
            assert getattr(engine.state, name) == getattr(again.state, name)
        assert {k: +v for k, v in engine.state.tally.items() if +v} == {
            k: +v for k, v in again.state.tally.items() if +v
        }
        for members in engine.state.rollout_jobs.values():
            assert all(engine.state.jobs[n].uid == u for u, n in members.items())


REPORTS = {"download": JobState.DOWNLOADING, "reboot": JobState.REBOOTING, "fail": JobState.FAILED}


def _act(engine: Engine, action: str, uid: str, now: float) -> None:
    job = engine.state.job_of(uid)
    rollouts = engine.rollouts
    by_name: dict[str, Callable[[], object]] = {
        "poll": lambda: engine.poll(uid, now),
        "old": lambda: engine.heartbeat(uid, now, version="1.0.0", boots=int(now - T0)),
        "retry": lambda: rollouts.retry("r1", now),
        "pause": lambda: rollouts.pause("r1"),
        "resume": lambda: rollouts.resume("r1", now),
        "promote": lambda: rollouts.promote("r1", now),
        "tick": lambda: engine.tick(now),
    }
    with contextlib.suppress(RolloutError):
        if action in by_name:
            by_name[action]()
        elif job is not None and action == "ok":
            engine.heartbeat(uid, now, version=job.version, boots=int(now - T0))
        elif job is not None:
            engine.report(uid, job.job_id, REPORTS[action], now)


def test_a_poll_that_changes_nothing_saves_nothing() -> None:
    engine = fleet(3)
    start(engine, plan())
    poll(engine, "d0")
    engine.state.dirty.clear()
    for second in itertools.islice(itertools.count(), 50):
        engine.heartbeat("d0", T0 + 100 + second, version="1.0.0", boots=1)
        engine.poll("d0", T0 + 100 + second)
    assert not engine.state.dirty


def test_full_log_is_saved_event_by_event() -> None:
    engine = fleet(2)
    disk = whole(engine)
    engine.state.flush_deferred()
    pop_changes(engine.state)
    for number in range(HISTORY_LENGTH * 2 + 7):
        engine.log_event("d0", T0 + number, DeviceEventKind.KEY, str(number))
        engine.state.flush_deferred()
        ops = pop_changes(engine.state)
        assert [kind for kind, _, _ in ops] == [RecordType.HISTORY]
        disk |= through_json(ops)
        if number % 10 == 0:
            again = revived(engine, disk)
            assert again.device("d0").history == engine.device("d0").history
            assert again.state.history_counts == engine.state.history_counts
            again.log_event("d0", T0 + number, DeviceEventKind.KEY, "later")
            assert again.device("d0").history[-1].detail == "later"
    engine.remove("d0")
    disk |= through_json(pop_changes(engine.state))
    left = {key for key, record in disk.items() if record is not None}
    assert not [
        name for kind, name in left if kind in (RecordType.DEVICE, RecordType.HISTORY) and name.startswith("d0")
    ]


def test_each_change_creates_one_event() -> None:
    engine = fleet(1)
    start(engine, plan())
    assert [event.kind for event in engine.pop_events()] == [EventKind.ROLLOUT_CREATED]
    poll(engine, "d0")
    kinds = {event.kind for event in engine.pop_events()}
    assert kinds == {EventKind.JOB, EventKind.DEVICE_CHANGED}
    assert engine.pop_events() == []
