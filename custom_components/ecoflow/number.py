"""Numbers: charge power, limits, set points."""

from collections.abc import Iterator
from functools import partial
from typing import Final, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families import Setting
from .api.quantities import Quantity
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator, Station
from .entity import ControlEntity, told_errors

PARALLEL_UPDATES = 0

_CLASSES: Final = {
    Quantity.POWER: NumberDeviceClass.POWER,
    Quantity.TEMPERATURE: NumberDeviceClass.TEMPERATURE,
}


def describe(setting: Setting) -> NumberEntityDescription:
    """Return the number for a setting."""
    device_class = _CLASSES.get(setting.quantity)
    return NumberEntityDescription(
        key=setting.key,
        device_class=device_class,
        native_unit_of_measurement=setting.unit or None,
        native_min_value=setting.low,
        native_max_value=setting.high,
        native_step=setting.step,
        mode=NumberMode.BOX if setting.quantity is Quantity.POWER else NumberMode.SLIDER,
        entity_category=None if device_class is not None else EntityCategory.CONFIG,
        entity_registry_enabled_default=setting.enabled,
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers of all devices, now and later."""
    coordinator = entry.runtime_data
    coordinator.async_add_platform(async_add_entities, partial(_build, coordinator))


def _build(coordinator: EcoflowCoordinator, station: Station) -> Iterator[NumberEntity]:
    values = coordinator.values(station.sn)
    for setting in coordinator.family(station.sn).settings:
        if setting.exists(values):
            yield SettingNumber(coordinator, station, describe(setting), setting)


class SettingNumber(ControlEntity[Setting], NumberEntity):
    """A setting of a device."""

    @property
    @override
    def native_value(self) -> float | None:
        """What the device confirmed."""
        return self.point.decode(self.values)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set it."""
        async with told_errors(self.hass, self.coordinator.config_entry):
            command = self.point.write(value, self.values)
        await self.async_command(command, value)
