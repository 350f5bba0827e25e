"""The engine after a restart: saved changes, indexes and events."""

from collections.abc import Callable, Iterable
import contextlib
import itertools

from hypothesis import given, settings, strategies as st
import orjson
import pytest

from custom_components.ota.rollout.engine import Engine
from custom_components.ota.rollout.errors import RolloutError
from custom_components.ota.rollout.gate import GatePolicy
from custom_components.ota.rollout.models import HISTORY_LENGTH, DeviceEventKind, JobState
from custom_components.ota.rollout.plan import Mode
from custom_components.ota.rollout.record_types import RecordChange, RecordType
from custom_components.ota.rollout.records import all_records, load_state, pop_changes
from custom_components.ota.rollout.state import EventKind, State

from .fleet import (
    T0,
    canary,
    fail,
    fleet,
    offered,
    plan,
    poll,
    soaked,
    start,
    update,
)

type Disk = dict[tuple[str, str], object]


def through_json(ops: Iterable[RecordChange]) -> Disk:
    """Return the records as read from disk."""
    return {(kind, name): orjson.loads(orjson.dumps(record, default=dict)) for kind, name, record in ops}


def whole(engine: Engine) -> Disk:
    return through_json(all_records(engine.state))


def revived(engine: Engine, disk: Disk | None = None) -> Engine:
    """Return the engine after kill -9."""
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


def test_indexes_are_the_same_after_a_restart() -> None:
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


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(actions)
def test_indexes_stay_consistent_and_all_changes_are_saved(steps: list[tuple[str, int, int]]) -> None:
    engine = fleet(6)
    start(engine, canary(34, gate=GatePolicy(soak_s=100, failures=3, failure_rate=0.4)))
    now = T0
    disk = whole(engine)
    for action, number, seconds in steps:
        now += seconds
        _act(engine, action, f"d{number}", now)
        disk |= through_json(pop_changes(engine.state))
        disk = {key: record for key, record in disk.items() if record is not None}
        # Only the last contact and the log of devices may be older on disk.
        saved_types = (RecordType.RELEASE, RecordType.SEQUENCE, RecordType.ROLLOUT, RecordType.JOB, RecordType.NEXT_JOB)
        assert {k: v for k, v in disk.items() if k[0] in saved_types} == {
            k: v for k, v in whole(engine).items() if k[0] in saved_types
        }
        again = revived(engine, disk)
        # Devices that passed the soak time are checked again after a restart.
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


def test_a_poll_without_a_change_is_not_saved() -> None:
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
