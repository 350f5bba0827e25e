"""What can go wrong with a device, in one tree."""

from datetime import datetime


class DriverError(Exception):
    """Any fault of a device, a cloud or the way to it."""


class UnreachableError(DriverError):
    """No connection, or no reply in time."""


class BadReplyError(DriverError):
    """A reply that is not what the protocol says."""


class AuthError(DriverError):
    """The device refuses our credentials."""


class RefusedError(DriverError):
    """The device understood and declined."""


class LimitedError(DriverError):
    """A call limit stands in the way until `retry_at` (aware), if known."""

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at
