"""Base entities: of a metric, of a device, of the hub."""

from collections.abc import Iterable
from typing import override

from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription

from ._lib.publisher import PublishedEntity
from .const import CONF_OVERRIDES, DOMAIN, MANUFACTURER
from .coordinator import EdgeHub
from .decoders import Value, describe
from .device import EdgeDevice
from .naming import pretty


def device_info(hub: EdgeHub, device: EdgeDevice) -> DeviceInfo:
    """The device that speaks on a topic."""
    info = device.record.info
    return DeviceInfo(
        identifiers={(DOMAIN, f"{hub.entry.entry_id}_{device.id}")},
        name=device.name,
        manufacturer="Ruuvi" if device.record.ruuvi else None,
        model=info.get("model") or ("RuuviTag" if device.record.ruuvi else None),
        sw_version=info.get("sw_version"),
        hw_version=info.get("hw_version"),
        serial_number=device.address.device,
        suggested_area=pretty(device.address.site),
        via_device_id=hub.system_device_id(device.address),
    )


@callback
def forget_hub_entities(hub: EdgeHub, platform: Platform, keys: Iterable[str]) -> None:
    """Remove what the hub no longer has; it would stay behind as unavailable for ever."""
    registry = er.async_get(hub.hass)
    for key in keys:
        entity_id = registry.async_get_entity_id(platform, DOMAIN, f"{hub.entry.entry_id}_{key}")
        if entity_id is not None:
            registry.async_remove(entity_id)


class EdgeEntity(PublishedEntity):
    """An entity of a device."""

    _attr_has_entity_name = True

    def __init__(self, hub: EdgeHub, device: EdgeDevice, key: str) -> None:
        self.hub = hub
        self.device = device
        self.publisher = hub.publisher
        self._attr_unique_id = f"{hub.entry.entry_id}_{device.id}_{key}"
        self._attr_device_info = device_info(hub, device)

    @property
    @override
    def available(self) -> bool:
        """Whether the device is heard; what it will say after a start is unknown, not unavailable."""
        return self.device.online is not False


class MetricEntity(EdgeEntity):
    """An entity that shows a metric."""

    def __init__(self, hub: EdgeHub, device: EdgeDevice, key: str) -> None:
        super().__init__(hub, device, key)
        self.key = key
        self.metric = describe(key)
        overrides = hub.options.get(CONF_OVERRIDES, {})
        self.override = {**overrides.get(key, {}), **overrides.get(f"{device.id}:{key}", {})}
        if name := self.override.get("name"):
            self._attr_name = name
        elif self.metric.known:
            self._attr_translation_key = key
        else:
            self._attr_name = pretty(key)

    @property
    def value(self) -> Value:
        """What the device said last."""
        return self.device.values.get(self.key)

    @override
    async def async_added_to_hass(self) -> None:
        """Show what comes from now on."""
        await super().async_added_to_hass()
        self.device.entities[self.key] = self
        self.async_on_remove(self._leave)

    @callback
    def _leave(self) -> None:
        self.device.entities.pop(self.key, None)


class DeviceEntity(EdgeEntity):
    """An entity about a device itself; it stays available when the device is not."""

    def __init__(self, hub: EdgeHub, device: EdgeDevice, description: EntityDescription) -> None:
        super().__init__(hub, device, description.key)
        self.entity_description = description
        self._attr_translation_key = description.key

    @property
    @override
    def available(self) -> bool:
        """It is about the device's absence, too."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Show at once that the device came or went."""
        await super().async_added_to_hass()
        self.device.listeners.append(self.publish_now)
        self.async_on_remove(lambda: self.device.listeners.remove(self.publish_now))


class HubEntity(PublishedEntity):
    """An entity about the entry as a whole."""

    _attr_has_entity_name = True

    def __init__(self, hub: EdgeHub, description: EntityDescription) -> None:
        self.hub = hub
        self.publisher = hub.publisher
        self.entity_description = description
        self._attr_unique_id = f"{hub.entry.entry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, hub.entry.entry_id)},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=MANUFACTURER,
            name=hub.entry.title,
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the hub."""
        await super().async_added_to_hass()
        self.hub.listeners.append(self.publish)
        self.async_on_remove(lambda: self.hub.listeners.remove(self.publish))
