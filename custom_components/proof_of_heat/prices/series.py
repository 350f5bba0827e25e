"""Price series from the attributes of price sensors.

Shapes: lists of rows with a time and a price (rows.py knows their spellings), mappings from times to prices, also the
attributes themselves, and plain lists of numbers for a day (`today`). Rows with times take precedence over plain lists
of the same day, which do not show which hour of a 23- or 25-hour day they mean.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
import math
import re
from typing import Any, Final

from .._lib.money import Money, UnknownUnitError, parse_money
from ..drivers.values import number
from .price_lists import day_named, hourly_attributes, is_price_name, named_lists
from .row_values import parse_clock, parse_time, price_number
from .rows import PriceRow, parse_rows, rows_by_time, usual_step

_PLAIN: Final = ("today", "tomorrow")
"""A plain list of numbers is a price list only in an attribute with one of these words."""
MAX_RATIO: Final = 3.0
"""Rows that differ from the state by more contradict it."""
_QUARTER_S: Final = 900.0
_MAX_SLOT: Final = timedelta(hours=3)
_MAX_ROWS: Final = 1000
_HASHES: Final = {"gh": 1e6, "th": 1e3, "ph": 1.0, "eh": 1e-3, "mh": 1e9, "zh": 1e-6}
_TIMES: Final = frozenset({"s", "sec", "second", "d", "day", "24h"})
_DAY_HOURS: Final = 24
_SHORTEST_DAY: Final = 23
_HOUR_STEPS: Final = (1, 2, 4, 6, 12)
"""Values per hour in plain lists."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A price in money per kWh from `start` up to `end`, both in UTC."""

    start: datetime
    end: datetime
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Surcharges:
    """Fees and then tax on top of the exchange price. `feed_in`: revenue of a kWh fed into the grid."""

    per_kwh: float = 0.0
    fees_at: Callable[[datetime], float] | None = None
    """The fees by time, in place of `per_kwh`."""
    marks_s: Sequence[int] = (0,)
    """The seconds after a quarter-hour at which they may change."""
    tax: float = 0.0
    feed_in: float = 0.0

    def of(self, price: float, when: datetime) -> float:
        """Return the price that the user pays."""
        fees = self.per_kwh if self.fees_at is None else self.fees_at(when)
        return (price + fees) * (1 + self.tax)

    def slots(self, slot: Slot) -> Iterator[Slot]:
        """Yield a slot with its price, in parts where the fees change within it."""
        if self.fees_at is None:
            yield replace(slot, price=self.of(slot.price, slot.start))
            return
        start = slot.start
        while start < slot.end:
            end = min(slot.end, self._next_mark(start))
            price = self.of(slot.price, start)
            while end < slot.end and self.of(slot.price, end) == price:
                end = min(slot.end, self._next_mark(end))
            yield Slot(start, end, price)
            start = end

    def _next_mark(self, when: datetime) -> datetime:
        quarter, inside = divmod(when.timestamp(), _QUARTER_S)
        following = next((mark for mark in self.marks_s if mark > inside), _QUARTER_S + self.marks_s[0])
        return datetime.fromtimestamp(quarter * _QUARTER_S + following, UTC)


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Slots in chronological order, not overlapping; gaps are possible."""

    slots: tuple[Slot, ...] = ()

    def at(self, when: datetime) -> float | None:
        """Return the price at a time; None where it is unknown."""
        for slot in self.slots:
            if slot.start <= when < slot.end:
                return slot.price
        return None

    def steps(self, start: datetime, step: timedelta, count: int) -> list[float]:
        """Return the mean price of each step from `start` on; NaN where less than half of it is known."""
        begin, width = start.timestamp(), step.total_seconds()
        known, money = [0.0] * count, [0.0] * count
        for slot in self.slots:
            low, high = slot.start.timestamp() - begin, slot.end.timestamp() - begin
            for index in range(max(0, int(low // width)), min(count, math.ceil(high / width))):
                seconds = min(high, (index + 1) * width) - max(low, index * width)
                known[index] += seconds
                money[index] += seconds * slot.price
        return [
            paid / seconds if seconds >= width / 2 else math.nan for paid, seconds in zip(money, known, strict=True)
        ]

    def mean(self, start: datetime, end: datetime, before: float) -> float:
        """Return the mean price from `start` to `end`; what is not known has the price of the time before it."""
        money, at, price = 0.0, start, before
        for slot in self.slots:
            if slot.end <= start or slot.start >= end:
                continue
            begin = max(slot.start, at)
            money += (begin - at).total_seconds() * price
            at, price = min(slot.end, end), slot.price
            money += (at - begin).total_seconds() * price
        return (money + (end - at).total_seconds() * price) / (end - start).total_seconds()

    @property
    def end(self) -> datetime | None:
        """The end of the last known price."""
        return self.slots[-1].end if self.slots else None

    def scaled(self, factor: float) -> PriceSeries:
        """Return the series in another unit."""
        return PriceSeries(tuple(replace(slot, price=slot.price * factor) for slot in self.slots))

    def priced(self, factor: float, surcharges: Surcharges) -> PriceSeries:
        """Return the series with the factor of its unit and the surcharges."""
        scaled = (replace(slot, price=slot.price * factor) for slot in self.slots)
        return PriceSeries(tuple(part for slot in scaled for part in surcharges.slots(slot)))


def hash_unit(unit: str | None) -> Money:
    """Return the factor of a hashprice unit to money per PH/s and day, and its currency.

    Raises:
        UnknownUnitError: Its money or its hashrate is not known.
    """
    text = (unit or "").strip()
    if not text:
        return Money(1.0)
    written, *parts = [part for part in re.split(r"[\s/·]+", text) if part and part.lower() != "per"]
    money = parse_money(written)
    factor = money.factor
    for part in (item.lower() for item in parts):
        if (size := _HASHES.get(part.removesuffix("s") if part not in _HASHES else part)) is not None:
            factor *= size
        elif part not in _TIMES:
            raise UnknownUnitError(text)
    return Money(factor, money.currency)


def from_attributes(
    attributes: Mapping[str, Any], zone: tzinfo, today: datetime, factor: float = 1.0, currency: str | None = None
) -> PriceSeries:
    """Return the series in a sensor's attributes in money per kWh; empty where they contain no prices.

    `today`: now, aware. `factor`: of the sensor's unit, for rows that name none of their own. `currency`: preferred of
    rows in several ones.
    """
    lists = named_lists(attributes)
    parts: list[PriceSeries] = [_series(list(row), factor) for row in _parallel(lists, zone)]
    plain: list[PriceSeries] = []
    this_day = today.astimezone(zone).date()
    for name, rows in lists:
        day = day_named(name, this_day)
        if isinstance(rows, Mapping):
            parts.append(_series(rows_by_time(rows, zone, day=day, currency=currency), factor))
        elif rows and all(_is_plain(row) for row in rows):
            if day is not None:
                plain.append(_plain_day(rows, day, zone).scaled(factor))
        else:
            parts.append(_series(parse_rows(rows[:_MAX_ROWS], zone, day=day, currency=currency), factor))
    if not any(part.slots for part in parts):
        parts.append(_series(rows_by_time(attributes, zone, currency=currency), factor))
        clocks = {key: value for key, value in attributes.items() if parse_clock(key, is_hour=False) is not None}
        if len(clocks) >= _SHORTEST_DAY:
            parts.append(_series(rows_by_time(clocks, zone, day=this_day, currency=currency), factor))
        for day, prices in hourly_attributes(attributes, this_day).items():
            parts.append(_plain_day(prices, day, zone).scaled(factor))
    timed = joined(parts)
    days = {slot.start.astimezone(zone).date() for slot in timed.slots}
    return joined([timed, *(part for part in plain if part.slots and _day_of(part, zone) not in days)])


def _parallel(lists: Sequence[tuple[str, Any]], zone: tzinfo) -> Iterator[list[PriceRow]]:
    """Yield the rows of a list of times next to lists of prices of the same length."""
    plain = [(name, rows) for name, rows in lists if isinstance(rows, Sequence) and len(rows) > 1]
    times = next((rows for _, rows in plain if all(_is_time(row, zone) for row in rows)), None)
    if times is None:
        return
    for name, rows in plain:
        if (
            rows is not times
            and len(rows) == len(times)
            and is_price_name(name)
            and all(_is_plain(row) for row in rows)
        ):
            yield parse_rows(list(zip(times, rows, strict=True)), zone)


def _is_time(value: object, zone: tzinfo) -> bool:
    return not isinstance(value, (Mapping, list, tuple)) and parse_time(value, zone) is not None


def _is_plain(row: object) -> bool:
    return row is None or isinstance(row, (int, float)) or (isinstance(row, str) and price_number(row)[0] is not None)


def _day_of(series: PriceSeries, zone: tzinfo) -> date:
    return series.slots[0].start.astimezone(zone).date()


def joined(parts: Iterable[PriceSeries]) -> PriceSeries:
    """Join several series; where they overlap, the first takes precedence."""
    slots: dict[datetime, Slot] = {}
    for part in parts:
        for slot in part.slots:
            slots.setdefault(slot.start, slot)
    return PriceSeries(tuple(_without_overlaps(sorted(slots.values()))))


def from_rows(rows: Iterable[Any], zone: tzinfo, factor: float = 1.0) -> PriceSeries:
    """Return the series of rows with start, optional end, and price, in money per kWh."""
    return _series(parse_rows(list(rows), zone), factor)


def _series(rows: Sequence[PriceRow], factor: float) -> PriceSeries:
    ordered = sorted(rows, key=lambda row: row.start)
    usual = usual_step([row.start for row in ordered])
    slots = []
    for index, row in enumerate(ordered):
        following = ordered[index + 1].start if index + 1 < len(ordered) else None
        stated = row.end if row.end is not None and row.end > row.start else None
        # A longer distance than the one before it is a gap: hours that the provider does not know.
        distances = pairwise(item.start for item in (ordered[index - 1 : index + 1] if index else ordered[1:3]))
        longest = max(usual, min(max((later - earlier for earlier, later in distances), default=usual), _MAX_SLOT))
        open_end = row.start + usual if following is None else min(following, row.start + longest)
        price = row.price * (factor if row.factor is None else row.factor)
        slots.append(Slot(row.start, stated or open_end, price))
    return PriceSeries(tuple(_without_overlaps(slots)))


def _plain_day(values: Sequence[Any], day: date, zone: tzinfo) -> PriceSeries:
    """Return a list of numbers for a day: one, two or four for each hour of the day.

    A list for 24 hours on a day of 23 or 25 hours is by the clock: what the clock skips is dropped, what it repeats is
    unknown. Any other length is not a list of a day.
    """
    begin = datetime.combine(day, time(), zone).timestamp()
    end = datetime.combine(day + timedelta(days=1), time(), zone).timestamp()
    hours = round((end - begin) / 3600)
    values = values if hours > _DAY_HOURS else _without_padding(values)
    per_hour = next((n for n in _HOUR_STEPS if len(values) == n * hours), None)
    if per_hour is not None:
        width = (end - begin) / len(values)
        starts = [datetime.fromtimestamp(begin + index * width, UTC) for index in range(len(values))]
        return _numbers(zip(starts, values, strict=True), timedelta(seconds=width))
    per_hour = next((n for n in _HOUR_STEPS if len(values) == n * _DAY_HOURS), None)
    if per_hour is None:
        return PriceSeries()
    width = 3600 / per_hour
    local = [datetime.combine(day, time(), zone) + timedelta(seconds=index * width) for index in range(len(values))]
    once = [
        (when.astimezone(UTC), value)
        for when, value in zip(local, values, strict=True)
        if when.utcoffset() == when.replace(fold=1).utcoffset()
    ]
    return _numbers(once, timedelta(seconds=width))


def _without_padding(values: Sequence[Any]) -> Sequence[Any]:
    """Return a list for 24 hours that is padded to 25."""
    for per_hour in _HOUR_STEPS:
        rest = values[_DAY_HOURS * per_hour :]
        if len(values) == 25 * per_hour and all(number(value) is None for value in rest):
            return values[: _DAY_HOURS * per_hour]
    return values


def _numbers(pairs: Iterable[tuple[datetime, Any]], width: timedelta) -> PriceSeries:
    return PriceSeries(
        tuple(
            Slot(start, start + width, price) for start, value in pairs if (price := price_number(value)[0]) is not None
        )
    )


def _without_overlaps(slots: Iterable[Slot]) -> list[Slot]:
    """Cut each slot where the next begins; drop duplicates."""
    result: list[Slot] = []
    for slot in slots:
        if result and slot.start <= result[-1].start:
            continue
        if result and result[-1].end > slot.start:
            result[-1] = replace(result[-1], end=slot.start)
        if slot.end > slot.start:
            result.append(slot)
    return result


def scale_of(series: PriceSeries, price: float, now: datetime, undecided: float = 1.0) -> float | None:
    """Return the power of ten between a series and the present price; None if they contradict each other.

    `undecided`: what is returned where both cannot be compared: prices near zero, or none of the series now.
    """
    present = series.at(now)
    if present is None or max(abs(present), abs(price)) <= 0.02 * _usual(series):
        return undecided
    if not _contradicts(present, price, series):
        return 1.0
    for exponent in range(-9, 10):
        if math.isclose(present * 10.0**exponent, price, rel_tol=0.02):
            return 10.0**exponent
    return None


def _usual(series: PriceSeries) -> float:
    return sum(abs(slot.price) for slot in series.slots) / len(series.slots)


def _contradicts(present: float, price: float, series: PriceSeries) -> bool:
    if abs(present - price) <= 0.25 * _usual(series):  # small prices near zero differ by any factor
        return False
    low, high = sorted((abs(present), abs(price)))
    return present * price < 0 or high > MAX_RATIO * low
