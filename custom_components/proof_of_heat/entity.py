"""Base entities: of the system, of a zone, of a heat source."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC, DeviceInfo, format_mac
from homeassistant.helpers.entity import EntityDescription

from ._lib.heat_source import Health
from ._lib.publisher import PublishedEntity
from .const import DOMAIN, MANUFACTURER
from .coordinator import HeatingSystem, SourceUnit
from .drivers.miner.models import MinerFamily
from .drivers.modbus.source import ModbusSource
from .metering.coordinator import MeterCoordinator
from .system_config import ZoneSettings


class SystemEntity(PublishedEntity):
    """An entity of the whole system; follows the cycle."""

    _attr_has_entity_name = True

    def __init__(self, system: HeatingSystem, description: EntityDescription) -> None:
        self.entity_description = description
        self.system = system
        self.publisher = system.publisher
        self._attr_unique_id = f"{system.config_entry.entry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, system.config_entry.entry_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the cycle."""
        await super().async_added_to_hass()
        self.async_on_remove(self.system.async_add_listener(self.publish))
        # The answer to a user's change: a few entities, written at once and not in turn.
        self.system.urgent_listeners.append(self.async_write_ha_state)
        self.async_on_remove(lambda: self.system.urgent_listeners.remove(self.async_write_ha_state))


class ZoneEntity(PublishedEntity):
    """An entity of a zone; follows the cycle."""

    _attr_has_entity_name = True

    def __init__(self, system: HeatingSystem, zone: ZoneSettings, description: EntityDescription) -> None:
        self.entity_description = description
        self.system = system
        self.zone = zone
        self.publisher = system.publisher
        self._attr_unique_id = f"{zone.zone_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, zone.zone_id)},
            manufacturer=MANUFACTURER,
            model="Heating zone",
            name=zone.name,
            via_device_id=system.device_id,
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the cycle."""
        await super().async_added_to_hass()
        self.async_on_remove(self.system.async_add_listener(self.publish))
        # The answer to a user's change: a few entities, written at once and not in turn.
        self.system.urgent_listeners.append(self.async_write_ha_state)
        self.async_on_remove(lambda: self.system.urgent_listeners.remove(self.async_write_ha_state))


class SourceEntity(PublishedEntity):
    """An entity of a heat source; follows its reports."""

    _attr_has_entity_name = True

    def __init__(self, system: HeatingSystem, unit: SourceUnit, description: EntityDescription) -> None:
        self.entity_description = description
        self.system = system
        self.unit = unit
        self.publisher = system.publisher
        self._attr_unique_id = f"{unit.subentry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = source_device(system, unit)
        self._health: Health | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the source."""
        await super().async_added_to_hass()
        self.system.listeners.append(self._follow)
        self.async_on_remove(lambda: self.system.listeners.remove(self._follow))

    @callback
    def _follow(self) -> None:
        """Readings at the publisher's pace; a source that fails or comes back at once."""
        health = None if self.unit.unread else self.unit.source.state.health
        if health != self._health:
            self._health = health
            self.publish_now()
        else:
            self.publish()


class MeterEntity(PublishedEntity):
    """An entity of a meter; follows its readings."""

    _attr_has_entity_name = True

    def __init__(self, system: HeatingSystem, meter: MeterCoordinator, description: EntityDescription) -> None:
        self.entity_description = description
        self.meter = meter
        self.publisher = meter.publisher or system.publisher
        self._attr_unique_id = f"{meter.subentry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, meter.subentry_id)},
            connections=connections(meter.mac),
            manufacturer="Shelly",
            model="Pro 3EM",
            name=meter.title,
            via_device_id=system.device_id,
        )

    @property
    @override
    def available(self) -> bool:
        """While it answers."""
        return self.meter.last_update_success

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the meter."""
        await super().async_added_to_hass()
        self.async_on_remove(self.meter.async_add_listener(self.publish))


def connections(mac: str | None) -> set[tuple[str, str]]:
    """By it Home Assistant tells us of a new address."""
    return {(CONNECTION_NETWORK_MAC, format_mac(mac))} if mac else set()


def source_device(system: HeatingSystem, unit: SourceUnit) -> DeviceInfo:
    """The device of a source, with what it said of itself in the flow."""
    info = system.config_entry.subentries[unit.subentry_id].data.get("info") or {}
    device = info.get("device") or {}
    family = info.get("family")
    make = info.get("make") or ("Viessmann" if unit.kind == "viessmann" else None)
    described = unit.source.template if isinstance(unit.source, ModbusSource) else None
    return DeviceInfo(
        identifiers={(DOMAIN, unit.subentry_id)},
        connections=connections(info.get("mac")),
        manufacturer=described.manufacturer if described else make,
        model=described.name if described else info.get("model") or device.get("model"),
        sw_version=info.get("firmware"),
        serial_number=info.get("serial"),
        configuration_url=f"http://{address}"
        if (address := system.config_entry.subentries[unit.subentry_id].data.get("address"))
        and family in {str(item) for item in MinerFamily}
        else None,
        name=unit.name,
        via_device_id=system.device_id,
    )
