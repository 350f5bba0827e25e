"""Options: limits and retention, settings of metrics, removal of metrics."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_DEVICE_CLASS, CONF_NAME, CONF_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.helpers.translation import async_get_translations
import probatio as vol

from ..const import (
    CONF_FINE_DAYS,
    CONF_MAX_DEVICES,
    CONF_MAX_MEGABYTES,
    CONF_MAX_METRICS,
    CONF_OVERRIDES,
    CONF_RAW_DAYS,
    CONF_TIMEOUT,
    DEFAULT_OPTIONS,
)
from ..decoders import Metric, describe
from ..device import EdgeDevice
from ..device_classes import device_classes, numeric_class, units_of
from ..value_types import ValueType
from .mappings import MappingSteps

CONF_METRIC: Final = "metric"
CONF_METRICS: Final = "metrics"


def _number(minimum: int, maximum: int, unit: str | None = None) -> vol.All[Any]:
    config = NumberSelectorConfig(min=minimum, max=maximum, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))


LIMITS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_TIMEOUT): _number(30, 604_800, "s"),
        vol.Required(CONF_MAX_DEVICES): _number(1, 5000),
        vol.Required(CONF_MAX_METRICS): _number(1, 256),
        vol.Required(CONF_RAW_DAYS): _number(0, 36_500, "d"),
        vol.Required(CONF_FINE_DAYS): _number(0, 36_500, "d"),
        vol.Required(CONF_MAX_MEGABYTES): _number(0, 10_000_000, "MB"),
    }
)
_PLATFORMS: Final = {ValueType.NUMBER: Platform.SENSOR, ValueType.FLAG: Platform.BINARY_SENSOR}
_STORED: Final = {CONF_NAME: "name", CONF_UNIT_OF_MEASUREMENT: "unit", CONF_DEVICE_CLASS: "device_class"}


async def _class_options(hass: HomeAssistant, value_types: set[ValueType]) -> list[SelectOptionDict]:
    """Return the device classes for these value types, with their translated names."""
    names = await async_get_translations(hass, hass.config.language, "entity_component", set(_PLATFORMS.values()))
    found: dict[str, str] = {}
    for value_type, platform in _PLATFORMS.items():
        for name in device_classes(value_type) if value_type in value_types else ():
            found.setdefault(name, names.get(f"component.{platform}.entity_component.{name}.name", name))
    return [SelectOptionDict(value=name, label=label) for name, label in found.items()]


def _metric_schema(value_types: set[ValueType], classes: list[SelectOptionDict]) -> vol.Schema:
    """Return the settings of a metric with these value types."""
    fields: dict[Any, Any] = {vol.Optional(CONF_NAME): TextSelector()}
    if ValueType.NUMBER in value_types:
        fields[vol.Optional(CONF_UNIT_OF_MEASUREMENT)] = TextSelector()
    if classes:
        fields[vol.Optional(CONF_DEVICE_CLASS)] = SelectSelector(
            SelectSelectorConfig(options=classes, mode=SelectSelectorMode.DROPDOWN, sort=True)
        )
    return vol.Schema(fields)


def _allowed_units(metric: Metric, override: dict[str, str]) -> str | None:
    """Return the units of the chosen device class where the unit is none of them; None where it is."""
    name, unit = override.get("device_class"), override.get("unit") or metric.unit
    if name not in device_classes(ValueType.NUMBER) or numeric_class(name, unit) is not None:
        return None
    return ", ".join(sorted(allowed or "-" for allowed in units_of(SensorDeviceClass(name), {unit})))


class EdgeOptionsFlow(MappingSteps):
    """Change the options of an entry."""

    def __init__(self) -> None:
        super().__init__()
        self._metric = ""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Select the settings to change."""
        menu = ["limits", "mapping_device", "mappings_text"]
        if self._metrics():
            menu += ["choose_metric", "remove_metrics"]
        return self.async_show_menu(step_id="init", menu_options=menu)

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the offline time, the limits and the retention."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        return self.async_show_form(
            step_id="limits",
            data_schema=self.add_suggested_values_to_schema(
                LIMITS_SCHEMA, {**DEFAULT_OPTIONS, **self.config_entry.options}
            ),
        )

    async def async_step_choose_metric(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Select a metric of one device or of all devices."""
        if user_input is not None:
            self._metric = user_input[CONF_METRIC]
            return await self.async_step_metric()
        everywhere = sorted({key for _, key in self._metrics()})
        options = everywhere + [f"{device_id}:{key}" for device_id, key in self._metrics()]
        return self.async_show_form(
            step_id="choose_metric", data_schema=vol.Schema({vol.Required(CONF_METRIC): _dropdown(options)})
        )

    async def async_step_metric(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change its name, unit and device class; empty fields are reset to the default."""
        overrides = dict(self.config_entry.options.get(CONF_OVERRIDES, {}))
        override, units = overrides.get(self._metric, {}), None
        value_types = self._value_types(self._metric)
        if user_input is not None:
            override = {name: text for key, name in _STORED.items() if (text := user_input.get(key, "").strip())}
            if ValueType.NUMBER in value_types:
                units = _allowed_units(describe(self._metric.rpartition(":")[2]), override)
            if units is None:
                overrides.pop(self._metric, None)
                if override:
                    overrides[self._metric] = override
                return self.async_create_entry(data={**self.config_entry.options, CONF_OVERRIDES: overrides})
        return self.async_show_form(
            step_id="metric",
            data_schema=self.add_suggested_values_to_schema(
                _metric_schema(value_types, await _class_options(self.hass, value_types)),
                {key: override[name] for key, name in _STORED.items() if name in override},
            ),
            errors={} if units is None else {CONF_UNIT_OF_MEASUREMENT: "unit_mismatch"},
            description_placeholders={"metric": self._metric, "units": units or ""},
        )

    def _value_types(self, metric: str) -> set[ValueType]:
        """Return the value types of a metric, of the one device or of all devices that send it."""
        return {
            value_type
            for device in self.config_entry.runtime_data.devices.values()
            for key, value_type in device.record.metrics.items()
            if metric in (key, f"{device.id}:{key}")
        }

    async def async_step_remove_metrics(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Remove metrics that are no longer sent."""
        stale = self._metrics(stale=True)
        names = [f"{device_id}:{key}" for device_id, key in stale]
        if user_input is not None:
            chosen = set(user_input[CONF_METRICS])
            self._remove({pair for pair, name in zip(stale, names, strict=True) if name in chosen})
            options = dict(self.config_entry.options)
            if overrides := options.get(CONF_OVERRIDES):
                options[CONF_OVERRIDES] = {
                    metric: override for metric, override in overrides.items() if metric not in chosen
                }
            return self.async_create_entry(data=options)
        if not names:
            return self.async_abort(reason="no_stale_metrics")
        return self.async_show_form(
            step_id="remove_metrics",
            data_schema=vol.Schema({vol.Required(CONF_METRICS): _dropdown(names, multiple=True)}),
        )

    def _metrics(self, *, stale: bool = False) -> list[tuple[str, str]]:
        """Return device IDs and metric keys; `stale`: only those not received within the offline time."""
        data = getattr(self.config_entry, "runtime_data", None)
        if data is None:
            return []
        timeout_s = data.options[CONF_TIMEOUT]

        def is_stale(device: EdgeDevice, key: str) -> bool:
            seen = device.metric_seen.get(key)
            # What a device no longer sends after a restart is missing in its first message.
            return (seen is None and device.received_at is not None) or data.broker.silence_s(seen) > timeout_s

        return [
            (device.id, key)
            for device in data.devices.values()
            for key in device.record.metrics
            if not stale or is_stale(device, key)
        ]

    def _remove(self, pairs: set[tuple[str, str]]) -> None:
        registry, devices = er.async_get(self.hass), self.config_entry.runtime_data.devices
        unique_ids = {f"{self.config_entry.entry_id}_{device_id}_{key}" for device_id, key in pairs}
        for device in devices.values():
            if keys := {key for device_id, key in pairs if device_id == device.id}:
                devices.remove_metrics(device, keys)
        for entry in er.async_entries_for_config_entry(registry, self.config_entry.entry_id):
            if entry.unique_id in unique_ids:
                registry.async_remove(entry.entity_id)


def _dropdown(options: list[str], *, multiple: bool = False) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=option, label=option) for option in options],
            mode=SelectSelectorMode.DROPDOWN,
            multiple=multiple,
        )
    )
