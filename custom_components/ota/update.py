"""Update entities: one for the firmware of each device."""

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

from .data import OtaConfigEntry, OtaData
from .devices.registry import update_registered_device
from .entity import DeviceEntity
from .error_handling import translate_errors
from .rollout.models import RUNNING, Device, JobState, Release
from .rollout.versions import same_version

PARALLEL_UPDATES = 0

FIRMWARE: Final = UpdateEntityDescription(key="firmware", device_class=UpdateDeviceClass.FIRMWARE)


async def async_setup_entry(
    hass: HomeAssistant, entry: OtaConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add an update entity for each device, also for those added later."""
    data = entry.runtime_data
    entry.async_on_unload(data.hub.dispatcher.for_each_device(partial(_add_entity, data, async_add_entities)))


@callback
def _add_entity(data: OtaData, async_add_entities: AddConfigEntryEntitiesCallback, device: Device) -> None:
    placement = data.placement(device)
    async_add_entities(
        [FirmwareUpdate(data.hub, device, placement, FIRMWARE)], config_subentry_id=placement.subentry_id
    )


class FirmwareUpdate(DeviceEntity, UpdateEntity):
    """The firmware of a device. `latest_version` is what is offered to *this* device."""

    _attr_supported_features = (
        UpdateEntityFeature.INSTALL
        | UpdateEntityFeature.PROGRESS
        | UpdateEntityFeature.SPECIFIC_VERSION
        | UpdateEntityFeature.RELEASE_NOTES
    )
    _published_versions: object = None

    @property
    @override
    def published_value(self) -> object:
        """Return all values of the entity."""
        return self.installed_version, self.latest_version, self.in_progress, self.update_percentage

    @property
    @override
    def immediate_value(self) -> object:
        """Return all values except the percentage."""
        return self.installed_version, self.latest_version, self.in_progress

    @callback
    @override
    def publish(self) -> None:
        """Write the state, and the firmware version of the registered device."""
        super().publish()
        versions = self.immediate_value
        if versions != self._published_versions and self.device is not None:
            self._published_versions = versions
            update_registered_device(self.hass, self.hub.entry_id, self._placement.owner, self.device)

    def _offered_release(self) -> Release | None:
        if self.device is None:
            return None
        return self.hub.engine.offer(self.uid, self.hub.now).visible

    @property
    @override
    def installed_version(self) -> str | None:
        """Return the version that the device reports."""
        return self.device.installed_version if self.device else None

    @property
    @override
    def latest_version(self) -> str | None:
        """Return the offered version, or the installed one if none is offered."""
        release = self._offered_release()
        return release.version if release is not None else self.installed_version

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Return whether the versions differ: a rollback offers an older version as an update."""
        return not same_version(latest_version, installed_version)

    @property
    @override
    def in_progress(self) -> bool:
        """Return whether the device is updating, from the stored job so that it survives a restart."""
        return self.job is not None and self.job.state in RUNNING

    @property
    @override
    def update_percentage(self) -> int | None:
        """Return the progress of the download."""
        job = self.job
        return job.progress if job is not None and job.state is JobState.DOWNLOADING else None

    @property
    @override
    def release_url(self) -> str | None:
        """Return the URL of the offered release."""
        release = self._offered_release()
        return release.release_url if release else None

    @property
    @override
    def release_summary(self) -> str | None:
        """Return the beginning of the release notes."""
        release = self._offered_release()
        return release.notes[:255] or None if release else None

    @override
    async def async_release_notes(self) -> str | None:
        """Return the release notes."""
        release = self._offered_release()
        return release.notes or None if release else None

    @translate_errors
    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Offer the latest or a stored version to the device, which fetches it with its next poll."""
        self.hub.engine.install(self.uid, version, self.hub.now)
        await self.hub.async_commit()
        self.publish_now()
