# Generated from lib/backoff.py by scripts/build: edit that file, not this one.
"""Delays between retries: exponential, limited, spread by jitter.

    POLICY = RetryPolicy(first_s=5, max_s=300)

    backoff = Backoff(POLICY)
    await asyncio.sleep(backoff.next_s())   # after a failure: 5 s, 10 s, 20 s, ... 300 s, each up to 10 % longer
    backoff.reset()                         # after a success

`RetryPolicy.delay_s` is the pure calculation, for callers that count the failures themselves. Without jitter, devices
or clients that lost the same server would all return at the same moment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
import random
from typing import Final

# 2**64 times any delay is beyond every limit in use, and far from the largest float.
_MAX_DOUBLINGS: Final = 64


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait before each retry.

    Attributes:
        first_s: Delay after the first failure, in seconds.
        max_s: Upper limit of the delay before jitter is applied.
        factor: Growth from one failure to the next; 1 keeps the delay constant.
        jitter: The delay is multiplied by a random factor between these two.
    """

    first_s: float
    max_s: float
    factor: float = 2.0
    jitter: tuple[float, float] = (1.0, 1.1)

    def __post_init__(self) -> None:
        """Reject values that would make a retry loop spin or never return."""
        low, high = self.jitter
        if not (0 < self.first_s <= self.max_s and isfinite(self.max_s) and self.factor >= 1 and 0 <= low <= high):
            raise ValueError(f"invalid retry policy: {self}")

    def delay_s(self, failures: int, random_value: float = 0.0) -> float:
        """Return the delay before the next attempt, in seconds.

        Args:
            failures: Number of failures in a row; 0 needs no delay.
            random_value: Position within the jitter range, 0 to 1.
        """
        if failures <= 0:
            return 0.0
        delay_s = min(self.max_s, self.first_s * self.factor ** min(failures - 1, _MAX_DOUBLINGS))
        low, high = self.jitter
        return delay_s * (low + (high - low) * random_value)


class Backoff:
    """Counts failures in a row and returns the delay after each."""

    def __init__(self, policy: RetryPolicy, random_source: Callable[[], float] = random.random) -> None:
        self.policy = policy
        self.failures = 0
        self._random_source = random_source

    def next_s(self) -> float:
        """Count a failure and return the delay before the next attempt, in seconds."""
        self.failures += 1
        return self.policy.delay_s(self.failures, self._random_source())

    def reset(self) -> None:
        """Start again with the first delay after the next failure."""
        self.failures = 0
