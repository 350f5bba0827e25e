"""The gate after each wave: advance, wait or stop."""

from dataclasses import dataclass
from enum import StrEnum
import math


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """The conditions to start the next wave, and to stop the rollout.

    Attributes:
        coverage: Share of the wave that must have finished (0-1); below 1 the wave does not wait for devices that
            are off.
        min_sample: Minimum number of finished devices (or the whole wave if it is smaller).
        success_rate: Share of the finished devices that must be verified.
        soak_s: An update counts as successful only if the device still reports this many seconds after it was
            verified.
        failure_rate: A higher share of failures among the finished devices stops the rollout at once …
        failures: … if there are at least this many failures.
        max_failures: This many failures stop the rollout regardless of their share; None: no limit.
    """

    coverage: float = 0.8
    min_sample: int = 1
    success_rate: float = 0.9
    soak_s: float = 1800.0
    failure_rate: float = 0.03
    failures: int = 2
    max_failures: int | None = None


class Verdict(StrEnum):
    """The verdict of a gate."""

    ADVANCE = "advance"
    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The counts of a wave.

    Attributes:
        members: Devices to update.
        verified: Devices that run the new release.
        confirmed: Verified devices that still reported after the soak time.
        failures: Devices that failed or timed out, also after they had been verified.
    """

    members: int
    verified: int
    confirmed: int
    failures: int

    @property
    def finished(self) -> int:
        """Return the number of devices with a result."""
        return self.verified + self.failures


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and its reason."""

    verdict: Verdict
    reason: str


def is_breaking(policy: GatePolicy, finished: int, failures: int) -> str | None:
    """Return why the failures stop a rollout, or None."""
    if policy.max_failures is not None and failures >= policy.max_failures:
        return "max_failures"
    if failures >= policy.failures and failures > policy.failure_rate * finished:
        return "failure_rate"
    return None


def needed_devices(policy: GatePolicy, wave: Outcome) -> int:
    """Return how many devices of a wave must have a result."""
    return min(wave.members, max(policy.min_sample, math.ceil(round(policy.coverage * wave.members, 9))))


def decide(policy: GatePolicy, wave: Outcome) -> Decision:
    """Return the decision for a wave.

    Devices without contact are neither successes nor failures: with `coverage` below 1 they are updated later.
    """
    if reason := is_breaking(policy, wave.finished, wave.failures):
        return Decision(Verdict.STOP, reason)
    needed = needed_devices(policy, wave)
    if wave.finished < needed:
        return Decision(Verdict.WAIT, "sample")
    if wave.verified < policy.success_rate * wave.finished:
        # The rate can still improve until the whole wave has finished.
        if wave.finished >= wave.members:
            return Decision(Verdict.STOP, "success_rate")
        return Decision(Verdict.WAIT, "success_rate")
    if wave.confirmed + wave.failures < needed:
        return Decision(Verdict.WAIT, "soak")
    return Decision(Verdict.ADVANCE, "passed")
