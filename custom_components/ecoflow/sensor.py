"""Sensors: what devices report, energy made from it, and what surplus charging is up to."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families import GENERIC_NAME, Reading
from .api.quantities import Quantity
from .api.surplus import Reason
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator, Station
from .energy import integrated_keys
from .entity import EcoflowEntity, PointEntity
from .surplus import SurplusEntity

PARALLEL_UPDATES = 0

# Quantity -> device class, state class, digits shown.
_SHOWN: Final[dict[Quantity, tuple[SensorDeviceClass | None, SensorStateClass | None, int | None]]] = {
    Quantity.POWER: (SensorDeviceClass.POWER, SensorStateClass.MEASUREMENT, 0),
    Quantity.ENERGY: (SensorDeviceClass.ENERGY, SensorStateClass.TOTAL_INCREASING, 2),
    Quantity.VOLTAGE: (SensorDeviceClass.VOLTAGE, SensorStateClass.MEASUREMENT, 1),
    Quantity.CURRENT: (SensorDeviceClass.CURRENT, SensorStateClass.MEASUREMENT, 2),
    Quantity.CHARGE: (None, SensorStateClass.MEASUREMENT, 1),
    Quantity.LEVEL: (SensorDeviceClass.BATTERY, SensorStateClass.MEASUREMENT, 0),
    Quantity.SHARE: (None, SensorStateClass.MEASUREMENT, 0),
    Quantity.TEMPERATURE: (SensorDeviceClass.TEMPERATURE, SensorStateClass.MEASUREMENT, 1),
    Quantity.DURATION: (SensorDeviceClass.DURATION, SensorStateClass.MEASUREMENT, 0),
    Quantity.FREQUENCY: (SensorDeviceClass.FREQUENCY, SensorStateClass.MEASUREMENT, 1),
    Quantity.SPEED: (None, SensorStateClass.MEASUREMENT, 0),
    Quantity.SIGNAL: (SensorDeviceClass.SIGNAL_STRENGTH, SensorStateClass.MEASUREMENT, 0),
    Quantity.COUNT: (None, SensorStateClass.MEASUREMENT, 0),
    Quantity.CODE: (None, None, None),
    Quantity.STATE: (SensorDeviceClass.ENUM, None, None),
    Quantity.RAW: (None, None, None),
}


@dataclass(frozen=True, kw_only=True)
class ReadingDescription(SensorEntityDescription):
    """A sensor for a reading of a family."""

    reading: Reading


def describe(reading: Reading) -> ReadingDescription:
    """Return the sensor that shows a reading."""
    device_class, state_class, digits = _SHOWN[reading.quantity]
    return ReadingDescription(
        key=reading.key,
        reading=reading,
        device_class=device_class,
        state_class=state_class,
        native_unit_of_measurement=reading.unit or None,
        suggested_display_precision=digits,
        options=sorted(set(reading.states.values())) if reading.states is not None else None,
        entity_category=EntityCategory.DIAGNOSTIC if reading.diagnostic else None,
        entity_registry_enabled_default=reading.enabled,
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of all devices, now and later, and those of surplus charging."""
    coordinator = entry.runtime_data
    coordinator.async_add_platform(async_add_entities, partial(_build, coordinator))
    for surplus in coordinator.surplus.values():
        async_add_entities(
            [SurplusReason(surplus, REASON), SurplusPower(surplus, TARGET)],
            config_subentry_id=surplus.subentry_id,
        )


def _build(coordinator: EcoflowCoordinator, station: Station) -> Iterator[SensorEntity]:
    family, values = coordinator.family(station.sn), coordinator.values(station.sn)
    for reading in family.readings:
        if reading.exists(values):
            kind = CounterSensor if reading.counter else ReadingSensor
            yield kind(coordinator, station, describe(reading), reading)
    if family.name != GENERIC_NAME and values:
        for key in integrated_keys(family):
            yield EnergySensor(coordinator, station, _energy(key))


class ReadingSensor(PointEntity[Reading], SensorEntity):
    """What a device reports."""

    def __init__(
        self, coordinator: EcoflowCoordinator, station: Station, description: ReadingDescription, reading: Reading
    ) -> None:
        """A reading of a device; one of an unknown product has its wire name for a name."""
        super().__init__(coordinator, station, description, reading)
        if reading.quantity is Quantity.RAW:
            self._attr_translation_key = None
            self._attr_name = reading.sources[0]

    @property
    @override
    def native_value(self) -> float | int | str | None:
        """The value in its unit, None for one that is unknown."""
        value = self.point.decode(self.values)
        return str(value) if isinstance(value, bool) else value


class StoredEnergySensor(EcoflowEntity, SensorEntity):
    """A counter as it is on disk. It is known without the device, but ages with it."""

    @property
    def counter_key(self) -> str:
        """The counter's key in the store."""
        return self.entity_description.key

    @property
    @override
    def followed(self) -> tuple[str, ...]:
        return (f"counter:{self.counter_key}",)

    @property
    @override
    def native_value(self) -> float | None:
        """Energy in kWh."""
        kwh = self.coordinator.store.of(self.station.sn).shown.get(self.counter_key)
        return None if kwh is None else round(kwh, 4)


class EnergySensor(StoredEnergySensor):
    """Energy made from power."""


class CounterSensor(StoredEnergySensor):
    """A device's own counter, kept from jumping back."""

    def __init__(
        self, coordinator: EcoflowCoordinator, station: Station, description: ReadingDescription, _reading: Reading
    ) -> None:
        """A counter of a device."""
        super().__init__(coordinator, station, description)


def _energy(key: str) -> SensorEntityDescription:
    return SensorEntityDescription(
        key=key,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
    )


REASON: Final = SensorEntityDescription(
    key="surplus_reason",
    device_class=SensorDeviceClass.ENUM,
    options=[reason.value for reason in Reason],
)
TARGET: Final = SensorEntityDescription(
    key="surplus_target_power",
    device_class=SensorDeviceClass.POWER,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=UnitOfPower.WATT,
    suggested_display_precision=0,
)


class SurplusReason(SurplusEntity, SensorEntity):
    """Why surplus charging does what it does."""

    @property
    @override
    def native_value(self) -> str:
        """The reason."""
        return self.surplus.decision.reason.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, float | None]:
        """What the decision was made of."""
        return self.surplus.inputs


class SurplusPower(SurplusEntity, SensorEntity):
    """What surplus charging wants the charge power to be; 0 is paused."""

    @property
    @override
    def native_value(self) -> float:
        """Power in W."""
        return self.surplus.decision.power_w
