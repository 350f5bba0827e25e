"""Base entities of hubs and outlets."""

from collections.abc import Callable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.publisher import PublishedEntity
from .const import DOMAIN
from .data import HubData, SmartOutletConfigEntry
from .hub.notifier import EntityListeners, UpdateOn
from .model.commands import CommandRequest
from .model.outlet import Outlet

type OutletEntities = Callable[[HubData, Outlet], list[Entity]]


@callback
def add_outlet_entities(
    entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback, create: OutletEntities
) -> None:
    """Add the entities of all present and future outlets."""
    hub = entry.runtime_data

    @callback
    def add(outlet: Outlet) -> None:
        async_add_entities(create(hub, outlet), config_subentry_id=hub.outlets.subentry_ids[outlet.device_id])

    entry.async_on_unload(hub.outlets.subscribe(add))


class HubEntity(PublishedEntity):
    """An entity of a hub."""

    update_on: UpdateOn = UpdateOn.CHANGE
    """When the entity reads its hub again."""

    def __init__(self, hub: HubData, description: EntityDescription) -> None:
        entry_id = hub.info.entry_id
        super().__init__(hub.publisher, description, entry_id, DeviceInfo(identifiers={(DOMAIN, entry_id)}))
        self.hub = hub

    @property
    @override
    def available(self) -> bool:
        """Return whether the CCU calls or the radio's serial port is open."""
        return self.hub.model.online

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the hub."""
        await super().async_added_to_hass()
        self.async_on_remove(self.hub.notifier.hub_listeners.add(self.update_on, self.publish))


class OutletEntity(PublishedEntity):
    """An entity of an outlet, available while the outlet reports."""

    update_on: UpdateOn = UpdateOn.CHANGE
    """When the entity reads its outlet again."""

    def __init__(self, hub: HubData, outlet: Outlet, description: EntityDescription) -> None:
        subentry_id = hub.outlets.subentry_ids[outlet.device_id]
        device_info = DeviceInfo(
            identifiers={(DOMAIN, subentry_id)},
            model=hub.texts.get("model_outlet"),
            name=outlet.settings.name,
            serial_number=outlet.device_id,
            suggested_area=outlet.settings.location or None,
            via_device_id=hub.info.device_registry_id,
        )
        super().__init__(hub.publisher, description, subentry_id, device_info)
        self.hub = hub
        self.outlet = outlet

    @property
    @override
    def available(self) -> bool:
        """Return whether the outlet reports."""
        return self.outlet.online

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the outlet."""
        await super().async_added_to_hass()
        listeners = self.hub.notifier.outlet_listeners.setdefault(self.outlet.device_id, EntityListeners())
        self.async_on_remove(listeners.add(self.update_on, self.publish))

    async def async_send_command(self, request: CommandRequest) -> None:
        """Queue a command for the outlet.

        Raises:
            ServiceValidationError: An emergency power-off is in progress.
            HomeAssistantError: The command could not be stored.
        """
        await self.hub.async_send_command(self.outlet.device_id, request)
