"""The time for which a command holds; when it ends, the source goes back to its own safe control."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Final

from .._lib.heat_source import CommandResult

_LOGGER = logging.getLogger(__name__)

_RETRY_S: Final = 30.0
_RETRY_MAX_S: Final = 900.0


class Lease:
    """One source's lease. `release` hands the source back; it is repeated, ever more slowly, until it settles."""

    def __init__(self, name: str, release: Callable[[], Awaitable[CommandResult]], retry_s: float = _RETRY_S) -> None:
        self._name = name
        self._release = release
        self._retry_s = retry_s
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        """Whether it runs."""
        return self._timer is not None

    def start(self, seconds: float) -> None:
        """Begin, or begin anew. Handing back, if under way, is given up: somebody commands again."""
        self.end()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ended)

    def end(self) -> None:
        """Without consequences."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def close(self) -> None:
        """End it and whatever it began."""
        self.end()
        if (task := self._task) is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _ended(self) -> None:
        self._timer = None
        _LOGGER.warning("%s: lease ended, back to its own control", self._name)
        self._task = asyncio.get_running_loop().create_task(self._hand_back())

    async def _hand_back(self) -> None:
        pause_s = self._retry_s
        while (failure := await self._release_once()) is not None:
            _LOGGER.warning("%s: could not hand control back: %s", self._name, failure)
            await asyncio.sleep(pause_s)
            if self.active:
                return
            pause_s = min(2 * pause_s, _RETRY_MAX_S)

    async def _release_once(self) -> str | None:
        """Why the source is not settled; None where it is."""
        try:
            result = await self._release()
        except Exception as err:  # noqa: BLE001  # whatever a driver stumbles over, its source must come to safety
            return repr(err)
        return None if result.settled else result.detail
