"""What drivers share in addition to their base class: timing, the write log, states without readings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from .._lib.heat_source import Capabilities, Command, FaultReason, Health, SourceState
from .device_settings import SettingValue
from .errors import AuthError, DriverError, LimitedError

_HEALTH_OF_ERROR: Final[tuple[tuple[type[DriverError], Health], ...]] = (
    (AuthError, Health.AUTH),
    (LimitedError, Health.LIMITED),
)
ANSWERING: Final = (Health.OK, Health.DEGRADED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Timeouts and intervals of a driver, in seconds."""

    read_s: float = 20.0
    """Timeout of a complete read with all its requests."""
    write_s: float = 40.0
    fresh_s: float = 5.0
    """A state younger than this is not read again before a command."""
    verify_s: float = 6.0
    """How long to wait until the state shows a command; afterwards the result is PENDING."""
    verify_step_s: float = 0.5


class WriteLog(Protocol):
    """Stores when a device was last written to, over restarts."""

    @property
    def since_s(self) -> float:
        """Seconds since the last write; infinite if unknown."""

    async def record_write(self) -> None:
        """Record a write that is about to be sent."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was sent last, until the state shows it."""

    command: Command
    at: float
    settings: tuple[tuple[str, SettingValue], ...] = ()
    """At a release: the settings that were written."""


def write_interval_s(capabilities: Capabilities, command: Command) -> float:
    """Return the time in seconds that must pass after a write: less for a change by a user."""
    interval_s, user_s = capabilities.min_write_interval_s, capabilities.user_write_interval_s
    return min(interval_s, user_s) if command.by_user and user_s is not None else interval_s


def utcnow() -> datetime:
    """Return the present time, timezone-aware."""
    return datetime.now(UTC)


def blank_state(health: Health, detail: str, at: datetime, reason: FaultReason | None = None) -> SourceState:
    """Return a state without readings."""
    return SourceState(at=at, health=health, detail=detail, reason=reason)


def error_state(err: DriverError, at: datetime) -> SourceState:
    """Return the state of a source whose device could not be read or written."""
    health = next((health for kind, health in _HEALTH_OF_ERROR if isinstance(err, kind)), Health.FAILING)
    return blank_state(health, str(err), at, err.reason)
