"""Numbers from Home Assistant's states, with their age: an old value is never used as a new one."""

from collections.abc import Collection, Iterable, Mapping
import re
from typing import Final
import unicodedata

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter, TemperatureConverter

from ..const import DOMAIN
from ..drivers.value_ranges import ENERGY_KWH, POWER_W, RAW_PLACEHOLDERS, is_inside
from ..drivers.values import number
from ..engine.snapshot import SensorReading
from .report_ages import ReportAges

UNKNOWN_STATES: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN, "", None)
POWER_MAX_AGE_S: Final = 3 * 3600.0
"""A plug or meter that reports only changes is quiet for hours at a steady power; see `power_w`."""
IDLE_W: Final = 1.0
NOISE_W: Final = 30.0
_NO_REQUEST: Final = ("off", "closed", "idle", "fan")
DEAD_AFTER_S: Final = 4 * 3600.0
"""A temperature sensor without a report for this long is dead, also if it rarely reports (engine/staleness.py)."""
SENSOR_C: Final = (-100.0, 200.0)
"""Beyond this, a temperature is the placeholder of a missing sensor. -127 and 85 are named by the engine."""
_DECIMAL_COMMA: Final = re.compile(r"[-+]?(?:\d+,\d{1,2}|0,\d+)")
_ORDINAL: Final = re.compile("[\u00ba\u02da]")
_DEGREES: Final = re.compile(r"°|^(?:deg(?:rees?)?|grad)\b\.?|^deg\.?(?=[cfk]$)")
_LETTERS: Final = str.maketrans({"\u0441": "c", "\u043a": "k", "\u0432": "w", "\u0442": None, "\u0447": "h"})
"""Cyrillic letters of units: one looks like a Latin c, the others are those of kilowatt-hours."""
_UNIT_SEPARATORS: Final = re.compile(r"[\s.\-\u00b7\u22c5\u2219*]")
_TEMPERATURE_UNITS: Final = {
    **dict.fromkeys(("c", "cel", "celsius"), UnitOfTemperature.CELSIUS),
    **dict.fromkeys(("f", "fahrenheit"), UnitOfTemperature.FAHRENHEIT),
    **dict.fromkeys(("k", "kelvin"), UnitOfTemperature.KELVIN),
}
_POWER_UNITS: Final = {
    **dict.fromkeys(("w", "watt", "watts"), UnitOfPower.WATT),
    **dict.fromkeys(("kw", "kilowatt", "kilowatts"), UnitOfPower.KILO_WATT),
}
"""Other spellings. "mw" is none: it may mean milliwatts or megawatts."""
_ENERGY_UNITS: Final = {
    **dict.fromkeys(("wh", "whr", "watthour", "watthours"), UnitOfEnergy.WATT_HOUR),
    **dict.fromkeys(
        ("kwh", "kwhr", "kw\u0433\u043e\u0434", "kilowatthour", "kilowatthours"), UnitOfEnergy.KILO_WATT_HOUR
    ),
    "mj": UnitOfEnergy.MEGA_JOULE,
    "gj": UnitOfEnergy.GIGA_JOULE,
}
_AGES: Final[HassKey[ReportAges]] = HassKey(f"{DOMAIN}_report_ages")


def known(hass: HomeAssistant, entity_id: str | None) -> State | None:
    """Return a state that has a value."""
    state = hass.states.get(entity_id) if entity_id else None
    return None if state is None or state.state in UNKNOWN_STATES else state


def number_of(state: State | None) -> float | None:
    """Return a state's value as a finite number, also with a decimal comma."""
    return None if state is None else _float(state.state)


def age_s(hass: HomeAssistant, state: State) -> float:
    """Return the time since the last report, also of an unchanged value, by a clock that does not jump."""
    return hass.data.setdefault(_AGES, ReportAges()).age_s(state)


def temperature(hass: HomeAssistant, entity_id: str | None) -> SensorReading:
    """Return a temperature in degC: of a sensor, or the current one of a climate or weather entity."""
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
    scale = temperature_unit(hass, unit)
    if scale is None:
        return SensorReading()
    value = TemperatureConverter.convert(value, scale, UnitOfTemperature.CELSIUS)
    return SensorReading(value, age_s(hass, state)) if is_inside(value, SENSOR_C) else SensorReading()


def temperature_unit(hass: HomeAssistant, unit: object) -> str | None:
    """Return the unit of a temperature, however it is written; None for another quantity.

    A sensor without a unit measures in that of Home Assistant.
    """
    if unit is None or not str(unit).strip():
        return hass.config.units.temperature_unit
    plain = unicodedata.normalize("NFKC", _ORDINAL.sub("°", str(unit)))  # "ºC", "℃"
    return _TEMPERATURE_UNITS.get(_DEGREES.sub("", plain.lower().strip().translate(_LETTERS)).strip())


def _float(value: object) -> float | None:
    """Return a finite number; "1,234" is none, because it may be a thousand."""
    if isinstance(value, str):
        value = value.replace("\u2212", "-")
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip()) is not None:
        value = value.replace(",", ".")
    return number(value)


def is_dead(reading: SensorReading) -> bool:
    """Return whether a temperature sensor has no value, or has not reported for hours."""
    return not reading.known or reading.age_s > DEAD_AFTER_S


def power_w(hass: HomeAssistant, entity_id: str | None, max_age_s: float = POWER_MAX_AGE_S) -> float | None:
    """Return the power of a sensor that reported within `max_age_s`; None for another unit (an energy counter).

    An entity that is available and reports no power is idle, however long: nothing changes that it could report.
    """
    reading = power(hass, entity_id)
    is_idle = abs(reading.value) < IDLE_W
    return reading.value if reading.known and (is_idle or reading.age_s <= max_age_s) else None


def drawn_w(hass: HomeAssistant, entity_id: str | None) -> float | None:
    """Return the power that a heat source draws, by its power sensor.

    None for a negative one: it feeds nothing into the grid, so that the clamp is mounted in the opposite direction or
    measures something else. A few watts are noise.
    """
    watts = power_w(hass, entity_id)
    return None if watts is None or watts < -NOISE_W else max(0.0, watts)


def power(hass: HomeAssistant, entity_id: str | None) -> SensorReading:
    """Return the power of a sensor in W with its age; unknown for another unit."""
    state = known(hass, entity_id)
    value = number_of(state)
    if state is None or value is None or value in RAW_PLACEHOLDERS:
        return SensorReading()
    unit = _unit(state, PowerConverter.VALID_UNITS, _POWER_UNITS)
    if unit is not None:
        if unit not in PowerConverter.VALID_UNITS:
            return SensorReading()
        value = PowerConverter.convert(value, unit, UnitOfPower.WATT)
    return SensorReading(value, age_s(hass, state)) if is_inside(value, POWER_W) else SensorReading()


def energy_kwh(hass: HomeAssistant, entity_id: str | None) -> float | None:
    """Return the value of an energy counter."""
    state = known(hass, entity_id)
    value = number_of(state)
    if state is None or value is None or value in RAW_PLACEHOLDERS:
        return None
    unit = _unit(state, EnergyConverter.VALID_UNITS, _ENERGY_UNITS)
    if unit not in EnergyConverter.VALID_UNITS:
        return None
    value = EnergyConverter.convert(value, unit, UnitOfEnergy.KILO_WATT_HOUR)
    return value if is_inside(value, ENERGY_KWH) else None


def _unit(state: State, exact: Collection[str | None], spellings: Mapping[str, str]) -> str | None:
    """Return a unit as Home Assistant writes it; one that is not known is returned as it is."""
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if unit is None or unit in exact:
        return unit
    return spellings.get(_UNIT_SEPARATORS.sub("", str(unit).lower()).translate(_LETTERS), str(unit))


def requests_heat(hass: HomeAssistant, entity_id: str | None) -> bool:
    """Return whether a zone may need heat: not while its thermostat or valve is known to be off, idle or closed."""
    state = known(hass, entity_id)
    if state is None:
        return True
    action = state.attributes.get("hvac_action") if state.domain == "climate" else None
    return state.state not in _NO_REQUEST and action not in _NO_REQUEST


def any_on(hass: HomeAssistant, entity_ids: Iterable[str]) -> bool:
    """Return whether one of the entities is on (an open window)."""
    return any((state := known(hass, entity_id)) is not None and state.state == STATE_ON for entity_id in entity_ids)
