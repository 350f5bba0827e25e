"""Units as devices spell them, and the conversion into the unit of a known metric."""

from functools import lru_cache
import re
from typing import Final, NamedTuple


class Unit(NamedTuple):
    """A unit.

    Attributes:
        name: As Home Assistant writes it.
        quantity: Device class of its sensors; None where several have it.
        dimension: Units of the same dimension can be converted.
        factor: One of it in the base unit of the dimension.
        offset: Added after the multiplication.
    """

    name: str
    quantity: str | None
    dimension: str
    factor: float = 1.0
    offset: float = 0.0


# Each unit with other spellings, in lower case.
_ROWS: Final[tuple[tuple[Unit, tuple[str, ...]], ...]] = (
    (Unit("°C", "temperature", "temperature"), ("c", "degc", "celsius", "deg c", "°c", "℃", "cel", "degrees_c")),
    (Unit("°F", "temperature", "temperature", 5 / 9, -160 / 9), ("f", "degf", "fahrenheit", "deg f", "℉", "degrees_f")),
    (Unit("K", "temperature", "temperature", 1.0, -273.15), ("kelvin",)),
    (Unit("%", None, "ratio"), ("percent", "pct", "percentage", "%rh", "% rh", "rh")),
    (Unit("Pa", "pressure", "pressure", 0.01), ("pascal",)),
    (Unit("hPa", "pressure", "pressure"), ("mbar", "hectopascal")),
    (Unit("kPa", "pressure", "pressure", 10.0), ()),
    (Unit("bar", "pressure", "pressure", 1000.0), ()),
    (Unit("mmHg", "pressure", "pressure", 1.333224), ()),
    (Unit("inHg", "pressure", "pressure", 33.86389), ()),
    (Unit("psi", "pressure", "pressure", 68.94757), ()),
    (Unit("mW", "power", "power", 0.001), ()),
    (Unit("W", "power", "power"), ("watt", "watts")),
    (Unit("kW", "power", "power", 1000.0), ("kilowatt",)),
    (Unit("VA", "apparent_power", "apparent_power"), ()),
    (Unit("kVA", "apparent_power", "apparent_power", 1000.0), ()),
    (Unit("var", "reactive_power", "reactive_power"), ()),
    (Unit("kvar", "reactive_power", "reactive_power", 1000.0), ()),
    (Unit("Wh", "energy", "energy"), ("watthour", "watt-hour")),
    (Unit("kWh", "energy", "energy", 1000.0), ("kw-h", "kw/h")),
    (Unit("MWh", "energy", "energy", 1_000_000.0), ()),
    (Unit("mV", "voltage", "voltage", 0.001), ("millivolt",)),
    (Unit("V", "voltage", "voltage"), ("volt", "volts")),
    (Unit("mA", "current", "current", 0.001), ("milliampere",)),
    (Unit("A", "current", "current"), ("amp", "amps", "ampere")),
    (Unit("Hz", "frequency", "frequency"), ("hertz",)),
    (Unit("lx", "illuminance", "illuminance"), ("lux", "lm/m2")),
    (Unit("klx", None, "illuminance", 1000.0), ("klux",)),
    (Unit("μS/cm", "conductivity", "conductivity"), ("us/cm", "µs/cm")),
    (Unit("mS/cm", "conductivity", "conductivity", 1000.0), ()),
    (Unit("ppm", None, "ppm"), ()),
    (Unit("ppb", None, "ppb"), ()),
    (Unit("μg/m³", None, "concentration"), ("ug/m3", "µg/m³", "µg/m3", "μg/m3", "ug/m³", "mcg/m3")),
    (Unit("mg/m³", None, "concentration", 1000.0), ("mg/m3",)),
    (Unit("g/m³", "absolute_humidity", "absolute_humidity"), ("g/m3",)),
    (Unit("dBm", "signal_strength", "signal"), ()),
    (Unit("dB", None, "level"), ()),
    (Unit("B", "data_size", "data"), ("byte", "bytes")),
    (Unit("kB", "data_size", "data", 1000.0), ()),
    (Unit("KiB", "data_size", "data", 1024.0), ()),
    (Unit("ms", "duration", "duration", 0.001), ("millisecond", "milliseconds", "msec")),
    (Unit("s", "duration", "duration"), ("sec", "second", "seconds")),
    (Unit("min", "duration", "duration", 60.0), ("minute", "minutes")),
    (Unit("h", "duration", "duration", 3600.0), ("hour", "hours", "hr")),
    (Unit("d", "duration", "duration", 86_400.0), ("day", "days")),
    (Unit("mm", "distance", "distance", 0.001), ()),
    (Unit("cm", "distance", "distance", 0.01), ()),
    (Unit("m", "distance", "distance"), ("meter", "metre")),
    (Unit("km", "distance", "distance", 1000.0), ()),
    (Unit("in", "distance", "distance", 0.0254), ("inch", "inches")),
    (Unit("mi", "distance", "distance", 1609.344), ("mile", "miles")),
    (Unit("mm/h", "precipitation_intensity", "rain_rate"), ()),
    (Unit("in/h", "precipitation_intensity", "rain_rate", 25.4), ()),
    (Unit("km/h", "speed", "speed", 1 / 3.6), ("kmh", "kph")),
    (Unit("m/s", "speed", "speed"), ("mps",)),
    (Unit("mph", "speed", "speed", 0.44704), ()),
    (Unit("L", "volume_storage", "volume"), ("liter", "litre", "liters")),
    (Unit("m³", "volume_storage", "volume", 1000.0), ("m3",)),
    (Unit("mL", "volume_storage", "volume", 0.001), ()),
    (Unit("gal", "volume_storage", "volume", 3.785411784), ("gallon", "gallons")),
    (Unit("L/min", "volume_flow_rate", "flow"), ("lpm",)),
    (Unit("m³/h", "volume_flow_rate", "flow", 1000 / 60), ("m3/h",)),
    (Unit("kg", "weight", "weight", 1000.0), ()),
    (Unit("lb", "weight", "weight", 453.59237), ("lbs", "pound", "pounds")),
    (Unit("Ah", None, "charge"), ("amp-hour", "amphours")),
    (Unit("g", "weight", "weight"), ()),
    (Unit("°", None, "angle"), ("deg", "degree", "degrees")),
    (Unit("rpm", None, "rotation"), ("r/min",)),
)

_BY_NAME: Final = {unit.name: unit for unit, _ in _ROWS}
_SPELLINGS: Final = {unit.name.casefold(): unit for unit, _ in _ROWS if unit.name.casefold() not in {"mw", "mwh"}} | {
    spelling: unit for unit, spellings in _ROWS for spelling in spellings
}


_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")
_SIGNS: Final = str.maketrans({"³": "3", "²": "2", "μ": "u", "µ": "u", "°": "deg"})


@lru_cache(maxsize=256)
def endings(unit: str) -> tuple[str, ...]:
    """Return how names end that contain a unit, the longest first: `m3_h` and `m3h` for m³/h."""
    spelled = [unit, *(spelling for row, spellings in _ROWS if row.name == unit for spelling in spellings)]
    slugs = {_NOT_SLUG.sub("_", text.casefold().translate(_SIGNS)).strip("_") for text in spelled}
    return tuple(
        sorted((slugs | {slug.replace("_", "") for slug in slugs}) - {""}, key=lambda slug: (-len(slug), slug))
    )


def find_unit(text: object) -> Unit | None:
    """Return the unit that a device spells so: exactly first, since `mW` is no `MW`; None for an unknown one."""
    if not isinstance(text, str):
        return None
    text = text.strip()
    return _BY_NAME.get(text) or _SPELLINGS.get(text.casefold())


def convert(value: float, unit: Unit, target: str) -> float | None:
    """Return a value in another unit, without the digits that only the conversion adds; None if it has no such."""
    if unit.name == target:
        return value
    to = _BY_NAME.get(target)
    if to is None or to.dimension != unit.dimension:
        return None
    converted = (value * unit.factor + unit.offset - to.offset) / to.factor
    return round(converted, 6)
