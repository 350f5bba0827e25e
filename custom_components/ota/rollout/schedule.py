"""The maintenance window of a device, in local time."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
import re
from typing import Final

from .errors import DeviceError

_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """A window from `start` to `end` local time ("22:00"), past midnight if the end is earlier, starting on `days`.

    An equal start and end mean the whole day.
    """

    start: str
    end: str
    days: tuple[str, ...] = DAYS

    def __post_init__(self) -> None:
        """Reject invalid times and days."""
        if not (_TIME.fullmatch(self.start) and _TIME.fullmatch(self.end)):
            raise DeviceError("bad_window")
        if not self.days or not set(self.days) <= set(DAYS):
            raise DeviceError("bad_window")

    def is_open(self, now: float, zone: tzinfo) -> bool:
        """Return whether a restart is allowed at this time.

        The window follows the wall clock, also in a night when clocks change.
        """
        local = datetime.fromtimestamp(now, zone)
        minute = local.hour * 60 + local.minute
        start, end = _minutes(self.start), _minutes(self.end)
        today = DAYS[local.weekday()] in self.days
        yesterday = DAYS[(local - timedelta(days=1)).weekday()] in self.days
        if start == end:
            return today
        if start < end:
            return today and start <= minute < end
        return (today and minute >= start) or (yesterday and minute < end)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
