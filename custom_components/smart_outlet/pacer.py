"""Keeps a unit that floods at a pace, without refusing one that is only quick.

A unit with a hundred outlets calls about a hundred times a second. One that calls far more often is answered later
and later; only where many connections wait at once are requests refused. What is dear behind a request (states, the
recorder) has limits of its own, so the pace only keeps one unit from taking the whole event loop.
"""

from dataclasses import dataclass

from ._lib.device_http import too_many

CALLS_PER_S = 2000.0
CALLS_AT_ONCE = 4000.0
LONGEST_WAIT_S = 1.0


@dataclass(slots=True)
class Pacer:
    """A token bucket whose tokens may be taken in advance, for the price of a wait."""

    tokens: float = -1.0
    since: float | None = None

    def reserve(self, now: float) -> float:
        """Take a token; the seconds until it is there.

        Args:
            now: Monotonic seconds.

        Raises:
            ApiError: ``too_many`` where that would be more than a second.
        """
        if self.since is None:
            self.tokens = CALLS_AT_ONCE
        else:
            self.tokens = min(CALLS_AT_ONCE, self.tokens + (now - self.since) * CALLS_PER_S)
        self.since = now
        wait_s = max(0.0, (1.0 - self.tokens) / CALLS_PER_S)
        if wait_s > LONGEST_WAIT_S:
            raise too_many(wait_s)
        self.tokens -= 1.0
        return wait_s
