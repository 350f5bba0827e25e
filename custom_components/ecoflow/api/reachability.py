"""Since when a report of a device could have been received: a timeout that began earlier shows nothing. No I/O."""

from dataclasses import dataclass, field
from math import inf

from .._lib.listening import Listening


@dataclass(slots=True)
class Reachability:
    """The times in which the cloud could be reached. All times are monotonic seconds, given by the caller."""

    # Since when messages of the broker are received, None while it is not connected.
    messages_since: float | None = None
    # Whether messages are wanted at all; otherwise replies are all there is.
    wants_messages: bool = False
    _since: float | None = None
    _last: float | None = None
    _paused_until: float = -inf
    _listening: Listening = field(default_factory=Listening)

    def check(self, now: float) -> None:
        """Record that Home Assistant runs, every few seconds; after a pause of its own the evidence begins again."""
        before = self._listening.since_s
        self._listening.check(now)
        since = self._listening.since_s
        if since == before:
            return
        self._paused_until = since
        if self._since is not None:
            self._since = max(self._since, since)
        if self.messages_since is not None:
            self.messages_since = max(self.messages_since, since)

    @property
    def receiving_since(self) -> float | None:
        """The time from which a timeout of a device is measured, None while its messages cannot be received."""
        return self.messages_since if self.wants_messages else self._paused_until

    def received(self, now: float, max_age_s: float) -> None:
        """Record that the cloud answered; after a longer time without an answer the evidence begins again."""
        if self._last is None or now - self._last > max_age_s:
            self._since = now
        self._last = now

    def set_messages(self, connected: bool, now: float, max_age_s: float) -> None:
        """Record that the broker was connected or disconnected."""
        if self.messages_since is not None:
            # It was connected until now.
            self._last = now
        if connected:
            self.received(now, max_age_s)
            if self.messages_since is None:
                self.messages_since = now
        else:
            self.messages_since = None

    def is_silent_since(self, last_seen: float | None, now: float, max_age_s: float) -> bool | None:
        """Return False (not online) if nothing was received for long enough, although it could have been, else None."""
        if self._since is None or self._last is None:
            return None
        if self.messages_since is None and now - self._last > max_age_s:
            return None
        begin = self._since if last_seen is None else max(self._since, last_seen)
        # A lost connection is noticed late: without one, the timeout is measured until the last answer of the cloud.
        end = self._last if self.messages_since is None else now
        return False if end - begin > max_age_s else None
