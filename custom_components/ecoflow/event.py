"""Events: the grid supply of a device was lost or restored."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families.specs import BinarySensorSpec
from .data import EcoflowConfigEntry
from .entity import SpecEntity
from .runtime.device import EcoflowDevice

PARALLEL_UPDATES = 0

GRID_SUPPLY: Final = "grid_present"
LOST: Final = "lost"
RESTORED: Final = "restored"
GRID: Final = EventEntityDescription(key="grid", event_types=[LOST, RESTORED])


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of all devices."""
    entry.runtime_data.devices.async_add_platform(async_add_entities, _events)


def _events(device: EcoflowDevice) -> Iterator[EventEntity]:
    values = device.values
    for spec in device.family.binary_sensors:
        if spec.key == GRID_SUPPLY and spec.exists(values):
            yield GridEvent(device, GRID, spec)


class GridEvent(SpecEntity[BinarySensorSpec], EventEntity):
    """The grid supply was lost or restored. A device that goes offline triggers neither."""

    _was_present: bool | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Start with the current state, then check each change of the device."""
        await super().async_added_to_hass()
        self._was_present = self.spec.decode(self.values) if self.device.is_fresh else None
        self.async_on_remove(self.device.add_listener(self._check))

    @callback
    def _check(self) -> None:
        if not self.device.is_fresh or (is_present := self.spec.decode(self.values)) is None:
            return
        was_present, self._was_present = self._was_present, is_present
        if was_present is not None and is_present is not was_present:
            self.async_write_ha_state()  # available first: automations ignore a change from unavailable
            self._trigger_event(RESTORED if is_present else LOST)
            self.async_write_ha_state()

    @property
    @override
    def published_value(self) -> object:
        """The time of the last event, so that each event is published."""
        return self.state
