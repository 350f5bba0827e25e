"""Time windows of the price forms: prices of a tariff, and fees on top of the price sensor."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.helpers.selector import (
    ObjectSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)
import probatio as vol

from ..const import CONF_ADVANCED, CONF_BASE_PRICE, CONF_FEE_WINDOWS, CONF_FEES, CONF_TARIFF_WINDOWS
from ..prices.tariff import DAYS, MONTHS, TariffError, parse as parse_tariff
from .fields import RowsSelector, number

MONEY: Final = number(-1, 100, None, "any")


def _several(options: tuple[str, ...], key: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), multiple=True, mode=SelectSelectorMode.DROPDOWN, translation_key=key
        )
    )


def _windows(key: str) -> RowsSelector:
    """Return a selector for a list of time windows; `key` is the translation key."""
    return RowsSelector(
        ObjectSelectorConfig(
            multiple=True,
            label_field="start",
            description_field="price",
            translation_key=key,
            fields={
                "months": {"selector": _several(MONTHS, "months")},
                "days": {"selector": _several(DAYS, "days")},
                "start": {"required": True, "selector": TimeSelector()},
                "end": {"required": True, "selector": TimeSelector()},
                "price": {"required": True, "selector": MONEY},
            },
        )
    )


TARIFF: Final = vol.Schema(
    {vol.Optional(CONF_BASE_PRICE): MONEY, vol.Optional(CONF_TARIFF_WINDOWS): _windows("tariff_window")}
)
PRICE_ADVANCED: Final = vol.Schema({vol.Optional(CONF_FEE_WINDOWS): _windows("fee_window")})


def tariff_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Validate the time windows and the price outside of them."""
    rows = values.get(CONF_TARIFF_WINDOWS)
    if not rows:
        return {}
    if CONF_BASE_PRICE not in values:
        return {CONF_BASE_PRICE: "base_price_missing"}
    try:
        parse_tariff(values[CONF_BASE_PRICE], rows)
    except TariffError:
        return {CONF_TARIFF_WINDOWS: "tariff_invalid"}
    return {}


def price_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Validate the fees by time. Errors in a section are shown at the whole form."""
    try:
        parse_tariff(values.get(CONF_FEES, 0.0), values.get(CONF_ADVANCED, {}).get(CONF_FEE_WINDOWS, ()))
    except TariffError:
        return {"base": "fee_windows_invalid"}
    return {}
