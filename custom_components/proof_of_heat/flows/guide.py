"""The first set-up as one dialog: after the heating system its first zone, the price, then a heat source.

The subentry flow of a heat source begins with these steps if it follows a new system. Each step is stored when it is
submitted, so that closing the dialog loses nothing.
"""

from abc import abstractmethod
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry, SubentryFlowResult
from homeassistant.const import ATTR_DEVICE_CLASS, CONF_NAME, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import TextSelector
import probatio as vol

from .._lib.money import UnknownUnitError
from ..const import (
    CONF_EMITTER,
    CONF_OUTDOOR,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_PRICE_UNIT,
    CONF_TEMPERATURE,
    CONF_WEATHER,
    DOMAIN,
    SUBENTRY_ZONE,
)
from ..prices.units import unit_of
from .fields import TEMPERATURE, is_own_control, number, with_currency
from .options import OPTION_FORMS, try_price
from .scan import ScanSteps

GUIDE: Final = "guide"
"""The first step."""
GUIDED: Final = {GUIDE: True}
"""What a flow that follows a new system begins with."""
_COMFORT_C: Final = 21.0
_ECO_C: Final = 18.5
_AWAY_C: Final = 16.0
_OUTDOOR_WORDS: Final = ("outdoor", "outside", "außen", "aussen", "ulko", "улич", "наружн")
_STATION_WORDS: Final = ("weather station", "weather_station", "wetterstation", "sääasema", "saaasema", "метеостанц")
_INDOOR_WORDS: Final = ("indoor", "inside", "innen", "sisä", "sisa", "внутр", "комнат")
_PER_ENERGY: Final = ("/kWh", "/MWh", "/Wh")
_PRICE_FIELDS: Final = (CONF_PRICE_ENTITY, CONF_PRICE_UNIT, "fixed_price")
_ZONE: Final = vol.Schema(
    {
        vol.Optional(CONF_NAME): TextSelector(),
        vol.Optional(CONF_TEMPERATURE): TEMPERATURE,
        vol.Required("comfort", default=_COMFORT_C): number(5, 28, UnitOfTemperature.CELSIUS, 0.5),
    }
)


def suggested_system(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the form of a new system can know: the home's name, its outdoor sensor and its weather."""
    found: dict[str, Any] = {CONF_NAME: hass.config.location_name, CONF_EMITTER: "underfloor"}
    outdoor = [entity_id for entity_id in _thermometers(hass) if _is_outdoor(hass, entity_id)]
    weather = sorted(hass.states.async_entity_ids("weather"))
    if len(outdoor) == 1:
        found[CONF_OUTDOOR] = outdoor[0]
    if weather:
        found[CONF_WEATHER] = weather[0]
    return found


def suggested_zone(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, Any]:
    """Return the only thermometer indoors, if there is just one, and its name."""
    used = entry.data.get(CONF_OUTDOOR)
    indoors = [item for item in _thermometers(hass) if item != used and not _is_outdoor(hass, item)]
    if len(indoors) != 1:
        return {}
    state = hass.states.get(indoors[0])
    return {CONF_TEMPERATURE: indoors[0]} | ({} if state is None else {CONF_NAME: state.name})


def suggested_price(hass: HomeAssistant) -> dict[str, Any]:
    """Return the only sensor with a price of energy, if there is just one."""
    found = []
    for entity_id in _of_others(hass):
        state = hass.states.get(entity_id)
        if state is None or not str(state.attributes.get("unit_of_measurement", "")).endswith(_PER_ENERGY):
            continue
        try:
            unit_of(state, None)
        except UnknownUnitError:
            continue
        found.append(entity_id)
    return {CONF_PRICE_ENTITY: found[0]} if len(found) == 1 else {}


def _of_others(hass: HomeAssistant) -> list[str]:
    """Return the sensors of other integrations: those of this one are setpoints, not room temperatures."""
    registry = er.async_get(hass)
    entries = ((item, registry.async_get(item)) for item in sorted(hass.states.async_entity_ids("sensor")))
    return [item for item, entry in entries if entry is None or entry.platform != DOMAIN]


def _thermometers(hass: HomeAssistant) -> list[str]:
    states = map(hass.states.get, _of_others(hass))
    return [state.entity_id for state in states if state and state.attributes.get(ATTR_DEVICE_CLASS) == "temperature"]


def _is_outdoor(hass: HomeAssistant, entity_id: str) -> bool:
    state = hass.states.get(entity_id)
    text = f"{entity_id} {'' if state is None else state.name}".lower()
    if any(word in text for word in _OUTDOOR_WORDS):
        return True
    return any(word in text for word in _STATION_WORDS) and not any(word in text for word in _INDOOR_WORDS)


class GuideSteps(ScanSteps):
    """Zone and price, before the heat source."""

    @abstractmethod
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Select the type of the heat source."""

    async def async_step_guide(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Enter the first zone; without a sensor it is added later."""
        entry = self._get_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = _zone_problems(self.hass, user_input)
            if not errors:
                _add_zone(self.hass, entry, user_input)
                return await self.async_step_guide_price()
        values = suggested_zone(self.hass, entry) if user_input is None else user_input
        return self.async_show_form(
            step_id=GUIDE,
            data_schema=self.add_suggested_values_to_schema(_ZONE, values),
            errors=errors,
            description_placeholders={"name": entry.title},
        )

    async def async_step_guide_price(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Select the price sensor, or enter a fixed price."""
        entry = self._get_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await try_price(self.hass, user_input)
            if not errors:
                if user_input:
                    price = {**entry.options.get(CONF_PRICE, {}), "fees": 0.0, "tax": 0.0, **user_input}
                    self.hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_PRICE: price})
                return await self.async_step_user()
        # The unit is asked for only if the sensor has none.
        asked = CONF_PRICE_UNIT in errors or CONF_PRICE_UNIT in (user_input or {})
        shown = [name for name in _PRICE_FIELDS if name != CONF_PRICE_UNIT or asked]
        fields = OPTION_FORMS["price"].schema.schema.items()
        schema = with_currency(self.hass, vol.Schema({key: value for key, value in fields if str(key) in shown}))
        values = suggested_price(self.hass) if user_input is None else user_input
        return self.async_show_form(
            step_id="guide_price", data_schema=self.add_suggested_values_to_schema(schema, values), errors=errors
        )


def _zone_problems(hass: HomeAssistant, user_input: dict[str, Any]) -> dict[str, str]:
    if is_own_control(hass, user_input.get(CONF_TEMPERATURE)):
        return {CONF_TEMPERATURE: "own_entity"}
    has_name, has_sensor = bool(str(user_input.get(CONF_NAME, "")).strip()), CONF_TEMPERATURE in user_input
    if has_sensor and not has_name:
        return {CONF_NAME: "name_empty"}
    return {CONF_TEMPERATURE: "sensor_missing"} if has_name and not has_sensor else {}


def _add_zone(hass: HomeAssistant, entry: ConfigEntry, user_input: dict[str, Any]) -> None:
    if CONF_TEMPERATURE not in user_input:
        return
    name, comfort = user_input[CONF_NAME].strip(), user_input["comfort"]
    unique_id = f"{user_input[CONF_TEMPERATURE]}_{name}"
    if any(item.unique_id == unique_id for item in entry.subentries.values()):
        return  # the user went back
    data = {
        CONF_NAME: user_input[CONF_NAME],
        CONF_TEMPERATURE: user_input[CONF_TEMPERATURE],
        "comfort": comfort,
        "eco": min(_ECO_C, comfort),
        "away": min(_AWAY_C, comfort),
    }
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(data=MappingProxyType(data), subentry_type=SUBENTRY_ZONE, title=name, unique_id=unique_id),
    )
