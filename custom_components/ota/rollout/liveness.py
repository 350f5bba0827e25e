"""How long devices have not reported, as far as Home Assistant could receive a report.

Times that are stored and shown follow the wall clock, which may be set at any time. Timeouts of
devices are decided on a clock that never jumps. Only the time counts in which Home Assistant could have received a
contact: not the time before it started, nor while it was stopped, or while the integration of a fleet was not loaded.
After a restart, timeouts are measured from the start.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

_NEVER: Final = float("-inf")


class Liveness:
    """The last contacts and job changes since the start, in steady time (seconds that never jump)."""

    def __init__(self, from_wall: Callable[[float], float] = lambda at: at) -> None:
        """Start without contacts. `from_wall` converts a Unix time of now or of the past to steady time."""
        self.default_interval_s = 0.0
        """The poll interval of devices whose own one is not known yet."""
        self.expected_s: dict[str, float] = {}
        """The poll interval that a response requested, or that is usual for its protocol."""
        self._from_wall = from_wall
        self._since: float | None = None
        """When Home Assistant began to listen."""
        self._contacts: dict[str, float] = {}
        self._changes: dict[int, float] = {}
        self._reachable: dict[str, float | None] = {}
        """When a fleet's device became reachable; None: it is not reachable now."""

    def start(self, now: float, contacts: Mapping[str, float], changes: Iterable[tuple[int, float]]) -> None:
        """Listen from now on; `contacts` and `changes` are the stored Unix times of devices and jobs."""
        self.listen(now)
        limit = self._from_wall(now)
        self._contacts = {uid: min(self._from_wall(at), limit) for uid, at in contacts.items()}
        self._changes = {job_id: min(self._from_wall(at), limit) for job_id, at in changes}

    def listen(self, now: float) -> None:
        """Restart all timeouts, because nothing could be received."""
        self._since = self._from_wall(now)

    def set_reachable(self, uid: str, now: float, *, reachable: bool) -> None:
        """Store whether the integration of a fleet's device can report contacts; at first it cannot."""
        if not reachable:
            self._reachable[uid] = None
        elif uid in self._reachable and self._reachable[uid] is None:
            self._reachable[uid] = self._from_wall(now)

    def contact(self, uid: str, now: float) -> tuple[float | None, bool]:
        """Store a contact.

        Return the seconds since the previous one (None: it is the first), and whether Home Assistant listened
        throughout, so that this is an interval of the device.
        """
        at = self._begin(now)
        previous = self._contacts.get(uid)
        self._contacts[uid] = at if previous is None else max(at, previous)
        if previous is None:
            return None, False
        return at - previous, previous >= self._floor(uid)

    def changed(self, job_id: int, at: float) -> None:
        """Store that a job changed its state or made progress."""
        self._changes[job_id] = self._begin(at)

    def forget(self, uid: str) -> None:
        """Forget a removed device."""
        self._contacts.pop(uid, None)
        self.expected_s.pop(uid, None)
        self._reachable.pop(uid, None)

    def forget_job(self, job_id: int) -> None:
        """Forget a removed job."""
        self._changes.pop(job_id, None)

    # -- questions

    def age_s(self, job_id: int, changed_at: float, now: float) -> float:
        """Return how long ago a job changed, whether Home Assistant ran or not; `changed_at` is its Unix time."""
        return max(0.0, self._from_wall(now) - self._change(job_id, changed_at))

    def idle_s(self, uid: str, job_id: int, changed_at: float, now: float) -> float:
        """Return for how long a job did not change while Home Assistant could have received a report."""
        return self._begin(now) - max(self._change(job_id, changed_at), self._floor(uid))

    def silence_s(self, uid: str, job_id: int, changed_at: float, now: float) -> float:
        """Return the same, but without a contact of any type."""
        return min(self.idle_s(uid, job_id, changed_at, now), self._begin(now) - self._contacts.get(uid, _NEVER))

    def contact_after_s(self, uid: str, last_seen: float, job_id: int, changed_at: float) -> float:
        """Return how long after the change of a job the last contact was."""
        contact = self._contacts.get(uid)
        return (self._from_wall(last_seen) if contact is None else contact) - self._change(job_id, changed_at)

    def _change(self, job_id: int, changed_at: float) -> float:
        found = self._changes.get(job_id)
        return self._from_wall(changed_at) if found is None else found

    def _floor(self, uid: str) -> float:
        """Return from when on the device could report; infinity if it cannot report now."""
        reachable = self._reachable.get(uid, _NEVER)
        return max(_NEVER if self._since is None else self._since, float("inf") if reachable is None else reachable)

    def _begin(self, now: float) -> float:
        """Return the steady time; the first use begins to listen."""
        at = self._from_wall(now)
        if self._since is None:
            self._since = at
        return at
