"""A tariff by the clock: a price for windows of the week and one for the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Final

from .series import PriceSeries, Slot

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_STEP: Final = timedelta(minutes=15)


class TariffError(ValueError):
    """A window that cannot be used."""


@dataclass(frozen=True, slots=True)
class Window:
    """`days` 0 = Monday; from `start` up to `end` of the local clock (`end` 00:00 = midnight; may pass it)."""

    days: frozenset[int]
    start: time
    end: time
    price: float

    def holds(self, local: datetime) -> bool:
        """Whether a local time lies in it."""
        now = local.time().replace(tzinfo=None)
        if self.start < self.end or self.end == time():
            inside = self.start <= now and (now < self.end or self.end == time())
            return inside and local.weekday() in self.days
        if now >= self.start:
            return local.weekday() in self.days
        return now < self.end and (local.weekday() - 1) % 7 in self.days


@dataclass(frozen=True, slots=True)
class Tariff:
    """The first window that holds gives the price, else `default`."""

    default: float
    windows: tuple[Window, ...] = ()

    def at(self, local: datetime) -> float:
        """The price at a local time."""
        return next((window.price for window in self.windows if window.holds(local)), self.default)

    def series(self, start: datetime, hours: int, zone: tzinfo) -> PriceSeries:
        """Slots from `start` (rounded down to a quarter of an hour) on, through changes of the clock."""
        begin = start.timestamp() // _STEP.total_seconds() * _STEP.total_seconds()
        slots: list[Slot] = []
        for index in range(hours * 4 + 1):
            first = datetime.fromtimestamp(begin + index * _STEP.total_seconds(), zone)
            end = datetime.fromtimestamp(begin + (index + 1) * _STEP.total_seconds(), UTC)
            price = self.at(first)
            if slots and slots[-1].price == price:
                slots[-1] = Slot(slots[-1].start, end, price)
            else:
                slots.append(Slot(first.astimezone(UTC), end, price))
        return PriceSeries(tuple(slots))


def parse(default: float, rows: Sequence[Mapping[str, Any]]) -> Tariff:
    """Rows of `days` (list of mon…sun, none = all), `from`, `to`, `price`; raises TariffError naming the row."""
    windows = []
    for index, row in enumerate(rows):
        try:
            days = row.get("days") or list(DAYS)
            numbers = frozenset(DAYS.index(str(day)[:3].lower()) for day in days)
            start, end = time.fromisoformat(str(row["from"])), time.fromisoformat(str(row["to"]))
            price = float(row["price"])
        except (KeyError, ValueError, TypeError) as err:
            raise TariffError(f"window {index + 1}: {err}") from err
        if start == end:
            raise TariffError(f"window {index + 1}: begins where it ends")
        windows.append(Window(numbers, start, end, price))
    return Tariff(float(default), tuple(windows))
