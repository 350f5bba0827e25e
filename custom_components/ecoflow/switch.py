"""Switches: outputs and options of devices, and surplus charging."""

from collections.abc import Iterator
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families.specs import SwitchSpec
from .data import EcoflowConfigEntry
from .entity import ControlEntity, SurplusEntity
from .runtime.device import EcoflowDevice

PARALLEL_UPDATES = 0

SURPLUS_CHARGING: Final = SwitchEntityDescription(key="surplus_charging")


def describe(spec: SwitchSpec) -> SwitchEntityDescription:
    """Return the entity description for a specification."""
    return SwitchEntityDescription(
        key=spec.key,
        entity_category=EntityCategory.CONFIG if spec.config else None,
        entity_registry_enabled_default=spec.enabled,
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of all devices and of surplus charging."""
    data = entry.runtime_data
    data.devices.async_add_platform(async_add_entities, _switches)
    for surplus in data.surplus.values():
        async_add_entities([SurplusSwitch(surplus, SURPLUS_CHARGING)], config_subentry_id=surplus.subentry_id)


def _switches(device: EcoflowDevice) -> Iterator[SwitchEntity]:
    values = device.values
    for spec in device.family.switches:
        if spec.exists(values):
            yield SpecSwitch(device, describe(spec), spec)


class SpecSwitch(ControlEntity[SwitchSpec], SwitchEntity):
    """An output or option of a device."""

    @property
    @override
    def is_on(self) -> bool | None:
        """The confirmed state."""
        return self.spec.decode(self.values)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn the switch on."""
        await self.async_command(self.spec.write(True, self.values), "on")

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn the switch off."""
        await self.async_command(self.spec.write(False, self.values), "off")


class SurplusSwitch(SurplusEntity, SwitchEntity):
    """Turns surplus charging on and off. The main entity of its device."""

    _attr_name = None

    @property
    @override
    def is_on(self) -> bool:
        """Whether surplus charging is turned on."""
        return self.surplus.is_enabled

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn surplus charging on."""
        await self._async_set_enabled(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn surplus charging off; the charge power is kept."""
        await self._async_set_enabled(False)

    async def _async_set_enabled(self, enabled: bool) -> None:
        await self.surplus.async_set_enabled(enabled)
        self.publish_now()
        await self.surplus.async_apply_enabled()
