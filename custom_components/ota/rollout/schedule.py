"""When: a device's maintenance window, in local time."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
import re
from typing import Final

from .errors import DeviceError

_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end` local time ("22:00"), over midnight when the end is earlier; `days` it starts on.

    Equal start and end mean the whole day.
    """

    start: str
    end: str
    days: tuple[str, ...] = DAYS

    def __post_init__(self) -> None:
        """Refuse what is no time or no day."""
        if not (_TIME.fullmatch(self.start) and _TIME.fullmatch(self.end)):
            raise DeviceError("bad_window")
        if not self.days or not set(self.days) <= set(DAYS):
            raise DeviceError("bad_window")

    def is_open(self, now: float, zone: tzinfo) -> bool:
        """Whether a restart may happen at this moment.

        The wall clock decides, so a night in which clocks change is as long as its wall-clock hours.
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
