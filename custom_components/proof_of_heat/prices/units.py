"""The unit of a price sensor, and whether its prices can be meant.

A sensor without a unit is used only when the user has selected the unit of its prices: cents that are taken for whole
money are wrong by a factor of 100.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import State

from .._lib.money import PriceUnit, UnknownUnitError, is_plausible_price, parse_price_unit, units_per_euro

SELECTABLE: Final[Mapping[str, float]] = {"money_kwh": 1.0, "cent_kwh": 0.01, "money_mwh": 0.001}
"""What can be selected for a sensor without a unit, with the factor to whole money per kWh."""
_OCTOPUS: Final = "event.octopus_energy_electricity_"
"""Entities of Octopus Energy that hold the rates of a day: pounds per kWh, without a unit."""
_HASHPRICE_EUR: Final = (1.0, 2000.0)
"""Between these, mining revenue per PH/s and day is plausible; it was about 35 in 2025."""


@dataclass(frozen=True, slots=True)
class PriceProblem:
    """What is wrong with prices: the key of a repair issue and its placeholders."""

    key: str
    placeholders: Mapping[str, str]


def unit_of(state: State, selected: str | None) -> PriceUnit:
    """Return the unit of a price sensor; `selected`: that of a sensor without one.

    Raises:
        UnknownUnitError: The unit is not known, or there is none and none is selected.
    """
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if unit is not None and str(unit).strip():
        return parse_price_unit(str(unit))
    if state.entity_id.startswith(_OCTOPUS):
        return PriceUnit(1.0, "GBP")
    if selected is not None and selected in SELECTABLE:
        return PriceUnit(SELECTABLE[selected])
    raise UnknownUnitError("")


def unit_problem(state: State, err: UnknownUnitError) -> PriceProblem:
    """Return the problem of a unit that is missing or not known."""
    names = {"entity": state.entity_id}
    if not err.unit:
        return PriceProblem("price_unit_missing", names)
    return PriceProblem("price_unit_unknown", {**names, "unit": err.unit})


def currency_problem(state: State, unit: PriceUnit, currency: str) -> PriceProblem | None:
    """Return the problem of prices in another currency than the home's."""
    if unit.currency is None or unit.currency == currency:
        return None
    return PriceProblem(
        "price_currency_differs", {"entity": state.entity_id, "currency": unit.currency, "home": currency}
    )


def value_problem(state: State, price_kwh: float, currency: str) -> PriceProblem | None:
    """Return the problem of a price that cannot be meant."""
    if is_plausible_price(price_kwh, currency):
        return None
    return PriceProblem(
        "price_implausible", {"entity": state.entity_id, "price": f"{price_kwh:.4g}", "currency": currency}
    )


def is_plausible_hashprice(price_ph_day: float, currency: str) -> bool:
    """Return whether this can be the mining revenue per PH/s and day."""
    low, high = _HASHPRICE_EUR
    return low <= price_ph_day / units_per_euro(currency) <= high
