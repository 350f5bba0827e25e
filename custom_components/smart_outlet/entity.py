"""Base entities: one for a hub, one for an outlet."""

from collections.abc import Callable
from typing import override

from homeassistant.core import callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.publisher import PublishedEntity
from .const import DOMAIN, MANUFACTURER
from .coordinator import Follow, Followers, RunningHub, SmartOutletConfigEntry
from .model.commands import Order
from .model.errors import CutInProgressError
from .model.hub import Hub
from .model.outlet import Outlet

type OutletEntities = Callable[[RunningHub, Outlet], list[Entity]]


@callback
def add_outlet_entities(
    entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback, make: OutletEntities
) -> None:
    """Add the entities of all outlets, and of those that come later."""
    hub = entry.runtime_data

    @callback
    def add(outlet: Outlet) -> None:
        async_add_entities(make(hub, outlet), config_subentry_id=hub.subentry_ids[outlet.device_id])

    hub.each_outlet(add)


class _PromptEntity(PublishedEntity):
    """Keeps the publisher's pace, except where somebody waits for a change."""

    _shown_promptly: object = None

    @property
    def prompt_value(self) -> object:
        """What is written at once when it changes; nothing by default."""
        return None

    @override
    def publish(self) -> None:
        """Offer the state, and have it written now where it has to be."""
        super().publish()
        value = self.prompt_value
        if value != self._shown_promptly:
            self._shown_promptly = value
            self.publisher.write_now(self)


class HubEntity(_PromptEntity):
    """An entity of a hub."""

    _attr_has_entity_name = True
    follow: Follow = Follow.CHANGE
    """When it looks at the hub anew."""

    def __init__(self, running: RunningHub, description: EntityDescription) -> None:
        self.entity_description = description
        self.running = running
        self.publisher = running.publisher
        self._attr_unique_id = f"{running.entry.entry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, running.entry.entry_id)})

    @property
    def hub(self) -> Hub:
        """The device model."""
        return self.running.hub

    @property
    @override
    def available(self) -> bool:
        """Whether the hub calls (a CCU) or its port is open (a radio)."""
        return self.hub.online

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the hub."""
        await super().async_added_to_hass()
        self.async_on_remove(self.running.hub_followers.add(self.follow, self.publish))


class OutletEntity(_PromptEntity):
    """An entity of an outlet, available while the outlet's reports come."""

    _attr_has_entity_name = True
    follow: Follow = Follow.CHANGE
    """When it looks at the outlet anew."""

    def __init__(self, running: RunningHub, outlet: Outlet, description: EntityDescription) -> None:
        self.entity_description = description
        self.running = running
        self.outlet = outlet
        self.publisher = running.publisher
        subentry_id = running.subentry_ids[outlet.device_id]
        self._attr_unique_id = f"{subentry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, subentry_id)},
            manufacturer=MANUFACTURER,
            model="Two-socket outlet",
            name=outlet.config.name,
            serial_number=outlet.device_id,
            suggested_area=outlet.config.location or None,
            via_device_id=running.device_id,
        )

    @property
    @override
    def available(self) -> bool:
        """Whether the outlet's reports come."""
        return self.outlet.online

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the outlet."""
        await super().async_added_to_hass()
        followers = self.running.outlet_followers.setdefault(self.outlet.device_id, Followers())
        self.async_on_remove(followers.add(self.follow, self.publish))

    async def async_order(self, order: Order) -> None:
        """Queue a command for the outlet.

        Raises:
            ServiceValidationError: all power is being cut.
            HomeAssistantError: it could not be stored.
        """
        try:
            await self.running.async_order(self.outlet.device_id, order)
        except CutInProgressError as err:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="cut_in_progress",
                translation_placeholders={"name": self.outlet.config.name},
            ) from err
