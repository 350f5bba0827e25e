"""Only the time counts in which Home Assistant can receive a report, regardless of restarts and clock changes."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import orjson
import pytest

from custom_components.ota._lib.steady_clock import SteadyClock
from custom_components.ota.rollout.contacts import start_listening
from custom_components.ota.rollout.engine import Engine
from custom_components.ota.rollout.gate import GatePolicy
from custom_components.ota.rollout.liveness import Liveness
from custom_components.ota.rollout.models import Device, JobState, Policy
from custom_components.ota.rollout.plan import Rollout, Status, Wave
from custom_components.ota.rollout.records import all_records, load_state, pop_changes
from custom_components.ota.rollout.schedule import Window
from custom_components.ota.rollout.state import State

from .fleet import T0, plan, release

ROME = ZoneInfo("Europe/Rome")
SUMMER_TIME = datetime(2026, 3, 29, 0, 40, tzinfo=UTC).timestamp()
WINTER_TIME = datetime(2026, 10, 25, 0, 40, tzinfo=UTC).timestamp()
"""Twenty minutes before the clocks change."""
_PLAN = plan(auto_rollback=True, gate=GatePolicy(soak_s=1800), max_in_flight=10)
PLANS = (
    _PLAN,
    replace(_PLAN, waves=(Wave(percent=20), Wave(percent=100))),
    replace(_PLAN, waves=(Wave(devices=("d1",)), Wave(percent=50), Wave(percent=100)), auto_rollback=False),
    replace(_PLAN, max_in_flight=1),
)
POLL_S = 30.0
SAVE_S = 45.0
STEP_S = 10.0


@dataclass
class World:
    """Home Assistant and six devices that poll every 30 s; what is on disk; the clocks of the machine."""

    wall: float = T0
    rollout: Rollout = PLANS[0]
    monotonic: float = 1000.0
    disk: dict[tuple[str, str], Any] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    versions: dict[str, str] = field(default_factory=dict)
    boots: dict[str, int] = field(default_factory=dict)
    next_poll: dict[str, float] = field(default_factory=dict)
    restart_at: dict[str, float] = field(default_factory=dict)
    now: float = 0.0
    """True time since the start of the test."""
    up_at: float = 0.0
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.boot()
        engine = self.engine
        engine.state.set_release(release("1.0.0", 10, known_good=True))
        engine.state.set_release(release())
        for number in range(6):
            uid = f"d{number}"
            engine.register(Device(uid=uid, name=uid, product="p", chip="esp32"), self.wall)
            self.versions[uid], self.boots[uid], self.next_poll[uid] = "1.0.0", 1, number * 3.0
            engine.set_policy(uid, Policy(window=Window("00:00", "00:00")))
        engine.rollouts.create(self.rollout, self.wall)
        self.save(everything=True)

    def boot(self) -> None:
        clock = SteadyClock(lambda: self.wall, lambda: self.monotonic)
        state = State(Liveness(clock.from_wall))
        state.liveness.default_interval_s = POLL_S
        load_state(state, self.disk)
        start_listening(state, self.wall)
        self.engine = Engine(state, ROME)

    def save(self, *, everything: bool = False) -> None:
        state = self.engine.state
        if everything:
            state.flush_deferred(contacts=True)
        changes = list(all_records(state)) if everything else []
        for kind, name, record in [*changes, *pop_changes(state)]:
            if record is None:
                self.disk.pop((kind, name), None)
            else:
                self.disk[kind, name] = orjson.loads(orjson.dumps(record, default=dict))

    def run(self, seconds: float) -> None:
        """Let devices and Home Assistant run, tick by tick."""
        for _ in range(round(seconds / STEP_S)):
            self._pass_s(STEP_S)
            if self.now % SAVE_S < STEP_S:
                self.engine.state.flush_last_seen()
            self.engine.tick(self.wall)
            self.save()

    def _pass_s(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds
        self.monotonic += seconds
        for uid in self.versions:
            if uid not in self.silent:
                self._device(uid)

    def _device(self, uid: str) -> None:
        """Restart or poll if it is time; while Home Assistant is away, the poll fails and the next one is due."""
        restart_at = self.restart_at.get(uid)
        if restart_at is not None and self.now >= restart_at:
            del self.restart_at[uid]
            self.versions[uid], self.boots[uid] = "2.0.0", self.boots[uid] + 1
            self.next_poll[uid] = self.now
        if self.now < self.next_poll[uid] or uid in self.restart_at:
            return
        self.next_poll[uid] = self.now + POLL_S
        if self.now < self.up_at:
            return
        self.engine.heartbeat(uid, self.wall, version=self.versions[uid], boots=self.boots[uid], requested_s=POLL_S)
        job = self.engine.poll(uid, self.wall).job
        if job is not None and not job.done:
            self.engine.report(uid, job.job_id, JobState.DOWNLOADING, self.wall)
            self.engine.report(uid, job.job_id, JobState.REBOOTING, self.wall)
            self.restart_at[uid] = self.now + 20.0
        self.save()  # before the device gets its answer

    def kill(self, away_s: float) -> None:
        """Kill -9; up again after `away_s`. The machine may restart, too, which resets its monotonic clock."""
        self.up_at = self.now + away_s
        while self.now < self.up_at:
            self._pass_s(min(STEP_S, self.up_at - self.now))
        self.monotonic = 50.0
        self.boot()

    def stop(self, away_s: float) -> None:
        self.save(everything=True)
        self.kill(away_s)

    def act(self, action: str, seconds: float) -> None:
        match action:
            case "run":
                self.run(seconds)
            case "kill":
                self.kill(seconds)
            case "stop":
                self.stop(seconds)
            case _:
                self.wall += float(action)

    @property
    def status(self) -> Status:
        return self.engine.rollouts.get("r1").status

    def reasons(self) -> dict[str, str | None]:
        return {job.uid: job.reason for job in self.engine.state.jobs_in("r1")}


disturbances = st.lists(
    st.tuples(
        st.sampled_from(["run", "run", "kill", "kill", "stop", "3600", "-3600", "400", "-400"]),
        st.sampled_from([5.0, 30.0, 100.0, 400.0, 1000.0, 4000.0]),
    ),
    max_size=10,
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(disturbances, st.sampled_from(PLANS), st.sampled_from([T0, SUMMER_TIME, WINTER_TIME]))
def test_no_restart_kill_or_clock_step_changes_the_verdict_on_healthy_devices(
    steps: list[tuple[str, float]], rollout: Rollout, start: float
) -> None:
    world = World(wall=start, rollout=rollout)
    for action, seconds in steps:
        world.act(action, seconds)
        assert set(world.reasons().values()) <= {None}
        assert world.status in (Status.RUNNING, Status.SUCCEEDED)
    for _ in range(13 * len(rollout.waves)):  # soak times, and a clock that was set back while Home Assistant was away
        if world.status is Status.RUNNING:
            world.run(600)
    assert world.status is Status.SUCCEEDED
    assert {job.state for job in world.engine.state.jobs_in("r1")} == {JobState.VERIFIED}
    assert len(world.engine.state.jobs) == 6  # no downgrade was offered


@settings(max_examples=15, deadline=None)
@given(disturbances, st.sampled_from(["d0", "d3"]), st.sampled_from([0.0, 40.0, 200.0]))
def test_silent_devices_are_still_judged(steps: list[tuple[str, float]], uid: str, after_s: float) -> None:
    world = World()
    world.run(after_s)
    world.silent = frozenset({uid, "d5"})
    begun = {job.uid for job in world.engine.state.jobs_in("r1")}
    for action, seconds in steps:
        world.act(action, min(seconds, 400.0))
    world.run(2500)
    if world.silent & begun:
        judged = [world.reasons()[name] for name in world.silent & begun]
        assert {"no_heartbeat", "lost_after_update"} & set(judged)
        assert world.status is Status.ROLLED_BACK


@pytest.mark.parametrize("state", [JobState.DOWNLOADING, JobState.INSTALLING, JobState.REBOOTING])
@pytest.mark.parametrize("away_s", [5.0, 400.0, 90_000.0])
def test_absence_in_any_state_is_not_a_timeout(state: JobState, away_s: float) -> None:
    world = World()
    engine = world.engine
    job = engine.poll("d0", world.wall).job
    assert job is not None
    engine.report("d0", job.job_id, state, world.wall)
    world.silent = frozenset(world.versions)
    world.save()
    world.kill(away_s)
    world.run(100)
    assert world.reasons() == {"d0": None}
    world.run(2500)
    assert world.reasons() == {"d0": "no_heartbeat" if state is JobState.REBOOTING else "stalled"}


def test_the_old_version_right_after_a_start_is_not_a_rollback_by_the_device() -> None:
    world = World()
    job = world.engine.poll("d0", world.wall).job
    assert job is not None
    world.engine.report("d0", job.job_id, JobState.REBOOTING, world.wall)
    world.save()
    world.wall += 3600
    world.engine.heartbeat("d0", world.wall, version="1.0.0")
    assert world.reasons() == {"d0": None}
    world.monotonic += 100
    world.engine.heartbeat("d0", world.wall, version="1.0.0")
    assert world.reasons() == {"d0": "rolled_back_by_device"}


def test_last_contacts_survive_a_kill_to_within_a_minute() -> None:
    world = World()
    world.silent = frozenset({"d1"})
    world.run(1000)
    device = world.engine.device("d0")
    world.boot()
    assert (device.last_seen or 0.0) - (world.engine.device("d0").last_seen or 0.0) <= 60
    assert world.engine.device("d1").last_seen is None
    assert world.engine.state.liveness.expected_s == {uid: POLL_S for uid in world.versions if uid != "d1"}


def test_saving_the_last_contacts_is_cheap() -> None:
    """One record of about 50 bytes for each device instead of the devices."""
    world = World()
    world.run(300)
    state = world.engine.state
    state.flush_last_seen()
    pop_changes(state)
    state.flush_last_seen()
    assert not pop_changes(state)  # nothing new
    world.engine.heartbeat("d0", world.wall + 1)
    state.flush_last_seen()
    ((kind, _, record),) = pop_changes(state)
    assert kind == "contacts"
    assert len(orjson.dumps(record)) < 6 * 50


def test_a_contact_in_the_future_is_corrected_at_the_start() -> None:
    world = World()
    world.run(100)
    world.save(everything=True)
    world.wall -= 3600
    world.boot()
    assert max(device.last_seen or 0.0 for device in world.engine.state.devices.values()) == world.wall


def test_contacts_of_unknown_devices_are_ignored() -> None:
    state = State()
    load_state(state, {("contacts", ""): {"gone": [T0, 30.0]}})
    assert not state.devices
    assert not state.liveness.expected_s


def test_time_in_which_home_assistant_was_away_is_not_a_poll_interval() -> None:
    world = World()
    world.run(300)
    before = world.engine.device("d0").interval_s
    assert before == 30
    world.stop(4000)
    world.run(300)
    world.wall += 3600
    world.run(100)
    assert world.engine.device("d0").interval_s == before


def test_a_device_whose_fleet_is_not_loaded_is_not_silent() -> None:
    liveness = Liveness()
    liveness.listen(0.0)
    liveness.changed(1, 0.0)
    liveness.set_reachable("d", 0.0, reachable=False)
    assert liveness.silence_s("d", 1, 0.0, 500.0) < 0
    liveness.set_reachable("d", 600.0, reachable=True)
    assert liveness.silence_s("d", 1, 0.0, 700.0) == 100
    liveness.set_reachable("d", 650.0, reachable=True)  # still
    assert liveness.silence_s("d", 1, 0.0, 700.0) == 100
    liveness.contact("d", 650.0)
    assert liveness.silence_s("d", 1, 0.0, 700.0) == 50
    liveness.forget("d")
    assert liveness.silence_s("d", 1, 0.0, 700.0) == 700
