"""Binary sensors: faults, frost, lost sensors, overrides."""

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
from .coordinator import HeatConfigEntry, HeatingSystem, SourceUnit
from .engine.decision_record import ControlMode
from .entity import SourceEntity, SystemEntity, ZoneEntity
from .inputs.states import any_on
from .repairs import LOW_SHARE

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SystemBinaryDescription(BinarySensorEntityDescription):
    """Of the system."""

    value_fn: Callable[[HeatingSystem], bool]


@dataclass(frozen=True, kw_only=True)
class SourceBinaryDescription(BinarySensorEntityDescription):
    """Of a source; always available: a fault is what a dead source has."""

    value_fn: Callable[[SourceUnit], bool | None]
    exists_fn: Callable[[SourceUnit], bool] = lambda unit: True


def _sensor_lost(system: HeatingSystem) -> bool:
    """A room or the outdoor temperature is not known, or too old to act on."""
    snapshot, limits = system.data.snapshot, system.engine.config.safety
    rooms = any(not zone.room.known or zone.room.age_s > limits.room_stale_s for zone in snapshot.zones)
    return rooms or not snapshot.outdoor.known or snapshot.outdoor.age_s > limits.outdoor_stale_s


def _budget_low(unit: SourceUnit) -> bool | None:
    if unit.budget is None:
        return None
    state = unit.budget.state()
    return state.used_day >= LOW_SHARE * state.limit_day or state.blocked_until is not None


SYSTEM: Final = (
    SystemBinaryDescription(
        key="frost_protection",
        value_fn=lambda system: system.data.decision.record.control_mode == ControlMode.FROST,
    ),
    SystemBinaryDescription(key="override_active", value_fn=lambda system: bool(system.wanted.wishes.overrides)),
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
        exists_fn=lambda unit: unit.budget is not None,
        value_fn=_budget_low,
    ),
    SourceBinaryDescription(
        key="fault",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda unit: None if unit.unread else unit.source.state.health not in (Health.OK, Health.LIMITED),
    ),
    SourceBinaryDescription(
        key="running", device_class=BinarySensorDeviceClass.RUNNING, value_fn=lambda unit: unit.source.state.on
    ),
)


_WINDOW_PAUSE: Final = BinarySensorEntityDescription(key="window_pause")


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    system = entry.runtime_data
    async_add_entities(SystemBinarySensor(system, description) for description in SYSTEM)
    for zone in system.settings.zones:
        if zone.windows:
            async_add_entities([WindowPause(system, zone, _WINDOW_PAUSE)], config_subentry_id=zone.zone_id)
    for unit in system.units.values():
        async_add_entities(
            [SourceBinarySensor(system, unit, description) for description in SOURCES if description.exists_fn(unit)],
            config_subentry_id=unit.subentry_id,
        )


class SystemBinarySensor(SystemEntity, BinarySensorEntity):
    """Of the system."""

    entity_description: SystemBinaryDescription

    @property
    @override
    def is_on(self) -> bool:
        """Whether it is so."""
        return self.entity_description.value_fn(self.system)


class WindowPause(ZoneEntity, BinarySensorEntity):
    """Whether a zone is paused because a window of it is open."""

    @property
    @override
    def is_on(self) -> bool:
        """While one is open."""
        return any_on(self.hass, self.zone.windows)


class SourceBinarySensor(SourceEntity, BinarySensorEntity):
    """Of a source."""

    entity_description: SourceBinaryDescription

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str] | None:
        """What the fault is, in the driver's words."""
        return {"detail": self.unit.source.state.detail} if self.entity_description.key == "fault" else None

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is so; None while the source does not tell."""
        return self.entity_description.value_fn(self.unit)
