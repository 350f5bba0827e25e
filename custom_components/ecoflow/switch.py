"""Switches: outputs and options of devices, and surplus charging."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families import Toggle
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator, Station
from .entity import ControlEntity
from .surplus import SurplusEntity

PARALLEL_UPDATES = 0

# What a household switches; the rest is settings.
_OUTPUTS: Final = frozenset(
    {
        "ac_output",
        "ac_output_2",
        "ac_low_voltage_output",
        "dc_output",
        "usb_output",
        "plug_output",
        "eps_mode",
        "eco_mode",
    }
)
SURPLUS: Final = SwitchEntityDescription(key="surplus_charging")


def describe(toggle: Toggle) -> SwitchEntityDescription:
    """Return the switch for a toggle."""
    return SwitchEntityDescription(
        key=toggle.key,
        entity_category=None if toggle.key in _OUTPUTS else EntityCategory.CONFIG,
        entity_registry_enabled_default=toggle.enabled,
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of all devices, now and later, and those of surplus charging."""
    coordinator = entry.runtime_data
    coordinator.async_add_platform(async_add_entities, partial(_build, coordinator))
    for surplus in coordinator.surplus.values():
        async_add_entities([SurplusSwitch(surplus, SURPLUS)], config_subentry_id=surplus.subentry_id)


def _build(coordinator: EcoflowCoordinator, station: Station) -> Iterator[SwitchEntity]:
    values = coordinator.values(station.sn)
    for toggle in coordinator.family(station.sn).toggles:
        if toggle.exists(values):
            yield ToggleSwitch(coordinator, station, describe(toggle), toggle)


class ToggleSwitch(ControlEntity[Toggle], SwitchEntity):
    """An output or option of a device."""

    @property
    @override
    def is_on(self) -> bool | None:
        """What the device confirmed."""
        return self.point.decode(self.values)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch on."""
        await self.async_command(self.point.write(True, self.values), "on")

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch off."""
        await self.async_command(self.point.write(False, self.values), "off")


class SurplusSwitch(SurplusEntity, SwitchEntity):
    """Whether a station's charging follows surplus. It bears the device's name."""

    _attr_name = None

    @property
    @override
    def is_on(self) -> bool:
        """Whether it does."""
        return self.surplus.enabled

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let charging follow surplus."""
        await self._async_switch(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Leave the charge power as it is."""
        await self._async_switch(False)

    async def _async_switch(self, enabled: bool) -> None:
        await self.surplus.async_enable(enabled)
        self.publish_now()
        await self.surplus.async_enabled_changed()
