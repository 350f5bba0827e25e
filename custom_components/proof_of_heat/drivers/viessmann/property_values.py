"""Values of the properties of a feature: in the unit of the table, and without words that mean that there is none.

Old replies have no units; those of the table apply. A unit that is not that of the quantity gives no value: a wrong
number is worse than none.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..values import at, number_at

_NO_WORDS: Final = (
    "",
    "-",
    "--",
    "---",
    "n/a",
    "none",
    "null",
    "undefined",
    "unknown",
    "notconnected",
    "error",
    "init",
)
_CONNECTED: Final = "connected"
_FACTORS: Final[Mapping[str, Mapping[str, float]]] = {
    "°C": {"celsius": 1.0},
    "K": {"kelvin": 1.0, "celsius": 1.0},
    "kWh": {"kilowattHour": 1.0},
    "m³": {"cubicMeter": 1.0},
    "W": {"watt": 1.0, "kilowatt": 1000.0},
    "%": {"percent": 1.0},
    "h": {"hour": 1.0, "hours": 1.0, "minute": 1 / 60, "minutes": 1 / 60, "second": 1 / 3600, "seconds": 1 / 3600},
    "bar": {"bar": 1.0, "millibar": 0.001, "kilopascal": 0.01, "pascal": 0.00001},
    "l/h": {"liter/hour": 1.0, "liter": 1.0, "liter/minute": 60.0, "cubicMeter/hour": 1000.0},
    "rps": {"revolutionsPerSecond": 1.0, "hertz": 1.0, "revolutionsPerMinute": 1 / 60},
}
"""By the unit of the table: the names of units in replies, with their factors."""


def value_in(row: object, prop: str, unit: str | None, divisor: float = 1.0) -> float | None:
    """Return a number in a unit; None without one, or of a sensor that is not connected.

    `divisor`: of a reply without a unit.
    """
    status = at(row, "properties", "status", "value")
    value = number_at(row, "properties", prop, "value")
    if value is None or status not in (None, _CONNECTED):
        return None
    named = at(row, "properties", prop, "unit")
    if not isinstance(named, str) or not named or unit is None:
        factor: float | None = 1 / divisor
    else:
        factor = _FACTORS.get(unit, {}).get(named)
    if factor is None:
        return None
    return value if factor == 1.0 else round(value * factor, 4)


def word_of(value: Any) -> str | None:
    """Return a text; None for one that means that there is no value."""
    return value if isinstance(value, str) and value.strip().casefold() not in _NO_WORDS else None
