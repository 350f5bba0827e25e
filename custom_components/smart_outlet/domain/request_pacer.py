"""Slows down a CCU that sends too many requests, without refusing one that is only fast.

A CCU with a hundred outlets sends about a hundred requests a second. The answers to one that sends far more are
delayed, and requests are refused only if many connections wait at once. Expensive work behind a request (states,
the recorder) has limits of its own; the pacer only keeps one CCU from occupying the event loop.
"""

from dataclasses import dataclass

from .._lib.device_http import too_many

REQUESTS_PER_S = 2000.0
BURST = 4000.0
MAX_WAIT_S = 1.0


@dataclass(slots=True)
class RequestPacer:
    """A token bucket whose tokens can be reserved in advance, for the price of a wait."""

    tokens: float = -1.0
    updated: float | None = None

    def reserve(self, now: float) -> float:
        """Reserve a token and return the seconds until it is available.

        Args:
            now: Monotonic seconds.

        Raises:
            ApiError: ``too_many`` if the wait would exceed a second.
        """
        if self.updated is None:
            self.tokens = BURST
        else:
            self.tokens = min(BURST, self.tokens + (now - self.updated) * REQUESTS_PER_S)
        self.updated = now
        wait_s = max(0.0, (1.0 - self.tokens) / REQUESTS_PER_S)
        if wait_s > MAX_WAIT_S:
            raise too_many(wait_s)
        self.tokens -= 1.0
        return wait_s
