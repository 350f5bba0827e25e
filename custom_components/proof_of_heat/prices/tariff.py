"""A time-of-use tariff: prices for weekly time windows, and a price outside of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Final

from .._lib.week_schedule import ScheduleError, parse_days
from ..drivers.values import number
from .series import PriceSeries, Slot

MAX_WINDOWS: Final = 50
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ALL_MONTHS: Final = frozenset(range(1, 13))
_QUARTER_S: Final = 900


class TariffError(ValueError):
    """An invalid time window."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time window on `days` (0 = Monday) of `months`, local time. `end` 00:00 is midnight.

    A window may extend past midnight; day and month are those in which it starts.
    """

    days: frozenset[int]
    start: time
    end: time
    price: float
    months: frozenset[int] = _ALL_MONTHS

    def contains(self, local: datetime) -> bool:
        """Return whether a local time is in the window."""
        now = local.time().replace(tzinfo=None)
        if self.start < self.end or self.end == time():
            inside = self.start <= now and (now < self.end or self.end == time())
            return inside and self._is_on(local.date())
        if now >= self.start:
            return self._is_on(local.date())
        return now < self.end and self._is_on(local.date() - timedelta(days=1))

    def _is_on(self, day: date) -> bool:
        return day.weekday() in self.days and day.month in self.months


@dataclass(frozen=True, slots=True)
class Tariff:
    """The first matching window has the price, else `default` applies."""

    default: float
    windows: tuple[Window, ...] = ()

    @property
    def marks_s(self) -> list[int]:
        """The seconds after a quarter-hour at which the price may change: off-peak hours can begin at 22:38."""
        times = (when for window in self.windows for when in (window.start, window.end))
        return sorted({0, *((when.minute * 60 + when.second) % _QUARTER_S for when in times)})

    def at(self, local: datetime) -> float:
        """Return the price at a local time."""
        return next((window.price for window in self.windows if window.contains(local)), self.default)

    def series(self, start: datetime, hours: int, zone: tzinfo) -> PriceSeries:
        """Return the prices from `start` (rounded down to the quarter-hour) on, over changes of the clock."""
        begin = start.timestamp() // _QUARTER_S * _QUARTER_S
        slots: list[Slot] = []
        marks = [begin + index * _QUARTER_S + mark for index in range(hours * 4 + 1) for mark in self.marks_s]
        for mark, following in pairwise([*marks, begin + (hours * 4 + 1) * _QUARTER_S]):
            first = datetime.fromtimestamp(mark, zone)
            end = datetime.fromtimestamp(following, UTC)
            price = self.at(first)
            if slots and slots[-1].price == price:
                slots[-1] = Slot(slots[-1].start, end, price)
            else:
                slots.append(Slot(first.astimezone(UTC), end, price))
        return PriceSeries(tuple(slots))


def parse(default: float, rows: Any) -> Tariff:
    """Parse rows of `days` ("Mon-Fri", "Sat,Sun", "Daily" or a list of names; none: all), `start`, `end`, `price`.

    `months` is a list of names ("jan"); none: all.
    `from` and `to` are accepted for `start` and `end`. Raises TariffError with the row.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, (str, bytes)):
        raise TariffError("the windows must be a list")
    if len(rows) > MAX_WINDOWS:
        raise TariffError(f"more than {MAX_WINDOWS} windows")
    if number(default) is None:
        raise TariffError("the price outside of the windows must be a number")
    return Tariff(float(default), tuple(_window(row, f"window {index + 1}") for index, row in enumerate(rows)))


def _window(row: Any, where: str) -> Window:
    if not isinstance(row, Mapping):
        raise TariffError(f"{where}: must be an object")
    try:
        days = row.get("days") or "Daily"
        numbers = parse_days(days if isinstance(days, str) else ",".join(str(day) for day in days))
        start, end = (
            time.fromisoformat("00:00" if (text := str(row.get(name, row.get(old)))) == "24:00" else text)
            for name, old in (("start", "from"), ("end", "to"))
        )
    except (ScheduleError, ValueError, TypeError) as err:
        raise TariffError(f"{where}: {err}") from err
    price = number(row.get("price"))
    if price is None:
        raise TariffError(f"{where}: the price must be a number")
    if start == end != time():  # midnight to midnight is a whole day
        raise TariffError(f"{where}: start and end must differ")
    return Window(numbers, start, end, price, _months(row.get("months"), where))


def _months(names: Any, where: str) -> frozenset[int]:
    if not names:
        return _ALL_MONTHS
    written = names.split(",") if isinstance(names, str) else names
    try:
        return frozenset(MONTHS.index(str(name).strip().lower()) + 1 for name in written)
    except (TypeError, ValueError) as err:
        raise TariffError(f"{where}: unknown month") from err
