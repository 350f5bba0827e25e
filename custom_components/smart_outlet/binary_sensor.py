"""Binary sensors: overload, thresholds and connection."""

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

from .data import HubData, SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .model.alerts import HUB_SOURCE, AlertSource, AlertType
from .model.outlet import Outlet

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OutletBinarySensorDescription(BinarySensorEntityDescription):
    """Description of an outlet's binary sensor.

    Attributes:
        value_fn: Returns the state.
        always_available: Available even while the outlet is offline.
    """

    value_fn: Callable[[HubData, Outlet], bool | None]
    always_available: bool = False


@dataclass(frozen=True, kw_only=True)
class HubBinarySensorDescription(BinarySensorEntityDescription):
    """Description of a hub's binary sensor, with the attributes of an outlet's."""

    value_fn: Callable[[HubData], bool | None]
    always_available: bool = False


def _is_offline(hub: HubData, outlet: Outlet) -> bool | None:
    if outlet.online:
        return False
    # Unknown after a start until the outlet reports or the offline timeout has passed.
    return True if outlet.has_reported or outlet.is_missing else None


OUTLET_BINARY_SENSORS: Final = (
    OutletBinarySensorDescription(
        key="offline",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_is_offline,
        always_available=True,
    ),
    OutletBinarySensorDescription(
        key="overload",
        device_class=BinarySensorDeviceClass.PROBLEM,
        value_fn=lambda hub, outlet: outlet.is_overload,
    ),
    OutletBinarySensorDescription(
        key="threshold_exceeded",
        device_class=BinarySensorDeviceClass.PROBLEM,
        value_fn=lambda hub, outlet: outlet.is_over_threshold("a") or outlet.is_over_threshold("b"),
    ),
    OutletBinarySensorDescription(
        key="threshold_mismatch",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda hub, outlet: hub.model.alerts.is_active(
            AlertType.THRESHOLD_MISMATCH, AlertSource(outlet.device_id)
        ),
    ),
)

HUB_BINARY_SENSORS: Final = (
    HubBinarySensorDescription(
        key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda hub: hub.model.online,
        always_available=True,
    ),
    HubBinarySensorDescription(
        key="main_overload",
        device_class=BinarySensorDeviceClass.PROBLEM,
        value_fn=lambda hub: hub.model.alerts.is_active(AlertType.MAIN_THRESHOLD, HUB_SOURCE),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the binary sensors of the hub and its outlets."""
    async_add_entities(HubBinarySensor(entry.runtime_data, description) for description in HUB_BINARY_SENSORS)
    add_outlet_entities(
        entry,
        async_add_entities,
        lambda hub, outlet: [OutletBinarySensor(hub, outlet, description) for description in OUTLET_BINARY_SENSORS],
    )


class OutletBinarySensor(OutletEntity, BinarySensorEntity):
    """A binary sensor of an outlet."""

    entity_description: OutletBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the current state."""
        return self.entity_description.value_fn(self.hub, self.outlet)

    @property
    @override
    def published_value(self) -> object:
        """Return the current state."""
        return self.is_on

    @property
    @override
    def available(self) -> bool:
        """Return whether the outlet reports or the state does not depend on it."""
        return self.entity_description.always_available or self.outlet.online


class HubBinarySensor(HubEntity, BinarySensorEntity):
    """A binary sensor of a hub."""

    entity_description: HubBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the current state."""
        return self.entity_description.value_fn(self.hub)

    @property
    @override
    def published_value(self) -> object:
        """Return the current state."""
        return self.is_on

    @property
    @override
    def available(self) -> bool:
        """Return whether the hub is online or the state does not depend on it."""
        return self.entity_description.always_available or self.hub.model.online
