"""What a reading cannot be: values outside of physical limits, and what sensors report while they have no value.

A sensor that does not answer is often reported as the largest or smallest number of its format: 327.67 °C, 255 %,
65535 ppm. Such a reading is unknown, and counted.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import Final

from .metrics import describe

_ABSOLUTE_ZERO_C: Final = -273.15
_TOLERANCE: Final = 0.005
DISCONNECTED_C: Final = -127.0
"""What drivers of DS18B20 sensors report while the sensor does not answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The possible values of a metric.

    Attributes:
        low: The lowest one.
        high: The highest one.
        none: Values in between that mean that there is none.
    """

    low: float = -inf
    high: float = inf
    none: tuple[float, ...] = ()

    def allow(self, value: float) -> bool:
        """Return whether a value is possible."""
        if not self.low <= value <= self.high:
            return False
        return all(abs(value - none) > _TOLERANCE for none in self.none)


_16_BITS: Final = (65534.0, 65535.0, 6553.4, 6553.5)
_TEMPERATURE: Final = Limits(
    _ABSOLUTE_ZERO_C + 0.5, none=(DISCONNECTED_C, 327.67, 655.35, 3276.7, 6553.5, 32767.0, 65535.0)
)
# A wet sensor of humidity shows a little more than 100 %.
_SHARE: Final = Limits(0.0, 110.0)
_AMOUNT: Final = Limits(0.0, none=_16_BITS)

_QUANTITIES: Final[dict[str, Limits]] = {
    "atmospheric_pressure": Limits(1.0, none=_16_BITS),
    "battery": _SHARE,
    "carbon_dioxide": _AMOUNT,
    "humidity": _SHARE,
    "moisture": _SHARE,
    "pm1": _AMOUNT,
    "pm10": _AMOUNT,
    "pm25": _AMOUNT,
    "volatile_organic_compounds_parts": _AMOUNT,
}
_ENDINGS: Final[dict[str, Limits]] = {
    "_concentration_ppm": _AMOUNT,
    "humidity_percent": _SHARE,
    "latitude": Limits(-90.0, 90.0),
    "longitude": Limits(-180.0, 180.0),
    "moisture_percent": _SHARE,
    "position_percent": _SHARE,
    "wind_direction": Limits(0.0, 360.0),
}


@lru_cache(maxsize=4096)
def limits_of(key: str) -> Limits | None:
    """Return the limits of a metric in its own unit; None if it has none."""
    for ending, limits in _ENDINGS.items():
        if key.endswith(ending):
            return limits
    metric = describe(key)
    if metric.unit == "°C":
        return _TEMPERATURE
    return _QUANTITIES.get(metric.quantity or "")


def is_possible(key: str, value: float) -> bool:
    """Return whether a metric can have a value, which is in its own unit."""
    limits = limits_of(key)
    return limits is None or limits.allow(value)
