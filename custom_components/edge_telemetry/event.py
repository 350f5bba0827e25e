"""Events: buttons and dimmers. A second press is a second event, which a sensor with the same text cannot show."""

from typing import override

from homeassistant.components.event import EventDeviceClass, EventEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import EdgeConfigEntry, EdgeData
from .decoders import Value, event_types, is_event, parse_event
from .device import EdgeDevice
from .entity import MetricEntity
from .value_types import ValueType

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: EdgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the events, also of devices and metrics that are added later."""
    data = entry.runtime_data

    @callback
    def add_metrics(device: EdgeDevice, metrics: dict[str, ValueType]) -> None:
        async_add_entities(MetricEvent(data, device, key) for key in metrics if is_event(key))

    data.devices.on_new_metrics(Platform.EVENT, add_metrics)


class MetricEvent(MetricEntity, EventEntity):
    """What happened at a device last."""

    def __init__(self, data: EdgeData, device: EdgeDevice, key: str) -> None:
        super().__init__(data, device, key)
        self._attr_event_types = list(event_types(self.metric))
        if self.metric.quantity in set(EventDeviceClass):
            self._attr_device_class = EventDeviceClass(self.metric.quantity)

    @property
    @override
    def published_value(self) -> object:
        """Return the time of the last event."""
        return self.state

    @override
    async def async_added_to_hass(self) -> None:
        """Receive the events; the first one came with the message that added this entity."""
        await super().async_added_to_hass()
        self.device.on_event(self.key, self._happened)
        self.async_on_remove(lambda: self.device.on_event(self.key, None))

    @callback
    def _happened(self, value: Value) -> None:
        if (event := parse_event(self.metric, value)) is None:
            return
        self._trigger_event(event.event_type, None if event.steps is None else {"steps": event.steps})
        self.async_write_ha_state()
