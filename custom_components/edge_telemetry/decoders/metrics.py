"""The table of known metrics, and the meaning of other names by their ending.

docs/telemetry.md shows this table to people who write firmware; a test compares the two. Metrics that only one device
type has are in its module.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
import re
from typing import Final

from .units import endings, find_unit


class Kind(StrEnum):
    """How the values of a metric are to be understood."""

    MEASUREMENT = "measurement"
    TOTAL = "total_increasing"
    PERIOD = "period"
    """An amount of a past period: no statistics."""
    TEXT = "text"
    FLAG = "flag"
    EVENT = "event"
    """What a person did: it has no state, and may happen again."""


@dataclass(frozen=True, slots=True)
class Metric:
    """The meaning of a value.

    Attributes:
        key: Its name.
        quantity: Device class of the sensor (of the binary sensor for flags), or None.
        unit: Unit of the number, as Home Assistant writes it.
        kind: How its values are to be understood.
        decimals: Number of decimals to display; None where that is not known.
        diagnostic: About the device itself rather than about its surroundings.
        enabled: Whether its entity is enabled by default.
        known: Whether it is in the table; otherwise its meaning follows from the ending of its name.
        named: The metric in the table that names it, if its name ends with it.
        part: What it is measured at, from the beginning of its name: a phase, a sensor.
    """

    key: str
    quantity: str | None = None
    unit: str | None = None
    kind: Kind = Kind.MEASUREMENT
    decimals: int | None = None
    diagnostic: bool = False
    enabled: bool = True
    known: bool = True
    named: str | None = None
    part: str = ""


_TOTAL: Final = Kind.TOTAL
_FLAG: Final = Kind.FLAG

METRICS: Final[dict[str, Metric]] = {
    metric.key: metric
    for metric in (
        Metric("altitude_m", "distance", "m", decimals=0),
        Metric("battery_low", "battery", kind=_FLAG, diagnostic=True),
        Metric("battery_mv", "voltage", "mV", decimals=0, diagnostic=True),
        Metric("battery_percent", "battery", "%", decimals=0, diagnostic=True),
        Metric("battery_v", "voltage", "V", decimals=2, diagnostic=True),
        Metric("button_event", "button", kind=Kind.EVENT),
        Metric("charging", "battery_charging", kind=_FLAG),
        Metric("co2_ppm", "carbon_dioxide", "ppm", decimals=0),
        Metric("current_a", "current", "A", decimals=2),
        Metric("current_ma", "current", "mA", decimals=0),
        Metric("dimmer_event", kind=Kind.EVENT),
        Metric("door_open", "door", kind=_FLAG),
        Metric("energy_kwh", "energy", "kWh", _TOTAL, decimals=2),
        Metric("energy_wh", "energy", "Wh", _TOTAL, decimals=0),
        Metric("frequency_hz", "frequency", "Hz", decimals=2),
        Metric("heap_bytes", "data_size", "B", decimals=0, diagnostic=True),
        Metric("humidity_percent", "humidity", "%", decimals=1),
        Metric("illuminance_lux", "illuminance", "lx", decimals=0),
        Metric("latitude", None, "°", decimals=5),
        Metric("longitude", None, "°", decimals=5),
        Metric("moisture_percent", "moisture", "%", decimals=0),
        Metric("motion", "motion", kind=_FLAG),
        Metric("pm10_ug_m3", "pm10", "μg/m³", decimals=1),
        Metric("pm25_ug_m3", "pm25", "μg/m³", decimals=1),
        Metric("power_w", "power", "W", decimals=0),
        Metric("pressure_hpa", "atmospheric_pressure", "hPa", decimals=1),
        Metric("rain_mm", "precipitation", "mm", _TOTAL, decimals=1),
        Metric("rssi", "signal_strength", "dBm", decimals=0, diagnostic=True),
        Metric("snr_db", "signal_strength", "dB", decimals=0, diagnostic=True),
        Metric("soc_percent", "battery", "%", decimals=0),
        Metric("solar_power_w", "power", "W", decimals=0),
        Metric("speed_kmh", "speed", "km/h", decimals=0),
        Metric("temperature_c", "temperature", "°C", decimals=1),
        Metric("uptime_s", "duration", "s", decimals=0, diagnostic=True),
        Metric("voltage_v", "voltage", "V", decimals=2),
        Metric("water_level_percent", None, "%", decimals=0),
        Metric("wind_speed_ms", "wind_speed", "m/s", decimals=1),
    )
}


_NUMERIC: Final = frozenset({Kind.MEASUREMENT, Kind.PERIOD, Kind.TOTAL})
NUMBERS: Final = {key for key, metric in METRICS.items() if metric.kind in _NUMERIC}
"""The known metrics that are numbers."""


def add_metrics(metrics: Iterable[Metric]) -> None:
    """Add the metrics of a device type to the table.

    Raises:
        ValueError: A metric of this name has another meaning.
    """
    for metric in metrics:
        if METRICS.setdefault(metric.key, metric) != metric:
            raise ValueError(f"metric {metric.key} is defined twice")
        if metric.kind in _NUMERIC:
            NUMBERS.add(metric.key)


# Alias -> the metric and the factor to multiply its value by.
ALIASES: Final[dict[str, tuple[str, float]]] = {
    "battery_voltage": ("battery_v", 1.0),
    "co2": ("co2_ppm", 1.0),
    "current": ("current_a", 1.0),
    "energy": ("energy_kwh", 1.0),
    "free_heap": ("heap_bytes", 1.0),
    "heap": ("heap_bytes", 1.0),
    "hum": ("humidity_percent", 1.0),
    "humidity": ("humidity_percent", 1.0),
    "humidity_pct": ("humidity_percent", 1.0),
    "lat": ("latitude", 1.0),
    "lon": ("longitude", 1.0),
    "lux": ("illuminance_lux", 1.0),
    "pm10": ("pm10_ug_m3", 1.0),
    "pm2_5": ("pm25_ug_m3", 1.0),
    "pm25": ("pm25_ug_m3", 1.0),
    "power": ("power_w", 1.0),
    "pressure_pa": ("pressure_hpa", 0.01),
    "rssi_dbm": ("rssi", 1.0),
    "snr": ("snr_db", 1.0),
    "soc": ("soc_percent", 1.0),
    "temp": ("temperature_c", 1.0),
    "temp_c": ("temperature_c", 1.0),
    "temperature": ("temperature_c", 1.0),
    "uptime": ("uptime_s", 1.0),
    "uptime_sec": ("uptime_s", 1.0),
    "uptime_seconds": ("uptime_s", 1.0),
    "voltage": ("voltage_v", 1.0),
}

# Ending of an unknown name -> quantity, unit, kind; the rest of the name must contain one of the words, if any.
_ENDINGS: Final[tuple[tuple[str, str | None, str, Kind, tuple[str, ...]], ...]] = (
    ("_percent", None, "%", Kind.MEASUREMENT, ()),
    ("_pct", None, "%", Kind.MEASUREMENT, ()),
    ("_hpa", "pressure", "hPa", Kind.MEASUREMENT, ()),
    ("_kpa", "pressure", "kPa", Kind.MEASUREMENT, ()),
    ("_bar", "pressure", "bar", Kind.MEASUREMENT, ()),
    ("_mbar", "pressure", "hPa", Kind.MEASUREMENT, ()),
    ("_inhg", "pressure", "inHg", Kind.MEASUREMENT, ()),
    ("_psi", "pressure", "psi", Kind.MEASUREMENT, ()),
    ("_degc", "temperature", "°C", Kind.MEASUREMENT, ()),
    ("_kwh", "energy", "kWh", _TOTAL, ()),
    ("_wh", "energy", "Wh", _TOTAL, ()),
    ("_kw", "power", "kW", Kind.MEASUREMENT, ()),
    ("_mv", "voltage", "mV", Kind.MEASUREMENT, ()),
    ("_ma", "current", "mA", Kind.MEASUREMENT, ()),
    ("_hz", "frequency", "Hz", Kind.MEASUREMENT, ()),
    ("_ppm", None, "ppm", Kind.MEASUREMENT, ()),
    ("_lux", "illuminance", "lx", Kind.MEASUREMENT, ()),
    ("_dbm", "signal_strength", "dBm", Kind.MEASUREMENT, ()),
    ("_rpm", None, "rpm", Kind.MEASUREMENT, ()),
    ("_kmh", "speed", "km/h", Kind.MEASUREMENT, ()),
    ("_kg", "weight", "kg", Kind.MEASUREMENT, ()),
    ("_mph", "speed", "mph", Kind.MEASUREMENT, ()),
    ("_km", "distance", "km", Kind.MEASUREMENT, ()),
    ("_mm", "distance", "mm", Kind.MEASUREMENT, ()),
    ("_cm", "distance", "cm", Kind.MEASUREMENT, ()),
    ("_l_min", "volume_flow_rate", "L/min", Kind.MEASUREMENT, ()),
    ("_w", "power", "W", Kind.MEASUREMENT, ()),
    # One letter may also name a phase or a side: it is a unit only where the rest names the quantity.
    ("_c", "temperature", "°C", Kind.MEASUREMENT, ("temp", "dew_point")),
    ("_f", "temperature", "°F", Kind.MEASUREMENT, ("temp", "dew_point")),
    ("_v", "voltage", "V", Kind.MEASUREMENT, ("volt", "batt", "supply", "solar", "bus")),
    ("_a", "current", "A", Kind.MEASUREMENT, ("current", "amp", "charge", "load")),
    ("_m", "distance", "m", Kind.MEASUREMENT, ("distance", "level", "depth", "height")),
    ("_l", "volume_storage", "L", Kind.MEASUREMENT, ("water", "tank", "fuel", "volume")),
    ("_s", "duration", "s", Kind.MEASUREMENT, ("time", "duration", "age", "interval")),
)

_PHASES_AND_SIDES: Final = frozenset("abcdef")

_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")
MAX_NAME: Final = 64

# Keys of the integration's own entities of a device: metrics with these names get another key.
_OWN: Final = frozenset({"device_clock_offset", "last_command", "last_seen", "online"})
_OWN_PREFIX: Final = "command_"


@lru_cache(maxsize=4096)
def resolve(name: str) -> tuple[str, float] | None:
    """Return the key of a metric and its factor by the name that a device uses; None for an unusable name."""
    slug = _NOT_SLUG.sub("_", name.casefold()).strip("_")
    if not slug or len(slug) > MAX_NAME:
        return None
    if slug in _OWN or slug.startswith(_OWN_PREFIX):
        return f"value_{slug}", 1.0
    return ALIASES.get(slug, (slug, 1.0))


def without_unit(key: str, unit: str | None) -> str:
    """Return the name of a metric without the unit at its end, which is shown after the value: `tank` for `tank_l`."""
    for ending in () if unit is None else endings(unit):
        rest = key.removesuffix(f"_{ending}")
        if rest and rest != key and (len(ending) > 1 or _is_unit(ending, rest)):
            return rest
    return key


def _is_unit(letter: str, rest: str) -> bool:
    """Return whether the last letter of a name is its unit and not a phase or a side."""
    for ending, _, _, _, words in _ENDINGS:
        if ending == f"_{letter}":
            return not words or any(word in rest for word in words)
    return letter not in _PHASES_AND_SIDES


@lru_cache(maxsize=4096)
def describe(key: str, unit: str | None = None) -> Metric:
    """Return the meaning of a metric: from the table, else from the ending of its name, else from its unit."""
    if (known := METRICS.get(key)) is not None:
        return known
    if (named := _named(key)) is not None:
        return named
    for ending, quantity, its_unit, kind, words in _ENDINGS:
        if key.endswith(ending) and (not words or any(word in key.removesuffix(ending) for word in words)):
            return Metric(key, quantity, its_unit, kind, known=False)
    if unit is None:
        return Metric(key, known=False)
    found = find_unit(unit)
    quantity = None if found is None else found.quantity
    return Metric(key, quantity, unit, _TOTAL if quantity == "energy" else Kind.MEASUREMENT, known=False)


def _named(key: str) -> Metric | None:
    """Return the meaning of a name that ends with a known one (`l1_power_w`), or spells it in one word (`powerw`)."""
    begin = -1
    while (begin := key.find("_", begin + 1)) > 0:
        if (known := METRICS.get(key[begin + 1 :])) is not None:
            return replace(known, key=key, known=False, named=known.key, part=key[:begin])
    # Names in camelCase are stored in one word.
    if "_" not in key and (known := METRICS.get(_squashed().get(key, ""))) is not None:
        return replace(known, key=key, known=False, named=known.key)
    return None


@lru_cache(maxsize=1)
def _squashed() -> dict[str, str]:
    """Return the known names in one word; those of one word have a meaning of their own."""
    aliases = {alias: key for alias, (key, factor) in ALIASES.items() if factor == 1.0}
    names = {key: key for key in METRICS} | aliases
    return {name.replace("_", ""): key for name, key in names.items() if "_" in name}
