"""Gates stop a bad release in a simulated fleet before it does harm, and let a good one through."""

import time
from typing import Any

import pytest

from custom_components.ota.rollout.gate import GatePolicy
from custom_components.ota.rollout.plan import Status, Wave
from custom_components.ota.rollout.simulation import Behavior, Result, Simulation, World

from .fleet import T0, fleet, plan

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

WAVES = (Wave(percent=1), Wave(percent=5), Wave(percent=25), Wave(percent=100))


def run(behavior: Behavior, devices: int = 1000, hours: float = 48, **changes: Any) -> Result:
    rollout = plan(versions=("1.0.0",), waves=WAVES, gate=GatePolicy(), **changes)
    return Simulation(rollout, behavior, World(devices=devices, offline=0.05)).run(hours)


def test_good_release_reaches_all_online_devices() -> None:
    result = run(Behavior())
    assert result.status is Status.SUCCEEDED
    assert result.updated == result.touched > 930
    assert result.failed == 0


def test_unfinished_simulation_is_reported_as_running() -> None:
    result = run(Behavior(), hours=0.5)
    assert result.status is Status.RUNNING
    assert 0 < result.touched < 1000
    assert result.hours <= 0.5


@pytest.mark.parametrize(
    "behavior",
    [
        Behavior(bricks=0.3),
        Behavior(bricks=0.1),
        Behavior(fails=0.5),
        Behavior(late=0.5),
        Behavior(fails=0.05, bricks=0.05),
    ],
)
def test_a_bad_release_is_stopped_before_5_percent_are_broken(behavior: Behavior) -> None:
    result = run(behavior)
    assert result.status is Status.PAUSED
    assert result.broken_share < 0.05
    assert result.harmed_share < 0.05


@pytest.mark.parametrize("behavior", [Behavior(bricks=0.3), Behavior(late=0.1)], ids=["bricks", "dies_late"])
def test_the_gates_protect_a_fleet_of_10_000(behavior: Behavior) -> None:
    result = run(behavior, devices=10_000, hours=72)
    assert result.status is Status.PAUSED
    assert result.broken_share < 0.05
    assert result.harmed_share < 0.05


def test_a_plan_for_10_000_devices_is_made_within_seconds() -> None:
    engine = fleet(10_000)
    started = time.thread_time()
    engine.rollouts.create(plan(waves=WAVES), T0)
    took = time.thread_time() - started
    members = engine.state.membership(engine.rollouts.get("r1"))
    assert [len(members.members(number)) for number in range(4)] == [100, 400, 2000, 7500]
    assert took < 5.0


def test_a_home_with_five_devices_loses_at_most_one() -> None:
    result = run(Behavior(bricks=1.0), devices=5)
    assert result.status is Status.PAUSED
    assert result.broken == 1


def test_an_automatic_rollback_restores_the_surviving_devices() -> None:
    rollout = plan(versions=("1.0.0",), waves=WAVES, gate=GatePolicy(), auto_rollback=True)
    simulation = Simulation(rollout, Behavior(fails=0.3), World(devices=1000))
    result = simulation.run(48)
    assert result.status is Status.ROLLED_BACK
    devices = simulation.engine.state.devices.values()
    running = [
        job for job in map(simulation.engine.state.job_of, simulation.engine.state.devices) if job and not job.done
    ]
    new = [device for device in devices if device.installed_version == "1.0.0"]
    assert len(new) <= len(running)
