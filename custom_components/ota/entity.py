"""Base entities of a device, of a rollout and of the whole."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription

from ._lib.publisher import PublishedEntity
from .const import DOMAIN
from .devices.registry import DevicePlacement
from .hub import OtaHub
from .rollout.models import Device, Job
from .rollout.plan import Rollout


class OtaEntity(PublishedEntity):
    """An entity that shows a part of the state."""

    _attr_has_entity_name = True

    def __init__(self, hub: OtaHub, description: EntityDescription, subject: str) -> None:
        """Create an entity that follows the changes of a device, a rollout or the entry (`subject` is its ID)."""
        self.hub = hub
        self.entity_description = description
        self.publisher = hub.publisher
        self._attr_translation_key = description.key
        self._subject = subject

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to changes."""
        await super().async_added_to_hass()
        self.async_on_remove(self.hub.dispatcher.listen(self._subject, self.publish))


class HubEntity(OtaEntity):
    """An entity of the whole."""

    def __init__(self, hub: OtaHub, description: EntityDescription) -> None:
        """Create an entity of the entry's own device."""
        super().__init__(hub, description, hub.entry_id)
        self._attr_unique_id = f"{hub.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, hub.entry_id)})


class DeviceEntity(OtaEntity):
    """An entity of a device: of an own one if stand-alone, else of the device of the fleet's provider."""

    def __init__(self, hub: OtaHub, device: Device, placement: DevicePlacement, description: EntityDescription) -> None:
        """Create an entity of a device."""
        super().__init__(hub, description, device.uid)
        self.uid = device.uid
        self._placement = placement
        self._attr_unique_id = f"{placement.owner}_{description.key}"
        if placement.registry_id is not None:
            self.device_entry = dr.async_get(hub.hass).async_get(placement.registry_id)
        if self.device_entry is None:
            self._attr_device_info = DeviceInfo(
                identifiers={(DOMAIN, placement.owner)},
                name=device.name,
                model=device.model or device.product,
                hw_version=device.chip,
                serial_number=device.device_id,
                sw_version=device.installed_version,
            )

    @property
    def device(self) -> Device | None:
        """Return the device; None if it was removed."""
        return self.hub.state.devices.get(self.uid)

    @property
    def job(self) -> Job | None:
        """Return the newest job of the device."""
        return self.hub.state.job_of(self.uid)

    @property
    @override
    def immediate_value(self) -> object:
        """Return the installed version and the state of the update."""
        device, job = self.device, self.job
        return device.installed_version if device else None, job.state if job else None

    @property
    @override
    def available(self) -> bool:
        """Return whether the device is registered; its last contact has a sensor of its own."""
        return self.device is not None


class RolloutEntity(OtaEntity):
    """An entity of a rollout."""

    def __init__(self, hub: OtaHub, rollout: Rollout, description: EntityDescription) -> None:
        """Create an entity of the rollout's own device."""
        super().__init__(hub, description, rollout.rollout_id)
        self.rollout_id = rollout.rollout_id
        owner = f"{hub.entry_id}_{rollout.rollout_id}"
        self._attr_unique_id = f"{owner}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, owner)},
            entry_type=dr.DeviceEntryType.SERVICE,
            name=rollout.name,
            model=" / ".join(rollout.versions),
        )

    @property
    def rollout(self) -> Rollout | None:
        """Return the rollout; None if it was removed."""
        return self.hub.state.rollouts.get(self.rollout_id)

    @property
    @override
    def immediate_value(self) -> object:
        """Return status and wave."""
        return (self.rollout.status, self.rollout.wave) if self.rollout else None

    @property
    @override
    def available(self) -> bool:
        """Return whether the rollout exists."""
        return self.rollout is not None

    @callback
    @override
    def publish(self) -> None:
        """Write the state; remove the device of a removed rollout."""
        if self.rollout is None:
            registry = dr.async_get(self.hass)
            if self.device_entry is not None and registry.async_get(self.device_entry.id) is not None:
                registry.async_remove_device(self.device_entry.id)
            return
        super().publish()
