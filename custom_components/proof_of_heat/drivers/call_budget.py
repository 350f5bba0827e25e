"""A ledger of calls to a cloud with a call limit; the limit is never exceeded, also after errors and restarts.

Viessmann allows 1,450 calls per day and 120 in ten minutes (other contracts differ), shared with the user's own app.
The windows slide: a sliding window never holds more calls than any fixed window of the same length would allow. A
grant is counted immediately and saved before the call is sent; unused calls are refunded. After a crash, the calls of
the last grant are therefore counted, although it is unknown whether they were sent.

Times are on a monotonic clock; stored and displayed times are wall-clock seconds. A wall clock that jumps (NTP after a
start without a battery) therefore frees no call.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import threading
from typing import Any, Final

from .errors import LimitedError
from .values import number, number_at

DAY_S: Final = 86_400.0
SHORT_S: Final = 600.0
DATA_VERSION: Final = 1
_MIN_LIMIT: Final = 10
_IN_FLIGHT_S: Final = 120.0
"""After a crash: how much later than granted a call may have been sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """The number of calls allowed. `write_reserve`: calls per day that are reserved for commands."""

    day: int = 1450
    short: int = 120
    write_reserve: int = 200

    def __post_init__(self) -> None:
        if self.day < _MIN_LIMIT or self.short < _MIN_LIMIT or not 0 <= self.write_reserve < self.day:
            raise ValueError("limits must be at least 10 and above the write reserve")


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """The present use of the budget."""

    used_day: int
    limit_day: int
    used_short: int
    limit_short: int
    write_reserve: int
    blocked_until: datetime | None

    @property
    def left_day(self) -> int:
        """Calls left in the last 24 hours."""
        return max(0, self.limit_day - self.used_day)


@dataclass(slots=True)
class CallGrant:
    """Permission for some calls. Call `use` before each; `close` refunds the rest. Thread-safe."""

    budget: CallBudget
    left: int
    stamps: list[float] = field(default_factory=list)

    def use(self) -> None:
        """Use a call; raises LimitedError if all are used (by a client that repeats requests)."""
        with self.budget.lock:
            if self.left <= 0:
                raise LimitedError("more calls than were granted")
            self.left -= 1
            index = len(self.stamps) - self.left - 1
            self.stamps[index] = self.budget.record_call(self.stamps[index])

    def close(self) -> None:
        """Refund unused calls."""
        with self.budget.lock:
            self.budget.refund(self.stamps[len(self.stamps) - self.left :] if self.left else [])
            self.left = 0


class CallBudget:
    """The ledger. `clock` returns wall-clock seconds, `elapsed` monotonic seconds (default: `clock`)."""

    def __init__(
        self, limits: CallLimits, clock: Callable[[], float], elapsed: Callable[[], float] | None = None
    ) -> None:
        self.configured = limits
        self.sharers = 1
        """Number of regular readers."""
        self.lock = threading.RLock()
        self._wall = clock
        self._elapsed = elapsed or clock
        self._base = clock() - self._elapsed()
        self._calls: deque[float] = deque()
        self._reported_day: int | None = None
        self._reported_short: int | None = None
        self._blocked_until = 0.0

    def configure(self, limits: CallLimits) -> None:
        """Set the configured limits. A higher limit means another contract: what the cloud reported is discarded."""
        with self.lock:
            if limits.day > self.configured.day:
                self._reported_day = None
            if limits.short > self.configured.short:
                self._reported_short = None
            self.configured = limits

    @property
    def spread_s(self) -> float:
        """Interval of a reader's calls with which the daily calls last for a day."""
        return 1.1 * DAY_S * self.sharers / max(1, self.limit_day - self.configured.write_reserve)

    def _clock(self) -> float:
        return self._base + self._elapsed()

    def _wall_offset_s(self) -> float:
        """Return the offset of the wall clock from the ledger's clock."""
        return self._wall() - self._clock()

    def grant(self, calls: int, *, write: bool = False) -> CallGrant:
        """Return permission for `calls` calls now.

        Raises:
            LimitedError: a limit would be exceeded; nothing is counted.
        """
        with self.lock:
            now = self._clock()
            self._drop_old(now)
            if now < self._blocked_until:
                raise LimitedError("the cloud's call limit is reached", self._time(self._blocked_until))
            self._check(now, calls, write=write)
            stamps = [now] * calls
            self._calls.extend(stamps)
            return CallGrant(self, calls, stamps)

    def _check(self, now: float, calls: int, *, write: bool) -> None:
        day = self.limit_day - (0 if write else self.configured.write_reserve)
        used = len(self._calls)
        if used + calls > day:
            index = min(max(used + calls - day - 1, 0), used - 1) if used else -1
            retry = self._calls[index] + DAY_S if index >= 0 else now + DAY_S
            raise LimitedError(f"{used} of {day} calls of the day are used", self._time(retry))
        recent = [stamp for stamp in self._calls if now - stamp < SHORT_S]
        if len(recent) + calls > self.limit_short:
            retry = (recent[0] if recent else now) + SHORT_S
            raise LimitedError(f"{len(recent)} calls in ten minutes", self._time(retry))

    def record_call(self, stamp: float) -> float:
        """Count a granted call at the time when it is sent; return that time."""
        now = self._clock()
        if stamp in self._calls:
            self._calls.remove(stamp)
        self._calls.append(now)
        return now

    def refund(self, stamps: list[float]) -> None:
        """Remove the times of unused calls."""
        for stamp in stamps:
            if stamp in self._calls:
                self._calls.remove(stamp)

    def record_refusal(self, limit: int | None, reset_ms: float | None, name: str = "") -> None:
        """Handle a status 429: use the reported limit, and block calls until it resets (default: one hour)."""
        with self.lock:
            now = self._clock()
            daily = "day" in name.lower() or (limit is not None and self._is_daily(limit))
            if limit is not None and limit >= _MIN_LIMIT:
                if daily:
                    self._reported_day = limit
                else:
                    self._reported_short = limit
            until = reset_ms / 1000 - self._wall_offset_s() if reset_ms else now + 3600
            # A reset time in the past or far in the future is limited: at least a minute, at most a day.
            self._blocked_until = min(max(until, now + 60), now + DAY_S)

    def _is_daily(self, limit: int) -> bool:
        """Return whether a limit without a name is the daily one: the ratio to it is closer to 1."""
        return limit * limit > self.configured.day * self.configured.short

    @property
    def limit_day(self) -> int:
        """The configured daily limit, or a lower one that the cloud reported."""
        reported = self._reported_day
        return self.configured.day if reported is None else min(reported, self.configured.day)

    @property
    def limit_short(self) -> int:
        """The limit per ten minutes, in the same way."""
        reported = self._reported_short
        return self.configured.short if reported is None else min(reported, self.configured.short)

    @property
    def reported_day(self) -> int | None:
        """The daily limit of the contract as reported by the cloud; None if it has not reported any."""
        return self._reported_day

    def state(self) -> BudgetState:
        """Return the present use of the budget."""
        with self.lock:
            now = self._clock()
            self._drop_old(now)
            return BudgetState(
                used_day=len(self._calls),
                limit_day=self.limit_day,
                used_short=sum(1 for stamp in self._calls if now - stamp < SHORT_S),
                limit_short=self.limit_short,
                write_reserve=self.configured.write_reserve,
                blocked_until=self._time(self._blocked_until) if now < self._blocked_until else None,
            )

    def dump(self) -> dict[str, Any]:
        """Return the ledger as JSON values for the store."""
        with self.lock:
            offset_s = self._wall_offset_s()
            return {
                "version": DATA_VERSION,
                "calls": [round(stamp + offset_s, 1) for stamp in self._calls],
                "told_day": self._reported_day,
                "configured_day": self.configured.day,
                "configured_short": self.configured.short,
                "told_short": self._reported_short,
                "blocked_until": self._blocked_until + offset_s if self._blocked_until else 0.0,
            }

    def load(self, data: Mapping[str, Any]) -> None:
        """Restore the ledger from the store; invalid entries are ignored."""
        with self.lock:
            now, offset_s = self._clock(), self._wall_offset_s()
            stamps = data.get("calls")
            known = [number(stamp) for stamp in stamps] if isinstance(stamps, list) else []
            calls = [stamp - offset_s for stamp in known if stamp is not None]
            last = max(calls, default=0.0)
            # The last grant may have been used later than it was granted. A time in the future (the clock was wrong)
            # becomes the present time, so that it expires.
            calls = [stamp + _IN_FLIGHT_S if stamp == last else stamp for stamp in calls]
            self._calls = deque(sorted(min(stamp, now) for stamp in calls if now - stamp < DAY_S))
            reported_day, reported_short = number_at(data, "told_day"), number_at(data, "told_short")
            self._reported_day = int(reported_day) if reported_day else None
            if (before := number_at(data, "configured_day")) is not None and self.configured.day > before:
                self._reported_day = None
            self._reported_short = int(reported_short) if reported_short else None
            if (before := number_at(data, "configured_short")) is not None and self.configured.short > before:
                self._reported_short = None
            blocked = number_at(data, "blocked_until")
            self._blocked_until = min(blocked - offset_s, now + DAY_S) if blocked else 0.0

    def _drop_old(self, now: float) -> None:
        while self._calls and now - self._calls[0] >= DAY_S:
            self._calls.popleft()

    def _time(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds + self._wall_offset_s(), UTC)
