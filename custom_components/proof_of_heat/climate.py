"""A climate entity per zone: presets are the home's profiles, a temperature is an override with an end."""

from datetime import timedelta
from typing import Any, Final, override

from homeassistant.components.climate import (
    ATTR_HVAC_MODE,
    ATTR_TEMPERATURE,
    ClimateEntity,
    ClimateEntityDescription,
    ClimateEntityFeature,
    HVACAction,
    HVACMode,
)
from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .comfort.profiles import MAX_C, MIN_C, Override, Profile
from .const import DEFAULT_OVERRIDE_HOURS
from .coordinator import HeatConfigEntry
from .entity import ZoneEntity
from .inputs.states import any_on, temperature

PARALLEL_UPDATES = 1
_DESCRIPTION: Final = ClimateEntityDescription(key="zone")


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the zones."""
    system = entry.runtime_data
    for zone in system.settings.zones:
        async_add_entities([ZoneClimate(system, zone, _DESCRIPTION)], config_subentry_id=zone.zone_id)


class ZoneClimate(ZoneEntity, ClimateEntity):
    """A zone."""

    _attr_name = None
    _attr_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_min_temp = MIN_C
    _attr_max_temp = MAX_C
    _attr_target_temperature_step = 0.5
    _attr_hvac_modes = [HVACMode.HEAT, HVACMode.OFF]
    _attr_preset_modes = [str(profile) for profile in Profile]
    _attr_supported_features = (
        ClimateEntityFeature.TARGET_TEMPERATURE
        | ClimateEntityFeature.PRESET_MODE
        | ClimateEntityFeature.TURN_ON
        | ClimateEntityFeature.TURN_OFF
    )

    @property
    @override
    def published_value(self) -> object:
        """Everything that tells."""
        return (self.current_temperature, self.target_temperature, self.preset_mode, self.hvac_mode, self.hvac_action)

    @property
    @override
    def current_temperature(self) -> float | None:
        """The room's."""
        reading = temperature(self.hass, self.zone.temperature)
        return reading.value if reading.known else None

    @property
    @override
    def target_temperature(self) -> float:
        """What is wanted now."""
        return self.system.target(self.zone)

    @property
    @override
    def preset_mode(self) -> str:
        """The zone's override, else the home's profile."""
        override_now = self.system.wanted.wishes.override(self.zone.zone_id, dt_util.utcnow())
        if override_now is not None and override_now.profile not in (None, Profile.AUTO):
            return str(override_now.profile)
        return str(self.system.wanted.wishes.profile)

    @property
    @override
    def hvac_mode(self) -> HVACMode:
        """Off: this zone is kept from freezing, no more; or control is not active at all."""
        return HVACMode.HEAT if self.system.wanted.active and not self._switched_off else HVACMode.OFF

    @property
    def _switched_off(self) -> bool:
        """Whether the user wants no heat in this zone. Another zone's off is none of ours."""
        own = self.system.wanted.wishes.override(self.zone.zone_id, dt_util.utcnow())
        return own is not None and own.zone_id == self.zone.zone_id and own.profile == Profile.ANTIFREEZE

    @property
    @override
    def hvac_action(self) -> HVACAction:
        """Heating while a source gives heat and the zone's windows are shut."""
        if self.hvac_mode == HVACMode.OFF:
            return HVACAction.OFF
        heating = any(command.on for command in self.system.data.decision.commands)
        return HVACAction.HEATING if heating and not any_on(self.hass, self.zone.windows) else HVACAction.IDLE

    @override
    async def async_set_temperature(self, **kwargs: Any) -> None:
        """Override this zone for some hours."""
        until = dt_util.utcnow() + timedelta(hours=DEFAULT_OVERRIDE_HOURS)
        if (mode := kwargs.get(ATTR_HVAC_MODE)) is not None:
            await self.async_set_hvac_mode(HVACMode(mode))
            if mode == HVACMode.OFF:  # a temperature would heat
                return
        if (target := kwargs.get(ATTR_TEMPERATURE)) is not None:
            await self.system.async_override(Override(until=until, zone_id=self.zone.zone_id, target_c=float(target)))

    @override
    async def async_set_preset_mode(self, preset_mode: str) -> None:
        """Override the profile of this zone until the user takes it back; auto takes it back."""
        if preset_mode == Profile.AUTO:
            await self.system.async_clear_override(self.zone.zone_id)
            common = self.system.wanted.wishes.override(self.zone.zone_id, dt_util.utcnow())
            if common is not None:  # a boost of the whole home goes on without this zone
                own = Override(until=common.until, zone_id=self.zone.zone_id, profile=Profile.AUTO)
                await self.system.async_override(own)
        else:
            until = dt_util.utcnow() + timedelta(days=365)
            await self.system.async_override(
                Override(until=until, zone_id=self.zone.zone_id, profile=Profile(preset_mode))
            )

    @override
    async def async_set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        """Off keeps this zone from freezing until it is taken back; heat does that, and takes the system over."""
        if hvac_mode == HVACMode.OFF:
            await self.async_set_preset_mode(str(Profile.ANTIFREEZE))
            return
        if self._switched_off:
            await self.async_set_preset_mode(str(Profile.AUTO))
        if not self.system.wanted.active:
            await self.system.async_set_active(True)

    @override
    async def async_turn_on(self) -> None:
        """Heat this zone again."""
        await self.async_set_hvac_mode(HVACMode.HEAT)

    @override
    async def async_turn_off(self) -> None:
        """Keep this zone from freezing, no more; the switch "control active" is that of the system."""
        await self.async_set_hvac_mode(HVACMode.OFF)
