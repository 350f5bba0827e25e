"""Temperature sensors that a model does not have: it reports 0 °C for them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from ..units import Quantity
from ..wire_values import Values, as_number
from .specs import EntitySpec, SensorSpec

# A real 0 °C has other temperatures of the device near it.
_NEAR_K: Final = 8.0


def without_absent_temperatures(sensors: Iterable[SensorSpec], always: Iterable[str] = ()) -> tuple[SensorSpec, ...]:
    """Return sensors of which a temperature of exactly 0 °C is absent while the device is far from 0 °C elsewhere.

    `always` are the keys of temperatures that are measured elsewhere than the others, such as those of a cooled zone.
    """
    sensors = tuple(sensors)
    kept = frozenset(always)
    plain = [
        sensor
        for sensor in sensors
        if sensor.quantity is Quantity.TEMPERATURE and sensor.derive is None and sensor.key not in kept
    ]
    return tuple(_checked(sensor, plain) if sensor in plain else sensor for sensor in sensors)


def _checked(sensor: SensorSpec, plain: list[SensorSpec]) -> SensorSpec:
    others = [other for other in plain if other.key != sensor.key]
    return replace(
        sensor,
        present=_presence(sensor, others, sensor.present),
        depends_on=(*sensor.depends_on, *(path for other in others for path in other.sources)),
    )


def _presence(
    sensor: SensorSpec, others: list[SensorSpec], before: Callable[[Values], bool] | None
) -> Callable[[Values], bool]:
    def present(values: Values) -> bool:
        if before is not None and not before(values):
            return False
        if as_number(sensor.wire_value(values)) != 0:
            return True
        found = [abs(number) for other in others if (number := _celsius(other, values))]
        return not found or min(found) <= _NEAR_K

    return present


def _celsius(sensor: SensorSpec, values: Values) -> float | None:
    value = as_number(EntitySpec.wire_value(sensor, values))
    return None if value is None else value * sensor.scale
