"""Base of all drivers: verified idempotent commands, write interval, lease, health, change notification.

A driver implements reading, writing and fallback; `SourceBase` implements the contract (`_lib/heat_source.py`) with
them.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import logging
import math
import time
from typing import Final, Protocol

from .._lib.heat_source import (
    Capabilities,
    Command,
    CommandResult,
    FaultReason,
    Health,
    Outcome,
    SourceState,
    Unsubscribe,
)
from .errors import AuthError, BadReplyError, DriverError, LimitedError, RefusedError
from .lease import Lease
from .verification import check_finite, clamp, is_shown, keep_fields, unconfirmed_fields

_LOGGER = logging.getLogger(__name__)

_HEALTH_OF_ERROR: Final[tuple[tuple[type[DriverError], Health], ...]] = (
    (AuthError, Health.AUTH),
    (LimitedError, Health.LIMITED),
)
_ANSWERING: Final = (Health.OK, Health.DEGRADED)


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
class _Written:
    """The last command that was sent, until the state shows it."""

    command: Command
    at: float


def utcnow() -> datetime:
    """Return the present time, timezone-aware."""
    return datetime.now(UTC)


def blank_state(health: Health, detail: str, at: datetime, reason: FaultReason | None = None) -> SourceState:
    """Return a state without readings."""
    return SourceState(at=at, health=health, detail=detail, reason=reason)


_REST_VALID_S: Final = 60.0
"""Age up to which a state proves that the device is already at rest."""


class SourceBase(ABC):
    """A heat source; the subclass knows the device.

    After a failed read, the state has a health and no readings, so that old values are not mistaken for new ones. If a
    call limit prevents a read, the last readings are kept with their time.
    """

    power_tolerance_w = 25.0
    timing = Timing()

    def __init__(
        self,
        source_id: str,
        name: str,
        capabilities: Capabilities,
        *,
        device_id: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._source_id = source_id
        self._name = name
        self._capabilities = capabilities
        self._device_id = device_id
        self._clock = clock
        self._now = now
        self._state = blank_state(Health.FAILING, "not yet read", now())
        self._read_at = -math.inf
        self._written_at = -math.inf
        self._log: WriteLog | None = None
        self._pending: _Written | None = None
        self._lease = Lease(name, self.release)
        self._listeners: list[Callable[[], None]] = []
        self._lock = asyncio.Lock()

    @property
    def source_id(self) -> str:
        """Stable and unique: "<domain>:<id>"."""
        return self._source_id

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._name

    @property
    def device_id(self) -> str | None:
        """ID in HA's device registry."""
        return self._device_id

    @device_id.setter
    def device_id(self, value: str | None) -> None:
        self._device_id = value

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities, cached."""
        return self._capabilities

    @property
    def state(self) -> SourceState:
        """The last state."""
        return self._state

    @property
    def leased(self) -> bool:
        """Whether the lease of a command is running."""
        return self._lease.active

    def resume(self, log: WriteLog) -> None:
        """Continue the write interval from before a restart, and record each write in `log`."""
        self._log = log
        self._written_at = self._clock() - log.since_s

    def subscribe(self, listener: Callable[[], None]) -> Unsubscribe:
        """Call `listener` when state or capabilities change."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    async def refresh(self) -> SourceState:
        """Read the device."""
        async with self._lock:
            return await self._refresh()

    async def apply(self, command: Command) -> CommandResult:
        """Send a command if needed, verify it, and start or renew the lease."""
        async with self._lock:
            return await self._as_result(command, self._apply(command))

    async def choose_mode(self, mode: str) -> CommandResult:
        """Set a mode permanently: verified like a command, but without a lease that would revert it."""
        command = Command(id="user", mode=mode)
        async with self._lock:
            return await self._as_result(command, self._choose(command))

    async def _as_result(self, command: Command, action: Awaitable[CommandResult]) -> CommandResult:
        """Return the result of an action; errors are results as well."""
        try:
            return await action
        except LimitedError as err:
            return self._result(command, Outcome.DEFERRED, str(err), err.reason)
        except RefusedError as err:
            return self._result(command, Outcome.REFUSED, str(err), err.reason)
        except DriverError as err:
            self._set_state(self._error_state(err))
            return self._result(command, Outcome.FAILED, str(err), err.reason)

    async def _choose(self, command: Command) -> CommandResult:
        if command.mode not in self._capabilities.modes:
            raise RefusedError(f"unknown mode {command.mode}")
        await self._refresh()
        if self._state.health in (Health.FAILING, Health.AUTH):
            return self._result(command, Outcome.FAILED, self._state.detail, self._state.reason)
        if is_shown(command, self._state, self.power_tolerance_w):
            return self._result(command, Outcome.UNCHANGED, "")
        await self._send(command)
        return await self._verify(command, command)

    async def release(self) -> CommandResult:
        """Return the device to its own safe control, and verify that if it can be read."""
        command = Command(id="release")
        self._lease.end()
        async with self._lock:
            self._pending = None
            if self._clock() - self._read_at < _REST_VALID_S and self._is_resting():
                return self._result(command, Outcome.UNCHANGED, "")
            try:
                async with asyncio.timeout(self.timing.write_s):
                    await self._checked(self._fallback())
            except TimeoutError:
                return self._result(command, Outcome.FAILED, "timed out", FaultReason.NO_RESPONSE)
            except RefusedError as err:
                return self._result(command, Outcome.FAILED, str(err), err.reason)
            except DriverError as err:
                self._set_state(self._error_state(err))
                return self._result(command, Outcome.FAILED, str(err), err.reason)
            self._read_at = -math.inf
            return await self._verify_release(command)

    async def _verify_release(self, command: Command) -> CommandResult:
        if self._at_rest(self._state) is None:
            return self._result(command, Outcome.APPLIED, "")
        if await self._wait_until(self._is_resting):
            return self._result(command, Outcome.APPLIED, "")
        if self._capabilities.settle_s > self.timing.verify_s:
            return self._result(command, Outcome.PENDING, "sent, not yet confirmed")
        detail = f"the device is not at rest {self._state.detail}".strip()
        return self._result(command, Outcome.FAILED, detail, self._state.reason or FaultReason.NOT_CONFIRMED)

    def _is_resting(self) -> bool:
        return self._state.health in _ANSWERING and self._at_rest(self._state) is True

    async def close(self) -> None:
        """Free timers and connections. The device is left as it is: call `release` first to release control."""
        await self._lease.close()

    @abstractmethod
    async def _read(self) -> SourceState:
        """Return the state of the device; raises DriverError."""

    @abstractmethod
    async def _write(self, wanted: Command, state: SourceState) -> None:
        """Write the fields of `wanted` that are not None (they differ from `state`); raises DriverError."""

    @abstractmethod
    async def _fallback(self) -> None:
        """Return the device to its own safe control; raises DriverError."""

    def _at_rest(self, state: SourceState) -> bool | None:
        """Return whether the state shows what `_fallback` writes; None if that cannot be read."""
        return None

    def _fit(self, command: Command) -> Command:
        """Return the command within the device's limits; raises RefusedError if it is not supported."""
        caps = self._capabilities
        power_w = command.power_w
        if command.on is False:
            return replace(command, power_w=None, mode=None, flow_c=None, slope=None, level=None, room_c=None)
        if power_w is not None:
            power_w = clamp(power_w, caps.min_power_w, caps.max_power_w)
        flow_c = None if command.flow_c is None else clamp(command.flow_c, caps.min_flow_c, caps.max_flow_c)
        slope = None if command.slope is None else clamp(command.slope, caps.min_slope, caps.max_slope)
        level = None if command.level is None else clamp(command.level, caps.min_level, caps.max_level)
        if command.mode is not None and command.mode not in caps.modes:
            raise RefusedError(f"unknown mode {command.mode}")
        return replace(command, power_w=power_w, flow_c=flow_c, slope=slope, level=level)

    async def _refresh(self) -> SourceState:
        try:
            async with asyncio.timeout(self.timing.read_s):
                state = await self._checked(self._read())
        except TimeoutError:
            state = blank_state(Health.FAILING, "timed out", self._now(), FaultReason.NO_RESPONSE)
        except LimitedError as err:
            state = replace(self._state, health=Health.LIMITED, detail=str(err), reason=err.reason)
        except DriverError as err:
            state = self._error_state(err)
        else:
            self._read_at = self._clock()
        self._set_state(state)
        return state

    async def _checked[T](self, call: Awaitable[T]) -> T:
        """Await a call; an unexpected exception becomes a BadReplyError, with its traceback in the log."""
        try:
            return await call
        except DriverError, TimeoutError:
            raise
        except Exception as err:
            _LOGGER.exception("%s: unexpected reply", self._name)
            raise BadReplyError(f"unexpected reply: {type(err).__name__}") from err

    def _error_state(self, err: DriverError) -> SourceState:
        for kind, health in _HEALTH_OF_ERROR:
            if isinstance(err, kind):
                return blank_state(health, str(err), self._now(), err.reason)
        return blank_state(Health.FAILING, str(err), self._now(), err.reason)

    def _set_state(self, state: SourceState) -> None:
        if state.health != Health.OK and state.reason is None:
            degraded = state.health == Health.DEGRADED
            state = replace(state, reason=FaultReason.DEVICE_FAULT if degraded else FaultReason.NO_RESPONSE)
        if state.health != self._state.health:
            level = logging.INFO if state.health == Health.OK else logging.WARNING
            _LOGGER.log(level, "%s: %s -> %s %s", self._name, self._state.health, state.health, state.detail)
        self._state = state
        for listener in tuple(self._listeners):
            listener()

    async def _apply(self, command: Command) -> CommandResult:
        check_finite(command)
        fitted = self._fit(command)
        if self._clock() - self._read_at > self.timing.fresh_s:
            await self._refresh()
        if self._state.health in (Health.FAILING, Health.AUTH):
            return self._result(command, Outcome.FAILED, self._state.detail, self._state.reason)
        names = unconfirmed_fields(fitted, self._state, self.power_tolerance_w)
        if not names:
            self._pending = None
            self._lease.start(command.lease_s)
            return self._result(command, Outcome.UNCHANGED, "")
        wanted = keep_fields(fitted, names)
        if self._still_settling(wanted):
            self._lease.start(command.lease_s)
            return self._result(command, Outcome.PENDING, "sent, not yet confirmed")
        since = self._clock() - self._written_at
        if since < self._capabilities.min_write_interval_s:
            if self.leased:  # control continues: a write interval beyond the lease must not release the device
                self._lease.start(command.lease_s)
            return self._result(command, Outcome.DEFERRED, f"last write {since:.0f} s ago")
        had_lease = self.leased
        self._lease.start(command.lease_s)  # before the write: it may arrive even if its answer is lost
        try:
            await self._send(wanted)
        except RefusedError, LimitedError:  # nothing was written
            if not had_lease:
                self._lease.end()
            raise
        return await self._verify(command, wanted)

    async def _send(self, wanted: Command) -> None:
        self._written_at = self._clock()
        self._read_at = -math.inf
        if self._log is not None:
            await self._log.record_write()
        try:
            async with asyncio.timeout(self.timing.write_s):
                await self._checked(self._write(wanted, self._state))
        except TimeoutError:
            # A device that restarts after a change may never answer: its next state decides.
            _LOGGER.debug("%s: command %s timed out", self._name, wanted.id)
        self._pending = _Written(wanted, self._clock())

    async def _verify(self, command: Command, wanted: Command) -> CommandResult:
        if await self._wait_until(lambda: is_shown(wanted, self._state, self.power_tolerance_w)):
            self._pending = None
            return self._result(command, Outcome.APPLIED, "")
        if self._capabilities.settle_s > self.timing.verify_s:
            return self._result(command, Outcome.PENDING, "sent, not yet confirmed")
        self._pending = None
        names = ", ".join(sorted(unconfirmed_fields(wanted, self._state, self.power_tolerance_w)))
        detail = f"not confirmed by the device: {names or self._state.detail}"
        return self._result(command, Outcome.FAILED, detail, self._state.reason or FaultReason.NOT_CONFIRMED)

    async def _wait_until(self, is_confirmed: Callable[[], bool]) -> bool:
        """Read until `is_confirmed` is true; return False if that takes longer than a command may take."""
        steps = math.ceil(self.timing.verify_s / self.timing.verify_step_s)
        for step in range(steps + 1):
            await self._refresh()
            if self._state.health in _ANSWERING and is_confirmed():
                return True
            if step < steps:
                await asyncio.sleep(self.timing.verify_step_s)
        return False

    def _still_settling(self, wanted: Command) -> bool:
        if self._pending is None:
            return False
        same = replace(self._pending.command, id=wanted.id, lease_s=wanted.lease_s) == wanted
        return same and self._clock() - self._pending.at < self._capabilities.settle_s

    def _result(
        self, command: Command, outcome: Outcome, detail: str, reason: FaultReason | None = None
    ) -> CommandResult:
        _LOGGER.debug("%s: command %s %s %s", self._name, command.id, outcome, detail)
        return CommandResult(command_id=command.id, outcome=outcome, detail=detail, state=self._state, reason=reason)
