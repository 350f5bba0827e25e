"""Keeps one source read: at its own pace, with back-off, and with a watchdog over reads that never end."""

import asyncio
from collections.abc import Callable
import logging
import random
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .._lib.heat_source import Command, CommandResult, Health, HeatSource

_LOGGER = logging.getLogger(__name__)

_STUCK_S: Final = 120.0
_BACKOFF_MAX_S: Final = 300.0
_BAD: Final = (Health.FAILING, Health.AUTH)


class SourcePoller:
    """One source. A read or a command of one never holds up another's."""

    def __init__(
        self,
        hass: HomeAssistant,
        source: HeatSource,
        interval_s: float,
        *,
        stuck_s: float = _STUCK_S,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.source = source
        self.restarts = 0
        self.failures = 0
        self.asked = False
        """Whether it was read: before that nobody knows how it is."""
        self.first_read: Callable[[], None] | None = None
        """Called after the first read, whatever it brought."""
        self._hass = hass
        self._interval_s = interval_s
        self._stuck_s = stuck_s
        self._jitter = jitter
        self._task: asyncio.Task[None] | None = None
        self._command: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._reading = False

    @callback
    def start(self, entry: ConfigEntry) -> None:
        """Begin; ends with the entry."""
        self._task = entry.async_create_background_task(
            self._hass, self._run(), f"proof_of_heat poll {self.source.source_id}"
        )

    @property
    def busy(self) -> bool:
        """Whether a read or a command is under way."""
        return self._reading or (self._command is not None and not self._command.done())

    @callback
    def poll_soon(self) -> None:
        """Read now instead of at the next turn."""
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

    def pause_s(self) -> float:
        """Until the next read: doubled per failure up to five minutes, spread by up to a tenth."""
        pause: float = min(self._interval_s * 2 ** min(self.failures, 8), max(_BACKOFF_MAX_S, self._interval_s))
        return pause * (1 + 0.1 * self._jitter())

    async def _read(self) -> None:
        self._reading = True
        try:
            async with asyncio.timeout(self._stuck_s):
                state = await self.source.refresh()
        except TimeoutError:
            self.restarts += 1
            self.failures += 1
            _LOGGER.warning("%s: a read did not end within %.0f s, started anew", self.source.name, self._stuck_s)
        except Exception:  # a third party's source may raise what it likes
            self.failures += 1
            if self.failures == 1:
                _LOGGER.exception("%s: reading raised", self.source.name)
        else:
            self.failures = self.failures + 1 if state.health in _BAD else 0
        finally:
            self._reading = False
            self._know()

    def _know(self) -> None:
        if not self.asked:
            self.asked = True
            if self.first_read is not None:
                self.first_read()

    @callback
    def command(self, entry: ConfigEntry, command: Command, done: Callable[[CommandResult], None]) -> bool:
        """Send a command beside the cycle; False while the last one is still under way."""
        if self._command is not None and not self._command.done():
            return False
        self._command = entry.async_create_background_task(
            self._hass, self._apply(command, done), f"proof_of_heat command {self.source.source_id}"
        )
        return True

    async def _apply(self, command: Command, done: Callable[[CommandResult], None]) -> None:
        try:
            async with asyncio.timeout(self._stuck_s):
                result = await self.source.apply(command)
        except TimeoutError:
            _LOGGER.warning("%s: command %s did not end", self.source.name, command.id)
            return
        except Exception:
            _LOGGER.exception("%s: command %s raised", self.source.name, command.id)
            return
        done(result)

    async def release(self) -> None:
        """Hand the source back to its own control."""
        if self._command is not None:
            self._command.cancel()
            await asyncio.gather(self._command, return_exceptions=True)
        try:
            async with asyncio.timeout(self._stuck_s):
                await self.source.release()
        except TimeoutError:
            _LOGGER.warning("%s: handing back did not end", self.source.name)
        except Exception:
            _LOGGER.exception("%s: handing back raised", self.source.name)
