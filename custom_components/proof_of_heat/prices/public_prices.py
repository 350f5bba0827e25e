"""Electricity prices of public interfaces that need no key: the address of each, and its reply.

Facts: Octopus Energy's REST documentation (standard unit rates, pence per kWh with VAT, `valid_to` may be null, newest
first, pages of at most 1,500 rows), aWATTar's API description (EUR/MWh, times in ms), Energy-Charts' OpenAPI document
(EUR/MWh, quarters since 2025-10), ESIOS archive 70 (PVPC in EUR/MWh with a decimal comma, hours of Spanish time; 25
rows in autumn), spotovaelektrina.cz (CZK and EUR per MWh by quarter, of today and tomorrow).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp

from ..drivers.values import at, number, number_at, rows_at
from .json_fetch import HttpPriceError, fetch_json
from .row_values import parse_time, price_number
from .rows import usual_step
from .series import PriceSeries, Slot, joined
from .swiss_tariffs import TARIFF_NAME, swiss_address, swiss_slots

_PER_MWH: Final = 1e-3
_PENCE: Final = 0.01
_HOUR: Final = timedelta(hours=1)
_OPEN_END: Final = timedelta(days=2)
_QUARTER: Final = timedelta(minutes=15)
_MAX_HOURS: Final = 25
"""Of a day; a list with more rows has quarters."""
_MADRID: Final = ZoneInfo("Europe/Madrid")
_PRAGUE: Final = ZoneInfo("Europe/Prague")
_TARIFF_CODE: Final = re.compile(r"E-1R-(?P<product>[A-Z0-9-]{3,60})-[A-P]", re.IGNORECASE)
_ZONE_CODE: Final = re.compile(r"[A-Z]{2}(?:[-_0-9A-Za-z]{0,24})")


class PublicPriceError(ValueError):
    """The address answers with something that is not a list of prices."""


@dataclass(frozen=True, slots=True)
class PublicPrices:
    """Where prices are fetched from. `area`: a tariff code or bidding zone, where the source has several."""

    source: str
    area: str = ""


@dataclass(frozen=True, slots=True)
class PublicSource:
    """A source of prices."""

    name: str
    currency: str
    addresses: Callable[[str, date], tuple[str, ...]]
    """The addresses of today and tomorrow; one that has no prices yet does not hide the others."""
    decode: Callable[[Any, str], PriceSeries]
    """Returns the prices of a reply in money per kWh; the text is the currency of the home."""
    area: re.Pattern[str] | None = None
    """What an area looks like; None where the source has one area."""
    currencies: tuple[str, ...] = ()
    """Other currencies that the reply contains, too."""


def currency_of(prices: PublicPrices, home: str) -> str:
    """Return the currency of the prices."""
    source = PUBLIC_SOURCES[prices.source]
    return home if home in source.currencies else source.currency


def needs_area(source: str, area: str) -> bool:
    """Return whether the area is missing or misspelled."""
    pattern = PUBLIC_SOURCES[source].area
    return pattern is not None and pattern.fullmatch(area.strip()) is None


async def fetch_public(session: aiohttp.ClientSession, prices: PublicPrices, today: date, home: str) -> PriceSeries:
    """Return the prices of today and tomorrow; raises a ValueError, aiohttp.ClientError or TimeoutError."""
    source = PUBLIC_SOURCES[prices.source]
    found: list[PriceSeries] = []
    failure: Exception | None = None
    for address in source.addresses(prices.area.strip(), today):
        try:
            found.append(source.decode(await fetch_json(session, address), currency_of(prices, home)))
        except (PublicPriceError, HttpPriceError, aiohttp.ClientError) as err:
            failure = failure or err
    series = joined(found)
    if not series.slots:
        raise failure or PublicPriceError("no prices")
    return series


def _series(slots: Iterable[Slot]) -> PriceSeries:
    """Return the slots in chronological order, without those that begin within another one."""
    ordered: list[Slot] = []
    for slot in sorted(slots):
        if not ordered or slot.start >= ordered[-1].end:
            ordered.append(slot)
    if not ordered:
        raise PublicPriceError("the reply has no prices")
    return PriceSeries(tuple(ordered))


def decode_octopus(reply: Any, _: str = "") -> PriceSeries:
    """Return the unit rates of a tariff, with VAT. A rate without an end is valid for two more days.

    Rates for other ways of payment than direct debit are ignored.
    """
    slots = []
    for row in rows_at(reply, "results"):
        start, price = parse_time(at(row, "valid_from"), UTC), number_at(row, "value_inc_vat")
        if start is None or price is None or at(row, "payment_method") == "NON_DIRECT_DEBIT":
            continue
        end = parse_time(at(row, "valid_to"), UTC)
        if end is None:
            end = max(start, datetime.now(UTC)) + _OPEN_END
        slots.append(Slot(start, end, price * _PENCE))
    return _series(slots)


def decode_awattar(reply: Any, _: str = "") -> PriceSeries:
    """Return the market prices."""
    slots = []
    for row in rows_at(reply, "data"):
        start, end = parse_time(at(row, "start_timestamp"), UTC), parse_time(at(row, "end_timestamp"), UTC)
        price = number_at(row, "marketprice")
        if start is not None and end is not None and price is not None:
            slots.append(Slot(start, end, price * _PER_MWH))
    return _series(slots)


def decode_energy_charts(reply: Any, _: str = "") -> PriceSeries:
    """Return the market prices of a list of times and one of prices, which may be null; what is omitted is unknown."""
    times, prices = rows_at(reply, "unix_seconds"), rows_at(reply, "price")
    starts = [None if (seconds := number(value)) is None else datetime.fromtimestamp(seconds, UTC) for value in times]
    step = min(_HOUR, usual_step(sorted(start for start in starts if start is not None)))
    slots = [
        Slot(start, start + step, price * _PER_MWH)
        for start, value in zip(starts, prices, strict=False)
        if start is not None and (price := number(value)) is not None
    ]
    return _series(slots)


def decode_esios(reply: Any, _: str = "") -> PriceSeries:
    """Return the PVPC of the peninsula. Rows are in order, so that the repeated hour of autumn is the next one."""
    slots = []
    start: datetime | None = None
    rows = rows_at(reply, "PVPC")
    step = _HOUR if len(rows) <= _MAX_HOURS else _QUARTER
    for row in rows:
        if start is None:
            if (day := parse_time(f"{str(at(row, 'Dia')).replace('/', '.')} 00:00", _MADRID)) is None:
                raise PublicPriceError("the reply has no date")
            start = day
        price, _factor = price_number(at(row, "PCB") or at(row, "GEN"))
        if price is not None:
            slots.append(Slot(start, start + step, price * _PER_MWH))
        start += step
    return _series(slots)


def decode_spotova(reply: Any, currency: str, today: date | None = None) -> PriceSeries:
    """Return the Czech market prices of today and tomorrow, by hour and minute of Czech time in order."""
    day = today or datetime.now(_PRAGUE).date()
    key = "priceEur" if currency == "EUR" else "priceCZK"
    slots = []
    for offset, name in enumerate(("hoursToday", "hoursTomorrow")):
        rows = rows_at(reply, name)
        begin = datetime.combine(day + timedelta(days=offset), datetime.min.time(), _PRAGUE).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=offset + 1), datetime.min.time(), _PRAGUE).astimezone(UTC)
        hours = (end - begin) / _HOUR
        if len(rows) not in (hours, 4 * hours):
            continue  # a part of a day does not show which hours it has
        step = _HOUR if len(rows) == hours else _QUARTER
        for index, row in enumerate(rows):
            if (price := number_at(row, key)) is not None:
                slots.append(Slot(begin + index * step, begin + (index + 1) * step, price * _PER_MWH))
    return _series(slots)


def decode_swiss(reply: Any, _: str = "") -> PriceSeries:
    """Return the prices of a Swiss tariff."""
    return _series(swiss_slots(reply))


def _awattar(country: str) -> Callable[[str, date], tuple[str, ...]]:
    def addresses(_: str, today: date) -> tuple[str, ...]:
        begin = _milliseconds(today)
        return (f"https://api.awattar.{country}/v1/marketdata?start={begin}&end={begin + 2 * 86_400_000}",)

    return addresses


def _milliseconds(day: date) -> int:
    berlin = datetime.combine(day, datetime.min.time(), ZoneInfo("Europe/Berlin"))
    return round(berlin.timestamp() * 1000)


def _octopus(area: str, today: date) -> tuple[str, ...]:
    code = area.upper()
    match = _TARIFF_CODE.fullmatch(code)
    product = code if match is None else match["product"]
    period = f"period_from={today - timedelta(days=1)}T00:00Z&period_to={today + timedelta(days=2)}T00:00Z"
    base = f"https://api.octopus.energy/v1/products/{product}/electricity-tariffs/{code}/standard-unit-rates/"
    return (f"{base}?{period}&page_size=500",)


def _energy_charts(area: str, today: date) -> tuple[str, ...]:
    return (f"https://api.energy-charts.info/price?bzn={area}&start={today}&end={today + timedelta(days=1)}",)


def _esios(_: str, today: date) -> tuple[str, ...]:
    base = "https://api.esios.ree.es/archives/70/download_json?locale=es&date="
    return tuple(f"{base}{day}" for day in (today, today + timedelta(days=1)))


def _spotova(_: str, __: date) -> tuple[str, ...]:
    return ("https://spotovaelektrina.cz/api/v1/price/get-prices-json-qh",)


_CKW: Final = swiss_address(
    "https://e-ckw-public-data.de-c1.eu1.cloudhub.io/api/v1/netzinformationen/energie/dynamische-preise"
)
_EKZ: Final = swiss_address("https://api.tariffs.ekz.ch/v1/tariffs", "integrated_")
_GROUPE_E: Final = swiss_address("https://api.tariffs.groupe-e.ch/v2/tariffs")
_PRIMEO: Final = swiss_address("https://tarife.primeo-energie.ch/api/v1/tariffs")
PUBLIC_SOURCES: Final[Mapping[str, PublicSource]] = {
    "awattar_at": PublicSource("aWATTar", "EUR", _awattar("at"), decode_awattar),
    "awattar_de": PublicSource("aWATTar", "EUR", _awattar("de"), decode_awattar),
    "ckw": PublicSource("CKW", "CHF", _CKW, decode_swiss, TARIFF_NAME),
    "ekz": PublicSource("EKZ", "CHF", _EKZ, decode_swiss, TARIFF_NAME),
    "energy_charts": PublicSource("Energy-Charts", "EUR", _energy_charts, decode_energy_charts, _ZONE_CODE),
    "esios": PublicSource("ESIOS", "EUR", _esios, decode_esios),
    "groupe_e": PublicSource("Groupe E", "CHF", _GROUPE_E, decode_swiss),
    "octopus": PublicSource("Octopus Energy", "GBP", _octopus, decode_octopus, _TARIFF_CODE),
    "primeo": PublicSource("Primeo Energie", "CHF", _PRIMEO, decode_swiss, TARIFF_NAME),
    "spotovaelektrina": PublicSource("spotovaelektrina.cz", "CZK", _spotova, decode_spotova, currencies=("EUR",)),
}
