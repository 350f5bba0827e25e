"""A climate entity per zone: presets are the home's profiles, a target temperature is a temporary override."""

from abc import abstractmethod
from datetime import timedelta
from math import isfinite
from typing import Any, Final, override

from homeassistant.components.climate import (
    ATTR_HVAC_MODE,
    ATTR_TEMPERATURE,
    DOMAIN as CLIMATE_DOMAIN,
    ClimateEntity,
    ClimateEntityDescription,
    ClimateEntityFeature,
    HVACAction,
    HVACMode,
)
from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .comfort.profiles import MAX_C, MIN_C, Override, Profile
from .data import HeatConfigEntry
from .entity import ZoneEntity
from .inputs.states import any_on, temperature

PARALLEL_UPDATES = 1
_DESCRIPTION: Final = ClimateEntityDescription(key="zone")


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the zones."""
    system = entry.runtime_data
    for zone in system.config.zones:
        async_add_entities([ZoneClimate(system, zone, _DESCRIPTION)], config_subentry_id=zone.zone_id)


class _NativeTemperature(ClimateEntity):
    """The names of Home Assistant 2026.11, where temperatures are native values, for 2026.10 as well."""

    native_temperature_unit: str = UnitOfTemperature.CELSIUS

    @property
    @abstractmethod
    def native_current_temperature(self) -> float | None:
        """The measured temperature."""

    @property
    @abstractmethod
    def native_target_temperature(self) -> float:
        """The target temperature."""

    if not hasattr(ClimateEntity, "native_temperature_unit"):
        _attr_temperature_unit = UnitOfTemperature.CELSIUS

        @property
        @override
        def current_temperature(self) -> float | None:
            """The measured temperature."""
            return self.native_current_temperature

        @property
        @override
        def target_temperature(self) -> float:
            """The target temperature."""
            return self.native_target_temperature


class ZoneClimate(ZoneEntity, _NativeTemperature):
    """The climate entity of a zone."""

    _attr_name = None
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
        """All attributes that a change publishes."""
        return (
            self.native_current_temperature,
            self.native_target_temperature,
            self.preset_mode,
            self.hvac_mode,
            self.hvac_action,
            self.extra_state_attributes,
        )

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """When the zone's override ends; None without one, and for a preset that lasts until it is changed."""
        override_now = self.system.user.comfort.override(self.zone.zone_id, dt_util.utcnow())
        until = None if override_now is None else override_now.until
        return {"override_until": None if until is None else until.isoformat()}

    @property
    @override
    def native_current_temperature(self) -> float | None:
        """The room temperature."""
        reading = temperature(self.hass, self.zone.temperature)
        return reading.value if reading.known else None

    @property
    @override
    def native_target_temperature(self) -> float:
        """The present target temperature."""
        return self.system.targets.at_present(self.zone)

    @property
    @override
    def preset_mode(self) -> str:
        """The profile of the zone's override, else that of the home."""
        override_now = self.system.user.comfort.override(self.zone.zone_id, dt_util.utcnow())
        if override_now is not None and override_now.profile not in (None, Profile.AUTO):
            return str(override_now.profile)
        return str(self.system.user.comfort.profile)

    @property
    @override
    def hvac_mode(self) -> HVACMode:
        """Off: this zone has frost protection only, or control is off."""
        return HVACMode.HEAT if self.system.user.active and not self._is_off else HVACMode.OFF

    @property
    def _is_off(self) -> bool:
        """Whether the user turned this zone off; other zones do not matter."""
        own = self.system.user.comfort.override(self.zone.zone_id, dt_util.utcnow())
        return own is not None and own.zone_id == self.zone.zone_id and own.profile == Profile.ANTIFREEZE

    @property
    @override
    def hvac_action(self) -> HVACAction:
        """Heating while a source delivers heat, the windows are closed and the zone is not above its target."""
        if self.hvac_mode == HVACMode.OFF:
            return HVACAction.OFF
        if not self.system.coordinator.data.delivery.is_heating or any_on(self.hass, self.zone.windows):
            return HVACAction.IDLE
        room_c, target_c = self.native_current_temperature, self.native_target_temperature
        is_warm = room_c is not None and room_c > target_c
        return HVACAction.IDLE if is_warm else HVACAction.HEATING

    @override
    async def async_set_temperature(self, **kwargs: Any) -> None:
        """Override this zone for some hours."""
        target = kwargs.get(ATTR_TEMPERATURE)
        if target is not None and not isfinite(target):  # NaN of a template is neither below nor above the range
            raise ServiceValidationError(
                translation_domain=CLIMATE_DOMAIN,
                translation_key="temp_out_of_range",
                translation_placeholders={
                    "check_temp": str(target),
                    "min_temp": str(self.min_temp),
                    "max_temp": str(self.max_temp),
                },
            )
        until = dt_util.utcnow() + timedelta(hours=self.system.config.basics.override_hours)
        if (mode := kwargs.get(ATTR_HVAC_MODE)) is not None:
            await self.async_set_hvac_mode(HVACMode(mode))
            if mode == HVACMode.OFF:  # a target temperature would start heating
                return
        if target is not None:
            await self.system.user.async_override(
                Override(until=until, zone_id=self.zone.zone_id, target_c=float(target))
            )

    @override
    async def async_set_preset_mode(self, preset_mode: str) -> None:
        """Override the profile of this zone until the user selects auto."""
        if preset_mode == Profile.AUTO:
            await self.system.user.async_clear_override(self.zone.zone_id)
            common = self.system.user.comfort.override(self.zone.zone_id, dt_util.utcnow())
            if common is not None:  # a boost of the whole home continues without this zone
                own = Override(until=common.until, zone_id=self.zone.zone_id, profile=Profile.AUTO)
                await self.system.user.async_override(own)
        else:
            await self.system.user.async_override(
                Override(until=None, zone_id=self.zone.zone_id, profile=Profile(preset_mode))
            )

    @override
    async def async_set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        """Set frost protection only, or heat this zone again, which turns control on as well."""
        if hvac_mode == HVACMode.OFF:
            await self.async_set_preset_mode(str(Profile.ANTIFREEZE))
            return
        if self._is_off:
            await self.async_set_preset_mode(str(Profile.AUTO))
        if not self.system.user.active:
            await self.system.user.async_set_active(True)

    @override
    async def async_turn_on(self) -> None:
        """Heat this zone again."""
        await self.async_set_hvac_mode(HVACMode.HEAT)

    @override
    async def async_turn_off(self) -> None:
        """Set frost protection only. Control of the whole system has its own switch."""
        await self.async_set_hvac_mode(HVACMode.OFF)
