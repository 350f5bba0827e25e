"""Binary sensors: faults, frost protection, sensor problems, overrides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.heat_source import Health
from .data import HeatConfigEntry, HeatingSystem
from .engine.decision_record import ControlMode
from .entity import SourceEntity, SystemEntity, ZoneEntity
from .inputs.states import any_on
from .sources.managed_source import ManagedSource

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SystemBinaryDescription(BinarySensorEntityDescription):
    """A binary sensor of the heating system."""

    value_fn: Callable[[HeatingSystem], bool]


@dataclass(frozen=True, kw_only=True)
class SourceBinaryDescription(BinarySensorEntityDescription):
    """A binary sensor of a source."""

    value_fn: Callable[[ManagedSource], bool | None]
    exists_fn: Callable[[ManagedSource], bool] = lambda managed: True
    when_failing: bool = True
    """Whether it stays available while the source fails: a fault is what an offline source has."""


def _sensor_lost(system: HeatingSystem) -> bool:
    """Return whether the engine cannot use a room temperature or the outdoor temperature."""
    inputs = system.engine.inputs
    return inputs is not None and (bool(inputs.lost_zones) or inputs.outdoor_is_lost)


def _has_fault(managed: ManagedSource) -> bool | None:
    return None if managed.is_unread else managed.source.state.health not in (Health.OK, Health.LIMITED)


SYSTEM: Final = (
    SystemBinaryDescription(
        key="frost_protection",
        value_fn=lambda system: system.coordinator.data.decision.record.control_mode == ControlMode.FROST,
    ),
    SystemBinaryDescription(key="override_active", value_fn=lambda system: bool(system.user.comfort.overrides)),
    SystemBinaryDescription(
        key="sensor_lost",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_sensor_lost,
    ),
)
SOURCES: Final = (
    SourceBinaryDescription(
        key="budget_low",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda managed: managed.budget is not None,
        value_fn=lambda managed: managed.budget_is_low,
    ),
    SourceBinaryDescription(
        key="fault",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_has_fault,
    ),
    SourceBinaryDescription(
        key="running",
        device_class=BinarySensorDeviceClass.RUNNING,
        value_fn=lambda managed: managed.source.state.on,
        when_failing=False,
    ),
)


_WINDOW_PAUSE: Final = BinarySensorEntityDescription(key="window_pause")


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors."""
    system = entry.runtime_data
    async_add_entities(SystemBinarySensor(system, description) for description in SYSTEM)
    for zone in system.config.zones:
        if zone.windows:
            async_add_entities([WindowPause(system, zone, _WINDOW_PAUSE)], config_subentry_id=zone.zone_id)
    for managed in system.sources.values():
        async_add_entities(
            [
                SourceBinarySensor(system, managed, description)
                for description in SOURCES
                if description.exists_fn(managed)
            ],
            config_subentry_id=managed.subentry_id,
        )


class SystemBinarySensor(SystemEntity, BinarySensorEntity):
    """A binary sensor of the heating system."""

    entity_description: SystemBinaryDescription

    @property
    @override
    def is_on(self) -> bool:
        """The state."""
        return self.entity_description.value_fn(self.system)


class WindowPause(ZoneEntity, BinarySensorEntity):
    """Whether a zone is paused because a window of it is open."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether a window is open."""
        return any_on(self.hass, self.zone.windows)


class SourceBinarySensor(SourceEntity, BinarySensorEntity):
    """A binary sensor of a source."""

    entity_description: SourceBinaryDescription

    @property
    @override
    def available(self) -> bool:
        """Whether the source answers, where the state depends on it."""
        return self.entity_description.when_failing or not self.managed.is_failing

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | None] | None:
        """Return the reason of a fault, and the technical detail."""
        if self.entity_description.key != "fault":
            return None
        state = self.managed.source.state
        return {"detail": state.detail, "reason": state.reason}

    @property
    @override
    def is_on(self) -> bool | None:
        """The state; None while it is unknown."""
        return self.entity_description.value_fn(self.managed)
