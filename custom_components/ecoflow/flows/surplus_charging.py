"""Subentry flow: surplus charging of a station."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import Platform
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TimeSelector,
)
from homeassistant.helpers.translation import async_get_translations
import probatio as vol

from ..api.surplus_controller import SurplusSettings
from ..const import (
    CONF_DEVICE_SN,
    CONF_GRID_INVERTED,
    CONF_GRID_POWER,
    CONF_HYSTERESIS,
    CONF_MARGIN,
    CONF_MAX_POWER,
    CONF_MIN_POWER,
    CONF_RESERVE_LEVEL,
    CONF_RESERVE_POWER,
    CONF_START_DELAY,
    CONF_STOP_DELAY,
    CONF_TARGET_LEVEL,
    CONF_TARIFF,
    CONF_TARIFF_END,
    CONF_TARIFF_ENTITY,
    CONF_TARIFF_POWER,
    CONF_TARIFF_START,
    CONF_WRITE_INTERVAL,
    DOMAIN,
    SUBENTRY_SURPLUS,
)
from ..data import EcoflowConfigEntry


def _number(low: float, high: float, unit: str, step: float = 1) -> NumberSelector:
    config = NumberSelectorConfig(min=low, max=high, step=step, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    return NumberSelector(config)


_DEFAULTS: Final = SurplusSettings()
_POWER_SENSOR = EntitySelector(EntitySelectorConfig(domain=Platform.SENSOR, device_class=SensorDeviceClass.POWER))
_ON_OFF_ENTITY = EntitySelector(EntitySelectorConfig(domain=[Platform.BINARY_SENSOR, "input_boolean", "schedule"]))
_SETTINGS: dict[Any, Any] = {
    vol.Required(CONF_GRID_POWER): _POWER_SENSOR,
    vol.Required(CONF_GRID_INVERTED, default=False): BooleanSelector(),
    vol.Required(CONF_MIN_POWER, default=_DEFAULTS.min_power_w): _number(50, 5000, "W", 10),
    vol.Required(CONF_MAX_POWER, default=_DEFAULTS.max_power_w): _number(50, 5000, "W", 10),
    vol.Required(CONF_MARGIN, default=_DEFAULTS.margin_w): _number(-500, 5000, "W", 10),
    vol.Required(CONF_HYSTERESIS, default=_DEFAULTS.hysteresis_w): _number(10, 2000, "W", 10),
    vol.Required(CONF_WRITE_INTERVAL, default=_DEFAULTS.write_interval_s): _number(20, 3600, "s"),
    vol.Required(CONF_START_DELAY, default=_DEFAULTS.start_delay_s): _number(0, 3600, "s"),
    vol.Required(CONF_STOP_DELAY, default=_DEFAULTS.stop_delay_s): _number(0, 3600, "s"),
    vol.Required(CONF_RESERVE_LEVEL, default=_DEFAULTS.reserve_level): _number(0, 100, "%"),
    vol.Required(CONF_RESERVE_POWER, default=_DEFAULTS.reserve_power_w): _number(50, 5000, "W", 10),
    vol.Required(CONF_TARGET_LEVEL, default=_DEFAULTS.target_level): _number(10, 100, "%"),
}
_TARIFF: dict[Any, Any] = {
    vol.Optional(CONF_TARIFF_ENTITY): _ON_OFF_ENTITY,
    vol.Optional(CONF_TARIFF_START): TimeSelector(),
    vol.Optional(CONF_TARIFF_END): TimeSelector(),
    vol.Required(CONF_TARIFF_POWER, default=_DEFAULTS.tariff_power_w): _number(50, 5000, "W", 10),
}
_TARIFF_CONDITIONS: Final = (CONF_TARIFF_ENTITY, CONF_TARIFF_START, CONF_TARIFF_END)


def _settings(values: Mapping[str, Any] | None) -> dict[Any, Any]:
    """Return the settings fields; the tariff section is expanded if it has a value."""
    tariff = (values or {}).get(CONF_TARIFF, {})
    collapsed = not any(tariff.get(name) for name in _TARIFF_CONDITIONS)
    return {**_SETTINGS, vol.Required(CONF_TARIFF): section(vol.Schema(_TARIFF), {"collapsed": collapsed})}


class SurplusChargingFlow(ConfigSubentryFlow):
    """Add or change surplus charging of a station."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the station and the settings."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        stations = _stations(entry)
        configured = {subentry.unique_id for subentry in entry.subentries.values()}
        available = {sn: name for sn, name in stations.items() if sn not in configured}
        if not available:
            return self.async_abort(reason="no_station")
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := _errors(user_input)):
            sn = user_input[CONF_DEVICE_SN]
            if sn not in available:
                return self.async_abort(reason="no_station")
            return self.async_create_entry(title=await self._title(available[sn]), data=user_input, unique_id=sn)
        options = [SelectOptionDict(value=sn, label=name) for sn, name in available.items()]
        schema = vol.Schema(
            {
                vol.Required(CONF_DEVICE_SN, default=next(iter(available))): SelectSelector(
                    SelectSelectorConfig(options=options)
                ),
                **_settings(user_input),
            }
        )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
        )

    async def _title(self, station: str) -> str:
        """Return the title in the system language, as for entities."""
        texts = await async_get_translations(self.hass, self.hass.config.language, "config_subentries", {DOMAIN})
        return f"{station}: {texts[f'component.{DOMAIN}.config_subentries.{SUBENTRY_SURPLUS}.entry_type']}"

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change the settings."""
        entry, subentry = self._get_entry(), self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := _errors(user_input)):
            data = {CONF_DEVICE_SN: subentry.data[CONF_DEVICE_SN], **user_input}
            return self.async_update_and_abort(entry, subentry, data=data)
        values = user_input or subentry.data
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(_settings(values)), values),
            errors=errors,
            description_placeholders={"station": subentry.title},
        )


def _stations(entry: EcoflowConfigEntry) -> dict[str, str]:
    """Return the names of the stations whose charge power can be set, by serial number."""
    client = entry.runtime_data.client
    return {sn: state.device.name for sn, state in client.states.items() if client.family(sn).charge is not None}


def _errors(data: Mapping[str, Any]) -> dict[str, str]:
    if data[CONF_MIN_POWER] > data[CONF_MAX_POWER]:
        return {CONF_MIN_POWER: "min_above_max"}
    if data[CONF_RESERVE_LEVEL] > data[CONF_TARGET_LEVEL]:
        return {CONF_RESERVE_LEVEL: "reserve_above_target"}
    tariff = data[CONF_TARIFF]
    if (CONF_TARIFF_START in tariff) != (CONF_TARIFF_END in tariff):
        return {CONF_TARIFF: "tariff_half"}
    return {}
