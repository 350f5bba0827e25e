"""Events: the grid went or came back."""

from collections.abc import Iterator
from functools import partial
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families import Condition
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator, Station
from .entity import PointEntity

PARALLEL_UPDATES = 0

GRID_CONDITION: Final = "grid_present"
LOST: Final = "lost"
RESTORED: Final = "restored"
GRID: Final = EventEntityDescription(key="grid", event_types=[LOST, RESTORED])


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of all devices, now and later."""
    coordinator = entry.runtime_data
    coordinator.async_add_platform(async_add_entities, partial(_build, coordinator))


def _build(coordinator: EcoflowCoordinator, station: Station) -> Iterator[EventEntity]:
    values = coordinator.values(station.sn)
    for condition in coordinator.family(station.sn).conditions:
        if condition.key == GRID_CONDITION and condition.exists(values):
            yield GridEvent(coordinator, station, GRID, condition)


class GridEvent(PointEntity[Condition], EventEntity):
    """The grid at a device's input went, or came back. A device's silence is neither."""

    _before: bool | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Begin with the present state; every change of the device's values is looked at."""
        await super().async_added_to_hass()
        self._before = self.point.decode(self.values) if self.station.fresh else None
        self.station.listeners.append(self._look)
        self.async_on_remove(lambda: self.station.listeners.remove(self._look))

    @callback
    def _look(self) -> None:
        if not self.station.fresh or (now := self.point.decode(self.values)) is None:
            return
        before, self._before = self._before, now
        if before is not None and now is not before:
            self._trigger_event(RESTORED if now else LOST)
            self.publish_now()

    @property
    @override
    def published_value(self) -> object:
        """A time stamp: every event is news."""
        return self.state
