"""Polls one source at its interval, with back-off, and with a watchdog for reads that do not end."""

import asyncio
from collections.abc import Callable
import logging
import random
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .._lib.backoff import RetryPolicy
from .._lib.heat_source import Command, CommandResult, Health, HeatSource, Outcome
from .._lib.last_messages import LastMessages

_LOGGER = logging.getLogger(__name__)

_TIMEOUT_S: Final = 120.0
_BACKOFF_MAX_S: Final = 300.0
_AT_START: Final = RetryPolicy(first_s=10.0, max_s=_BACKOFF_MAX_S)
"""Home Assistant may start before the network and the devices, as after a power failure."""
_BAD: Final = (Health.FAILING, Health.AUTH)


class SourcePoller:
    """Polls one source and sends its commands, independently of other sources."""

    def __init__(
        self,
        hass: HomeAssistant,
        source: HeatSource,
        interval_s: float,
        *,
        timeout_s: float = _TIMEOUT_S,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.source = source
        self.messages = LastMessages()
        """The last raw replies of the device."""
        self.restarts = 0
        self.failures = 0
        self.has_read = False
        """Whether a read has ended: before that, the source's health is unknown."""
        self._has_answered = False
        self.first_read: Callable[[], None] | None = None
        """Called after the first read, successful or not."""
        self._hass = hass
        self._retry = RetryPolicy(interval_s, max(_BACKOFF_MAX_S, interval_s))
        self._timeout_s = timeout_s
        self._jitter = jitter
        self._task: asyncio.Task[None] | None = None
        self._command: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._reading = False

    @callback
    def start(self, entry: ConfigEntry) -> None:
        """Start polling until the entry is unloaded."""
        self._task = entry.async_create_background_task(
            self._hass, self._run(), f"proof_of_heat poll {self.source.source_id}"
        )

    @property
    def is_busy(self) -> bool:
        """Whether a read or a command is running."""
        return self._reading or (self._command is not None and not self._command.done())

    @callback
    def poll_soon(self) -> None:
        """Read now instead of after the interval."""
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._read()
            self._wake.clear()
            try:
                async with asyncio.timeout(self.pause_s()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def delay_s(self) -> float:
        """Return the delay until the next read: the interval, doubled per failure up to five minutes."""
        return self._retry.delay_s(self.failures + 1, self._jitter())

    def pause_s(self) -> float:
        """Return the pause before the next read: shorter after failures until the device has answered once."""
        delay_s, jitter = self.delay_s(), self._jitter()
        return delay_s if self._has_answered else min(delay_s, _AT_START.delay_s(max(1, self.failures), jitter))

    async def _read(self) -> None:
        self._reading = True
        try:
            with self.messages.recording():
                async with asyncio.timeout(self._timeout_s):
                    state = await self.source.refresh()
        except TimeoutError:
            self.restarts += 1
            self.failures += 1
            _LOGGER.warning("%s: update timed out after %.0f s", self.source.name, self._timeout_s)
        except Exception:  # a third party's source may raise anything
            self.failures += 1
            if self.failures == 1:
                _LOGGER.exception("%s: unexpected error during the update", self.source.name)
        else:
            self.failures = self.failures + 1 if state.health in _BAD else 0
            self._has_answered |= self.failures == 0
        finally:
            self._reading = False
            self._note_read()

    def _note_read(self) -> None:
        if not self.has_read:
            self.has_read = True
            if self.first_read is not None:
                self.first_read()

    @callback
    def command(self, entry: ConfigEntry, command: Command, done: Callable[[CommandResult], None]) -> bool:
        """Send a command in the background; return False while the last one is still running."""
        if self._command is not None and not self._command.done():
            return False
        self._command = entry.async_create_background_task(
            self._hass, self._apply(command, done), f"proof_of_heat command {self.source.source_id}"
        )
        return True

    async def _apply(self, command: Command, done: Callable[[CommandResult], None]) -> None:
        try:
            with self.messages.recording():
                async with asyncio.timeout(self._timeout_s):
                    result = await self.source.apply(command)
        except TimeoutError:
            _LOGGER.warning("%s: command %s timed out after %.0f s", self.source.name, command.id, self._timeout_s)
            return
        except Exception:
            _LOGGER.exception("%s: unexpected error in command %s", self.source.name, command.id)
            return
        done(result)

    async def release(self) -> CommandResult:
        """Release the source to its own control."""
        if self._command is not None:
            self._command.cancel()
            await asyncio.gather(self._command, return_exceptions=True)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self.source.release()
        except TimeoutError:
            _LOGGER.warning("%s: release timed out after %.0f s", self.source.name, self._timeout_s)
            detail = "timed out"
        except Exception as err:
            _LOGGER.exception("%s: unexpected error during the release", self.source.name)
            detail = str(err) or type(err).__name__
        return CommandResult(command_id="release", outcome=Outcome.FAILED, detail=detail)
