"""Base entities: of a device, of the account and of surplus charging."""

from typing import Any, override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription

from ._lib.publisher import PublishedEntity
from .api.families.specs import Command, EntitySpec
from .api.wire_values import Values
from .const import DOMAIN
from .coordinator import EcoflowCoordinator
from .runtime.device import Account, EcoflowDevice
from .runtime.surplus_charging import SurplusCharging


class EcoflowEntity(PublishedEntity):
    """An entity of a device, available while the values of the device are current."""

    def __init__(self, device: EcoflowDevice, description: EntityDescription) -> None:
        """Create an entity from its description."""
        super().__init__(device.account.publisher, description, device.unique_id_prefix, device.device_info)
        self.device = device

    @property
    @override
    def available(self) -> bool:
        """Whether the values of the device are current."""
        return self.device.is_fresh

    @property
    def values(self) -> Values:
        """The wire values of the device."""
        return self.device.values

    @property
    def value_names(self) -> tuple[str, ...]:
        """The names of the wire values that the entity depends on."""
        return ()

    @override
    async def async_added_to_hass(self) -> None:
        """Publish the entity with the values of the device."""
        await super().async_added_to_hass()
        self.async_on_remove(self.device.add_entity(self, self.value_names))


class SpecEntity[SpecT: EntitySpec](EcoflowEntity):
    """An entity that the family of the device specifies."""

    def __init__(self, device: EcoflowDevice, description: EntityDescription, spec: SpecT) -> None:
        """Create an entity from its description and specification."""
        super().__init__(device, description)
        self.spec = spec

    @property
    @override
    def value_names(self) -> tuple[str, ...]:
        return self.spec.value_names


class ControlEntity[SpecT: EntitySpec](SpecEntity[SpecT]):
    """An entity that sends commands. Its state is what the device confirmed; a pending value is an attribute."""

    _pending: object = None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """The requested value that is not confirmed yet."""
        return None if self._pending is None else {"pending": self._pending}

    @property
    @override
    def published_value(self) -> object:
        return (super().published_value, self._pending)

    async def async_command(self, command: Command, value: object) -> None:
        """Send a command that sets `value`, and publish the result."""
        self._pending = value
        self.publish_now()
        try:
            await self.device.async_write(command)
        finally:
            self._pending = None
            self.publish_now()


class AccountEntity(PublishedEntity):
    """An entity of the account."""

    def __init__(self, account: Account, coordinator: EcoflowCoordinator, description: EntityDescription) -> None:
        """Create an entity from its description."""
        entry_id = account.entry.entry_id
        super().__init__(account.publisher, description, entry_id, DeviceInfo(identifiers={(DOMAIN, entry_id)}))
        self.coordinator = coordinator

    @override
    async def async_added_to_hass(self) -> None:
        """Publish the entity with each update of the account."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_listener(self.publish))


class SurplusEntity(PublishedEntity):
    """An entity of surplus charging."""

    def __init__(self, surplus: SurplusCharging, description: EntityDescription) -> None:
        """Create an entity from its description."""
        account = surplus.account
        device_info = DeviceInfo(
            identifiers={(DOMAIN, surplus.subentry_id)},
            entry_type=DeviceEntryType.SERVICE,
            name=surplus.title,
            via_device_id=account.device_id,
        )
        super().__init__(account.publisher, description, surplus.subentry_id, device_info)
        self.surplus = surplus

    @override
    async def async_added_to_hass(self) -> None:
        """Publish the entity with each decision."""
        await super().async_added_to_hass()
        self.async_on_remove(self.surplus.add_listener(self.publish))
