"""Which of Home Assistant's device classes a metric can have, and what follows from one."""

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
from .device import Form

_NUMERIC: Final = frozenset(SensorDeviceClass) - NON_NUMERIC_DEVICE_CLASSES
_BY_FORM: Final = {Form.NUMBER: _NUMERIC, Form.FLAG: frozenset(BinarySensorDeviceClass), Form.TEXT: frozenset()}


def device_classes(form: Form) -> list[str]:
    """The device classes for a form, by name."""
    return sorted(str(found) for found in _BY_FORM[form])


def numeric_class(name: str | None, unit: str | None) -> SensorDeviceClass | None:
    """The device class of a number; None where there is none, or where it does not go with the unit."""
    if name not in _NUMERIC:
        return None
    found = SensorDeviceClass(name)
    return found if unit in units_of(found, {unit}) else None


def units_of(device_class: SensorDeviceClass, otherwise: set[str | None]) -> set[str | None]:
    """The units that a device class allows."""
    if (allowed := DEVICE_CLASS_UNITS.get(device_class)) is None:
        return otherwise
    return {None if unit is None else str(unit) for unit in allowed}


def state_class(kind: Kind, device_class: SensorDeviceClass | None) -> SensorStateClass | None:
    """What the name of a metric says, as far as its device class allows it."""
    by_name = SensorStateClass.TOTAL_INCREASING if kind is Kind.TOTAL else SensorStateClass.MEASUREMENT
    if device_class is None:
        return by_name
    allowed = DEVICE_CLASS_STATE_CLASSES.get(device_class, {by_name})
    order = (by_name, SensorStateClass.TOTAL_INCREASING, *SensorStateClass)
    return next((found for found in order if found in allowed), None)
