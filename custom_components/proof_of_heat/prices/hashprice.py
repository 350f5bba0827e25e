"""The hashprice: mining revenue per PH/s and day, from an entity, a public source, an address, or a fixed value."""

from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant

from .._lib.money import UnknownUnitError
from ..engine.snapshot import NAN
from ..inputs.states import known, number_of
from ..system_config import SystemConfig
from .http_price import HttpPrice
from .series import hash_unit
from .units import PriceProblem, is_plausible_hashprice


class Hashprice:
    """The hashprice of a heating system: of the entity, else of the source or address, else the fixed value."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, config: SystemConfig) -> None:
        self._hass = hass
        self._config = config
        self.problem: PriceProblem | None = None
        """Why the sensor's hashprice is not used."""
        self.other_currency: PriceProblem | None = None
        """The sensor's hashprice is used, but in another currency than the home's."""
        origin = config.hashprice_source or config.hashprice_http
        self._http = None if origin is None else HttpPrice(hass, entry, origin)

    def at_present(self, now: datetime) -> float:
        """Return the hashprice; NaN where it is unknown."""
        self.problem = self.other_currency = None
        if (shown := self._of_sensor()) is not None:
            return shown
        fetched = None if self._http is None else self._http.value(now)
        if fetched is None:
            fetched = self._config.hashprice
        return NAN if fetched is None else float(fetched)

    def _of_sensor(self) -> float | None:
        """Return the sensor's hashprice; None where it has none that can be used."""
        state = known(self._hass, self._config.hashprice_entity)
        value = number_of(state)
        if state is None or value is None:
            return None
        unit, home = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), self._hass.config.currency
        names = {"entity": state.entity_id}
        try:
            money = hash_unit(unit)
        except UnknownUnitError:
            self.problem = PriceProblem("hashprice_unit_unknown", {**names, "unit": str(unit)})
            return None
        price = value * money.factor
        if not is_plausible_hashprice(price, money.currency or home):
            shown = {"price": f"{price:.4g}", "currency": money.currency or home}
            self.problem = PriceProblem("hashprice_implausible", {**names, **shown})
            return None
        if money.currency not in (None, home):
            found = {"currency": str(money.currency), "home": home}
            self.other_currency = PriceProblem("price_currency_differs", {**names, **found})
        return price

    def dump(self) -> dict[str, Any] | None:
        """Return the stored form of a fetched price."""
        return None if self._http is None else self._http.dump()

    def load(self, stored: object) -> None:
        """Restore a fetched price."""
        if self._http is not None:
            self._http.load(stored)
