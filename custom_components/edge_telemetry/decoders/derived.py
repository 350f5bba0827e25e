"""Values derived from temperature and humidity, and from a tag's battery voltage."""

from math import exp, log
from typing import Final

from .message import Value, is_number

# Magnus formula over water, Sonntag 1990: within 0.5 % between -45 and 60 °C.
_A_HPA: Final = 6.112
_B: Final = 17.62
_C: Final = 243.12
_RANGE_C: Final = (-45.0, 60.0)


def saturation_pressure_hpa(temperature_c: float) -> float:
    """Return the saturation vapor pressure over water."""
    return _A_HPA * exp(_B * temperature_c / (_C + temperature_c))


def dew_point_c(temperature_c: float, humidity_percent: float) -> float:
    """Return the dew point."""
    gamma = log(humidity_percent / 100) + _B * temperature_c / (_C + temperature_c)
    return _C * gamma / (_B - gamma)


def absolute_humidity_g_m3(temperature_c: float, humidity_percent: float) -> float:
    """Return the water in a cubic meter of air in grams (gas law with 461.5 J/(kg K))."""
    vapour_hpa = humidity_percent / 100 * saturation_pressure_hpa(temperature_c)
    return 216.68 * vapour_hpa / (273.15 + temperature_c)


def vapour_pressure_deficit_kpa(temperature_c: float, humidity_percent: float) -> float:
    """Return the difference between the saturation and the actual vapor pressure."""
    return max(0.0, (1 - humidity_percent / 100) * saturation_pressure_hpa(temperature_c) / 10)


def battery_is_low(battery_mv: float, temperature_c: float | None) -> bool:
    """Return whether a RuuviTag's cell is nearly empty; the voltage of a cold cell is lower."""
    if temperature_c is None or temperature_c >= 0:
        return battery_mv < 2500
    return battery_mv < (2300 if temperature_c >= -20 else 2000)


SOURCES: Final = frozenset({"battery_mv", "humidity_percent", "temperature_c"})
DERIVED: Final = frozenset({"absolute_humidity_g_m3", "battery_low", "dew_point_c", "vapour_pressure_deficit_kpa"})


def derive(metrics: dict[str, Value]) -> dict[str, Value]:
    """Return the values derived from a RuuviTag's metrics, as far as these are in the range of the formulas."""
    temperature, humidity = _number(metrics, "temperature_c"), _number(metrics, "humidity_percent")
    derived: dict[str, Value] = {}
    if temperature is not None and humidity is not None:
        if _RANGE_C[0] <= temperature <= _RANGE_C[1] and 0 < humidity <= 100:
            derived["dew_point_c"] = round(dew_point_c(temperature, humidity), 2)
            derived["absolute_humidity_g_m3"] = round(absolute_humidity_g_m3(temperature, humidity), 2)
            derived["vapour_pressure_deficit_kpa"] = round(vapour_pressure_deficit_kpa(temperature, humidity), 3)
        else:
            derived = dict.fromkeys(("dew_point_c", "absolute_humidity_g_m3", "vapour_pressure_deficit_kpa"))
    if (battery := _number(metrics, "battery_mv")) is not None:
        derived["battery_low"] = battery_is_low(battery, temperature)
    return derived


def _number(metrics: dict[str, Value], key: str) -> float | None:
    value = metrics.get(key)
    return value if is_number(value) else None
