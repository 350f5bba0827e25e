"""Base entities: one for the building, one for a controller."""

from typing import override

from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription

from ._lib.publisher import PublishedEntity
from .const import DOMAIN, MANUFACTURER
from .coordinator import Building, Controller, subscribe


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


class ControllerEntity(PublishedEntity):
    """An entity of a controller, available while the controller calls."""

    _attr_has_entity_name = True

    def __init__(self, building: Building, controller: Controller, description: EntityDescription) -> None:
        self.entity_description = description
        self.controller = controller
        self.publisher = building.publisher
        self._attr_unique_id = f"{controller.subentry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, controller.subentry_id)},
            manufacturer=MANUFACTURER,
            model="ESP32 heating controller",
            name=controller.name,
            serial_number=controller.device_id,
            via_device_id=building.device_id,
        )

    @property
    @override
    def available(self) -> bool:
        """Whether the controller calls; until it had the time to, what it will report is unknown."""
        return self.controller.online is not False

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the controller."""
        await super().async_added_to_hass()
        self.async_on_remove(subscribe(self.controller.listeners, self.publish))
