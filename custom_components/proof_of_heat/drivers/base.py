"""What every driver shares: verified idempotent commands, write spacing, lease, health, change notice.

A driver states how to read, how to write and how to fall back; `SourceBase` keeps the promises of
the contract (`_lib/heat_source.py`) around them.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
import logging
import math
import time
from typing import Any, Final

from .._lib.heat_source import (
    Capabilities,
    Command,
    CommandResult,
    Health,
    Outcome,
    SourceState,
    Unsubscribe,
)
from .errors import AuthError, DriverError, LimitedError, RefusedError, UnreachableError

_LOGGER = logging.getLogger(__name__)

_HEALTH_OF_ERROR: Final[tuple[tuple[type[DriverError], Health], ...]] = (
    (AuthError, Health.AUTH),
    (LimitedError, Health.LIMITED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How patient the driver is, in seconds."""

    read_s: float = 20.0
    """A whole read, however many requests it takes."""
    write_s: float = 40.0
    fresh_s: float = 5.0
    """A report younger than this need not be read again before a command."""
    verify_s: float = 6.0
    """How long a command may take to show before the answer is PENDING."""
    verify_step_s: float = 0.5


@dataclass(frozen=True, slots=True)
class _Written:
    """The last command that went out, until it shows in the readings."""

    wanted: Command
    at: float


def utcnow() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)


def blank_state(health: Health, detail: str, at: datetime) -> SourceState:
    """A report without readings."""
    return SourceState(at=at, health=health, detail=detail)


_RELEASE_RETRY_S: Final = 30.0
_RELEASE_RETRY_MAX_S: Final = 900.0
_TOLERANCES: Final = {"flow_c": 0.5, "slope": 0.051, "level": 0.51, "room_c": 0.26}
_STATE_FIELD: Final = {
    "on": "on",
    "power_w": "power_limit_w",
    "mode": "mode",
    "flow_c": "flow_setpoint_c",
    "slope": "slope",
    "level": "level",
    "room_c": "room_setpoint_c",
}


def shows(command: Command, state: SourceState, power_tolerance_w: float) -> bool:
    """Whether the report shows everything the command wants."""
    return not outstanding(command, state, power_tolerance_w)


def outstanding(command: Command, state: SourceState, power_tolerance_w: float) -> frozenset[str]:
    """The commanded fields that the report does not show (a value not reported counts as not shown)."""
    missing = set()
    for name, state_name in _STATE_FIELD.items():
        wanted = getattr(command, name)
        if wanted is None:
            continue
        actual = getattr(state, state_name)
        tolerance = power_tolerance_w if name == "power_w" else _TOLERANCES.get(name)
        if actual is None:
            missing.add(name)
        elif tolerance is None:
            if actual != wanted:
                missing.add(name)
        elif abs(actual - wanted) > tolerance:
            missing.add(name)
    return frozenset(missing)


def narrowed(command: Command, names: frozenset[str]) -> Command:
    """The command with only the named fields."""
    drop: dict[str, Any] = {name: None for name in _STATE_FIELD if name not in names}
    return replace(command, **drop)


def clamp(value: float, low: float | None, high: float | None) -> float:
    """`value` inside the limits that are known."""
    if low is not None:
        value = max(value, low)
    if high is not None:
        value = min(value, high)
    return value


def _check_finite(command: Command) -> None:
    for spec in fields(Command):
        value = getattr(command, spec.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise RefusedError(f"{spec.name} is not a number")


class SourceBase(ABC):
    """A heat source whose subclass knows the device.

    Readings are kept from the last good report; a failed read shows its health and nothing else, so that
    nobody takes an old number for a new one. A call limit keeps the last readings with their time.
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
        self._state = blank_state(Health.FAILING, "not read yet", now())
        self._read_at = -math.inf
        self._written_at = -math.inf
        self._pending: _Written | None = None
        self._lease: asyncio.TimerHandle | None = None
        self._lease_task: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []
        self._lock = asyncio.Lock()

    @property
    def source_id(self) -> str:
        """Stable and unique: "<domain>:<id>"."""
        return self._source_id

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self._name

    @property
    def device_id(self) -> str | None:
        """Id in HA's device registry."""
        return self._device_id

    @device_id.setter
    def device_id(self, value: str | None) -> None:
        self._device_id = value

    @property
    def capabilities(self) -> Capabilities:
        """Cached capabilities."""
        return self._capabilities

    @property
    def state(self) -> SourceState:
        """The last report."""
        return self._state

    @property
    def leased(self) -> bool:
        """Whether a command's lease runs."""
        return self._lease is not None

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
        """Command, verify, lease."""
        async with self._lock:
            try:
                return await self._apply(command)
            except LimitedError as err:
                return self._result(command, Outcome.DEFERRED, str(err))
            except RefusedError as err:
                return self._result(command, Outcome.REFUSED, str(err))
            except DriverError as err:
                self._take(self._failed(err))
                return self._result(command, Outcome.FAILED, str(err))

    async def release(self) -> CommandResult:
        """Back to the device's own safe control."""
        command = Command(id="release")
        self._end_lease()
        async with self._lock:
            self._pending = None
            try:
                async with asyncio.timeout(self.timing.write_s):
                    await self._fallback()
            except TimeoutError:
                return self._result(command, Outcome.FAILED, "no answer in time")
            except RefusedError as err:
                return self._result(command, Outcome.FAILED, str(err))
            except DriverError as err:
                self._take(self._failed(err))
                return self._result(command, Outcome.FAILED, str(err))
        return self._result(command, Outcome.APPLIED, "")

    async def close(self) -> None:
        """Free timers and connections; the device is left as it is (call `release` first to hand it back)."""
        self._end_lease()
        if (task := self._lease_task) is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @abstractmethod
    async def _read(self) -> SourceState:
        """Ask the device; raises DriverError."""

    @abstractmethod
    async def _write(self, wanted: Command, state: SourceState) -> None:
        """Write the fields of `wanted` that are not None (they differ from `state`); raises DriverError."""

    @abstractmethod
    async def _fallback(self) -> None:
        """Put the device under its own safe control; raises DriverError."""

    def _fit(self, command: Command) -> Command:
        """The command inside the device's limits; raises RefusedError for what it cannot do at all."""
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
                state = await self._read()
        except TimeoutError:
            state = blank_state(Health.FAILING, "no answer in time", self._now())
        except LimitedError as err:
            state = replace(self._state, health=Health.LIMITED, detail=str(err))
        except DriverError as err:
            state = self._failed(err)
        else:
            self._read_at = self._clock()
        self._take(state)
        return state

    def _failed(self, err: DriverError) -> SourceState:
        for kind, health in _HEALTH_OF_ERROR:
            if isinstance(err, kind):
                return blank_state(health, str(err), self._now())
        return blank_state(Health.FAILING, str(err), self._now())

    def _take(self, state: SourceState) -> None:
        if state.health != self._state.health:
            level = logging.INFO if state.health == Health.OK else logging.WARNING
            _LOGGER.log(level, "%s: %s -> %s %s", self._name, self._state.health, state.health, state.detail)
        self._state = state
        for listener in tuple(self._listeners):
            listener()

    async def _apply(self, command: Command) -> CommandResult:
        _check_finite(command)
        fitted = self._fit(command)
        if self._clock() - self._read_at > self.timing.fresh_s:
            await self._refresh()
        if self._state.health in (Health.FAILING, Health.AUTH):
            return self._result(command, Outcome.FAILED, self._state.detail)
        names = outstanding(fitted, self._state, self.power_tolerance_w)
        if not names:
            self._pending = None
            self._start_lease(command.lease_s)
            return self._result(command, Outcome.UNCHANGED, "")
        wanted = narrowed(fitted, names)
        if self._still_settling(wanted):
            self._start_lease(command.lease_s)
            return self._result(command, Outcome.PENDING, "sent, not yet shown")
        since = self._clock() - self._written_at
        if since < self._capabilities.min_write_interval_s:
            return self._result(command, Outcome.DEFERRED, f"last write {since:.0f} s ago")
        had_lease = self.leased
        self._start_lease(command.lease_s)  # before: a write whose answer is lost may still have arrived
        try:
            await self._send(wanted)
        except RefusedError, LimitedError:  # nothing was written
            if not had_lease:
                self._end_lease()
            raise
        return await self._verify(command, wanted)

    async def _send(self, wanted: Command) -> None:
        self._written_at = self._clock()
        self._read_at = -math.inf
        try:
            async with asyncio.timeout(self.timing.write_s):
                await self._write(wanted, self._state)
        except TimeoutError:
            # A device that reboots on a change may never answer: what it then reports decides.
            _LOGGER.debug("%s: no answer to %s", self._name, wanted.id)
        self._pending = _Written(wanted, self._clock())

    async def _verify(self, command: Command, wanted: Command) -> CommandResult:
        steps = math.ceil(self.timing.verify_s / self.timing.verify_step_s)
        for step in range(steps + 1):
            await self._refresh()
            if self._state.health in (Health.OK, Health.DEGRADED) and shows(
                wanted, self._state, self.power_tolerance_w
            ):
                self._pending = None
                return self._result(command, Outcome.APPLIED, "")
            if step < steps:
                await asyncio.sleep(self.timing.verify_step_s)
        if self._capabilities.settle_s > self.timing.verify_s:
            return self._result(command, Outcome.PENDING, "sent, not yet shown")
        self._pending = None
        names = ", ".join(sorted(outstanding(wanted, self._state, self.power_tolerance_w)))
        return self._result(command, Outcome.FAILED, f"not shown by the device: {names or self._state.detail}")

    def _still_settling(self, wanted: Command) -> bool:
        if self._pending is None:
            return False
        same = replace(self._pending.wanted, id=wanted.id, lease_s=wanted.lease_s) == wanted
        return same and self._clock() - self._pending.at < self._capabilities.settle_s

    def _result(self, command: Command, outcome: Outcome, detail: str) -> CommandResult:
        _LOGGER.debug("%s: command %s %s %s", self._name, command.id, outcome, detail)
        return CommandResult(command_id=command.id, outcome=outcome, detail=detail, state=self._state)

    def _start_lease(self, lease_s: float) -> None:
        self._end_lease()
        self._lease = asyncio.get_running_loop().call_later(lease_s, self._lease_ended)

    def _end_lease(self) -> None:
        if self._lease is not None:
            self._lease.cancel()
            self._lease = None

    def _lease_ended(self) -> None:
        self._lease = None
        _LOGGER.warning("%s: lease ended, back to its own control", self._name)
        self._lease_task = asyncio.get_running_loop().create_task(self._release_quietly())

    async def _release_quietly(self) -> None:
        pause_s = _RELEASE_RETRY_S
        while not (result := await self.release()).settled:
            _LOGGER.warning("%s: could not hand control back: %s", self._name, result.detail)
            await asyncio.sleep(pause_s)
            if self._lease is not None:
                return
            pause_s = min(2 * pause_s, _RELEASE_RETRY_MAX_S)


async def bounded[T](call: Awaitable[T], seconds: float, what: str) -> T:
    """Await `call` for at most `seconds`; a time-out names `what`."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as err:
        raise UnreachableError(f"{what}: no answer in {seconds:.0f} s") from err
