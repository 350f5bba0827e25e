"""Base entities: of the heating system, of a zone, of a heat source, of a meter."""

from typing import override

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC, DeviceInfo, format_mac
from homeassistant.helpers.entity import EntityDescription

from ._lib.heat_source import CommandResult, Health, Outcome
from ._lib.publisher import PublishedEntity
from .const import CONF_INFO, DOMAIN
from .data import HeatingSystem
from .drivers.operations import Operable, Operation
from .metering.coordinator import MeterCoordinator
from .sources.managed_source import ManagedSource
from .sources.registry import SOURCE_TYPES
from .system_config import ZoneConfig


class HeatEntity(PublishedEntity):
    """An entity of this integration. `owner_id` is the config entry or subentry that it belongs to."""

    _attr_has_entity_name = True

    def __init__(
        self, system: HeatingSystem, owner_id: str, description: EntityDescription, device: DeviceInfo
    ) -> None:
        self.entity_description = description
        self.system = system
        self.publisher = system.publisher
        self._attr_unique_id = f"{owner_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = device


class CycleEntity(HeatEntity):
    """An entity that is updated by the control cycle, and at once when a user changed something."""

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the cycle and to changes by users."""
        await super().async_added_to_hass()
        self.async_on_remove(self.system.coordinator.async_add_listener(self.publish))
        # Few entities are affected by a user's change, so they are written at once, without the publisher.
        self.async_on_remove(self.system.user_changes.subscribe(self.async_write_ha_state))


class SystemEntity(CycleEntity):
    """An entity of the whole heating system."""

    def __init__(self, system: HeatingSystem, description: EntityDescription) -> None:
        entry_id = system.coordinator.config_entry.entry_id
        super().__init__(system, entry_id, description, DeviceInfo(identifiers={(DOMAIN, entry_id)}))


class ZoneEntity(CycleEntity):
    """An entity of a zone."""

    def __init__(self, system: HeatingSystem, zone: ZoneConfig, description: EntityDescription) -> None:
        device = DeviceInfo(
            identifiers={(DOMAIN, zone.zone_id)},
            model=system.journal.texts.models["model_zone"],
            name=zone.name,
            via_device_id=system.device_id,
        )
        super().__init__(system, zone.zone_id, description, device)
        self._added_as = zone

    @property
    def zone(self) -> ZoneConfig:
        """The zone as it is configured now: its weekly schedule may change without a reload."""
        zone_id = self._added_as.zone_id
        return next((zone for zone in self.system.config.zones if zone.zone_id == zone_id), self._added_as)


class SourceEntity(HeatEntity):
    """An entity of a heat source, updated by its reports."""

    def __init__(self, system: HeatingSystem, managed: ManagedSource, description: EntityDescription) -> None:
        super().__init__(system, managed.subentry_id, description, source_device(system, managed))
        self.managed = managed
        self._health: Health | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the source's reports, and to the cycle, which sets its price of heat and its meter's power."""
        await super().async_added_to_hass()
        self.async_on_remove(self.system.source_updates.subscribe(self._on_report, self.managed.subentry_id))
        self.async_on_remove(self.system.coordinator.async_add_listener(self._on_report))

    @callback
    def _on_report(self) -> None:
        """Publish readings at the publisher's pace, a change of health at once."""
        health = None if self.managed.is_unread else self.managed.source.state.health
        if health != self._health:
            self._health = health
            self.publish_now()
        else:
            self.publish()

    def check(self, result: CommandResult, translation_key: str, **placeholders: str) -> None:
        """Show the result; raises HomeAssistantError with the reason if the device did not carry it out."""
        self.publish_now()
        if result.outcome in (Outcome.APPLIED, Outcome.UNCHANGED, Outcome.PENDING):
            return
        reason = result.reason
        error = result.detail if reason is None else self.system.journal.texts.reasons[reason]
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=translation_key,
            translation_placeholders={"name": self.managed.name, "error": error, **placeholders},
        )


class OperationEntity(SourceEntity):
    """An entity that starts operations of a heat source. Control continues as soon as the device answers again."""

    @property
    @override
    def available(self) -> bool:
        """Whether the device answers."""
        return not self.managed.is_failing

    async def async_operate(self, operation: Operation) -> None:
        """Start an operation; raises HomeAssistantError with the reason if the device did not carry it out."""
        assert isinstance(self.managed.source, Operable)
        self.check(await self.managed.source.operate(operation), "operation_failed")


class MeterEntity(HeatEntity):
    """An entity of a meter, updated by its readings."""

    def __init__(self, system: HeatingSystem, meter: MeterCoordinator, description: EntityDescription) -> None:
        device = DeviceInfo(
            identifiers={(DOMAIN, meter.subentry_id)},
            connections=connections(meter.mac),
            manufacturer="Shelly",
            model=meter.model,
            name=meter.title,
            via_device_id=system.device_id,
        )
        super().__init__(system, meter.subentry_id, description, device)
        self.meter = meter
        self.publisher = meter.publisher or system.publisher

    @property
    @override
    def available(self) -> bool:
        """Whether the meter answers."""
        return self.meter.last_update_success

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the readings."""
        await super().async_added_to_hass()
        self.async_on_remove(self.meter.async_add_listener(self.publish))


def connections(mac: str | None) -> set[tuple[str, str]]:
    """Return the connection by which Home Assistant notifies of a new address."""
    return {(CONNECTION_NETWORK_MAC, format_mac(mac))} if mac else set()


def source_device(system: HeatingSystem, managed: ManagedSource) -> DeviceInfo:
    """Return the device of a source, described by its type."""
    data = system.coordinator.config_entry.subentries[managed.subentry_id].data
    described = SOURCE_TYPES[managed.type_key].device(data, managed.source)
    return DeviceInfo(
        **described,
        identifiers={(DOMAIN, managed.subentry_id)},
        connections=connections((data.get(CONF_INFO) or {}).get("mac")),
        name=managed.name,
        via_device_id=system.device_id,
    )
