"""Binary sensors: overloads, thresholds, who is offline."""

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

from .coordinator import RunningHub, SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .model.alerts import HUB, AlertKind, Place
from .model.outlet import Outlet

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OutletBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of an outlet.

    Attributes:
        value_fn: Its state.
        always_available: Told even while the outlet is offline.
        prompt: Written at once when it changes, which it cannot often.
    """

    value_fn: Callable[[RunningHub, Outlet], bool | None]
    always_available: bool = False
    prompt: bool = False


@dataclass(frozen=True, kw_only=True)
class HubBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of a hub; attributes as of an outlet's."""

    value_fn: Callable[[RunningHub], bool | None]
    always_available: bool = False
    prompt: bool = False


def _offline(running: RunningHub, outlet: Outlet) -> bool | None:
    if outlet.online:
        return False
    # Not heard since the start: it gets its time to report before it counts as missing.
    return True if outlet.heard or outlet.missing else None


OUTLET_BINARY_SENSORS: Final = (
    OutletBinarySensorDescription(
        key="offline",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_offline,
        always_available=True,
        prompt=True,
    ),
    OutletBinarySensorDescription(
        key="overload",
        device_class=BinarySensorDeviceClass.PROBLEM,
        value_fn=lambda running, outlet: outlet.is_overload,
    ),
    OutletBinarySensorDescription(
        key="threshold_exceeded",
        device_class=BinarySensorDeviceClass.PROBLEM,
        value_fn=lambda running, outlet: outlet.over_threshold("a") or outlet.over_threshold("b"),
    ),
    OutletBinarySensorDescription(
        key="threshold_mismatch",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda running, outlet: running.hub.alerts.is_on(
            AlertKind.THRESHOLD_MISMATCH, Place(outlet.device_id)
        ),
    ),
)

HUB_BINARY_SENSORS: Final = (
    HubBinarySensorDescription(
        key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda running: running.hub.online,
        always_available=True,
        prompt=True,
    ),
    HubBinarySensorDescription(
        key="main_overload",
        device_class=BinarySensorDeviceClass.PROBLEM,
        value_fn=lambda running: running.hub.alerts.is_on(AlertKind.MAIN_THRESHOLD, HUB),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of the hub and of its outlets."""
    async_add_entities(HubBinarySensor(entry.runtime_data, description) for description in HUB_BINARY_SENSORS)
    add_outlet_entities(
        entry,
        async_add_entities,
        lambda hub, outlet: [OutletBinarySensor(hub, outlet, description) for description in OUTLET_BINARY_SENSORS],
    )


class OutletBinarySensor(OutletEntity, BinarySensorEntity):
    """A yes or no of an outlet."""

    entity_description: OutletBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """The state now."""
        return self.entity_description.value_fn(self.running, self.outlet)

    @property
    @override
    def published_value(self) -> object:
        """The state now."""
        return self.is_on

    @property
    @override
    def prompt_value(self) -> object:
        """Some cannot change often."""
        return self.is_on if self.entity_description.prompt else None

    @property
    @override
    def available(self) -> bool:
        """Some are told of an outlet that is offline too."""
        return self.entity_description.always_available or self.outlet.online


class HubBinarySensor(HubEntity, BinarySensorEntity):
    """A yes or no of a hub."""

    entity_description: HubBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """The state now."""
        return self.entity_description.value_fn(self.running)

    @property
    @override
    def published_value(self) -> object:
        """The state now."""
        return self.is_on

    @property
    @override
    def prompt_value(self) -> object:
        """Some cannot change often."""
        return self.is_on if self.entity_description.prompt else None

    @property
    @override
    def available(self) -> bool:
        """Some are told while the hub is offline too."""
        return self.entity_description.always_available or self.hub.online
