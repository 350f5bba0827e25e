"""Errors of drivers."""

from datetime import datetime


class DriverError(Exception):
    """An error of a device, a cloud or the connection to it."""


class UnreachableError(DriverError):
    """No connection, or no reply in time."""


class BadReplyError(DriverError):
    """The reply violates the protocol."""


class AuthError(DriverError):
    """Authentication failed."""


class RefusedError(DriverError):
    """The device rejected the request, or does not support it."""


class LimitedError(DriverError):
    """A limit prevents the call until `retry_at` (timezone-aware), if known."""

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at
