"""Binary sensors: what devices tell as on or off, whether they are there, and the broker connection."""

from collections.abc import Iterator
from functools import partial
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families import Condition
from .api.mqtt import LinkState
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator, Station
from .entity import AccountEntity, EcoflowEntity, PointEntity

PARALLEL_UPDATES = 0

BROKER: Final = BinarySensorEntityDescription(
    key="broker",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
ONLINE: Final = BinarySensorEntityDescription(
    key="online",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


def describe(condition: Condition) -> BinarySensorEntityDescription:
    """Return the binary sensor that shows a condition."""
    return BinarySensorEntityDescription(
        key=condition.key,
        device_class=BinarySensorDeviceClass(condition.kind) if condition.kind else None,
        entity_category=EntityCategory.DIAGNOSTIC if condition.diagnostic else None,
        entity_registry_enabled_default=condition.enabled,
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of the account and of all devices, now and later."""
    coordinator = entry.runtime_data
    async_add_entities([BrokerSensor(coordinator, BROKER)])
    coordinator.async_add_platform(async_add_entities, partial(_build, coordinator))


def _build(coordinator: EcoflowCoordinator, station: Station) -> Iterator[BinarySensorEntity]:
    yield OnlineSensor(coordinator, station, ONLINE)
    values = coordinator.values(station.sn)
    for condition in coordinator.family(station.sn).conditions:
        if condition.exists(values):
            yield ConditionSensor(coordinator, station, describe(condition), condition)


class ConditionSensor(PointEntity[Condition], BinarySensorEntity):
    """What a device tells as on or off."""

    @property
    @override
    def is_on(self) -> bool | None:
        """On, off, or unknown."""
        return self.point.decode(self.values)


class OnlineSensor(EcoflowEntity, BinarySensorEntity):
    """Whether a device gives signs of life. Always available: that is what it tells."""

    @property
    @override
    def available(self) -> bool:
        """As long as the account is set up."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether values are fresh."""
        return self.station.fresh


class BrokerSensor(AccountEntity, BinarySensorEntity):
    """Whether values come at once, by MQTT. Without it they come by polling."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether the connection stands."""
        link = self.coordinator.client.link
        return link is not None and link.state is LinkState.CONNECTED
