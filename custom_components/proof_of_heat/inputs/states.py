"""Readings out of Home Assistant's states: numbers with their age, never an old one taken for a new one."""

from collections.abc import Iterable
import math
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_HOME,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter, TemperatureConverter

from ..engine.snapshot import SensorReading

_NONE = (STATE_UNAVAILABLE, STATE_UNKNOWN, "", None)


def known(hass: HomeAssistant, entity_id: str | None) -> State | None:
    """A state that says something."""
    state = hass.states.get(entity_id) if entity_id else None
    return None if state is None or state.state in _NONE else state


def number_of(state: State | None) -> float | None:
    """A finite number."""
    if state is None:
        return None
    try:
        value = float(state.state)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def age_s(state: State) -> float:
    """Since the sensor last reported, also where it reported the same value again."""
    return max(0.0, (dt_util.utcnow() - state.last_reported).total_seconds())


def temperature(hass: HomeAssistant, entity_id: str | None) -> SensorReading:
    """A temperature in degC: of a sensor, or the current one of a climate or weather entity."""
    state = known(hass, entity_id)
    if state is None:
        return SensorReading()
    unit: str | None
    if state.domain in ("climate", "water_heater"):
        value, unit = _float(state.attributes.get("current_temperature")), hass.config.units.temperature_unit
    elif state.domain == "weather":
        value, unit = _float(state.attributes.get("temperature")), state.attributes.get("temperature_unit")
    else:
        value, unit = number_of(state), state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if value is None:
        return SensorReading()
    if unit in (UnitOfTemperature.FAHRENHEIT, UnitOfTemperature.KELVIN):
        value = TemperatureConverter.convert(value, unit, UnitOfTemperature.CELSIUS)
    return SensorReading(value, age_s(state))


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


POWER_STALE_S: Final = 400.0
"""A meter of ours that reads the same is written every five minutes, at the next reading after: that is no silence."""


def power_w(hass: HomeAssistant, entity_id: str | None, max_age_s: float = POWER_STALE_S) -> float | None:
    """Power in W of a sensor that reported within `max_age_s`; None for one of another unit (a counter)."""
    state = known(hass, entity_id)
    value = number_of(state)
    if state is None or value is None or age_s(state) > max_age_s:
        return None
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if unit is None:
        return value
    return PowerConverter.convert(value, unit, UnitOfPower.WATT) if unit in PowerConverter.VALID_UNITS else None


def energy_kwh(hass: HomeAssistant, entity_id: str | None) -> float | None:
    """A counter in kWh."""
    state = known(hass, entity_id)
    value = number_of(state)
    if state is None or value is None:
        return None
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if unit not in EnergyConverter.VALID_UNITS:
        return None
    return EnergyConverter.convert(value, unit, UnitOfEnergy.KILO_WATT_HOUR)


def is_energy(state: State | None) -> bool:
    """Whether an entity is an energy counter."""
    return state is not None and state.attributes.get(ATTR_DEVICE_CLASS) == SensorDeviceClass.ENERGY


def any_on(hass: HomeAssistant, entity_ids: Iterable[str]) -> bool:
    """Whether one of them is on (a window open)."""
    return any((state := known(hass, entity_id)) is not None and state.state == STATE_ON for entity_id in entity_ids)


def all_away(hass: HomeAssistant, entity_ids: Iterable[str], way_zones: Iterable[str] = ()) -> bool:
    """Whether everybody is known to be out; somebody unknown, or in a zone on the way home, counts as home."""
    way = tuple(way_zones)
    states = [hass.states.get(entity_id) for entity_id in entity_ids]
    known_states = [state for state in states if state is not None]
    return bool(known_states) and all(
        state.state not in (STATE_HOME, STATE_ON, *_NONE) and not _in_zone(hass, state, way) for state in known_states
    )


def _in_zone(hass: HomeAssistant, state: State, zones: tuple[str, ...]) -> bool:
    """Whether a person or tracker is in one of the zones: its state is the zone's name, `in_zones` their ids."""
    inside = state.attributes.get("in_zones") or ()
    for entity_id in zones:
        zone = hass.states.get(entity_id)
        if entity_id in inside or (zone is not None and state.state == zone.name):
            return True
    return False
