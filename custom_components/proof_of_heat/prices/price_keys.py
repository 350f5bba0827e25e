"""What the keys of a price row mean: the price of a bought kWh with tax, its unit and its currency.

Providers spell the same few things in many ways; what counts is the meaning of a key's words: a price with tax before
one without, and money per energy ("price_ct_per_kwh", "eurPerMwh").
"""

from collections.abc import Mapping
import re
from typing import Any, Final

from homeassistant.generated.currencies import ACTIVE_CURRENCIES

from .._lib.money import Money, UnknownUnitError, parse_money, parse_price_unit
from .row_values import price_number

SCALED_WHOLE: Final = 1e-7
"""Zonneplan reports whole numbers of a ten millionth of a euro."""
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
    "price_gross",
    "brutto",
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
    | {"cena", "ceny", "hinta", "preco", "precio", "preis", "prezzo", "prijs", "pris", "prix", "rce"}
)
"""RCE is the price of the Polish market."""
_TAX_WORDS: Final = frozenset({"tax", "vat", "incl", "inc", "with", "gross", "brutto"})
_NOT_PAID: Final = frozenset(
    {"excl", "excluded", "exclusive", "exc", "excluding", "without", "net", "netto", "no"}
    | {"feed", "feedin", "in", "sell", "selling", "sold", "export", "production", "return", "injection"}
    | {"level", "rank", "category", "description", "currency", "unit", "score", "group", "count", "index", "percentile"}
)
"""Words of keys that hold no price of a bought kWh with tax."""
_NO_PRICE: Final = len(_VALUES) + 2
_UNITS: Final = ("unit", "unit_of_measurement", "price_unit", "units")
_ENERGY_WORDS: Final = ("kwh", "mwh", "wh", "gwh")
_MINOR_WORDS: Final = frozenset(
    {"ct", "cts", "cent", "cents", "eurocent", "eurocents", "ore", "\u00f6re", "\u00f8re", "pence", "snt", "groszy"}
)
"""Hundredths whose name is no other word of a key."""
_SCALED_FROM: Final = 1000
_SCALED_AMOUNT_FROM: Final = 100_000


def words_of(key: str) -> str:
    """Return a key in snake case: `startsAt`, `Start Time` and `price-per-kWh` differ by spelling only."""
    plain = re.sub(r"(?i)(?<![a-z])([kmg]?wh)(?![a-z])|([kKMG][wW][hH])", lambda m: f"_{m[0].lower()}_", key)
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    return re.sub(r"[\s\-._]+", "_", spaced).lower().strip("_")


def price_of(row: Mapping[Any, Any], currency: str | None = None) -> tuple[float | None, float | None]:
    """Return the price, and its factor to money per kWh where that is known.

    Of several currencies, the price in `currency` is preferred.
    """
    names = {words_of(str(key)): key for key in row}
    for name in sorted(names, key=lambda item: (_rank(item), _is_foreign(item, currency))):
        if _rank(name) >= _NO_PRICE:
            break
        value = row[names[name]]
        if isinstance(value, Mapping):  # {"amount": 2371000, "currency": "EUR"}
            price, factor = price_of(value, currency)
        else:
            price, factor = price_number(value)
        if price is None or isinstance(value, bool):
            continue
        factor = factor or _factor_of_key(name) or _factor_of_row(row, names)
        if factor is None and _is_scaled(price, value, names, name):
            factor = SCALED_WHOLE
        return price, factor
    return None, None


def _rank(name: str) -> int:
    """Return how well a key names the price of a bought kWh: the lower the better."""
    if name in _VALUES:
        return _VALUES.index(name)
    words = name.split("_")
    if _NOT_PAID & set(words) or not (_PRICE_WORDS & set(words) or _factor_of_key(name)):
        return _NO_PRICE
    return len(_VALUES) + (0 if _TAX_WORDS & set(words) else 1)


def _is_foreign(name: str, currency: str | None) -> bool:
    """Return whether a key names another currency."""
    codes = {word.upper() for word in name.split("_")} & ACTIVE_CURRENCIES
    return currency is not None and bool(codes) and currency not in codes


def _is_scaled(price: float, value: Any, names: Mapping[str, Any], name: str) -> bool:
    """Return whether a price is in ten millionths: a whole number that is far too large, in a row of that provider."""
    if isinstance(value, Mapping) or price != int(price):
        return False
    if "tariff_group" in names or "electricity_price_excl_tax" in names:
        return abs(price) >= _SCALED_FROM
    return name == "amount" and abs(price) >= _SCALED_AMOUNT_FROM


def _factor_of_key(name: str) -> float | None:
    """Return the factor that a key's words name: `price_ct_per_kwh` 0.01, `eur_mwh` 0.001, `price_cents` 0.01."""
    words = [word for word in name.split("_") if word != "per"]
    energy = next((word for word in _ENERGY_WORDS if word in words), None)
    if energy is None:
        return 0.01 if _MINOR_WORDS & set(words) else None
    for word in words[: words.index(energy)][::-1]:
        if (money := _money(word)) is not None:
            return money.factor * parse_price_unit(f"EUR/{energy}").factor
    return parse_price_unit(f"EUR/{energy}").factor


def _factor_of_row(row: Mapping[Any, Any], names: Mapping[str, Any]) -> float | None:
    """Return the factor of a unit in the row: `{"price": 80.1, "unit": "EUR/MWh"}`; of money alone only cents."""
    for name in _UNITS:
        text = row.get(names[name]) if name in names else None
        if not isinstance(text, str):
            continue
        if "/" in text or " per " in text:
            try:
                return parse_price_unit(text).factor
            except UnknownUnitError:
                return None
        if (money := _money(text)) is not None and money.factor < 1:
            return money.factor
    return None


def _money(text: str) -> Money | None:
    try:
        return parse_money(text)
    except UnknownUnitError:
        return None
