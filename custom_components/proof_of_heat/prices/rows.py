"""One row of a price list: its time, its price, and the unit that its key or the row itself names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Final

from ..drivers.values import number
from .price_keys import SCALED_WHOLE, price_of, words_of
from .row_values import local_time, parse_clock, parse_day, parse_time, price_number

__all__ = ["PriceRow", "parse_rows", "parse_time", "rows_by_time", "usual_step"]

_STARTS: Final = (
    "start",
    "starts_at",
    "start_time",
    "start_date",
    "start_at",
    "start_timestamp",
    "starts",
    "begin",
    "from",
    "valid_from",
    "period_start",
    "interval_start",
    "delivery_start",
    "time_start",
    "time_from",
    "date_from",
    "datetime",
    "date_time",
    "timestamp",
    "time",
    "hour",
    "date",
    "ts",
    "datum",
    "fecha",
)
_ENDS: Final = (
    "end",
    "ends_at",
    "end_time",
    "end_date",
    "end_at",
    "end_timestamp",
    "ends",
    "valid_to",
    "period_end",
    "interval_end",
    "delivery_end",
    "time_end",
    "time_to",
    "date_to",
    "till",
    "to",
    "until",
)
_DAYS: Final = ("date", "day", "delivery_day", "delivery_date", "business_date", "datum", "fecha", "dia")
_HOURS: Final = (
    "hour",
    "hours",
    "hour_of_day",
    "stunde",
    "hora",
    "tunti",
    "time",
    "start",
    "from",
    "begin",
    "interval",
    "period",
)
_TIME_WORDS: Final = ("start", "begin", "from", "date", "time", "datetime", "timestamp")
_FILLERS: Final = frozenset({"at", "on", "ts", "utc", "local"})
_END_WORDS: Final = frozenset({"end", "ends", "to", "until", "till", "stop", "stops", "finish"})
_OTHER_TIMES: Final = _END_WORDS | {"created", "updated", "published", "fetched", "expires"}
_BARE_HOURS: Final = ("hour", "hour_of_day", "stunde", "hora", "tunti")
"""Keys whose value may be a number alone."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price from a time on. `factor`: to money per kWh, where the row names its unit; None: that of the sensor."""

    start: datetime
    end: datetime | None
    price: float
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class RowContext:
    """What a row does not contain itself."""

    zone: tzinfo
    day: date | None = None
    """The day of a list that is named by it (today, tomorrow)."""
    currency: str | None = None
    """Of rows in several currencies."""
    first_hour: int = 0
    """1 for a list that numbers the hours of a day from 1 to 24."""
    by_end: bool = False
    """Whether rows have the end of their period only."""


def parse_rows(
    rows: Iterator[Any] | Sequence[Any], zone: tzinfo, *, day: date | None = None, currency: str | None = None
) -> list[PriceRow]:
    """Return the valid rows in chronological order: mappings, or sequences of a start, an optional end and a price.

    `day`: that of clock times without a date. `currency`: preferred of rows in several ones.
    """
    listed = list(rows)
    context = RowContext(zone, day, currency, _first_hour(listed))
    context = replace(context, by_end=_has_ends_only(listed, context))
    if _is_descending(listed, context):
        listed.reverse()
    found: list[PriceRow] = []
    last: datetime | None = None
    for row in listed:
        parsed = _mapping(row, context, last) if isinstance(row, Mapping) else _sequence(row, zone, last)
        if parsed is not None:
            found.append(parsed)
            last = parsed.start
    if context.by_end:
        found = _begun(found)
    if any(row.factor == SCALED_WHOLE for row in found):  # small prices of the same list do not look scaled
        found = [replace(row, factor=SCALED_WHOLE if row.factor is None else row.factor) for row in found]
    return found


def rows_by_time(
    values: Mapping[Any, Any], zone: tzinfo, *, day: date | None = None, currency: str | None = None
) -> list[PriceRow]:
    """Return the rows of a mapping whose keys are times and whose values are prices, or rows without a time.

    `day`: that of keys that are clock times.
    """
    found: list[PriceRow] = []
    last: datetime | None = None
    for key, value in values.items():
        start = parse_time(key, zone, last)
        if start is None and day is not None and (clock := parse_clock(key, is_hour=True)) is not None:
            start = local_time(day, clock, zone, last)
        if start is None:
            continue
        price, factor = price_of(value, currency) if isinstance(value, Mapping) else price_number(value)
        if price is not None:
            found.append(PriceRow(start, None, price, factor))
            last = start
    return found


def _first_hour(rows: Sequence[Any]) -> int:
    """Return 1 for rows whose hours are numbered up to 24 and never 0."""
    hours = [
        clock[0]
        for row in rows
        if isinstance(row, Mapping)
        for name in _BARE_HOURS
        if (clock := parse_clock(row.get(name), is_hour=True)) is not None
    ]
    return 1 if hours and max(hours) >= 24 and min(hours) >= 1 else 0


def _has_ends_only(rows: Sequence[Any], context: RowContext) -> bool:
    """Return whether the rows have an end, and none of them a begin."""
    keys = [(row, {words_of(str(key)): key for key in row}) for row in rows if isinstance(row, Mapping)]
    return any(_end_of(*pair, context, None) is not None for pair in keys) and not any(
        _start_of(*pair, context, None) is not None for pair in keys
    )


def _begun(rows: Sequence[PriceRow]) -> list[PriceRow]:
    """Return rows whose start is the end of their period with its start: all periods are as long as the shortest."""
    step = usual_step(sorted({row.start for row in rows}))
    return [replace(row, start=row.start - step, end=row.start) for row in rows]


def _is_descending(rows: Sequence[Any], context: RowContext) -> bool:
    """Return whether the newest row is the first one."""
    time_of = _end_of if context.by_end else _start_of
    times = [
        time_of(row, {words_of(str(key)): key for key in row}, context, None)
        for row in (*rows[:1], *rows[-1:])
        if isinstance(row, Mapping)
    ]
    first, last = times if len(times) == 2 else (None, None)
    return first is not None and last is not None and first > last


def _mapping(row: Mapping[Any, Any], context: RowContext, last: datetime | None) -> PriceRow | None:
    keys = {words_of(str(key)): key for key in row}
    start = (_end_of if context.by_end else _start_of)(row, keys, context, last)
    price, factor = price_of(row, context.currency)
    if start is None or price is None:
        return None
    if context.by_end:
        return PriceRow(start, None, price, factor)
    end = next((when for when in _times(row, keys, _ENDS, context.zone, start) if when is not None), None)
    if end is None:
        end = next(
            (when for when in _times(row, keys, _like_ends(keys), context.zone, start) if _after(when, start)), None
        )
    return PriceRow(start, end, price, factor)


def _after(when: datetime | None, start: datetime) -> bool:
    return when is not None and when > start


def _start_of(
    row: Mapping[Any, Any], keys: Mapping[str, Any], context: RowContext, last: datetime | None
) -> datetime | None:
    """Return the start of a row: a time, a date with a clock time, or a clock time of the list's day."""
    found = next((when for when in _times(row, keys, _STARTS, context.zone, last) if when is not None), None)
    if found is None:
        found = next((when for when in _times(row, keys, _like_starts(keys), context.zone, last) if when), None)
    if found is not None:
        return found
    dates = (parse_day(row[keys[name]]) for name in (*_DAYS, *_STARTS) if name in keys)
    day = next((day for day in dates if day is not None), None)
    clocks = (parse_clock(row[keys[name]], is_hour=name in _BARE_HOURS) for name in _HOURS if name in keys)
    clock = next((clock for clock in clocks if clock is not None), None)
    if clock is not None and (day or context.day) is not None:
        on = day or context.day
        assert on is not None
        return local_time(on, (clock[0] - context.first_hour, clock[1]), context.zone, last)
    return None if day is None else local_time(day, (0, 0), context.zone, last)


def _end_of(
    row: Mapping[Any, Any], keys: Mapping[str, Any], context: RowContext, last: datetime | None
) -> datetime | None:
    """Return the end of a row: a time, or a clock time of the list's day, whose midnight is the one at its end."""
    names = (*_ENDS, *_like_ends(keys))
    found = next((when for when in _times(row, keys, names, context.zone, last) if when is not None), None)
    if found is not None or context.day is None:
        return found
    clocks = (parse_clock(row[keys[name]], is_hour=True) for name in _ENDS if name in keys)
    clock = next((clock for clock in clocks if clock is not None), None)
    return None if clock is None else local_time(context.day, (24, 0) if clock == (0, 0) else clock, context.zone, last)


def _like_starts(keys: Iterable[str]) -> list[str]:
    """Return the keys that name a time in another way: "readingDate", "slot_time", "hourStart"."""
    found = []
    for key in keys:
        words = key.split("_")
        if words[-1] in _TIME_WORDS and not _OTHER_TIMES & set(words) and key not in _ENDS:
            found.append(key)
    return found


def _like_ends(keys: Iterable[str]) -> list[str]:
    """Return the keys that name an end in another way: "end_datetime", "periodEndTime", "valid_until"."""
    found = []
    for key in keys:
        words = key.split("_")
        others = [word for word in words if word not in _TIME_WORDS and word not in _FILLERS]
        if key not in _ENDS and others and _END_WORDS & {others[0], others[-1]}:
            found.append(key)
    return found


def _times(
    row: Mapping[Any, Any], keys: Mapping[str, Any], names: Sequence[str], zone: tzinfo, after: datetime | None
) -> Iterator[datetime | None]:
    """Yield the values of these keys that are times of day on a date."""
    for name in names:
        if name in keys and parse_day(row[keys[name]]) is None:
            yield parse_time(row[keys[name]], zone, after)


def _sequence(row: Any, zone: tzinfo, last: datetime | None) -> PriceRow | None:
    if not isinstance(row, Sequence) or isinstance(row, (str, bytes)) or not 2 <= len(row) <= 3:
        return None
    start, price = parse_time(row[0], zone, last), number(row[-1])
    if start is None or price is None:
        return None
    return PriceRow(start, parse_time(row[1], zone, start) if len(row) == 3 else None, price)


def usual_step(starts: Sequence[datetime]) -> timedelta:
    """Return the shortest distance of two times; an hour without two."""
    return min(
        (later - earlier for earlier, later in pairwise(starts) if later > earlier),
        default=timedelta(hours=1),
    )
