"""Numbers: charge power, limits and setpoints."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.action_fields import require_finite
from .api.families.specs import NumberSpec
from .api.units import Quantity
from .data import EcoflowConfigEntry
from .entity import ControlEntity
from .runtime.device import EcoflowDevice
from .runtime.errors import translated_errors

PARALLEL_UPDATES = 0

_DEVICE_CLASSES: Final = {
    Quantity.POWER: NumberDeviceClass.POWER,
    Quantity.TEMPERATURE: NumberDeviceClass.TEMPERATURE,
}


def describe(spec: NumberSpec) -> NumberEntityDescription:
    """Return the entity description for a specification."""
    device_class = _DEVICE_CLASSES.get(spec.quantity)
    return NumberEntityDescription(
        key=spec.key,
        device_class=device_class,
        native_unit_of_measurement=spec.unit or None,
        native_min_value=spec.min_value,
        native_max_value=spec.max_value,
        native_step=spec.step,
        mode=NumberMode.BOX if spec.quantity is Quantity.POWER else NumberMode.SLIDER,
        entity_category=None if device_class is not None else EntityCategory.CONFIG,
        entity_registry_enabled_default=spec.enabled,
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers of all devices."""
    entry.runtime_data.devices.async_add_platform(async_add_entities, _numbers)


def _numbers(device: EcoflowDevice) -> Iterator[NumberEntity]:
    values = device.values
    for spec in device.family.numbers:
        if spec.exists(values):
            yield SpecNumber(device, describe(spec), spec)


class SpecNumber(ControlEntity[NumberSpec], NumberEntity):
    """A setting of a device."""

    @property
    @override
    def native_value(self) -> float | None:
        """The confirmed value."""
        return self.spec.decode(self.values)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the value."""
        require_finite(self, value)
        async with translated_errors(self.hass, self.device.account.entry):
            command = self.spec.write(value, self.values)
        await self.async_command(command, value)
