"""Price series from the attributes of price sensors.

Known shapes: Nord Pool (`raw_today`/`raw_tomorrow`: start, end, value), ENTSO-e (`prices_today`/`prices_tomorrow` or
`prices`: time, price), Tibber (`today`/`tomorrow`: startsAt, total), Octopus Energy (`rates`: start, end,
value_inc_vat), EPEX Spot (`data`: start_time, end_time, price_per_kwh), and plain lists of numbers for a day (`today`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import pairwise
import math
from typing import Any, Final

from ..drivers.values import number

_LISTS: Final = (
    "raw_today",
    "raw_tomorrow",
    "prices_today",
    "prices_tomorrow",
    "prices",
    "rates",
    "data",
    "today",
    "tomorrow",
    "forecast",
)
_STARTS: Final = ("start", "startsAt", "starts_at", "start_time", "time", "hour", "valid_from", "datetime", "from")
_ENDS: Final = ("end", "endsAt", "ends_at", "end_time", "valid_to", "till")
_VALUES: Final = ("value", "total", "price", "value_inc_vat", "price_per_kwh", "price_ct_per_kwh", "electricity_price")
_MAX_SLOT: Final = timedelta(hours=3)
_UNITS: Final = {"/mwh": 1e-3, "/kwh": 1.0, "/wh": 1e3}
_HASHES: Final = {"gh": 1e6, "th": 1e3, "ph": 1.0, "eh": 1e-3}
_CENTS: Final = ("ct", "cent", "cents", "c", "p", "öre", "øre", "snt", "gr")


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
    tax: float = 0.0
    feed_in: float = 0.0

    def of(self, price: float) -> float:
        """Return the price that the user pays."""
        return (price + self.per_kwh) * (1 + self.tax)


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

    @property
    def end(self) -> datetime | None:
        """The end of the last known price."""
        return self.slots[-1].end if self.slots else None

    def scaled(self, factor: float) -> PriceSeries:
        """Return the series in another unit."""
        return PriceSeries(tuple(replace(slot, price=slot.price * factor) for slot in self.slots))

    def priced(self, factor: float, surcharges: Surcharges) -> PriceSeries:
        """Return the series with the factor of its unit and the surcharges."""
        return PriceSeries(tuple(replace(slot, price=surcharges.of(slot.price * factor)) for slot in self.slots))


def unit_factor(unit: str | None) -> float:
    """Return the factor from a unit to money per kWh: "EUR/MWh" 0.001, "ct/kWh" 0.01; 1 for an unknown unit."""
    text = (unit or "").lower().replace(" ", "")
    money, slash, _ = text.partition("/")
    energy = next((factor for ending, factor in _UNITS.items() if text.endswith(ending)), 1.0)
    return (0.01 if slash and money in _CENTS else 1.0) * energy


def hash_factor(unit: str | None) -> float:
    """Return the factor from a hashprice unit to money per PH/s and day: "USD/TH/d" 1000; 1 for an unknown unit."""
    parts = (unit or "").lower().replace("/s", "").replace(" ", "").split("/")
    return next((factor for name, factor in _HASHES.items() if name in parts[1:]), 1.0)


def from_attributes(attributes: Mapping[str, Any], zone: tzinfo, today: datetime) -> PriceSeries:
    """Return the series in a sensor's attributes; empty where no known attribute is present. `today`: now, aware."""
    slots: dict[datetime, Slot] = {}
    for name in _LISTS:
        rows = attributes.get(name)
        if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
            continue
        day = today.astimezone(zone).date() + timedelta(days=1 if "tomorrow" in name else 0)
        if all(isinstance(row, (int, float)) or row is None for row in rows):
            found = _plain_day(rows, datetime.combine(day, time(), zone))
        else:
            found = from_rows(rows, zone)
        for slot in found.slots:
            slots.setdefault(slot.start, slot)
    return PriceSeries(tuple(_without_overlaps(sorted(slots.values()))))


def joined(parts: Iterable[PriceSeries]) -> PriceSeries:
    """Join several series; where they overlap, the first takes precedence."""
    slots: dict[datetime, Slot] = {}
    for part in parts:
        for slot in part.slots:
            slots.setdefault(slot.start, slot)
    return PriceSeries(tuple(_without_overlaps(sorted(slots.values()))))


def from_rows(rows: Iterable[Any], zone: tzinfo) -> PriceSeries:
    """Return the series of rows with start, optional end, and price."""
    raw: list[tuple[datetime, datetime | None, float]] = []
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        start, price = _time(_pick(row, _STARTS), zone), number(_pick(row, _VALUES))
        if start is not None and price is not None:
            raw.append((start, _time(_pick(row, _ENDS), zone), price))
    raw.sort(key=lambda item: item[0])
    usual = min((b[0] - a[0] for a, b in pairwise(raw) if b[0] > a[0]), default=timedelta(hours=1))
    slots = []
    for index, (start, stated_end, price) in enumerate(raw):
        following = raw[index + 1][0] if index + 1 < len(raw) else None
        end = stated_end if stated_end is not None and stated_end > start else following or start + usual
        slots.append(Slot(start, min(end, start + _MAX_SLOT) if stated_end is None else end, price))
    return PriceSeries(tuple(_without_overlaps(slots)))


def _plain_day(values: Sequence[Any], midnight: datetime) -> PriceSeries:
    """Return a list of numbers for a day of 23, 24 or 25 hours (or quarter-hours), evenly spaced in real time."""
    zone = midnight.tzinfo
    assert zone is not None
    begin = midnight.timestamp()
    end = datetime.combine(midnight.date() + timedelta(days=1), time(), zone).timestamp()
    width = (end - begin) / len(values)
    slots = []
    for index, value in enumerate(values):
        price = number(value)
        if price is not None:
            first = datetime.fromtimestamp(begin + index * width, UTC)
            slots.append(Slot(first, datetime.fromtimestamp(begin + (index + 1) * width, UTC), price))
    return PriceSeries(tuple(slots))


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


def _pick(row: Mapping[Any, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _time(value: Any, zone: tzinfo) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    # Times of one zone compare by local time, which repeats an hour in autumn: use UTC.
    return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)
