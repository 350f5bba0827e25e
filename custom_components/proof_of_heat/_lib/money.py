# Generated from lib/money.py by scripts/build: edit that file, not this one.
"""Currencies, their minor units, and the units of prices.

    unit = parse_price_unit("Öre/kWh")      # PriceUnit(factor=0.01, currency=None)
    price = value * unit.factor             # in whole money per kWh

    parse_money("USD")                      # Money(factor=1.0, currency="USD")

    is_plausible_price(25.3, "EUR")         # False: that are cents

A unit that is not understood raises `UnknownUnitError`: cents that are taken for whole money are wrong by a factor of
100. A currency is None where the unit does not name one ("ct", "kr", "$").
"""

from dataclasses import dataclass
import re
from typing import Final
import unicodedata

from homeassistant.generated.currencies import ACTIVE_CURRENCIES

_WHOLE: Final = {
    "€": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "eur": "EUR",
    "£": "GBP",
    "pound": "GBP",
    "pounds": "GBP",
    "zł": "PLN",
    "zl": "PLN",
    "kč": "CZK",
    "kc": "CZK",
    "ft": "HUF",
    "fr": "CHF",
    "sfr": "CHF",
    "лв": "BGN",
    "₴": "UAH",
    "грн": "UAH",
    "₽": "RUB",
    "руб": "RUB",  # noqa: RUF001 - Cyrillic
    "₺": "TRY",
    "₹": "INR",
    "₪": "ILS",
    "₩": "KRW",
    "r$": "BRL",
    "a$": "AUD",
    "au$": "AUD",
    "c$": "CAD",
    "ca$": "CAD",
    "nz$": "NZD",
    "us$": "USD",
    "dollar": None,
    "dollars": None,
    "$": None,
    "¥": None,
    "kr": None,
    "krona": "SEK",
    "kronor": "SEK",
    "kroner": None,
    "krone": None,
    "lei": None,
    "leu": None,
    "rand": "ZAR",
    "r": "ZAR",
    "tl": "TRY",
    "円": "JPY",
    "元": "CNY",
    "ден": "MKD",
}
_HUNDREDTHS: Final = {
    "c": None,
    "ct": None,
    "cts": None,
    "cent": None,
    "cents": None,
    "¢": None,
    "eurocent": "EUR",
    "eurocents": "EUR",
    "centime": None,
    "centimes": None,
    "centesimi": "EUR",
    "centesimo": "EUR",
    "centimo": "EUR",
    "centimos": "EUR",
    "centavo": None,
    "centavos": None,
    "sentti": "EUR",
    "senttia": "EUR",
    "snt": "EUR",
    "sent": "EUR",
    "senti": "EUR",
    "p": "GBP",
    "pence": "GBP",
    "penny": "GBP",
    "gbx": "GBP",
    "ore": None,
    "øre": None,
    "oere": None,
    "gr": "PLN",
    "grosz": "PLN",
    "grosze": "PLN",
    "groszy": "PLN",
    "haler": "CZK",
    "halere": "CZK",
    "haleru": "CZK",
    "hal": "CZK",
    "filler": "HUF",
    "bani": None,
    "ban": None,
    "stotinki": "BGN",
    "стотинки": "BGN",
    "ст": "BGN",
    "rp": "CHF",
    "rappen": "CHF",
    "kop": None,
    "коп": None,
    "копеек": "RUB",
    "копійок": "UAH",
    "kurus": "TRY",
    "paise": "INR",
    "paisa": "INR",
    "agorot": "ILS",
    "sen": None,
    "santims": "EUR",
    "santimi": "EUR",
}
_THOUSANDTHS: Final = {"m€": "EUR", "meur": "EUR", "mill": None, "mills": None}
_CENT_MARKS: Final = ("cents", "cent", "cts", "ct", "¢", "c")
_SYMBOLS: Final = ("€", "$", "£")
# kWh in one of the unit, written without separators.
_ENERGIES: Final = {
    "wh": 1e-3,
    "kwh": 1.0,
    "mwh": 1e3,
    "gwh": 1e6,
    "mj": 1 / 3.6,
    "gj": 1000 / 3.6,
    "kilowatthour": 1.0,
    "kilowatthours": 1.0,
    "kilowattstunde": 1.0,
    "megawatthour": 1e3,
    "megawatthours": 1e3,
    "kilowattuur": 1.0,
    "megawattuur": 1e3,
    "квтч": 1.0,
    "мвтч": 1e3,
    "квтгод": 1.0,
    "мвтгод": 1e3,
    "kwt": 1.0,
    "kwhr": 1.0,
    "mwhr": 1e3,
    "kwhrs": 1.0,
    "kwst": 1.0,
}
# Rough number of units for a euro, of currencies with more than three: only to distinguish cents from whole money.
_PER_EURO: Final = {
    **dict.fromkeys(("AED", "BYN", "GEL", "ILS", "MYR", "PEN", "PLN", "QAR", "RON", "SAR"), 4.0),
    **dict.fromkeys(("BOB", "BRL", "CNY", "DKK", "GTQ", "HKD", "TTD"), 8.0),
    **dict.fromkeys(("MAD", "NOK", "SEK"), 11.0),
    **dict.fromkeys(("CZK", "MDL", "MXN", "MUR", "NAD", "THB", "TWD", "UYU", "ZAR"), 30.0),
    **dict.fromkeys(("EGP", "HNL", "MKD", "NIO", "PHP", "TRY", "UAH"), 60.0),
    **dict.fromkeys(("ALL", "BDT", "DOP", "DZD", "INR", "ISK", "JMD", "JPY", "KES", "KGS", "NPR", "RSD", "RUB"), 130.0),
    **dict.fromkeys(("AMD", "CRC", "HUF", "KZT", "LKR", "PKR", "XAF", "XOF"), 450.0),
    **dict.fromkeys(("ARS", "CLP", "IQD", "KRW", "NGN", "TZS"), 2000.0),
    **dict.fromkeys(("COP", "MMK", "MNT", "UGX"), 4500.0),
    **dict.fromkeys(("IDR", "KHR", "LAK", "PYG", "UZS"), 20_000.0),
    **dict.fromkeys(("IRR", "LBP", "VND"), 100_000.0),
}
_MAX_PRICE_EUR: Final = 10.0
"""Per kWh: twice the limit of the European power exchanges."""
_MAX_PRICES: Final = {"AUD": 25.0}
"""The same of exchanges with a higher limit."""
_PER: Final = re.compile(r"\s*/\s*|\s+per\s+|\s+pro\s+|\s+pr\.?\s+|_per_|\s*[\u2215\u2044]\s*")
_TAX_NOTE: Final = re.compile(
    r"\s*\(.*\)\s*$|\s+(?:incl?|inkl|excl?|exkl|zzgl|ohne|brutto|netto|inc|with|without|ttc|ht)\b.*$", re.IGNORECASE
)
"""What follows the unit: "ct/kWh (brutto)", "EUR/kWh inkl. MwSt"."""
_JOINED: Final = re.compile(r"(\D+?)\s*([kmg]?wh)", re.IGNORECASE)
"""Money and energy without anything between them: "€ kWh", "ctkWh"."""
_MULTIPLE: Final = re.compile(r"(\d+)\s*(\D+)")


class UnknownUnitError(ValueError):
    """A unit of money or of a price that is not understood.

    Attributes:
        unit: The unit as it was written; empty where there is none.
    """

    def __init__(self, unit: str) -> None:
        super().__init__(f"unknown unit: {unit}" if unit else "the unit is missing")
        self.unit = unit


@dataclass(frozen=True, slots=True)
class Money:
    """A unit of money.

    Attributes:
        factor: Whole money in one of the unit: 0.01 for a cent.
        currency: ISO 4217 code; None where the unit names none.
    """

    factor: float
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class PriceUnit:
    """A unit of a price of energy.

    Attributes:
        factor: From a value in the unit to whole money per kWh: 0.001 for "EUR/MWh".
        currency: ISO 4217 code; None where the unit names none.
    """

    factor: float
    currency: str | None = None


def parse_money(text: str | None) -> Money:
    """Return the money that a unit names.

    Raises:
        UnknownUnitError: It names none that is known.
    """
    written = (text or "").strip()
    if written in ("GBp", "GBX"):
        return Money(0.01, "GBP")
    name = _normalized(written)
    if (whole := name.upper()) in ACTIVE_CURRENCIES:
        return Money(1.0, whole)
    for table, factor in ((_WHOLE, 1.0), (_HUNDREDTHS, 0.01), (_THOUSANDTHS, 0.001)):
        if name in table:
            return Money(factor, table[name])
    if (currency := _cents_of(name)) is not None:
        return Money(0.01, currency or None)
    if (currency := _symbol_of(name)) is not None:
        return Money(1.0, currency)
    raise UnknownUnitError(written)


def parse_price_unit(text: str | None) -> PriceUnit:
    """Return the unit of a price of energy: "EUR/MWh", "ct/kWh", "öre per kWh". Money alone is per kWh.

    Raises:
        UnknownUnitError: Its money or its energy is not known, or there is no unit.
    """
    written = (text or "").strip()
    plain = _TAX_NOTE.sub("", unicodedata.normalize("NFKC", written))
    parts = [part for part in _PER.split(plain) if part]
    if len(parts) == 1 and (match := _JOINED.fullmatch(plain)) is not None:
        parts = [match[1].strip(), match[2]]
    if not 1 <= len(parts) <= 2:
        raise UnknownUnitError(written)
    try:
        money = parse_money(parts[0])
    except UnknownUnitError as err:
        raise UnknownUnitError(written) from err
    energy_kwh = 1.0
    if len(parts) == 2:
        match = _MULTIPLE.fullmatch(parts[1].strip())
        count, unit = (float(match[1]), match[2]) if match is not None else (1.0, parts[1])
        found = _ENERGIES.get(re.sub(r"[\s·.*⋅-]", "", unit).lower())
        if found is None or not count:
            raise UnknownUnitError(written)
        energy_kwh = count * found
    return PriceUnit(money.factor / energy_kwh, money.currency)


def units_per_euro(currency: str) -> float:
    """Return roughly how many units of a currency make a euro, within a factor of two; 1 for most currencies."""
    return _PER_EURO.get(currency, 1.0)


def is_plausible_price(price_kwh: float, currency: str) -> bool:
    """Return whether a kWh can cost this much: 25 EUR cannot, nor can it earn as much."""
    return abs(price_kwh) <= _MAX_PRICES.get(currency, _MAX_PRICE_EUR * units_per_euro(currency))


def _normalized(text: str) -> str:
    """Return lower case without spaces, full stops and accents that are often left out ("öre", "Kč", "kuruş")."""
    text = re.sub(r"[\s._-]", "", unicodedata.normalize("NFKC", text)).lower()
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    # "й" is a letter of its own.
    return plain if plain.isascii() or not any("\u0430" <= char <= "\u044f" for char in text) else text


def _cents_of(name: str) -> str | None:
    """Return the currency of "€ct", "c€", "EURct", "ctEUR", "US¢"; an empty text for "$c"; None for anything else."""
    for mark in _CENT_MARKS:
        for rest in (name.removeprefix(mark), name.removesuffix(mark)):
            if rest == name or not rest:
                continue
            if rest.upper() in ACTIVE_CURRENCIES:
                return rest.upper()
            if rest in _SYMBOLS:
                return _WHOLE[rest] or ""
            if rest in ("us", "au", "ca", "nz"):
                return rest.upper() + "D"
    return None


def _symbol_of(name: str) -> str | None:
    """Return the currency of a code next to its symbol: "€EUR", "USD$"."""
    rest = name.strip("€$£¥")
    return rest.upper() if rest != name and rest.upper() in ACTIVE_CURRENCIES else None
