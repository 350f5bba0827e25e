"""Numbers of a building: its heating curve."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import IotHeatingConfigEntry
from .entity import BuildingEntity
from .protocol.profile import CURVE_VALUE_RANGE, MIN_EXTERNAL_RANGE_C, Profile

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class ProfileNumberDescription(NumberEntityDescription):
    """Description of a number; ``key`` is also its name in the profile."""

    value_fn: Callable[[Profile], float]


NUMBERS: Final = (
    ProfileNumberDescription(
        key="curve_value",
        entity_category=EntityCategory.CONFIG,
        native_min_value=CURVE_VALUE_RANGE[0],
        native_max_value=CURVE_VALUE_RANGE[1],
        native_step=1,
        mode=NumberMode.SLIDER,
        value_fn=lambda profile: profile.curve_value,
    ),
    ProfileNumberDescription(
        key="min_external_temp",
        device_class=NumberDeviceClass.TEMPERATURE,
        entity_category=EntityCategory.CONFIG,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        native_min_value=MIN_EXTERNAL_RANGE_C[0],
        native_max_value=MIN_EXTERNAL_RANGE_C[1],
        native_step=0.5,
        mode=NumberMode.SLIDER,
        value_fn=lambda profile: profile.min_external_temp,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the numbers."""
    async_add_entities(ProfileNumber(entry.runtime_data, description) for description in NUMBERS)


class ProfileNumber(BuildingEntity, NumberEntity):
    """A number of the control profile, delivered with the next call of each controller."""

    entity_description: ProfileNumberDescription

    @property
    @override
    def native_value(self) -> float:
        """The current value."""
        return self.entity_description.value_fn(self.building.profile)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the value; saved when it returns."""
        await self.async_patch(**{self.entity_description.key: value})
