"""The advanced sections of the forms: of heat sources, by their type, and of zones."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from homeassistant.const import UnitOfTemperature, UnitOfTime
from homeassistant.data_entry_flow import section
import probatio as vol

from ..const import (
    CONF_ADVANCED,
    CONF_AREA,
    CONF_COP,
    CONF_FLOW_LIMIT,
    CONF_FUEL_EFFICIENCY,
    CONF_HEAT_SHARE,
    CONF_MAX_STARTS,
    CONF_MIN_LEVEL,
    CONF_MIN_OFF,
    CONF_MIN_ON,
    CONF_PHASE,
    CONF_PRIORITY,
    CONF_RAMP,
    MAX_FLOW_RANGE_C,
)
from .fields import number, select

PHASES: Final = ("l1", "l2", "l3")
_MINUTES: Final = number(0, 240, UnitOfTime.MINUTES)
_FIELDS: Final[dict[str, Any]] = {
    CONF_FUEL_EFFICIENCY: number(30, 115, "%", "any"),
    CONF_HEAT_SHARE: number(0, 100, "%", "any"),
    CONF_COP: number(1, 8, None, "any"),
    CONF_MIN_LEVEL: number(5, 100, "%"),
    CONF_FLOW_LIMIT: number(*MAX_FLOW_RANGE_C, UnitOfTemperature.CELSIUS),
    CONF_PRIORITY: number(-1, 1, None, "any"),
    CONF_MIN_ON: _MINUTES,
    CONF_MIN_OFF: _MINUTES,
    CONF_MAX_STARTS: number(1, 20),
    CONF_RAMP: number(10, 100_000, "W/min"),
    CONF_PHASE: select(list(PHASES), "phase"),
}
_ALWAYS: Final = (CONF_PRIORITY, CONF_MIN_ON, CONF_MIN_OFF, CONF_MAX_STARTS, CONF_RAMP, CONF_PHASE)
_OF_MINERS: Final = frozenset({CONF_HEAT_SHARE, *_ALWAYS})
_OF_HEAT_PUMPS: Final = frozenset({CONF_FUEL_EFFICIENCY, CONF_COP, CONF_MIN_LEVEL, CONF_FLOW_LIMIT, *_ALWAYS})
_BY_TYPE: Final[dict[str, frozenset[str]]] = {
    "miner": _OF_MINERS,
    "nicehash": _OF_MINERS,
    "hiveos": _OF_MINERS,
    "viessmann": _OF_HEAT_PUMPS,
    "vicare": _OF_HEAT_PUMPS,
    "ebusd": _OF_HEAT_PUMPS,
}
ZONE_ADVANCED: Final = vol.Schema({vol.Optional(CONF_AREA): number(1, 2000, "m²", "any")})


def fields_of(source_type: str) -> tuple[str, ...]:
    """Return the advanced fields of a type of heat source; those of a type that may be anything are all."""
    shown = _BY_TYPE.get(source_type, frozenset(_FIELDS))
    return tuple(name for name in _FIELDS if name in shown)


def source_advanced(source_type: str) -> vol.Schema:
    """Return the advanced fields of the form of a heat source."""
    return vol.Schema({vol.Optional(name): _FIELDS[name] for name in fields_of(source_type)})


def with_section(schema: vol.Schema, advanced: vol.Schema, moved: Collection[str] = ()) -> vol.Schema:
    """Return a form with a collapsed section of advanced fields at its end, into which some of its fields are moved."""
    fields = {key: value for key, value in schema.schema.items() if str(key) not in moved}
    inside = {key: value for key, value in schema.schema.items() if str(key) in moved}
    shown = vol.Schema({**inside, **advanced.schema})
    return vol.Schema({**fields, vol.Optional(CONF_ADVANCED): section(shown, {"collapsed": True})})


def with_moved(data: Mapping[str, Any], moved: Collection[str]) -> dict[str, Any]:
    """Return stored data with the values of the moved fields in the section."""
    inside = {key: data[key] for key in moved if key in data}
    return {**data, CONF_ADVANCED: {**(data.get(CONF_ADVANCED) or {}), **inside}}


def without_moved(entered: Mapping[str, Any], moved: Collection[str]) -> dict[str, Any]:
    """Return what was entered with the values of the moved fields where they are stored."""
    section_values = entered.get(CONF_ADVANCED) or {}
    inside = {key: value for key, value in section_values.items() if key in moved}
    rest = {key: value for key, value in section_values.items() if key not in moved}
    return {**entered, **inside, CONF_ADVANCED: rest}


def without_empty(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's data without an advanced section in which nothing was entered."""
    return {key: value for key, value in data.items() if key != CONF_ADVANCED or value}
