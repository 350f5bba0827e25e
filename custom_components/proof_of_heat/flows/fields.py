"""Selectors that several forms share."""

from typing import Any, Final, Literal

from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, split_entity_id, valid_entity_id
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio as vol

from ..const import (
    CONF_BASE_PRICE,
    CONF_CO2_PRICE,
    CONF_FEED_IN_PRICE,
    CONF_FEES,
    CONF_FIXED_PRICE,
    CONF_FUEL_PRICE,
    CONF_HASHPRICE,
    CONF_PRIORITY,
    DOMAIN,
)


def number(low: float, high: float, unit: str | None = None, step: float | Literal["any"] = 1) -> NumberSelector:
    """Return a selector for a number."""
    config = NumberSelectorConfig(min=low, max=high, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


def select(options: list[str] | list[SelectOptionDict], key: str | None = None) -> SelectSelector:
    """Return a selector for one of several options; `key` is their translation key."""
    config = SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
    if key is not None:
        config["translation_key"] = key
    return SelectSelector(config)


class RowsSelector(ObjectSelector):
    """A selector for a list of rows. A row that is not an object is an error of the form, not of the server."""

    def __call__(self, data: Any) -> Any:
        """Validate the rows."""
        if isinstance(data, list) and not all(isinstance(row, dict) for row in data):
            raise vol.Invalid("Value should be a list of dicts")
        return super().__call__(data)


class _TemperatureSelector(EntitySelector):
    """A selector for an entity with a temperature. Home Assistant does not check the domains of a filter."""

    def __call__(self, data: Any) -> str | list[str]:
        """Validate the entity."""
        entity = super().__call__(data)
        if isinstance(entity, str) and valid_entity_id(entity) and split_entity_id(entity)[0] not in _HAS_TEMPERATURE:
            raise vol.Invalid(f"Entity {entity} has no temperature, expected {list(_HAS_TEMPERATURE)}")
        return entity


SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_HAS_TEMPERATURE: Final = ("sensor", "climate", "weather")
TEMPERATURE: Final = _TemperatureSelector(
    EntitySelectorConfig(
        filter=[{"domain": "sensor", "device_class": "temperature"}, {"domain": ["climate", "weather"]}]
    )
)
POWER: Final = EntitySelector(EntitySelectorConfig(domain="sensor", device_class="power"))
POWER_METER: Final = EntitySelector(EntitySelectorConfig(domain="sensor", device_class=["power", "energy"]))
WATTS: Final = number(0, 100_000, UnitOfPower.WATT)
PORT: Final = number(1, 65535)
FUEL_PRICE: Final = number(0, 10, None, "any")
# The unit of prices after the home's currency.
_PER: Final = {
    CONF_BASE_PRICE: "kWh",
    CONF_CO2_PRICE: "kg",
    CONF_FEED_IN_PRICE: "kWh",
    CONF_FEES: "kWh",
    CONF_FIXED_PRICE: "kWh",
    CONF_FUEL_PRICE: "kWh",
    CONF_HASHPRICE: "PH/s/d",
    CONF_PRIORITY: "kWh",
}


def is_own_control(hass: HomeAssistant, entity_id: str | None) -> bool:
    """Return whether this integration controls itself by an entity: it would follow its own commands."""
    entry = None if entity_id is None else er.async_get(hass).async_get(entity_id)
    return entry is not None and entry.platform == DOMAIN and entry.domain not in ("sensor", "binary_sensor")


def with_currency(hass: HomeAssistant, schema: vol.Schema) -> vol.Schema:
    """Return a form with the currency in the unit of its prices."""

    def with_unit(name: str, selector: object) -> object:
        if isinstance(selector, section):
            return section(with_currency(hass, selector.schema), selector.options)
        if name not in _PER or not isinstance(selector, NumberSelector):
            return selector
        config = selector.config.copy()
        config["unit_of_measurement"] = f"{hass.config.currency}/{_PER[name]}"
        return NumberSelector(config)

    return vol.Schema({key: with_unit(str(key), value) for key, value in schema.schema.items()})
