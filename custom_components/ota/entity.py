"""Base entities: of a device, of a rollout, of the whole."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription

from ._lib.publisher import PublishedEntity
from .const import DOMAIN
from .coordinator import OtaCoordinator
from .rollout.models import Device, Job
from .rollout.plan import Rollout


class OtaEntity(PublishedEntity):
    """An entity that shows a part of what the coordinator knows."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: OtaCoordinator, description: EntityDescription, name: str) -> None:
        """`name` is what the entity listens to."""
        self.coordinator = coordinator
        self.entity_description = description
        self.publisher = coordinator.publisher
        self._attr_translation_key = description.key
        self._name = name
        self._told: object = None

    @property
    def urgent(self) -> object:
        """A change of this is shown at once; the publisher paces the rest (progress, counts)."""
        return None

    @callback
    @override
    def publish(self) -> None:
        """Offer the state."""
        super().publish()
        if (urgent := self.urgent) != self._told:
            self._told = urgent
            self.publisher.write_now(self)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the coordinator."""
        await super().async_added_to_hass()
        self._told = self.urgent
        self.async_on_remove(self.coordinator.listen(self._name, self.publish))


class HubEntity(OtaEntity):
    """An entity of the whole."""

    def __init__(self, coordinator: OtaCoordinator, description: EntityDescription) -> None:
        """Belongs to the entry's own device."""
        entry_id = coordinator.entry.entry_id
        super().__init__(coordinator, description, entry_id)
        self._attr_unique_id = f"{entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, entry_id)})


class DeviceEntity(OtaEntity):
    """An entity of a device: of our own for a stand-alone one, joined to the provider's device for one of a fleet."""

    def __init__(self, coordinator: OtaCoordinator, device: Device, description: EntityDescription) -> None:
        """Belongs to a device of the registry."""
        super().__init__(coordinator, description, device.uid)
        self.uid = device.uid
        subentry_id = coordinator.subentries.get(device.uid)
        entry_id = coordinator.entry.entry_id
        owner = subentry_id or f"{entry_id}_{device.uid}"
        self._attr_unique_id = f"{owner}_{description.key}"
        registry_id = coordinator.fleets.registry_id(device.uid)
        if registry_id is not None:
            self.device_entry = dr.async_get(coordinator.hass).async_get(registry_id)
        if self.device_entry is None:
            self._attr_device_info = DeviceInfo(
                identifiers={(DOMAIN, owner)},
                name=device.name,
                model=device.model or device.product,
                hw_version=device.chip,
                serial_number=device.device_id,
                sw_version=device.installed_version,
            )

    @property
    def device(self) -> Device | None:
        """The device as it is now; None when it was removed."""
        return self.coordinator.state.devices.get(self.uid)

    @property
    def job(self) -> Job | None:
        """Its newest job."""
        return self.coordinator.state.job_of(self.uid)

    @property
    @override
    def urgent(self) -> object:
        """What the device runs, and where its update stands."""
        device, job = self.device, self.job
        return device.installed_version if device else None, job.state if job else None

    @property
    @override
    def available(self) -> bool:
        """While the device is registered; that it is silent shows in its last sign of life."""
        return self.device is not None


class RolloutEntity(OtaEntity):
    """An entity of a rollout."""

    def __init__(self, coordinator: OtaCoordinator, rollout: Rollout, description: EntityDescription) -> None:
        """Belongs to the rollout's own device."""
        super().__init__(coordinator, description, rollout.rollout_id)
        self.rollout_id = rollout.rollout_id
        owner = f"{coordinator.entry.entry_id}_{rollout.rollout_id}"
        self._attr_unique_id = f"{owner}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, owner)},
            entry_type=dr.DeviceEntryType.SERVICE,
            name=rollout.name,
            model=" / ".join(rollout.versions),
        )

    @property
    def rollout(self) -> Rollout | None:
        """The rollout as it is now; None when it was removed."""
        return self.coordinator.state.rollouts.get(self.rollout_id)

    @property
    @override
    def urgent(self) -> object:
        """Where it stands."""
        return (self.rollout.status, self.rollout.wave) if self.rollout else None

    @property
    @override
    def available(self) -> bool:
        """While the rollout is kept."""
        return self.rollout is not None

    @callback
    @override
    def publish(self) -> None:
        """Offer the state; a removed rollout takes its device along."""
        if self.rollout is None:
            registry = dr.async_get(self.hass)
            if self.device_entry is not None and registry.async_get(self.device_entry.id) is not None:
                registry.async_remove_device(self.device_entry.id)
            return
        super().publish()
