"""Compare two releases, with 95 % confidence intervals."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
import math
from typing import Final

from .models import Job, JobState

Z: Final = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        """Return whether zero is outside the interval."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Arm:
    """The results of one release."""

    version: str
    finished: int
    failed: int
    failure_rate: Interval
    reboots: float
    """Unexpected restarts per device."""
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both arms, and the differences of the second to the first: b - a."""

    arms: tuple[Arm, Arm]
    failure_rate: Interval
    reboots: Interval | None
    metrics: dict[str, Interval]


def wilson(successes: int, total: int) -> Interval:
    """Return Wilson's score interval of a proportion; 0..1 without observations.

    ReleaseSource: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    if total == 0:
        return Interval(0.0, 0.0, 1.0)
    p, z2 = successes / total, Z * Z
    centre = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = Z * math.sqrt(p * (1 - p) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return Interval(p, max(0.0, centre - half), min(1.0, centre + half))


def difference(a: Interval, b: Interval) -> Interval:
    """Return the interval of b - a for independent proportions with Wilson intervals.

    ReleaseSource: R. G. Newcombe, Stat. Med. 17 (1998) 873-890, method 10.
    """
    value = b.value - a.value
    low = value - math.hypot(b.value - b.low, a.high - a.value)
    high = value + math.hypot(b.high - b.value, a.value - a.low)
    return Interval(value, low, high)


def welch(a: Sequence[float], b: Sequence[float]) -> Interval | None:
    """Return the interval of mean(b) - mean(a) for unequal variances; None for fewer than two values in a group."""
    if len(a) < 2 or len(b) < 2:
        return None
    mean_a, var_a = _mean_variance(a)
    mean_b, var_b = _mean_variance(b)
    sa, sb = var_a / len(a), var_b / len(b)
    value = mean_b - mean_a
    if sa + sb == 0:
        return Interval(value, value, value)
    freedom = (sa + sb) ** 2 / (sa * sa / (len(a) - 1) + sb * sb / (len(b) - 1))
    half = student_quantile(freedom) * math.sqrt(sa + sb)
    return Interval(value, value - half, value + half)


def _mean_variance(values: Sequence[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    return mean, math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def student_quantile(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t-distribution, by bisection on its integral."""
    if freedom <= 1:
        return math.tan(math.pi * 0.475)
    low, high = Z, 13.0
    for _ in range(60):
        middle = (low + high) / 2
        if _student_tail(middle, freedom) > 0.025:
            low = middle
        else:
            high = middle
    return high


def _student_tail(t: float, freedom: float) -> float:
    """Return P(T > t): the density integrated by Simpson's rule from 0, subtracted from 0.5."""
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log(freedom * math.pi)

    def density(x: float) -> float:
        return math.exp(scale - (freedom + 1) / 2 * math.log1p(x * x / freedom))

    steps = 400
    h = t / steps
    total = density(0.0) + density(t)
    total += 4 * math.fsum(density(h * i) for i in range(1, steps, 2))
    total += 2 * math.fsum(density(h * i) for i in range(2, steps, 2))
    return 0.5 - total * h / 3


def compare(versions: tuple[str, str], jobs: Iterable[Job]) -> Comparison:
    """Compare the two arms of a rollout by their jobs."""
    jobs = list(jobs)
    sides = [[job for job in jobs if job.arm == number and _counts(job)] for number in (0, 1)]
    arms = tuple(_arm(version, side) for version, side in zip(versions, sides, strict=True))
    names = sorted({name for job in jobs for name in job.metrics})
    metrics = {name: interval for name in names if (interval := _between(sides, partial(_metric, name))) is not None}
    return Comparison(
        arms=(arms[0], arms[1]),
        failure_rate=difference(arms[0].failure_rate, arms[1].failure_rate),
        reboots=_between(sides, lambda job: float(job.reboots)),
        metrics=metrics,
    )


def _counts(job: Job) -> bool:
    return job.state in (JobState.VERIFIED, JobState.FAILED, JobState.ROLLED_BACK)


def _failed(job: Job) -> bool:
    """Return whether the release failed on the device; a verified job that was rolled back has not failed."""
    return job.state is not JobState.VERIFIED and job.reason != "rollback"


def _metric(name: str, job: Job) -> float | None:
    mean = job.metrics.get(name)
    return mean.mean if mean else None


def _between(sides: list[list[Job]], value: Callable[[Job], float | None]) -> Interval | None:
    a, b = ([v for job in side if (v := value(job)) is not None] for side in sides)
    return welch(a, b)


def _arm(version: str, jobs: list[Job]) -> Arm:
    failed = sum(map(_failed, jobs))
    names = sorted({name for job in jobs for name in job.metrics})
    means = {name: [m.mean for job in jobs if (m := job.metrics.get(name))] for name in names}
    return Arm(
        version=version,
        finished=len(jobs),
        failed=failed,
        failure_rate=wilson(failed, len(jobs)),
        reboots=sum(job.reboots for job in jobs) / len(jobs) if jobs else 0.0,
        metrics={name: math.fsum(values) / len(values) for name, values in means.items()},
    )
