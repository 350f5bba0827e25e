"""The lease: the time for which a command holds without renewal. When it ends, control is released."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Final

from .._lib.backoff import Backoff, RetryPolicy
from .._lib.heat_source import CommandResult

_LOGGER = logging.getLogger(__name__)

_RETRY: Final = RetryPolicy(first_s=30.0, max_s=900.0, jitter=(1.0, 1.0))


class Lease:
    """The lease of a source. `release` is called at its end, and repeated with increasing delay until it succeeds."""

    def __init__(self, name: str, release: Callable[[], Awaitable[CommandResult]], retry: RetryPolicy = _RETRY) -> None:
        self._name = name
        self._release = release
        self._retry = retry
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        """Whether the lease is running."""
        return self._timer is not None

    def start(self, seconds: float) -> None:
        """Start or renew the lease. A release that is in progress is canceled, because control has resumed."""
        self.end()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ended)

    def end(self) -> None:
        """End the lease without releasing control."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def close(self) -> None:
        """End the lease, and cancel a release that is in progress."""
        self.end()
        if (task := self._task) is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _ended(self) -> None:
        self._timer = None
        _LOGGER.warning("%s: lease ended, control is released", self._name)
        self._task = asyncio.get_running_loop().create_task(self._release_until_settled())

    async def _release_until_settled(self) -> None:
        """Release control until it is done; a failure is logged once, although a device may be off for days."""
        backoff, failed = Backoff(self._retry), 0
        while (failure := await self._release_once()) is not None:
            failed += 1
            level = logging.WARNING if failed == 1 else logging.DEBUG
            _LOGGER.log(level, "%s: releasing control failed, it is retried: %s", self._name, failure)
            await asyncio.sleep(backoff.next_s())
            if self.active:
                return
        if failed:
            _LOGGER.info("%s: control is released, after %s failed attempts", self._name, failed)

    async def _release_once(self) -> str | None:
        """Release control; return the reason if the source is not settled, else None."""
        try:
            result = await self._release()
        except Exception as err:  # noqa: BLE001  # after any error of a driver, the release must be repeated
            return repr(err)
        return None if result.settled else result.detail
