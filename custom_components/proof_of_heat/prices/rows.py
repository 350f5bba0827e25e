"""One row of a price list: its time, its price, and the unit that its key or the row itself names.

Providers spell the same few things in many ways; what counts here is the meaning of a key's words: a begin, an end, a
price with tax before one without, and money per energy ("price_ct_per_kwh", "eurPerMwh").
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
import math
import re
from typing import Any, Final

from .._lib.money import UnknownUnitError, parse_money, parse_price_unit
from ..drivers.values import number

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
_VALUES: Final = (
    "total",
    "value_inc_vat",
    "price_inc_vat",
    "price_incl_vat",
    "price_with_vat",
    "price_incl_tax",
    "price_including_tax",
    "price_tax_included",
    "price_with_tax",
    "total_price",
    "price_total",
    "value",
    "price",
    "price_per_kwh",
    "per_kwh",
    "electricity_price",
    "energy_price",
    "spot_price",
    "market_price",
    "marketprice",
    "unit_price",
    "amount",
    "rate",
    "cost",
)
_PRICE_WORDS: Final = frozenset(
    {"price", "prices", "value", "total", "rate", "cost", "amount", "marketprice", "tariff"}
)
_NOT_PAID: Final = frozenset(
    {"excl", "excluded", "exclusive", "exc", "excluding", "without", "net"}
    | {"feed", "feedin", "in", "sell", "selling", "sold", "export", "production", "return", "injection"}
    | {"level", "rank", "category", "description", "currency", "unit", "score", "group", "count", "index", "percentile"}
)
"""Words of keys that hold no price of a bought kWh with tax."""
_UNITS: Final = ("unit", "unit_of_measurement", "price_unit", "units")
_ENERGY_WORDS: Final = ("kwh", "mwh", "wh", "gwh")
_SCALED_WHOLE: Final = 1e-7
"""Zonneplan reports whole numbers of a ten millionth of a euro."""
_SCALED_FROM: Final = 100_000
_EPOCH_FROM_S: Final = 1_000_000_000
_EPOCH_FROM_MS: Final = 100_000_000_000


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price from a time on. `factor`: to money per kWh, where the row names its unit; None: that of the sensor."""

    start: datetime
    end: datetime | None
    price: float
    factor: float | None = None


def parse_rows(rows: Iterator[Any] | Sequence[Any], zone: tzinfo) -> list[PriceRow]:
    """Return the valid rows in their order: mappings, or sequences of a start, an optional end and a price."""
    found: list[PriceRow] = []
    last: datetime | None = None
    for row in rows:
        parsed = _mapping(row, zone, last) if isinstance(row, Mapping) else _sequence(row, zone, last)
        if parsed is not None:
            found.append(parsed)
            last = parsed.start
    if any(row.factor == _SCALED_WHOLE for row in found):  # small prices of the same list do not look scaled
        found = [replace(row, factor=_SCALED_WHOLE if row.factor is None else row.factor) for row in found]
    return found


def rows_by_time(values: Mapping[Any, Any], zone: tzinfo) -> list[PriceRow]:
    """Return the rows of a mapping whose keys are times and whose values are prices, or rows without a time."""
    found: list[PriceRow] = []
    last: datetime | None = None
    for key, value in values.items():
        start = parse_time(key, zone, last)
        if start is None:
            continue
        price, factor = number(value), None
        if price is None and isinstance(value, Mapping):
            price, factor = _price_of(value)
        if price is not None:
            found.append(PriceRow(start, None, price, factor))
            last = start
    return found


def parse_time(value: Any, zone: tzinfo, after: datetime | None = None) -> datetime | None:
    """Return a time in UTC: of a datetime, ISO text or POSIX time.

    A local time that the clock repeats is the later one if it follows `after`.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = _from_text(value.strip())
    if isinstance(value, (int, float)):
        return _from_epoch(float(value))
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    # Times of one zone compare by local time, which repeats an hour in autumn: use UTC.
    first = value.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if after is not None and first <= after:
        return max(first, value.replace(tzinfo=zone, fold=1).astimezone(UTC))
    return first


def _from_text(text: str) -> datetime | float | None:
    if text.isdigit() and len(text) >= len(str(_EPOCH_FROM_S)):
        return float(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _from_epoch(value: float) -> datetime | None:
    if not math.isfinite(value) or value < _EPOCH_FROM_S:
        return None
    seconds = value / 1000 if value >= _EPOCH_FROM_MS else value
    return datetime.fromtimestamp(seconds, UTC) if seconds < _EPOCH_FROM_MS else None


def _mapping(row: Mapping[Any, Any], zone: tzinfo, last: datetime | None) -> PriceRow | None:
    keys = {_words(str(key)): key for key in row}
    start = next((when for when in _times(row, keys, _STARTS, zone, last) if when is not None), None)
    price, factor = _price_of(row)
    if start is None or price is None:
        return None
    end = next((when for when in _times(row, keys, _ENDS, zone, start) if when is not None), None)
    return PriceRow(start, end, price, factor)


def _times(
    row: Mapping[Any, Any], keys: Mapping[str, Any], names: Sequence[str], zone: tzinfo, after: datetime | None
) -> Iterator[datetime | None]:
    for name in names:
        if name in keys:
            yield parse_time(row[keys[name]], zone, after)


def _sequence(row: Any, zone: tzinfo, last: datetime | None) -> PriceRow | None:
    if not isinstance(row, Sequence) or isinstance(row, (str, bytes)) or not 2 <= len(row) <= 3:
        return None
    start, price = parse_time(row[0], zone, last), number(row[-1])
    if start is None or price is None:
        return None
    return PriceRow(start, parse_time(row[1], zone, start) if len(row) == 3 else None, price)


def _price_of(row: Mapping[Any, Any]) -> tuple[float | None, float | None]:
    """Return the price, and its factor to money per kWh where that is known."""
    names = {_words(str(key)): key for key in row}
    for name in sorted(names, key=_rank):
        if _rank(name) >= len(_VALUES) + 2:
            break
        value = row[names[name]]
        if isinstance(value, Mapping):  # {"amount": 2371000, "currency": "EUR"}
            price, factor = _price_of(value)
        else:
            price, factor = number(value), None
        if price is None or isinstance(value, bool):
            continue
        factor = factor or _factor_of_key(name) or _factor_of_row(row, names)
        if factor is None and _is_scaled(value, names, name):
            factor = _SCALED_WHOLE
        return price, factor
    return None, None


def _rank(name: str) -> int:
    """Return how well a key names the price of a bought kWh: the lower the better."""
    if name in _VALUES:
        return _VALUES.index(name)
    words = name.split("_")
    if _NOT_PAID & set(words) or not (_PRICE_WORDS & set(words) or _factor_of_key(name)):
        return len(_VALUES) + 2
    return len(_VALUES) + (0 if {"tax", "vat", "incl", "inc", "with"} & set(words) else 1)


def _is_scaled(value: Any, names: Mapping[str, Any], name: str) -> bool:
    """Return whether a price is in ten millionths: a whole number that is far too large, in a row of that provider."""
    if isinstance(value, Mapping):
        return False
    is_whole = number(value) is not None and float(value) == int(float(value)) and abs(float(value)) >= _SCALED_FROM
    return is_whole and (name == "amount" or "tariff_group" in names or "electricity_price_excl_tax" in names)


def _factor_of_key(name: str) -> float | None:
    """Return the factor that a key's words name: `price_ct_per_kwh` 0.01, `eur_mwh` 0.001."""
    words = [word for word in name.split("_") if word != "per"]
    energy = next((word for word in _ENERGY_WORDS if word in words), None)
    if energy is None:
        return None
    for word in words[: words.index(energy)][::-1]:
        try:
            money = parse_money(word)
        except UnknownUnitError:
            continue
        return money.factor * parse_price_unit(f"EUR/{energy}").factor
    return parse_price_unit(f"EUR/{energy}").factor


def _factor_of_row(row: Mapping[Any, Any], names: Mapping[str, Any]) -> float | None:
    """Return the factor of a unit in the row: `{"price": 80.1, "unit": "EUR/MWh"}`."""
    for name in _UNITS:
        text = row.get(names[name]) if name in names else None
        if isinstance(text, str) and ("/" in text or " per " in text):
            try:
                return parse_price_unit(text).factor
            except UnknownUnitError:
                return None
    return None


def _words(key: str) -> str:
    """Return a key in snake case: `startsAt`, `Start Time` and `price-per-kWh` differ by spelling only."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.replace("kWh", "kwh").replace("MWh", "mwh"))
    return re.sub(r"[\s\-.]+", "_", spaced).lower().strip("_")


def usual_step(starts: Sequence[datetime]) -> timedelta:
    """Return the shortest distance of two times; an hour without two."""
    return min(
        (later - earlier for earlier, later in pairwise(starts) if later > earlier),
        default=timedelta(hours=1),
    )
