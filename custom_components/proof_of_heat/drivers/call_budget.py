"""A ledger of calls to a cloud that counts them: never more than allowed, whatever goes wrong.

Viessmann allows 1,450 calls in a day and 120 in ten minutes (other contracts differ), shared with the user's own
app. Windows slide: a sliding window never holds more than any fixed window of the same length would allow. A
grant counts at once and is saved before the call goes out; what was not spent comes back. After a crash the
calls of the last grant thus count although nobody knows whether they went out.

Times are kept on a clock that only goes forward and are turned into wall-clock seconds for the store and for people:
a wall clock that jumps (NTP after a start without a battery) frees no call.
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
"""After a crash: how much later than granted a call may have gone out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How many calls are allowed. `write_reserve`: left over by reading for commands, per day."""

    day: int = 1450
    short: int = 120
    write_reserve: int = 200

    def __post_init__(self) -> None:
        if self.day < _MIN_LIMIT or self.short < _MIN_LIMIT or not 0 <= self.write_reserve < self.day:
            raise ValueError("limits must be at least 10 and above the reserve")


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """What is shown to the user."""

    used_day: int
    limit_day: int
    used_short: int
    limit_short: int
    write_reserve: int
    blocked_until: datetime | None

    @property
    def left_day(self) -> int:
        """Calls left of today's."""
        return max(0, self.limit_day - self.used_day)


@dataclass(slots=True)
class CallGrant:
    """Permission for some calls. `take` before each; `close` gives back the rest. Safe across threads."""

    budget: CallBudget
    left: int
    stamps: list[float] = field(default_factory=list)

    def take(self) -> None:
        """Use one call; LimitedError when the grant is spent (a client that repeats itself)."""
        with self.budget.lock:
            if self.left <= 0:
                raise LimitedError("more calls than were granted")
            self.left -= 1
            index = len(self.stamps) - self.left - 1
            self.stamps[index] = self.budget.sent(self.stamps[index])

    def close(self) -> None:
        """Give back what was not used."""
        with self.budget.lock:
            self.budget.give_back(self.stamps[len(self.stamps) - self.left :] if self.left else [])
            self.left = 0


class CallBudget:
    """The ledger. `clock` gives wall-clock seconds; `elapsed` seconds that only grow (else `clock` must not jump)."""

    def __init__(
        self, limits: CallLimits, clock: Callable[[], float], elapsed: Callable[[], float] | None = None
    ) -> None:
        self.configured = limits
        self.sharers = 1
        """How many ask regularly."""
        self.lock = threading.RLock()
        self._wall = clock
        self._elapsed = elapsed or clock
        self._base = clock() - self._elapsed()
        self._calls: deque[float] = deque()
        self._told_day: int | None = None
        self._told_short: int | None = None
        self._blocked_until = 0.0

    def configure(self, limits: CallLimits) -> None:
        """What the user says now. More than before: another contract, of which the cloud has told nothing yet."""
        with self.lock:
            if limits.day > self.configured.day:
                self._told_day = None
            if limits.short > self.configured.short:
                self._told_short = None
            self.configured = limits

    @property
    def spread_s(self) -> float:
        """Pause between one reader's calls that makes the day's calls last the day."""
        return 1.1 * DAY_S * self.sharers / max(1, self.limit_day - self.configured.write_reserve)

    def _clock(self) -> float:
        return self._base + self._elapsed()

    def _ahead(self) -> float:
        """How far the wall clock is ahead of ours."""
        return self._wall() - self._clock()

    def grant(self, calls: int, *, write: bool = False) -> CallGrant:
        """Permission for `calls` calls now; raises LimitedError, then nothing is counted."""
        with self.lock:
            now = self._clock()
            self._forget_old(now)
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

    def sent(self, stamp: float) -> float:
        """A granted call goes out now: that is when it counts."""
        now = self._clock()
        if stamp in self._calls:
            self._calls.remove(stamp)
        self._calls.append(now)
        return now

    def give_back(self, stamps: list[float]) -> None:
        """Remove unspent stamps."""
        for stamp in stamps:
            if stamp in self._calls:
                self._calls.remove(stamp)

    def refused(self, limit: int | None, reset_ms: float | None, name: str = "") -> None:
        """The cloud said 429: learn its limit and keep quiet until it resets (an hour, where it does not say)."""
        with self.lock:
            now = self._clock()
            daily = "day" in name.lower() or (limit is not None and self._is_daily(limit))
            if limit is not None and limit >= _MIN_LIMIT:
                if daily:
                    self._told_day = limit
                else:
                    self._told_short = limit
            until = reset_ms / 1000 - self._ahead() if reset_ms else now + 3600
            # A reset time far away or in the past is not believed blindly: at most a day, at least a minute.
            self._blocked_until = min(max(until, now + 60), now + DAY_S)

    def _is_daily(self, limit: int) -> bool:
        """Which of the two a limit without a name is: the one that it is nearer to, as a ratio."""
        return limit * limit > self.configured.day * self.configured.short

    @property
    def limit_day(self) -> int:
        """What the user says; lower when the cloud said so."""
        told = self._told_day
        return self.configured.day if told is None else min(told, self.configured.day)

    @property
    def limit_short(self) -> int:
        """Per ten minutes, in the same way."""
        told = self._told_short
        return self.configured.short if told is None else min(told, self.configured.short)

    @property
    def told_day(self) -> int | None:
        """The daily limit of the contract as the cloud told it; above ours it invites to raise the option."""
        return self._told_day

    def state(self) -> BudgetState:
        """For the sensors."""
        with self.lock:
            now = self._clock()
            self._forget_old(now)
            return BudgetState(
                used_day=len(self._calls),
                limit_day=self.limit_day,
                used_short=sum(1 for stamp in self._calls if now - stamp < SHORT_S),
                limit_short=self.limit_short,
                write_reserve=self.configured.write_reserve,
                blocked_until=self._time(self._blocked_until) if now < self._blocked_until else None,
            )

    def dump(self) -> dict[str, Any]:
        """For the store."""
        with self.lock:
            ahead = self._ahead()
            return {
                "version": DATA_VERSION,
                "calls": [round(stamp + ahead, 1) for stamp in self._calls],
                "told_day": self._told_day,
                "configured_day": self.configured.day,
                "configured_short": self.configured.short,
                "told_short": self._told_short,
                "blocked_until": self._blocked_until + ahead if self._blocked_until else 0.0,
            }

    def load(self, data: Mapping[str, Any]) -> None:
        """From the store; what cannot be read counts as no call (a first start) but never raises."""
        with self.lock:
            now, ahead = self._clock(), self._ahead()
            stamps = data.get("calls")
            known = [number(stamp) for stamp in stamps] if isinstance(stamps, list) else []
            calls = [stamp - ahead for stamp in known if stamp is not None]
            last = max(calls, default=0.0)
            # The last grant may have been used later than it was given. A stamp from the future (the clock was
            # wrong) counts as now, so that it ends some time.
            calls = [stamp + _IN_FLIGHT_S if stamp == last else stamp for stamp in calls]
            self._calls = deque(sorted(min(stamp, now) for stamp in calls if now - stamp < DAY_S))
            told_day, told_short = number_at(data, "told_day"), number_at(data, "told_short")
            self._told_day = int(told_day) if told_day else None
            if (before := number_at(data, "configured_day")) is not None and self.configured.day > before:
                self._told_day = None
            self._told_short = int(told_short) if told_short else None
            if (before := number_at(data, "configured_short")) is not None and self.configured.short > before:
                self._told_short = None
            blocked = number_at(data, "blocked_until")
            self._blocked_until = min(blocked - ahead, now + DAY_S) if blocked else 0.0

    def _forget_old(self, now: float) -> None:
        while self._calls and now - self._calls[0] >= DAY_S:
            self._calls.popleft()

    def _time(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds + self._ahead(), UTC)
