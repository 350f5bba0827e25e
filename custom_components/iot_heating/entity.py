"""Base entities: one for the building, one for a controller."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import override

from homeassistant.core import callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.publisher import PublishedEntity
from .const import DOMAIN, MANUFACTURER
from .controller import Controller, Topic, subscribe
from .coordinator import Building, IotHeatingConfigEntry
from .protocol.errors import ProtocolError
from .records import Kind


@dataclass(frozen=True, kw_only=True)
class ControllerDescription(EntityDescription):
    """What all entities of controllers have in common.

    Attributes:
        topics: When the entity has something new to show.
        always_available: Told even of a controller that does not call.
        exists_fn: Which controllers have the entity.
    """

    topics: tuple[Topic, ...]
    always_available: bool = False
    exists_fn: Callable[[Building, Controller], bool] = lambda building, controller: True


def is_esp32(building: Building, controller: Controller) -> bool:
    """Whether a controller calls the device-sync API."""
    return controller.kind is Kind.ESP32


class BuildingEntity(PublishedEntity):
    """An entity of the building."""

    _attr_has_entity_name = True

    def __init__(self, building: Building, description: EntityDescription) -> None:
        self.entity_description = description
        self.building = building
        self.publisher = building.publisher
        self._attr_unique_id = f"{building.entry.entry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, building.entry.entry_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the profile."""
        await super().async_added_to_hass()
        self.async_on_remove(subscribe(self.building.profile_listeners, self.publish_now))

    async def async_patch(self, **patch: object) -> None:
        """Change the profile; on disk when this returns."""
        try:
            await self.building.async_patch_profile(patch)
        except ProtocolError as err:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="bad_value",
                translation_placeholders={"field": err.field, "error": err.message},
            ) from err


class ControllerEntity(PublishedEntity):
    """An entity of a controller, available while the controller calls."""

    _attr_has_entity_name = True
    entity_description: ControllerDescription

    def __init__(self, building: Building, controller: Controller, description: ControllerDescription) -> None:
        self.entity_description = description
        self.building = building
        self.controller = controller
        self.publisher = building.publisher
        self._attr_unique_id = f"{controller.subentry_id}_{description.key}"
        self._attr_translation_key = description.key
        linked = controller.kind is Kind.LINKED
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, controller.subentry_id)},
            manufacturer=MANUFACTURER,
            model="Linked entity" if linked else "ESP32 heating controller",
            name=controller.name,
            serial_number=None if linked else controller.device_id,
            via_device_id=building.device_id,
        )

    @property
    @override
    def available(self) -> bool:
        """Whether the controller calls; until it had the time to, what it will report is unknown."""
        return self.entity_description.always_available or self.controller.online is not False

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the controller."""
        await super().async_added_to_hass()
        for topic in (*self.entity_description.topics, Topic.ONLINE):
            self.async_on_remove(self.controller.follow(topic, self.publish))


def add_controller_entities[D: ControllerDescription](
    entry: IotHeatingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: tuple[D, ...],
    make: Callable[[Building, Controller, D], Entity],
) -> None:
    """Add the entities of all controllers, and of those that come later."""
    building = entry.runtime_data

    @callback
    def add(building: Building, controller: Controller) -> None:
        wanted = [d for d in descriptions if d.exists_fn(building, controller)]
        async_add_entities(
            [make(building, controller, description) for description in wanted],
            config_subentry_id=controller.subentry_id,
        )

    building.each_controller(partial(add, building))
