"""The exceptions of all drivers: one tree with a reason for each class."""

from datetime import datetime
from typing import ClassVar

from .._lib.heat_source import FaultReason


class DriverError(Exception):
    """Any fault of a device, a cloud or the connection to it. Its text is technical; people see its reason."""

    reason: ClassVar[FaultReason] = FaultReason.NO_RESPONSE


class UnreachableError(DriverError):
    """No connection, or no reply in time."""


class BadReplyError(DriverError):
    """A reply that does not follow the protocol."""

    reason = FaultReason.INVALID_RESPONSE


class AuthError(DriverError):
    """The device rejects the credentials."""

    reason = FaultReason.INVALID_AUTH


class RefusedError(DriverError):
    """The device understood the command and rejected it."""

    reason = FaultReason.REJECTED


class LimitedError(DriverError):
    """A call limit applies until `retry_at` (aware), if known."""

    reason = FaultReason.CALL_LIMIT

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at
