"""Selects: standby times and modes."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families.specs import SelectSpec
from .data import EcoflowConfigEntry
from .entity import ControlEntity
from .runtime.device import EcoflowDevice

PARALLEL_UPDATES = 0


def describe(spec: SelectSpec) -> SelectEntityDescription:
    """Return the entity description for a specification."""
    return SelectEntityDescription(
        key=spec.key,
        options=list(spec.options),
        entity_category=EntityCategory.CONFIG if spec.config else None,
        entity_registry_enabled_default=spec.enabled,
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the selects of all devices."""
    entry.runtime_data.devices.async_add_platform(async_add_entities, _selects)


def _selects(device: EcoflowDevice) -> Iterator[SelectEntity]:
    values = device.values
    for spec in device.family.selects:
        if spec.exists(values):
            yield SpecSelect(device, describe(spec), spec)


class SpecSelect(ControlEntity[SelectSpec], SelectEntity):
    """A setting with a few options."""

    @property
    @override
    def current_option(self) -> str | None:
        """The confirmed option, None for an unknown wire value."""
        return self.spec.decode(self.values)

    @override
    async def async_select_option(self, option: str) -> None:
        """Select an option."""
        await self.async_command(self.spec.write(option, self.values), option)
