"""Base of all drivers: verified idempotent commands, write interval, lease, health, change notification.

A driver implements reading, writing, and which settings of the device its commands change; `SourceBase` implements the
contract (`_lib/heat_source.py`) with them.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
import logging
import math
import time
from typing import Any, Final

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
from .device_settings import DeviceSettings, Settings, SettingValue, Shown
from .errors import BadReplyError, DriverError, LimitedError, RefusedError
from .health_log import HealthLog, with_reason
from .lease import Lease
from .source_parts import ANSWERING, Timing, WriteLog, Written, blank_state, error_state, utcnow, write_interval_s
from .source_size import SourceSize
from .verification import (
    check_finite,
    clamp,
    commanded_fields,
    is_same_setting,
    is_shown,
    keep_fields,
    shown_fields,
    unconfirmed_fields,
    unrestored,
)

_LOGGER = logging.getLogger(__name__)

_REST_VALID_S: Final = 60.0
"""Age up to which a state proves that the device has the user's settings."""


class SourceBase(ABC):
    """A heat source; the subclass knows the device.

    After a failed read, the state has a health and no readings, so that old values are not mistaken for new ones. If a
    call limit prevents a read, the last readings are kept with their time.
    """

    power_tolerance_w = 25.0
    flow_tolerance_k = 0.5
    reads_linked_meter = False  # whether its power is that of the linked meter
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
        self.size = SourceSize()
        self._clock = clock
        self._now = now
        self._state = blank_state(Health.FAILING, "not yet read", now())
        self._read_at = -math.inf
        self._written_at = -math.inf
        self._log: WriteLog | None = None
        self._pending: Written | None = None
        self._settings = DeviceSettings(clock=clock)
        self._restored: Written | None = None
        self._lease = Lease(name, self.release)
        self._log_health = HealthLog(name, clock)
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

    def keep_settings(self, settings: DeviceSettings) -> None:
        """Keep the user's settings where a restart does not lose them."""
        settings.clock = self._clock
        self._settings = settings

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
            self._set_state(error_state(err, self._now()))
            return self._result(command, Outcome.FAILED, str(err), err.reason)

    async def _choose(self, command: Command) -> CommandResult:
        if command.mode is None or command.mode not in self._capabilities.modes:
            raise RefusedError(f"unknown mode {command.mode}")
        await self._refresh()
        if self._state.health in (Health.FAILING, Health.AUTH):
            return self._result(command, Outcome.FAILED, self._state.detail, self._state.reason)
        if is_shown(command, self._state, self.power_tolerance_w, self.flow_tolerance_k):
            return self._result(command, Outcome.UNCHANGED, "")
        await self._settings.choose("mode", command.mode)
        await self._send(command)
        return await self._verify(command, command)

    async def release(self) -> CommandResult:
        """Give the device the user's settings back, and confirm that by reading."""
        command = Command(id="release")
        self._lease.end()
        async with self._lock:
            self._pending = None
            return await self._as_result(command, self._release(command))

    async def _release(self, command: Command) -> CommandResult:
        if self._clock() - self._read_at >= _REST_VALID_S or self._state.health not in ANSWERING:
            await self._refresh()
        if self._state.health not in ANSWERING:
            return self._result(command, Outcome.FAILED, self._state.detail, self._state.reason)
        target = self._rest(self._settings.values)
        missing = self._unrestored(target, exact=True)
        if not missing:
            return await self._released(command, Outcome.UNCHANGED)
        if not self._is_restoring(missing):
            self._read_at = -math.inf
            try:
                async with asyncio.timeout(self.timing.write_s):
                    await self._checked(self._restore(missing, self._state))
            except TimeoutError:
                return self._result(command, Outcome.FAILED, "timed out", FaultReason.NO_RESPONSE)
            except RefusedError as err:
                return self._result(command, Outcome.FAILED, str(err), err.reason)
            self._restored = Written(command, self._clock(), tuple(sorted(missing.items())))
        if await self._wait_until(lambda: not self._unrestored(target, exact=False)):
            return await self._released(command, Outcome.APPLIED)
        if self._capabilities.settle_s > self.timing.verify_s and self._is_restoring(missing):
            return self._result(command, Outcome.PENDING, "sent, not yet confirmed")
        names = ", ".join(sorted(self._unrestored(target, exact=False)))
        detail = f"not confirmed by the device: {names or self._state.detail}"
        return self._result(command, Outcome.FAILED, detail, self._state.reason or FaultReason.NOT_CONFIRMED)

    def _is_restoring(self, missing: Settings) -> bool:
        """Return whether these settings were written so recently that the device may not show them yet."""
        if self._restored is None or self._restored.settings != tuple(sorted(missing.items())):
            return False
        return self._clock() - self._restored.at < self._capabilities.settle_s

    def _unrestored(self, target: Settings, *, exact: bool) -> dict[str, SettingValue]:
        return unrestored(target, self._shown(self._state), None if exact else self._is_same)

    async def _released(self, command: Command, outcome: Outcome) -> CommandResult:
        self._restored = None
        await self._settings.clear()
        return self._result(command, outcome, "")

    async def close(self) -> None:
        """Free timers and connections. The device is left as it is: call `release` first to release control."""
        await self._lease.close()

    @abstractmethod
    async def _read(self) -> SourceState:
        """Return the state of the device; raises DriverError."""

    @abstractmethod
    async def _write(self, wanted: Command, state: SourceState) -> None:
        """Write the fields of `wanted` that are not None (they differ from `state`); raises DriverError."""

    def _shown(self, state: SourceState) -> Shown:
        """Return the settings that commands change, by a key of the driver, as the state shows them."""
        return shown_fields(self._capabilities, state)

    def _commanded(self, wanted: Command) -> Settings:
        """Return the settings that a command sets."""
        return commanded_fields(wanted)

    def _side_effects(self, wanted: Command) -> frozenset[str]:
        """Return other settings that a command may change."""
        return frozenset()

    def _rest(self, settings: Settings) -> Settings:
        """Return the settings that the device gets when control ends; `settings` are the user's."""
        return settings

    async def _restore(self, missing: Settings, state: SourceState) -> None:
        """Write settings that the device does not show; raises DriverError."""
        values: dict[str, Any] = dict(missing)
        await self._write(Command(id="release", **values), state)

    def _is_same(self, key: str, one: SettingValue, other: SettingValue) -> bool:
        """Return whether two values of a setting are the same for the device."""
        return is_same_setting(key, one, other, self.power_tolerance_w)

    def _fit(self, command: Command) -> Command:
        """Return the command within the device's limits; raises RefusedError if it is not supported."""
        caps = self._capabilities
        if command.on is False:
            return replace(command, power_w=None, mode=None, flow_c=None, slope=None, level=None, room_c=None)
        power_w = None if command.power_w is None else clamp(command.power_w, caps.min_power_w, caps.max_power_w)
        flow_c = None if command.flow_c is None else clamp(command.flow_c, caps.min_flow_c, caps.max_flow_c)
        slope = None if command.slope is None else clamp(command.slope, caps.min_slope, caps.max_slope)
        level = None if command.level is None else clamp(command.level, caps.min_level, caps.max_level)
        if command.mode is not None and command.mode not in caps.modes:
            raise RefusedError(f"unknown mode {command.mode}")
        return replace(command, power_w=power_w, flow_c=flow_c, slope=slope, level=level)

    async def _refresh(self) -> SourceState:
        try:
            async with asyncio.timeout(self.timing.read_s):
                state = self.size.checked(await self._checked(self._read()))
        except TimeoutError:
            state = blank_state(Health.FAILING, "timed out", self._now(), FaultReason.NO_RESPONSE)
        except LimitedError as err:
            state = replace(self._state, health=Health.LIMITED, detail=str(err), reason=err.reason)
        except DriverError as err:
            state = error_state(err, self._now())
        else:
            self._read_at = self._clock()
            if state.health in ANSWERING:
                await self._settings.follow(self._shown(state), self._is_same)
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

    def _set_state(self, state: SourceState) -> None:
        state = with_reason(state)
        if state.health != self._state.health:
            self._log_health(state)
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
        await self._settings.hold(self._shown(self._state))
        names = unconfirmed_fields(fitted, self._state, self.power_tolerance_w, self.flow_tolerance_k)
        if not names:
            self._pending = None
            self._lease.start(command.lease_s)
            return self._result(command, Outcome.UNCHANGED, "")
        wanted = keep_fields(fitted, names)
        if self._still_settling(wanted):
            self._lease.start(command.lease_s)
            return self._result(command, Outcome.PENDING, "sent, not yet confirmed")
        since = self._clock() - self._written_at
        if since < write_interval_s(self._capabilities, command):
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
        self._restored = None
        if self._log is not None:
            await self._log.record_write()
        await self._settings.expect(self._commanded(wanted), self._side_effects(wanted), self._capabilities.settle_s)
        try:
            async with asyncio.timeout(self.timing.write_s):
                await self._checked(self._write(wanted, self._state))
        except TimeoutError:
            # A device that restarts after a change may never answer: its next state decides.
            _LOGGER.debug("%s: command %s timed out", self._name, wanted.id)
        self._pending = Written(wanted, self._clock())

    async def _verify(self, command: Command, wanted: Command) -> CommandResult:
        if await self._wait_until(lambda: is_shown(wanted, self._state, self.power_tolerance_w, self.flow_tolerance_k)):
            self._pending = None
            return self._result(command, Outcome.APPLIED, "")
        if self._capabilities.settle_s > self.timing.verify_s:
            return self._result(command, Outcome.PENDING, "sent, not yet confirmed")
        self._pending = None
        names = unconfirmed_fields(wanted, self._state, self.power_tolerance_w, self.flow_tolerance_k)
        detail = f"not confirmed by the device: {', '.join(sorted(names)) or self._state.detail}"
        return self._result(command, Outcome.FAILED, detail, self._state.reason or FaultReason.NOT_CONFIRMED)

    async def _wait_until(self, is_confirmed: Callable[[], bool]) -> bool:
        """Read until `is_confirmed` is true; return False if that takes longer than a command may take."""
        steps = math.ceil(self.timing.verify_s / self.timing.verify_step_s)
        for step in range(steps + 1):
            await self._refresh()
            if self._state.health in ANSWERING and is_confirmed():
                return True
            if step < steps:
                await asyncio.sleep(self.timing.verify_step_s)
        return False

    def _still_settling(self, wanted: Command) -> bool:
        if self._pending is None:
            return False
        same = commanded_fields(self._pending.command) == commanded_fields(wanted)
        return same and self._clock() - self._pending.at < self._capabilities.settle_s

    def _result(
        self, command: Command, outcome: Outcome, detail: str, reason: FaultReason | None = None
    ) -> CommandResult:
        _LOGGER.debug("%s: command %s %s %s", self._name, command.id, outcome, detail)
        return CommandResult(command_id=command.id, outcome=outcome, detail=detail, state=self._state, reason=reason)
