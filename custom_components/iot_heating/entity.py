"""Base entities of buildings and controllers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_cached_translations

from ._lib.publisher import PublishedEntity
from .const import DOMAIN
from .data import IotHeatingConfigEntry, IotHeatingData
from .protocol.errors import ProtocolError
from .runtime.controller import Controller, Topic
from .runtime.field_error import field_error
from .storage.device_records import ControllerKind

_MODEL_KEYS = {ControllerKind.ESP32: "controller", ControllerKind.LINKED: "linked_entity"}


@dataclass(frozen=True, kw_only=True)
class ControllerDescription(EntityDescription):
    """Description of an entity of a controller.

    Attributes:
        topics: Changes that the entity shows.
        always_available: Whether it is available while the controller is offline.
        exists_fn: Which controllers have the entity.
    """

    topics: tuple[str, ...] = ()
    always_available: bool = False
    exists_fn: Callable[[IotHeatingData, Controller], bool] = lambda data, controller: True


def is_esp32(data: IotHeatingData, controller: Controller) -> bool:
    """Whether a controller uses the device-sync API."""
    return controller.kind is ControllerKind.ESP32


class BuildingEntity(PublishedEntity):
    """An entity of a building."""

    def __init__(self, data: IotHeatingData, description: EntityDescription) -> None:
        entry_id = data.building.entry_id
        super().__init__(data.publisher, description, entry_id, DeviceInfo(identifiers={(DOMAIN, entry_id)}))
        self.building = data.building

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the profile."""
        await super().async_added_to_hass()
        self.async_on_remove(self.building.subscribe_profile(self.publish_now))

    async def async_patch(self, **patch: object) -> None:
        """Change the profile; saved when it returns."""
        try:
            await self.building.async_patch_profile(patch)
        except ProtocolError as err:
            raise field_error(err, err.field) from err


class ControllerEntity(PublishedEntity):
    """An entity of a controller, available while the controller is online."""

    entity_description: ControllerDescription

    def __init__(self, data: IotHeatingData, controller: Controller, description: ControllerDescription) -> None:
        super().__init__(data.publisher, description, controller.subentry_id)
        self.data = data
        self.controller = controller

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """The device of the controller."""
        controller = self.controller
        return DeviceInfo(
            identifiers={(DOMAIN, controller.subentry_id)},
            manufacturer=None,
            model=_model(self.hass, controller.kind),
            name=controller.name,
            serial_number=None if controller.kind is ControllerKind.LINKED else controller.device_id,
            via_device_id=self.data.building.device_id,
        )

    @property
    @override
    def available(self) -> bool:
        """Whether the controller is online; until its first call its values are unknown."""
        return self.entity_description.always_available or self.controller.online is not False

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the controller."""
        await super().async_added_to_hass()
        for topic in (*self.entity_description.topics, Topic.ONLINE):
            self.async_on_remove(self.controller.subscribe(topic, self.publish))


def _model(hass: HomeAssistant, kind: ControllerKind) -> str:
    """Return the translated model; Home Assistant itself translates the names of devices only."""
    key = f"component.{DOMAIN}.device.{_MODEL_KEYS[kind]}.name"
    return async_get_cached_translations(hass, hass.config.language, "device", DOMAIN).get(key, kind.value)


def add_controller_entities[D: ControllerDescription](
    entry: IotHeatingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: tuple[D, ...],
    entity_class: Callable[[IotHeatingData, Controller, D], Entity],
) -> None:
    """Add the entities of all controllers, and of those that are added later."""
    data = entry.runtime_data

    @callback
    def add(controller: Controller) -> None:
        async_add_entities(
            [
                entity_class(data, controller, description)
                for description in descriptions
                if description.exists_fn(data, controller)
            ],
            config_subentry_id=controller.subentry_id,
        )

    data.hub.for_each_controller(add)
