"""Simulate a rollout: does a plan stop a bad release before it harms many devices?

The engine of Home Assistant runs with simulated devices that poll, download, fail and
stop reporting.
"""

from dataclasses import dataclass, replace
import heapq
import itertools
import random
from typing import Final

from .engine import Engine
from .manifest import Channel
from .models import Device, JobState, Release
from .offers import Reason
from .plan import Rollout, Status
from .state import State

_START: Final = 1_800_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """What a release does to devices. Shares are probabilities per device.

    Attributes:
        fails: The device reports a failure and keeps the old release.
        bricks: The device never reports again after the restart.
        late: The device stops working within `late_s` after the update was verified.
        late_s: Seconds.
    """

    fails: float = 0.0
    bricks: float = 0.0
    late: float = 0.0
    late_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The fleet: number of devices, poll interval, duration of an installation, share of offline devices.

    Durations in seconds.
    """

    devices: int
    poll_s: float = 300.0
    install_s: float = 120.0
    offline: float = 0.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a simulation."""

    status: Status
    reason: str | None
    hours: float
    updated: int
    failed: int
    broken: int
    """Devices that no longer work."""
    touched: int
    """Devices that were offered the release."""
    total: int

    @property
    def broken_share(self) -> float:
        """Return the share of broken devices, 0-1."""
        return self.broken / self.total

    @property
    def harmed_share(self) -> float:
        """Return the share of devices on which the release failed, broken or not, 0-1."""
        return self.failed / self.total


class Simulation:
    """The rollout of a release to a fleet."""

    def __init__(self, rollout: Rollout, behavior: Behavior, world: World) -> None:
        """Create the fleet; product, versions and times are those of the rollout."""
        self._behavior, self._world = behavior, world
        self._random = random.Random(world.seed)
        self.engine = Engine(State())
        self._broken: set[str] = set()
        self._boots: dict[str, int] = {}
        self._version: dict[str, str] = {}
        self._serial = itertools.count()
        self._queue: list[tuple[float, int, str, str]] = []
        for sequence, version in enumerate(("0.0.1", *rollout.versions)):
            self.engine.state.set_release(_release(rollout.product, version, sequence, good=sequence == 0))
        for number in range(world.devices):
            uid = f"device-{number:05d}"
            device = Device(uid=uid, name=uid, product=rollout.product, chip="esp32", installed_version="0.0.1")
            self.engine.register(device, _START)
            self._boots[uid], self._version[uid] = 1, "0.0.1"
            if self._random.random() >= world.offline:
                self._push(_START + self._random.random() * world.poll_s, uid, "poll")
        self._rollout_id = self.engine.rollouts.create(rollout, _START).rollout_id

    def run(self, hours: float) -> Result:
        """Run until the rollout stops or succeeds, or the time is over."""
        self._push(_START, "", "tick")
        end = now = _START
        limit = _START + hours * 3600
        while self._queue:
            now, _, uid, action = heapq.heappop(self._queue)
            if now > limit:
                break
            end = now
            self._step(now, uid, action)
            if self._has_ended():
                break
        return self._result(end)

    def _has_ended(self) -> bool:
        status = self.engine.rollouts.get(self._rollout_id).status
        running = any(self.engine.state.jobs[n].state is not JobState.OFFERED for n in self.engine.state.open)
        return status is not Status.RUNNING and not running

    def _step(self, now: float, uid: str, action: str) -> None:
        match action:
            case "tick":
                self.engine.tick(now)
                self.engine.pop_events()
                self._push(now + 30.0, "", "tick")
            case "poll":
                self._poll(now, uid)
            case "installed":
                self._installed(now, uid)
            case "break":
                self._broken.add(uid)

    def _poll(self, now: float, uid: str) -> None:
        if uid in self._broken:
            return
        self.engine.heartbeat(uid, now, version=self._version[uid], boots=self._boots[uid])
        offer = self.engine.poll(uid, now)
        if offer.reason is Reason.OFFERED and offer.job is not None and offer.job.state is JobState.OFFERED:
            self.engine.report(uid, offer.job.job_id, JobState.DOWNLOADING, now)
            self._push(now + self._world.install_s * self._random.uniform(0.5, 1.5), uid, "installed")
        else:
            self._push(now + self._world.poll_s * self._random.uniform(0.9, 1.1), uid, "poll")

    def _installed(self, now: float, uid: str) -> None:
        job = self.engine.state.job_of(uid)
        if job is None or job.done:
            self._push(now, uid, "poll")
            return
        roll, behavior = self._random.random(), self._behavior
        if job.version in self.engine.rollouts.get(self._rollout_id).versions:
            if roll < behavior.bricks:
                self.engine.report(uid, job.job_id, JobState.REBOOTING, now)
                self._broken.add(uid)
                return
            if roll < behavior.bricks + behavior.fails:
                self.engine.report(uid, job.job_id, JobState.FAILED, now, reason="simulated")
                self._push(now + self._world.poll_s, uid, "poll")
                return
            if roll < behavior.bricks + behavior.fails + behavior.late:
                self._push(now + self._random.random() * behavior.late_s, uid, "break")
        self.engine.report(uid, job.job_id, JobState.REBOOTING, now)
        self._version[uid] = job.version
        self._boots[uid] += 1
        self._push(now + 20.0, uid, "poll")

    def _push(self, at: float, uid: str, action: str) -> None:
        heapq.heappush(self._queue, (at, next(self._serial), uid, action))

    def _result(self, end: float) -> Result:
        rollout = self.engine.rollouts.get(self._rollout_id)
        jobs = self.engine.state.jobs_in(self._rollout_id)
        return Result(
            status=rollout.status,
            reason=rollout.pause_reason,
            hours=(end - _START) / 3600,
            updated=sum(self._version[job.uid] in rollout.versions for job in jobs),
            failed=sum(job.state is JobState.FAILED for job in jobs),
            broken=len(self._broken),
            touched=len(jobs),
            total=self._world.devices,
        )


def _release(product: str, version: str, sequence: int, *, good: bool) -> Release:
    digest = f"{sequence:064x}"
    release = Release(
        release_id=f"{product}:esp32:{version}",
        product=product,
        chip="esp32",
        version=version,
        sequence=sequence,
        size=1_000_000,
        sha256=digest,
        md5=digest[:32],
        sha1=digest[:40],
        created=_START,
        channel=Channel.STABLE,
    )
    return replace(release, known_good=good)
