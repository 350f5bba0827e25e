"""The device classes that a metric can have, and their units and state classes."""

from typing import Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.sensor import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    NON_NUMERIC_DEVICE_CLASSES,
    SensorDeviceClass,
    SensorStateClass,
)

from .decoders import Kind
from .value_types import ValueType

_NUMERIC: Final = frozenset(SensorDeviceClass) - NON_NUMERIC_DEVICE_CLASSES
_BY_TYPE: Final = {
    ValueType.NUMBER: _NUMERIC,
    ValueType.FLAG: frozenset(BinarySensorDeviceClass),
    ValueType.TEXT: frozenset(),
}


def device_classes(value_type: ValueType) -> list[str]:
    """Return the names of the device classes for a value type."""
    return sorted(str(found) for found in _BY_TYPE[value_type])


def numeric_class(name: str | None, unit: str | None) -> SensorDeviceClass | None:
    """Return the device class of a number; None where there is none, or where it does not allow the unit."""
    if name not in _NUMERIC:
        return None
    found = SensorDeviceClass(name)
    return found if unit in units_of(found, {unit}) else None


def units_of(device_class: SensorDeviceClass, otherwise: set[str | None]) -> set[str | None]:
    """Return the units that a device class allows, or `otherwise` where it allows any."""
    if (allowed := DEVICE_CLASS_UNITS.get(device_class)) is None:
        return otherwise
    return {None if unit is None else str(unit) for unit in allowed}


def state_class(kind: Kind, device_class: SensorDeviceClass | None) -> SensorStateClass | None:
    """Return the state class of a metric, as far as its device class allows it."""
    if kind is Kind.PERIOD:
        return None
    by_name = SensorStateClass.TOTAL_INCREASING if kind is Kind.TOTAL else SensorStateClass.MEASUREMENT
    if device_class is None:
        return by_name
    allowed = DEVICE_CLASS_STATE_CLASSES.get(device_class, {by_name})
    order = (by_name, SensorStateClass.TOTAL_INCREASING, *SensorStateClass)
    return next((found for found in order if found in allowed), None)
