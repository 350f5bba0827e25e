"""One update entity per device."""

from functools import partial
from typing import Any, Final, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import OtaConfigEntry, OtaCoordinator
from .devices import tell_registry
from .entity import DeviceEntity
from .helpers import ota_errors
from .rollout.models import RUNNING, Device, JobState, Release
from .rollout.versions import same_version

PARALLEL_UPDATES = 0

FIRMWARE: Final = UpdateEntityDescription(key="firmware", device_class=UpdateDeviceClass.FIRMWARE)


async def async_setup_entry(
    hass: HomeAssistant, entry: OtaConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one for each device, and for those that come later."""
    entry.runtime_data.each_device(partial(_add, entry.runtime_data, async_add_entities))


@callback
def _add(coordinator: OtaCoordinator, async_add_entities: AddConfigEntryEntitiesCallback, device: Device) -> None:
    async_add_entities(
        [FirmwareUpdate(coordinator, device, FIRMWARE)],
        config_subentry_id=coordinator.subentries.get(device.uid),
    )


class FirmwareUpdate(DeviceEntity, UpdateEntity):
    """A device's firmware. `latest_version` is what *this device* is offered, so that no other one nags."""

    _attr_supported_features = (
        UpdateEntityFeature.INSTALL
        | UpdateEntityFeature.PROGRESS
        | UpdateEntityFeature.SPECIFIC_VERSION
        | UpdateEntityFeature.RELEASE_NOTES
    )

    @property
    @override
    def published_value(self) -> object:
        """All that the entity shows."""
        return self.installed_version, self.latest_version, self.in_progress, self.update_percentage

    @property
    @override
    def urgent(self) -> object:
        """All but the percentage."""
        return self.installed_version, self.latest_version, self.in_progress

    @callback
    @override
    def publish(self) -> None:
        """Offer the state; the device's page says which firmware it runs, too."""
        before = self._told
        super().publish()
        if before != self._told and self.device is not None:
            tell_registry(self.coordinator, self.device)

    def _release(self) -> Release | None:
        if self.device is None:
            return None
        return self.coordinator.engine.offer(self.uid, self.coordinator.now).visible

    @property
    @override
    def installed_version(self) -> str | None:
        """What the device says it runs."""
        return self.device.installed_version if self.device else None

    @property
    @override
    def latest_version(self) -> str | None:
        """What it may install now; what it runs when nothing."""
        release = self._release()
        return release.version if release is not None else self.installed_version

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """What is offered is an update, also when it is a way back."""
        return not same_version(latest_version, installed_version)

    @property
    @override
    def in_progress(self) -> bool:
        """Whether the device is at it: from the stored job, so a restart of Home Assistant does not forget it."""
        return self.job is not None and self.job.state in RUNNING

    @property
    @override
    def update_percentage(self) -> int | None:
        """How much is downloaded."""
        job = self.job
        return job.progress if job is not None and job.state is JobState.DOWNLOADING else None

    @property
    @override
    def release_url(self) -> str | None:
        """Where to read more."""
        release = self._release()
        return release.release_url if release else None

    @property
    @override
    def release_summary(self) -> str | None:
        """The beginning of the notes."""
        release = self._release()
        return release.notes[:255] or None if release else None

    @override
    async def async_release_notes(self) -> str | None:
        """The notes of what is offered."""
        release = self._release()
        return release.notes or None if release else None

    @ota_errors
    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Offer the device what it may install, or a version that is stored; it fetches it at its next poll."""
        self.coordinator.engine.install(self.uid, version, self.coordinator.now)
        await self.coordinator.async_settle()
        self.publish_now()
