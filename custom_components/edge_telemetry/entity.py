"""Base entities: of a metric, of a device, of the hub."""

from collections.abc import Iterable
from typing import override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.typing import UndefinedType

from ._lib.publisher import PublishedEntity
from .const import CONF_OVERRIDES, DOMAIN
from .data import EdgeData
from .decoders import Value, describe, without_unit
from .device import EdgeDevice
from .naming import display_name, part_name


def device_info(data: EdgeData, device: EdgeDevice) -> DeviceInfo:
    """Return the device of a topic."""
    info = device.record.info
    return DeviceInfo(
        identifiers={(DOMAIN, data.devices.identifier(device))},
        name=device.name,
        manufacturer=device.type.manufacturer,
        model=info.get("model") or device.type.model,
        sw_version=info.get("sw_version"),
        hw_version=info.get("hw_version"),
        serial_number=device.address.device,
        suggested_area=display_name(device.address.site),
        via_device_id=data.devices.system_device_id(device.address),
    )


@callback
def remove_hub_entities(hass: HomeAssistant, entry_id: str, platform: Platform, keys: Iterable[str]) -> None:
    """Remove entities that the hub no longer has; they would stay unavailable."""
    registry = er.async_get(hass)
    for key in keys:
        entity_id = registry.async_get_entity_id(platform, DOMAIN, f"{entry_id}_{key}")
        if entity_id is not None:
            registry.async_remove(entity_id)


class EdgeEntity(PublishedEntity):
    """An entity of a device."""

    def __init__(self, data: EdgeData, device: EdgeDevice, description: EntityDescription | str) -> None:
        super().__init__(data.publisher, description, data.devices.identifier(device), device_info(data, device))
        self.data = data
        self.device = device

    @property
    @override
    def available(self) -> bool:
        """Return whether values can be received; until the first message after a start, they are unknown."""
        return self.device.online is not False and self.device.reachable


class MetricEntity(EdgeEntity):
    """An entity that shows a metric."""

    def __init__(self, data: EdgeData, device: EdgeDevice, key: str) -> None:
        super().__init__(data, device, key)
        self.key = key
        self.metric = describe(key, device.record.units.get(key))
        overrides = data.options.get(CONF_OVERRIDES, {})
        self.override = {**overrides.get(key, {}), **overrides.get(f"{device.id}:{key}", {})}
        if self.metric.named is not None:
            self._attr_translation_key = self.metric.named
        elif not self.metric.known:
            self._attr_translation_key = None
            self._attr_name = display_name(without_unit(key, self.override.get("unit") or self.metric.unit))
        if name := self.override.get("name"):
            self._attr_name = name

    @property
    @override
    def name(self) -> str | UndefinedType | None:
        """Return the translated name of the metric, after what it is measured at."""
        name = super().name
        if not self.metric.part or self.override.get("name") or not isinstance(name, str):
            return name
        return f"{part_name(self.metric.part)} {name}"

    @property
    def value(self) -> Value:
        """Return the latest value."""
        return self.device.values.get(self.key)

    @override
    async def async_added_to_hass(self) -> None:
        """Receive the metric's values."""
        await super().async_added_to_hass()
        self.device.entities[self.key] = self
        self.async_on_remove(self._detach)

    @callback
    def _detach(self) -> None:
        if self.device.entities.get(self.key) is self:
            del self.device.entities[self.key]


class DeviceEntity(EdgeEntity):
    """An entity about a device itself; it stays available when the device is offline."""

    @property
    @override
    def available(self) -> bool:
        """Return True: it reports the device's absence, too."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Write the state at once when the device goes offline or is back online."""
        await super().async_added_to_hass()
        self.device.listeners.append(self.publish_now)
        self.async_on_remove(lambda: self.device.listeners.remove(self.publish_now))


class HubEntity(PublishedEntity):
    """An entity about the entry as a whole."""

    def __init__(self, data: EdgeData, description: EntityDescription) -> None:
        info = DeviceInfo(
            identifiers={(DOMAIN, data.entry_id)},
            entry_type=DeviceEntryType.SERVICE,
            name=data.title,
        )
        super().__init__(data.publisher, description, data.entry_id, info)
        self.data = data

    @override
    async def async_added_to_hass(self) -> None:
        """Publish the state periodically."""
        await super().async_added_to_hass()
        self.data.hub.listeners.append(self.publish)
        self.async_on_remove(lambda: self.data.hub.listeners.remove(self.publish))
