"""The hashprice: mining revenue per PH/s and day, from an entity, an address, or a fixed value."""

from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant

from .._lib.money import UnknownUnitError
from ..engine.snapshot import NAN
from ..inputs.states import known, number_of
from ..system_config import SystemConfig
from .electricity_price import PriceProblem
from .http_price import HttpPrice
from .series import hash_factor


class Hashprice:
    """The hashprice of a heating system. The entity takes precedence over the address and the fixed value."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, config: SystemConfig) -> None:
        self._hass = hass
        self._config = config
        self.problem: PriceProblem | None = None
        """Why the sensor's hashprice is not used."""
        self._http = None if config.hashprice_http is None else HttpPrice(hass, entry, config.hashprice_http)

    def at_present(self, now: datetime) -> float:
        """Return the hashprice; NaN where it is unknown."""
        state = known(self._hass, self._config.hashprice_entity)
        self.problem = None
        if state is not None and (value := number_of(state)) is not None:
            unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
            try:
                return value * hash_factor(unit)
            except UnknownUnitError:
                names = {"entity": state.entity_id, "unit": str(unit)}
                self.problem = PriceProblem("hashprice_unit_unknown", names)
        fetched = None if self._http is None else self._http.value(now)
        if fetched is None:
            fetched = self._config.hashprice
        return NAN if fetched is None else float(fetched)

    def dump(self) -> dict[str, Any] | None:
        """Return the stored form of a fetched price."""
        return None if self._http is None else self._http.dump()

    def load(self, stored: object) -> None:
        """Restore a fetched price."""
        if self._http is not None:
            self._http.load(stored)
