"""Selects: stand-by times and modes."""

from collections.abc import Iterator
from functools import partial
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families import Choice
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator, Station
from .entity import ControlEntity

PARALLEL_UPDATES = 0

_MODES: Final = frozenset({"power_mode", "climate_mode", "climate_program", "fan_speed", "supply_priority"})


def describe(choice: Choice) -> SelectEntityDescription:
    """Return the select for a choice."""
    everyday = choice.key in _MODES or choice.key.startswith("circuit_")
    return SelectEntityDescription(
        key=choice.key,
        options=list(choice.options),
        entity_category=None if everyday else EntityCategory.CONFIG,
        entity_registry_enabled_default=choice.enabled,
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the selects of all devices, now and later."""
    coordinator = entry.runtime_data
    coordinator.async_add_platform(async_add_entities, partial(_build, coordinator))


def _build(coordinator: EcoflowCoordinator, station: Station) -> Iterator[SelectEntity]:
    values = coordinator.values(station.sn)
    for choice in coordinator.family(station.sn).choices:
        if choice.exists(values):
            yield ChoiceSelect(coordinator, station, describe(choice), choice)


class ChoiceSelect(ControlEntity[Choice], SelectEntity):
    """A setting with a few options."""

    @property
    @override
    def current_option(self) -> str | None:
        """What the device confirmed; None for a value that is none of the options."""
        return self.point.decode(self.values)

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose an option."""
        await self.async_command(self.point.write(option, self.values), option)
