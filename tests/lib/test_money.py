"""Units of money and of prices."""

import json

from hypothesis import given, strategies as st
import pytest

from lib.money import Money, UnknownUnitError, parse_money, parse_price_unit

from ..paths import CASES

CENTS = ("ct", "c", "Öre", "øre", "p", "snt", "¢", "Cent", "€ct", "EURct", "ct€", "c€", "gr")
WHOLE = ("EUR", "€", "PLN", "kr", "$")


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are absent")
def test_every_unit_of_the_cases() -> None:
    for unit in json.loads((CASES / "heating" / "units.json").read_text()):
        money, energy = unit.split("/")
        expected = (0.01 if money in CENTS else 1.0) * (0.001 if energy == "MWh" else 1.0)
        assert money in CENTS + WHOLE
        assert parse_price_unit(unit).factor == pytest.approx(expected), unit


@pytest.mark.parametrize(
    ("unit", "factor", "currency"),
    [
        ("EUR/kWh", 1, "EUR"),
        ("€/MWh", 0.001, "EUR"),
        ("€ / kWh", 1, "EUR"),
        ("EUR per kWh", 1, "EUR"),
        ("EUR/Wh", 1000, "EUR"),
        ("EUR/GWh", 1e-6, "EUR"),
        ("€/GJ", 0.0036, "EUR"),
        ("öre/kWh", 0.01, None),
        ("cent/kilowattuur", 0.01, None),
        ("O\u0308re/kWh", 0.01, None),
        ("ore/kWh", 0.01, None),
        ("øre/kWh", 0.01, None),
        ("¢", 0.01, None),
        ("ore", 0.01, None),
        ("c€", 0.01, "EUR"),
        ("€c", 0.01, "EUR"),
        ("c€/MWh", 0.00001, "EUR"),
        ("€ cent/kWh", 0.01, "EUR"),
        ("groszy/kWh", 0.01, "PLN"),
        ("groszy/MWh", 0.00001, "PLN"),
        ("EUR ct/kWh", 0.01, "EUR"),
        ("ctEUR/kWh", 0.01, "EUR"),
        ("US¢/kWh", 0.01, "USD"),
        ("$c/kWh", 0.01, None),
        ("GBp/kWh", 0.01, "GBP"),
        ("GBP/kWh", 1, "GBP"),
        ("p/kWh", 0.01, "GBP"),
        ("Rp./kWh", 0.01, "CHF"),
        ("Rp/kWh", 0.01, "CHF"),
        ("kr/kWh", 1, None),
        ("kr./kWh", 1, None),
        ("Kč/kWh", 1, "CZK"),
        ("CZK/MWh", 0.001, "CZK"),
        ("zł/kWh", 1, "PLN"),
        ("kuruş/kWh", 0.01, "TRY"),
        ("коп/кВт·ч", 0.01, None),
        ("копійок/кВт⋅ч", 0.01, "UAH"),
        ("грн/кВтч", 1, "UAH"),
        ("A$/kWh", 1, "AUD"),
        ("SEK/kWh", 1, "SEK"),
        ("mEUR/kWh", 0.001, "EUR"),
        ("EUR€/kWh", 1, "EUR"),
        ("EUR", 1, "EUR"),
        ("ct", 0.01, None),
        ("€/kilowatt-hour", 1, "EUR"),
        ("EUR/100kWh", 0.01, "EUR"),
        ("EUR/MWhr", 0.001, "EUR"),
        ("kr pr. kWh", 1, None),
        ("øre pr kWh", 0.01, None),
        ("øre/kWt", 0.01, None),
        ("€ kWh", 1, "EUR"),
        ("ctkWh", 0.01, None),
        ("EUR/kWh inkl. MwSt", 1, "EUR"),
        ("ct/kWh (brutto)", 0.01, None),
        ("c€/kWh excl. VAT", 0.01, "EUR"),
        ("грн/кВт·год", 1, "UAH"),
        ("TL/kWh", 1, "TRY"),
        ("円/kWh", 1, "JPY"),
        ("R/kWh", 1, "ZAR"),
        ("стотинки/kWh", 0.01, "BGN"),
    ],
)
def test_a_price_unit(unit: str, factor: float, currency: str | None) -> None:
    found = parse_price_unit(unit)
    assert found.factor == pytest.approx(factor)
    assert found.currency == currency


@pytest.mark.parametrize(
    "unit",
    [None, "", " ", "kWh", "EUR/m³", "EUR/kW", "%", "bananas/kWh", "EUR/kWh/d", "XXQ/kWh", "/", "€€c/kWh", "EUR/0kWh"],
)
def test_a_unit_that_is_not_understood_is_an_error(unit: str | None) -> None:
    with pytest.raises(UnknownUnitError) as err:
        parse_price_unit(unit)
    assert err.value.unit == (unit or "").strip()


def test_money_alone() -> None:
    assert parse_money("USD") == Money(1.0, "USD")
    assert parse_money(" Cent ") == Money(0.01)
    with pytest.raises(UnknownUnitError):
        parse_money("TH")


@given(st.text(max_size=12))
def test_any_text_is_a_factor_or_an_error(text: str) -> None:
    try:
        factor = parse_price_unit(text).factor
    except UnknownUnitError:
        return
    assert factor > 0
