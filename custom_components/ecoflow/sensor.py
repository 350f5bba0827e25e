"""Sensors: values of devices, energy counters and surplus charging."""

from collections.abc import Iterator
from functools import partial
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families.generic import GENERIC_FAMILY
from .api.families.specs import SensorSpec
from .api.surplus_controller import Reason
from .api.units import Quantity
from .const import DOMAIN
from .data import EcoflowConfigEntry
from .entity import EcoflowEntity, SpecEntity, SurplusEntity
from .runtime.device import EcoflowDevice
from .runtime.energy_meter import integrated_keys
from .runtime.store import EcoflowStore

PARALLEL_UPDATES = 0

# Quantity -> device class, state class, display precision.
_CLASSES: Final[dict[Quantity, tuple[SensorDeviceClass | None, SensorStateClass | None, int | None]]] = {
    Quantity.POWER: (SensorDeviceClass.POWER, SensorStateClass.MEASUREMENT, 0),
    Quantity.APPARENT_POWER: (SensorDeviceClass.APPARENT_POWER, SensorStateClass.MEASUREMENT, 0),
    Quantity.REACTIVE_POWER: (SensorDeviceClass.REACTIVE_POWER, SensorStateClass.MEASUREMENT, 0),
    Quantity.ENERGY: (SensorDeviceClass.ENERGY, SensorStateClass.TOTAL_INCREASING, 2),
    Quantity.VOLTAGE: (SensorDeviceClass.VOLTAGE, SensorStateClass.MEASUREMENT, 1),
    Quantity.CURRENT: (SensorDeviceClass.CURRENT, SensorStateClass.MEASUREMENT, 2),
    Quantity.CAPACITY: (None, SensorStateClass.MEASUREMENT, 1),
    Quantity.BATTERY_LEVEL: (SensorDeviceClass.BATTERY, SensorStateClass.MEASUREMENT, 0),
    Quantity.PERCENTAGE: (None, SensorStateClass.MEASUREMENT, 0),
    Quantity.TEMPERATURE: (SensorDeviceClass.TEMPERATURE, SensorStateClass.MEASUREMENT, 1),
    Quantity.DURATION: (SensorDeviceClass.DURATION, SensorStateClass.MEASUREMENT, 0),
    Quantity.FREQUENCY: (SensorDeviceClass.FREQUENCY, SensorStateClass.MEASUREMENT, 1),
    Quantity.ROTATION_SPEED: (None, SensorStateClass.MEASUREMENT, 0),
    Quantity.SIGNAL_STRENGTH: (SensorDeviceClass.SIGNAL_STRENGTH, SensorStateClass.MEASUREMENT, 0),
    Quantity.COUNT: (None, SensorStateClass.MEASUREMENT, 0),
    Quantity.ERROR_CODE: (None, None, None),
    Quantity.STATE: (SensorDeviceClass.ENUM, None, None),
    Quantity.RAW: (None, None, None),
}


def describe(spec: SensorSpec) -> SensorEntityDescription:
    """Return the entity description for a specification."""
    device_class, state_class, precision = _CLASSES[spec.quantity]
    return SensorEntityDescription(
        key=spec.key,
        device_class=device_class,
        state_class=state_class,
        native_unit_of_measurement=spec.unit or None,
        suggested_display_precision=precision,
        options=_options(spec),
        entity_category=EntityCategory.DIAGNOSTIC if spec.diagnostic else None,
        entity_registry_enabled_default=spec.enabled,
    )


def _options(spec: SensorSpec) -> list[str] | None:
    if spec.states is None:
        return None
    return sorted({*spec.states.values(), *spec.options})


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of all devices and of surplus charging."""
    data = entry.runtime_data
    data.devices.async_add_platform(async_add_entities, partial(_sensors, data.store))
    for surplus in data.surplus.values():
        async_add_entities(
            [SurplusStatusSensor(surplus, SURPLUS_STATUS), SurplusPowerSensor(surplus, SURPLUS_POWER)],
            config_subentry_id=surplus.subentry_id,
        )


def _sensors(store: EcoflowStore, device: EcoflowDevice) -> Iterator[SensorEntity]:
    family, values = device.family, device.values
    for spec in family.sensors:
        if spec.exists(values):
            if spec.former_key:
                _adopt_entity(device, spec)
            description = describe(spec)
            yield EnergySensor(device, description, store) if spec.counter else SpecSensor(device, description, spec)
    if family.name != GENERIC_FAMILY and values:
        for key in integrated_keys(family):
            yield EnergySensor(device, _energy_description(key), store)


def _adopt_entity(device: EcoflowDevice, spec: SensorSpec) -> None:
    """Give an entity that an earlier version created its present unique ID, which contains no serial number."""
    registry = er.async_get(device.account.hass)
    prefix = device.unique_id_prefix
    entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{prefix}_{spec.former_key}")
    if entity_id is not None and not registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{prefix}_{spec.key}"):
        registry.async_update_entity(entity_id, new_unique_id=f"{prefix}_{spec.key}")


class SpecSensor(SpecEntity[SensorSpec], SensorEntity):
    """A value that a device reports."""

    def __init__(self, device: EcoflowDevice, description: SensorEntityDescription, spec: SensorSpec) -> None:
        """Create the sensor; the name of a value of an unknown model is made from its wire name."""
        super().__init__(device, description, spec)
        if spec.name:
            self._attr_translation_key = None
            self._attr_name = spec.name

    @property
    @override
    def native_value(self) -> float | int | str | None:
        """The value in its unit, None if it is unknown."""
        value = self.spec.decode(self.values)
        return str(value) if isinstance(value, bool) else value


class EnergySensor(EcoflowEntity, SensorEntity):
    """A stored energy counter: integrated from power, or the device's own one."""

    def __init__(self, device: EcoflowDevice, description: SensorEntityDescription, store: EcoflowStore) -> None:
        """Create the sensor for the counter with the key of the description."""
        super().__init__(device, description)
        self._store = store

    @property
    @override
    def value_names(self) -> tuple[str, ...]:
        return (f"counter:{self.entity_description.key}",)

    @property
    @override
    def native_value(self) -> float | None:
        """The energy in kWh."""
        kwh = self._store.device_counters(self.device.sn).stored.get(self.entity_description.key)
        return None if kwh is None else round(kwh, 4)


def _energy_description(key: str) -> SensorEntityDescription:
    return SensorEntityDescription(
        key=key,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
    )


SURPLUS_STATUS: Final = SensorEntityDescription(
    key="surplus_reason",
    device_class=SensorDeviceClass.ENUM,
    options=[reason.value for reason in Reason],
)
SURPLUS_POWER: Final = SensorEntityDescription(
    key="surplus_target_power",
    device_class=SensorDeviceClass.POWER,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=UnitOfPower.WATT,
    suggested_display_precision=0,
)


class SurplusStatusSensor(SurplusEntity, SensorEntity):
    """The reason for the charge power."""

    @property
    @override
    def native_value(self) -> str:
        """The reason."""
        return self.surplus.decision.reason.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, float | None]:
        """The measurements that the decision is based on."""
        return self.surplus.inputs


class SurplusPowerSensor(SurplusEntity, SensorEntity):
    """The charge power that surplus charging sets; 0 while it is paused."""

    @property
    @override
    def native_value(self) -> float:
        """The power in W."""
        return self.surplus.decision.power_w
