"""Waits of the event loop that nothing can end early take no real time.

Simulators run in the loop of the test: once it has nothing to do, a reply that is not there will not come, and only a
timer continues. The loop's clock then moves to this timer. Timeouts keep their lengths; measure with ``loop.time()``.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import time
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from simulators.world import clock

IDLE_S = 0.02
"""For this long nothing must happen: the kernel passes bytes between sockets at once (but not those of a terminal)."""


def _is_calling(loop: Any) -> bool:
    """Whether a thread of the loop is at work: its result has to be waited for."""
    executor = loop._default_executor
    return executor is not None and len(executor._threads) > executor._idle_semaphore._value


@asynccontextmanager
async def skipped_waits() -> AsyncGenerator[None]:
    """Skip what is left of a wait in which nothing happens; simulated devices have the same clock."""
    loop: Any = asyncio.get_running_loop()
    select, skipped_s = loop._selector.select, 0.0

    def wait(timeout: float | None = None) -> Any:
        nonlocal skipped_s
        if timeout is None or timeout <= IDLE_S:
            return select(timeout)
        events = select(IDLE_S)
        if not events and not _is_calling(loop):
            skipped_s += timeout - IDLE_S
        return events

    def now_s() -> float:
        return time.monotonic() + skipped_s

    loop._selector.select, loop.time = wait, now_s
    try:
        with patch.object(clock, "time", SimpleNamespace(monotonic=now_s)):
            yield
    finally:
        loop._selector.select = select  # the clock keeps what it skipped: it must not go backwards
