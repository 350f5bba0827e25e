"""Sensors of devices, rollouts and of the whole."""

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

from .data import OtaConfigEntry, OtaData
from .entity import DeviceEntity, HubEntity, RolloutEntity
from .hub import OtaHub
from .rollout.models import Device, JobState
from .rollout.offers import Reason
from .rollout.plan import Rollout, Status

PARALLEL_UPDATES = 0
IDLE: Final = "idle"


@dataclass(frozen=True, kw_only=True)
class DeviceSensorDescription(SensorEntityDescription):
    """Describes a sensor of a device."""

    value_fn: Callable[[OtaHub, Device], str | datetime | None]


@dataclass(frozen=True, kw_only=True)
class RolloutSensorDescription(SensorEntityDescription):
    """Describes a sensor of a rollout."""

    value_fn: Callable[[OtaHub, Rollout], str | int | None]


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """Describes a sensor of the whole."""

    value_fn: Callable[[OtaHub], int]


def _update_state(hub: OtaHub, device: Device) -> str:
    job = hub.state.job_of(device.uid)
    return job.state.value if job is not None else IDLE


def _last_seen(_: OtaHub, device: Device) -> datetime | None:
    return datetime.fromtimestamp(device.last_seen, UTC) if device.last_seen else None


def _offer_reason(hub: OtaHub, device: Device) -> str:
    return hub.engine.offer(device.uid, hub.now).reason.value


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
        value_fn=_offer_reason,
    ),
    DeviceSensorDescription(
        key="update_state",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[IDLE, *(state.value for state in JobState)],
        value_fn=_update_state,
    ),
)


def _verified(hub: OtaHub, rollout: Rollout) -> int:
    return sum(job.state is JobState.VERIFIED for job in hub.state.jobs_in(rollout.rollout_id))


def _failed(hub: OtaHub, rollout: Rollout) -> int:
    return sum(job.state is JobState.FAILED for job in hub.state.jobs_in(rollout.rollout_id))


def _in_flight(hub: OtaHub, rollout: Rollout) -> int:
    return len(hub.state.open_in.get(rollout.rollout_id, ()))


def _progress(hub: OtaHub, rollout: Rollout) -> int:
    """Return the share of the devices that run the release, percent."""
    members = hub.state.membership(rollout).wave_of
    done = hub.engine.rollouts.reached(rollout)
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
        value_fn=lambda hub: len(hub.state.devices),
    ),
    HubSensorDescription(
        key="releases",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda hub: len(hub.state.releases),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: OtaConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of all devices and rollouts, also of those added later."""
    data = entry.runtime_data
    dispatcher = data.hub.dispatcher
    async_add_entities(HubSensor(data.hub, description) for description in HUB_SENSORS)
    entry.async_on_unload(dispatcher.for_each_device(partial(_add_device, data, async_add_entities)))
    entry.async_on_unload(dispatcher.for_each_rollout(partial(_add_rollout, data.hub, async_add_entities)))


@callback
def _add_device(data: OtaData, async_add_entities: AddConfigEntryEntitiesCallback, device: Device) -> None:
    placement = data.placement(device)
    async_add_entities(
        [DeviceSensor(data.hub, device, placement, description) for description in DEVICE_SENSORS],
        config_subentry_id=placement.subentry_id,
    )


@callback
def _add_rollout(hub: OtaHub, async_add_entities: AddConfigEntryEntitiesCallback, rollout_id: str) -> None:
    rollout = hub.state.rollouts[rollout_id]
    async_add_entities(RolloutSensor(hub, rollout, description) for description in ROLLOUT_SENSORS)


class DeviceSensor(DeviceEntity, SensorEntity):
    """A sensor of a device."""

    entity_description: DeviceSensorDescription

    @property
    @override
    def immediate_value(self) -> object:
        """Return the value if it is an enum state; times are paced."""
        return self.native_value if self.device_class is SensorDeviceClass.ENUM else None

    @property
    @override
    def native_value(self) -> str | datetime | None:
        """Return the value of the sensor."""
        return self.entity_description.value_fn(self.hub, self.device) if self.device else None


class RolloutSensor(RolloutEntity, SensorEntity):
    """A sensor of a rollout."""

    entity_description: RolloutSensorDescription

    @property
    @override
    def immediate_value(self) -> object:
        """Return the value: counts change once a second at most, and users watch a rollout."""
        return self.native_value

    @property
    @override
    def native_value(self) -> str | int | None:
        """Return the value of the sensor."""
        return self.entity_description.value_fn(self.hub, self.rollout) if self.rollout else None


class HubSensor(HubEntity, SensorEntity):
    """A sensor of the whole."""

    entity_description: HubSensorDescription

    @property
    @override
    def immediate_value(self) -> object:
        """Return the value, as for a rollout."""
        return self.native_value

    @property
    @override
    def native_value(self) -> int:
        """Return the value of the sensor."""
        return self.entity_description.value_fn(self.hub)
