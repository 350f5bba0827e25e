"""A small fleet for the tests of the engine."""

from dataclasses import replace
from typing import Any

from custom_components.ota.rollout.engine import Engine
from custom_components.ota.rollout.gate import GatePolicy
from custom_components.ota.rollout.manifest import Channel
from custom_components.ota.rollout.models import Device, Job, JobState, Policy, Release
from custom_components.ota.rollout.plan import Rollout, Status, Wave

T0 = 1_800_000_000.0
HOUR = 3600.0


def release(version: str = "2.0.0", sequence: int = 20, **changes: Any) -> Release:
    digest = f"{sequence:064x}"
    chip = changes.get("chip", "esp32")
    made = Release(
        release_id=f"p:{chip}:{version}",
        product="p",
        chip="esp32",
        version=version,
        sequence=sequence,
        size=1000,
        sha256=digest,
        md5=digest[:32],
        sha1=digest[:40],
        created=T0,
        channel=Channel.STABLE,
    )
    return replace(made, **changes)


def as_stored_now(records: list[list[Any]]) -> list[list[Any]]:
    """Return records of an earlier version with the fields that were added since."""
    added: dict[str, dict[str, Any]] = {
        "release": {"image_version": None},
        "device": {"slots": None},
        "rollout": {"allow_without_rollback": False},
    }
    return [[kind, name, {**record, **added[kind]} if kind in added else record] for kind, name, record in records]


def fleet(count: int = 10, **changes: Any) -> Engine:
    """Devices d0…dN on 1.0.0, with releases 1.0.0 and 2.0.0."""
    engine = Engine()
    engine.state.set_release(release("1.0.0", 10, known_good=True))
    engine.state.set_release(release())
    for number in range(count):
        add(engine, f"d{number}", **changes)
    engine.pop_events()
    return engine


def add(engine: Engine, uid: str, **changes: Any) -> None:
    device = Device(uid=uid, name=uid, product="p", chip="esp32", installed_version="1.0.0", boot_count=1)
    engine.register(replace(device, **changes), T0)


def plan(**changes: Any) -> Rollout:
    base: dict[str, Any] = {
        "rollout_id": "r1",
        "name": "Two",
        "product": "p",
        "versions": ("2.0.0",),
        "salt": "salt",
        "created": T0,
        "gate": GatePolicy(soak_s=600),
    }
    return Rollout(**{**base, **changes})


def canary(percent: float = 10, **changes: Any) -> Rollout:
    return plan(waves=(Wave(percent=percent), Wave(percent=100)), **changes)


def start(engine: Engine, rollout: Rollout, now: float = T0) -> None:
    engine.rollouts.create(rollout, now)


def poll(engine: Engine, uid: str, now: float = T0 + 60) -> Job | None:
    return engine.poll(uid, now).job


def update(engine: Engine, uid: str, now: float = T0 + 60, version: str = "2.0.0") -> Job:
    """The device takes its offer and comes back with the new version."""
    job = poll(engine, uid, now)
    assert job is not None, engine.offer(uid, now).reason
    engine.report(uid, job.job_id, JobState.DOWNLOADING, now)
    engine.report(uid, job.job_id, JobState.REBOOTING, now)
    boots = (engine.device(uid).boot_count or 0) + 1
    engine.heartbeat(uid, now + 1, version=version, boots=boots)
    return engine.state.jobs[job.job_id]


def fail(engine: Engine, uid: str, now: float = T0 + 60) -> Job:
    job = poll(engine, uid, now)
    assert job is not None
    return engine.report(uid, job.job_id, JobState.FAILED, now, reason="bad flash")


def offered(engine: Engine, now: float = T0 + 60) -> set[str]:
    """The devices that get an offer when all poll."""
    return {uid for uid in list(engine.state.devices) if poll(engine, uid, now) is not None}


def policy(engine: Engine, uid: str, **changes: Any) -> None:
    engine.set_policy(uid, replace(Policy(), **changes))


def status(engine: Engine) -> Status:
    return engine.rollouts.get("r1").status


def soaked(engine: Engine, uids: set[str], now: float) -> float:
    """Let the devices check in until the soak time is over; return the time."""
    for _ in range(3):
        now += 300
        for uid in uids:
            engine.heartbeat(uid, now, version=engine.device(uid).installed_version)
    engine.tick(now)
    return now
