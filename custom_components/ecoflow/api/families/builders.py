"""Builders of sensor specifications by what they measure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ..units import Quantity, to_unit
from ..wire_values import Decoded, Values, lookup, number_at, without_minus_zero
from .specs import SensorSpec

_AC_TOLERANCE: Final = 1.1
_AC_TOLERANCE_W: Final = 10.0


def watts(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> SensorSpec:
    """Return a power sensor."""
    return SensorSpec(key=key, source=source, quantity=Quantity.POWER, scale=scale, **more)


def volts(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> SensorSpec:
    """Return a voltage sensor."""
    return SensorSpec(key=key, source=source, quantity=Quantity.VOLTAGE, scale=scale, **more)


def amps(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> SensorSpec:
    """Return a current sensor."""
    return SensorSpec(key=key, source=source, quantity=Quantity.CURRENT, scale=scale, **more)


def ac_current(key: str, source: str, voltage: str, power: str, **more: Any) -> SensorSpec:
    """Return a sensor of an AC current in mA, which is unknown while the power is more than voltage x current.

    The modules of a station report at different times: after a load was switched, the current may be an older one.
    """

    def agrees(values: Values) -> bool:
        numbers = [number_at(values, path) for path in (power, voltage, source)]
        if any(number is None for number in numbers):
            return True
        watts_w, volts_mv, amps_ma = (abs(number or 0.0) for number in numbers)
        return watts_w <= volts_mv * amps_ma * 1e-6 * _AC_TOLERANCE + _AC_TOLERANCE_W

    return amps(key, source, 0.001, applies=agrees, depends_on=(power, voltage), diagnostic=True, **more)


def output_watts(key: str, source: str | tuple[str, ...], **more: Any) -> SensorSpec:
    """Return a sensor of a port's output power. The newer generation reports it as negative while it delivers."""
    return SensorSpec(key=key, source=source, quantity=Quantity.POWER, magnitude=True, **more)


def celsius(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> SensorSpec:
    """Return a temperature sensor."""
    return SensorSpec(key=key, source=source, quantity=Quantity.TEMPERATURE, scale=scale, **more)


def hertz(key: str, source: str | tuple[str, ...], scale: float = 1.0, **more: Any) -> SensorSpec:
    """Return a frequency sensor; 0 means that there is no AC voltage."""
    return SensorSpec(key=key, source=source, quantity=Quantity.FREQUENCY, scale=scale, **more)


def battery_level(key: str, source: str | tuple[str, ...], **more: Any) -> SensorSpec:
    """Return a state-of-charge sensor."""
    return SensorSpec(key=key, source=source, quantity=Quantity.BATTERY_LEVEL, **more)


def percentage(key: str, source: str | tuple[str, ...], **more: Any) -> SensorSpec:
    """Return a percentage sensor that is not a battery level."""
    return SensorSpec(key=key, source=source, quantity=Quantity.PERCENTAGE, **more)


def amp_hours(key: str, source: str | tuple[str, ...], **more: Any) -> SensorSpec:
    """Return a capacity sensor; the wire value is in mAh."""
    return SensorSpec(key=key, source=source, quantity=Quantity.CAPACITY, scale=0.001, **more)


def minutes(key: str, source: str | tuple[str, ...], **more: Any) -> SensorSpec:
    """Return a sensor of a remaining time in minutes."""
    return SensorSpec(key=key, source=source, quantity=Quantity.DURATION, **more)


def energy_counter(key: str, source: str | tuple[str, ...], **more: Any) -> SensorSpec:
    """Return an energy counter of the device; the wire value is in Wh."""
    return SensorSpec(key=key, source=source, quantity=Quantity.ENERGY, scale=0.001, counter=True, **more)


def error_code(key: str, source: str | tuple[str, ...], **more: Any) -> SensorSpec:
    """Return an error code sensor, disabled by default."""
    return SensorSpec(
        key=key, source=source, quantity=Quantity.ERROR_CODE, diagnostic=True, **{"enabled": False, **more}
    )


def count(key: str, source: str | tuple[str, ...], **more: Any) -> SensorSpec:
    """Return a sensor of a count."""
    return SensorSpec(key=key, source=source, quantity=Quantity.COUNT, **more)


def state(key: str, source: str | tuple[str, ...], states: Mapping[int, str], **more: Any) -> SensorSpec:
    """Return a sensor with named states."""
    return SensorSpec(key=key, source=source, quantity=Quantity.STATE, states=states, **more)


def derived_power(key: str, sources: tuple[str, ...], derive: Callable[[Values], Decoded], **more: Any) -> SensorSpec:
    """Return a sensor of a power that is calculated from several values."""
    return SensorSpec(key=key, source=sources, depends_on=sources, quantity=Quantity.POWER, derive=derive, **more)


def total(values: Values, paths: Iterable[str], scale: float = 1.0) -> float | None:
    """Return the sum of powers in W, None if none is reported, or one of them is but is unknown."""
    reported = [wire_value for path in paths if (wire_value := lookup(values, path)) is not None]
    powers_w = [to_unit(wire_value, Quantity.POWER, scale) for wire_value in reported]
    if not powers_w or None in powers_w:
        return None
    return without_minus_zero(round(sum(power_w or 0.0 for power_w in powers_w), 1))


def wire_names(text: str) -> tuple[str, ...]:
    """Return the wire names of a list in text form; a trailing `*` in a name matches the rest of it."""
    return tuple(text.split())
