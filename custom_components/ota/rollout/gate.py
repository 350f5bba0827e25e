"""The gate after each wave: go on, wait, or stop."""

from dataclasses import dataclass
from enum import StrEnum
import math


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """What a wave has to show before the next one begins, and what stops the rollout.

    Attributes:
        coverage: Share of the wave that must have finished (0-1); devices that are off do not hold it up for
            ever.
        min_sample: At least so many must have finished (or the whole wave where it is smaller).
        success_rate: Share of the finished that must be verified.
        soak_s: A success counts once the device showed itself so long after it was verified, seconds.
        failure_rate: More failures than this share of the finished stop the rollout at once …
        failures: … as soon as there are at least so many of them.
        max_failures: So many failures stop the rollout whatever the share; None = no such limit.
    """

    coverage: float = 0.8
    min_sample: int = 1
    success_rate: float = 0.9
    soak_s: float = 1800.0
    failure_rate: float = 0.03
    failures: int = 2
    max_failures: int | None = None


class Verdict(StrEnum):
    """What the gate says."""

    ADVANCE = "advance"
    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a wave stands.

    Attributes:
        members: Devices that the wave wants to update.
        verified: Run the new release.
        confirmed: Of these, the ones that were still alive after the soak.
        failures: Failed or timed out, also after they had been verified.
    """

    members: int
    verified: int
    confirmed: int
    failures: int

    @property
    def finished(self) -> int:
        """Devices of which we know how it went."""
        return self.verified + self.failures


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and why."""

    verdict: Verdict
    reason: str


def is_breaking(policy: GatePolicy, finished: int, failures: int) -> str | None:
    """Why failures stop a rollout now, or None."""
    if policy.max_failures is not None and failures >= policy.max_failures:
        return "max_failures"
    if failures >= policy.failures and failures > policy.failure_rate * finished:
        return "failure_rate"
    return None


def decide(policy: GatePolicy, wave: Outcome) -> Decision:
    """Look at a wave.

    Devices that were not reached are neither success nor failure: with `coverage` below 1 they are left for
    later.
    """
    if reason := is_breaking(policy, wave.finished, wave.failures):
        return Decision(Verdict.STOP, reason)
    needed = min(wave.members, max(policy.min_sample, math.ceil(round(policy.coverage * wave.members, 9))))
    if wave.finished < needed:
        return Decision(Verdict.WAIT, "sample")
    if wave.verified < policy.success_rate * wave.finished:
        # With the whole wave done it cannot get better; before that it may.
        if wave.finished >= wave.members:
            return Decision(Verdict.STOP, "success_rate")
        return Decision(Verdict.WAIT, "success_rate")
    if wave.confirmed + wave.failures < needed:
        return Decision(Verdict.WAIT, "soak")
    return Decision(Verdict.ADVANCE, "passed")
