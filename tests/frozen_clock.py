"""A frozen clock that is read quickly: the event loop of a test reads it several times in each iteration.

freezegun looks through the names of the modules that call, and converts its calendar date, at each reading.
"""

import calendar
from datetime import datetime
from functools import cache
import sys
from typing import Any

import freezegun.api
from pytest_homeassistant_custom_component import patch_time

_LAST: list[tuple[datetime | None, float]] = [(None, 0.0)]
"""The time that was read last, and what that is in seconds; one item, replaced as a whole, as threads read it too."""


def install() -> None:
    """Replace how freezegun and the plugin's patch of it find the time; what they find stays the same."""
    api: Any = freezegun.api
    api._should_use_real_time = _should_use_real_time
    api._get_fake_monotonic = _monotonic
    # The plugin installs its own again at the start of each test.
    patch_time.ha_should_use_real_time = _should_use_real_time


@cache
def _is_ignored(module: str, ignored: tuple[str, ...]) -> bool:
    return module.startswith(ignored)


def _should_use_real_time() -> bool:
    """Return whether one of the nearest callers is a module that freezegun ignores."""
    api: Any = freezegun.api
    try:
        ignored = api.ignore_lists[-1]
    except IndexError:  # stopped meanwhile, in another thread
        return True
    frame = sys._getframe(2) if ignored else None
    for _ in range(api.call_stack_inspection_limit):
        if frame is None:
            return False
        if _is_ignored(frame.f_globals.get("__name__") or "", ignored):
            return True
        frame = frame.f_back
    return False


def _monotonic() -> float:
    """Return the frozen time in seconds since 1970; it is the same object until the clock is moved."""
    now: datetime = freezegun.api.get_current_time()  # type: ignore[no-untyped-call]
    last = _LAST[0]
    if last[0] is not now:
        _LAST[0] = last = now, calendar.timegm(now.timetuple()) + now.microsecond / 1e6
    return last[1]
