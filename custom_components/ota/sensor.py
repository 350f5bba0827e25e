"""Sensors: where a device's update stands, how a rollout goes, how much there is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import OtaConfigEntry, OtaCoordinator
from .entity import DeviceEntity, HubEntity, RolloutEntity
from .rollout.models import Device, JobState
from .rollout.offers import Reason
from .rollout.plan import Rollout, Status

PARALLEL_UPDATES = 0
IDLE: Final = "idle"


@dataclass(frozen=True, kw_only=True)
class DeviceSensorDescription(SensorEntityDescription):
    """A sensor of a device."""

    value_fn: Callable[[OtaCoordinator, Device], str | datetime | None]


@dataclass(frozen=True, kw_only=True)
class RolloutSensorDescription(SensorEntityDescription):
    """A sensor of a rollout."""

    value_fn: Callable[[OtaCoordinator, Rollout], str | int | None]


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """A sensor of the whole."""

    value_fn: Callable[[OtaCoordinator], int]


def _update_state(coordinator: OtaCoordinator, device: Device) -> str:
    job = coordinator.state.job_of(device.uid)
    return job.state.value if job is not None else IDLE


def _last_seen(_: OtaCoordinator, device: Device) -> datetime | None:
    return datetime.fromtimestamp(device.last_seen, UTC) if device.last_seen else None


def _reason(coordinator: OtaCoordinator, device: Device) -> str:
    return coordinator.engine.offer(device.uid, coordinator.now).reason.value


DEVICE_SENSORS: Final = (
    DeviceSensorDescription(
        key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_last_seen,
    ),
    DeviceSensorDescription(
        key="offer",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        options=[reason.value for reason in Reason],
        value_fn=_reason,
    ),
    DeviceSensorDescription(
        key="update_state",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[IDLE, *(state.value for state in JobState)],
        value_fn=_update_state,
    ),
)


def _verified(coordinator: OtaCoordinator, rollout: Rollout) -> int:
    return sum(job.state is JobState.VERIFIED for job in coordinator.state.jobs_in(rollout.rollout_id))


def _failed(coordinator: OtaCoordinator, rollout: Rollout) -> int:
    return sum(job.state is JobState.FAILED for job in coordinator.state.jobs_in(rollout.rollout_id))


def _in_flight(coordinator: OtaCoordinator, rollout: Rollout) -> int:
    return len(coordinator.state.open_in.get(rollout.rollout_id, ()))


def _progress(coordinator: OtaCoordinator, rollout: Rollout) -> int:
    """Devices that run it, of all that it is for."""
    members = coordinator.state.membership(rollout).wave_of
    done = coordinator.engine.rollouts.reached(rollout)
    return round(100 * done / len(members)) if members else 0


ROLLOUT_SENSORS: Final = (
    RolloutSensorDescription(key="devices_failed", state_class=SensorStateClass.MEASUREMENT, value_fn=_failed),
    RolloutSensorDescription(key="devices_in_flight", state_class=SensorStateClass.MEASUREMENT, value_fn=_in_flight),
    RolloutSensorDescription(key="devices_verified", state_class=SensorStateClass.MEASUREMENT, value_fn=_verified),
    RolloutSensorDescription(
        key="progress",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=_progress,
    ),
    RolloutSensorDescription(
        key="status",
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in Status],
        value_fn=lambda _, rollout: rollout.status.value,
    ),
    RolloutSensorDescription(key="wave", value_fn=lambda _, rollout: rollout.wave + 1),
)

HUB_SENSORS: Final = (
    HubSensorDescription(
        key="devices",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda coordinator: len(coordinator.state.devices),
    ),
    HubSensorDescription(
        key="releases",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda coordinator: len(coordinator.state.releases),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: OtaConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors that there are, and those that come later."""
    coordinator = entry.runtime_data
    async_add_entities(HubSensor(coordinator, description) for description in HUB_SENSORS)
    coordinator.each_device(partial(_add_device, coordinator, async_add_entities))
    coordinator.each_rollout(partial(_add_rollout, coordinator, async_add_entities))


@callback
def _add_device(coordinator: OtaCoordinator, add: AddConfigEntryEntitiesCallback, device: Device) -> None:
    add(
        [DeviceSensor(coordinator, device, description) for description in DEVICE_SENSORS],
        config_subentry_id=coordinator.subentries.get(device.uid),
    )


@callback
def _add_rollout(coordinator: OtaCoordinator, add: AddConfigEntryEntitiesCallback, rollout_id: str) -> None:
    rollout = coordinator.state.rollouts[rollout_id]
    add(RolloutSensor(coordinator, rollout, description) for description in ROLLOUT_SENSORS)


class DeviceSensor(DeviceEntity, SensorEntity):
    """A sensor of a device."""

    entity_description: DeviceSensorDescription

    @property
    @override
    def urgent(self) -> object:
        """What has a name is shown at once; a time is paced."""
        return self.native_value if self.device_class is SensorDeviceClass.ENUM else None

    @property
    @override
    def native_value(self) -> str | datetime | None:
        """The value now."""
        return self.entity_description.value_fn(self.coordinator, self.device) if self.device else None


class RolloutSensor(RolloutEntity, SensorEntity):
    """A sensor of a rollout."""

    entity_description: RolloutSensorDescription

    @property
    @override
    def urgent(self) -> object:
        """All: the coordinator tells what counts devices once a second at most, and people watch a rollout."""
        return self.native_value

    @property
    @override
    def native_value(self) -> str | int | None:
        """The value now."""
        return self.entity_description.value_fn(self.coordinator, self.rollout) if self.rollout else None


class HubSensor(HubEntity, SensorEntity):
    """A sensor of the whole."""

    entity_description: HubSensorDescription

    @property
    @override
    def urgent(self) -> object:
        """As for a rollout."""
        return self.native_value

    @property
    @override
    def native_value(self) -> int:
        """The value now."""
        return self.entity_description.value_fn(self.coordinator)
